"""Batch norm's gallery: the example by torch's own layer, a channel's moments by hand."""

import pytest
import torch
from torch import nn

from backbones.gallery import batch_norm


@pytest.fixture(scope="module")
def explorer():
    return batch_norm.channel_through_batch_norm()


def words_of(explorer, **chosen):
    """What an explorer says of a state."""
    index = 0
    for name, axis in explorer.axes.items():
        index = index * len(axis.values) + axis.values.index(chosen[name])
    return explorer.words[index]


def state(explorer, **changed):
    start = {name: axis.values[axis.start] for name, axis in explorer.axes.items()}
    return words_of(explorer, **{**start, **changed})


def test_the_worked_example_is_what_torch_computes():
    layer = nn.BatchNorm2d(2, eps=1e-12).double()
    output = layer(batch_norm.EXAMPLE)
    found = batch_norm.worked()
    assert torch.allclose(found.output, output.detach())
    assert found.running_mean == pytest.approx(layer.running_mean.tolist())
    assert found.running_var == pytest.approx(layer.running_var.tolist())
    assert found.mean == pytest.approx([3, 20])
    assert found.variance == pytest.approx([4, 100])


def test_the_drawing_shows_all_numbers_of_the_example():
    picture = batch_norm.worked_example()
    for drawing in (picture.svg, picture.narrow):
        for words in (
            "mean μ = 3, variance σ² = 4",
            "variance σ² = 100",
            "(x − 20) / 10",
            "0.3 and 1.36",
        ):
            assert words in drawing
        assert drawing.count(">−1.5<") == 4  # two of each channel
        assert drawing.count(">25<") == 4


def test_the_channel_has_a_long_tail_and_keeps_it(explorer):
    x = batch_norm.a_channel()
    z = (x - x.mean()) / x.std(correction=0)
    skewness = z.pow(3).mean().item()
    assert skewness > 1
    for words in explorer.words:
        assert words.count(f"skewness {skewness:.2f}") == 2


def test_own_statistics_forget_where_the_channel_was(explorer):
    after = {
        state(explorer, shift=shift, stretch=stretch).partition("After: ")[2]
        for shift in (-2, -1, 0, 1, 2)
        for stretch in (1, 2)
    }
    assert len(after) == 1
    assert "mean 0, variance 1," in after.pop()


def test_running_statistics_do_not(explorer):
    still = state(explorer, statistics="running").partition("After: ")[2]
    assert still.startswith("mean 0, variance 1,")
    moved = state(explorer, statistics="running", shift=2, stretch=2).partition("After: ")[2]
    x = batch_norm.a_channel()
    mean, deviation = x.mean(), x.std(correction=1)
    expected = (2 * x.mean() + 2 - mean) / deviation
    assert moved.startswith(f"mean {expected:.2f}, variance 4,")


def test_gamma_and_beta_are_deviation_and_mean_of_what_comes_out(explorer):
    assert "After: mean −1, variance 4," in state(explorer, gamma=2, beta=-1)


def test_the_share_that_passes_is_counted(explorer):
    x = batch_norm.a_channel()
    share = (x > x.mean()).double().mean().item()
    assert state(explorer).endswith(f"ReLU lets {share:.0%} through.")


def test_hills_are_dragged_by_whole_units(explorer):
    _, drawing = explorer.states[0]
    assert 'data-drag-x="shift:42.5"' in drawing
    assert 'data-drag-x="beta:42.5"' in drawing
