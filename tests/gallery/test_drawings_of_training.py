"""The training chapter's gallery: descent as torch takes it, and what its drawings say."""

import math
import re

import pytest
import torch

from backbones.gallery import training as gallery
from backbones.train.optimizers import adamw, sgd


def by_autograd(scale, rate, build, steps):
    """The same descent, its gradient by autograd from the features' loss."""
    weights = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = build([{"params": [weights], "lr": rate, "weight_decay": 0.0}])
    for _ in range(steps):
        loss = ((weights[0] - 1) ** 2 + (scale * weights[1] - 1) ** 2) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return weights.tolist()


@pytest.mark.parametrize(
    ("name", "build"), [("SGD", torch.optim.SGD), ("momentum", sgd), ("Adam", adamw)]
)
def test_descent_is_that_of_torch(name, build):
    path = gallery.descend(4, 0.01, name, steps=15)
    assert len(path) == 16
    assert path[0] == (0, 0)
    assert path[-1] == pytest.approx(by_autograd(4, 0.01, build, 15))


@pytest.mark.parametrize("scale", [1, 2, 8])
def test_sgd_shrinks_each_error_by_its_factor(scale):
    rate = 0.9 / scale**2
    losses = gallery.parts_of_loss(scale, gallery.descend(scale, rate, "SGD", 5))
    for k, (first, second) in enumerate(losses):
        assert first == pytest.approx((1 - rate) ** (2 * k) / 2)
        assert second == pytest.approx((1 - rate * scale**2) ** (2 * k) / 2)


def test_sgd_diverges_beyond_its_limit_only():
    for scale in (2, 8):
        below, beyond = (
            gallery.descend(scale, factor * 2 / scale**2, "SGD", 1000) for factor in (0.99, 1.01)
        )
        assert sum(gallery.parts_of_loss(scale, below)[-1]) < 0.01
        assert len(beyond) < 1001  # stopped where it had grown


def test_an_unknown_optimizer_is_refused():
    with pytest.raises(ValueError, match="optimizer must be one of 'SGD', 'momentum', 'Adam'"):
        gallery.descend(1, 0.1, "Adagrad")


def test_the_explorer_says_when_the_loss_is_small_for_good():
    words = gallery._descent(8, gallery._RATES[2], "SGD").alt
    assert "Curvatures 1 and 64: condition number 64." in words
    # ln(50) / 2 steps of factor 0.97 on half of the loss
    assert math.ceil(math.log(50) / -2 / math.log(1 - 0.03)) == 65
    assert "Loss below 1 % from step 65 on" in words
    assert "grows without end" in gallery._descent(8, gallery._RATES[3], "SGD").alt
    assert "Still above 1 % at step 150" in gallery._descent(1, 0.0075, "SGD").alt


def test_every_state_differs_and_the_rate_can_be_dragged():
    explorer = gallery.descent()
    assert len({words for words, _ in explorer.states}) == len(explorer.states) == 4 * 9 * 3
    assert all('data-drag-x="rate:34"' in drawing for _, drawing in explorer.states)


def test_the_hatched_rates_are_those_that_diverge():
    """The handle lies on the hatching just where the loss grows."""
    for rate in gallery._RATES:
        picture = gallery._descent(4, rate, "SGD")
        assert ("grows without end" in picture.alt) == (rate > 2 / 16)


def test_a_path_ends_at_the_edge_of_the_plane():
    plane = gallery._Plane(4)
    assert plane._inside((0, 0), (1, 1)) == 1
    assert plane._inside((0, 0), (5, 0)) == pytest.approx(0.5)
    assert plane._inside((0, 0), (5, -5)) == pytest.approx(0.1)


def test_the_photograph_shrinks_into_a_tensor():
    assert [(stage.shape, stage.numbers) for stage in gallery._stages()] == [
        ("(400, 600, 3)", "bytes, 0 to 255"),
        ("(256, 384, 3)", "bytes, 0 to 255"),
        ("(224, 224, 3)", "bytes, 0 to 255"),
        ("(3, 224, 224)", "floats, 0 to 1"),
        ("(3, 224, 224)", "floats, −1 to 1"),
    ]
    for drawing in (gallery.file_to_step().svg, gallery.file_to_step().narrow):
        assert re.findall(r"<text[^>]*>(\w+)\(\d+\)<", drawing) == ["Resize", "CenterCrop"]
        assert drawing.count("<image") == 3
