"""LeNet's gallery: shapes as profiled, fields as the gradient finds them, answers as computed."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from backbones.data import digits
from backbones.experiments.lenet import some_lenet, trained_lenet
from backbones.gallery import lenet


@pytest.fixture(scope="module")
def explorer():
    return lenet.a_digit_through_lenet()


def state(explorer, digit, row, column):
    """Words and wide drawing of a state; the digit is the first axis."""
    return explorer.states[(digit * 5 + row) * 5 + column]


def test_layers_are_those_of_the_paper():
    shapes = {s.name: (s.count, s.size, s.parameters) for s in lenet.stations()}
    assert shapes == {
        "picture": (1, 28, 0),
        "C1": (6, 28, 156),
        "S2": (6, 14, 0),
        "C3": (16, 10, 2416),
        "S4": (16, 5, 0),
        "F5": (120, 1, 48120),
        "F6": (84, 1, 10164),
        "scores": (10, 1, 850),
    }


def test_the_static_drawing_says_all_shapes_on_a_page_and_on_a_phone():
    picture = lenet.anatomy(caption="Layer by layer.")
    for drawing in (picture.svg, picture.narrow):
        for words in ("C1", "6 × 28 × 28", "16 × 5 × 5", "48,120", "850"):
            assert words in drawing
    assert "C3 16 × 10 × 10" in picture.alt


def test_the_explorer_has_a_state_for_each_digit_and_place(explorer):
    assert len(explorer.states) == 10 * 5 * 5
    assert len(set(explorer.words)) == len(explorer.words)


def test_nine_of_ten_are_read_rightly_and_all_as_the_network_reads_them(explorer):
    data, model = digits(), trained_lenet()
    chosen = list(lenet.PICTURES)
    with torch.no_grad():
        shares = model(data.normalize(data.validation.images[chosen])).softmax(1)
    labels = data.validation.labels[chosen].tolist()
    assert labels == list(range(10))
    wrong = []
    for digit, row in enumerate(shares):
        words, drawing = state(explorer, digit, 2, 2)
        best = int(row.argmax())
        assert words.startswith(f"A {digit}, {'' if best == digit else 'wrongly '}read as {best} (")
        said = int(re.search(r"\((\d+)%\)", words)[1])
        assert abs(said - 100 * row[best].item()) < 1
        assert f"reads {best}, is {digit}" in drawing
        wrong += [digit] if best != digit else []
    assert wrong == [7]


@pytest.mark.parametrize("place", [(0, 0), (2, 2), (4, 1), (1, 4)])
def test_a_unit_sees_what_the_gradient_finds(explorer, place):
    model = some_lenet(10, act=nn.Identity)
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    picture = torch.zeros(1, 1, 28, 28, requires_grad=True)
    model.forward_features(picture)[-1][0, 0, place[0], place[1]].backward()
    ends = []
    for axis in (1, 0):
        (found,) = picture.grad[0, 0].sum(axis).nonzero(as_tuple=True)
        ends.append(f"{int(found[0])} to {int(found[-1])}")
    words, _ = state(explorer, 3, *place)
    assert f"it sees rows {ends[0]}, columns {ends[1]}." in words


def test_what_is_marked_lies_within_the_maps():
    layers, _ = lenet._run()
    seen = {layer.name: layer.seen for layer in layers}
    assert seen["picture"] == (16, 4, -2)
    assert seen["C1"] == (12, 4, 0)
    assert seen["S2"] == (6, 2, 0)
    assert seen["C3"] == (2, 2, 0)
    assert seen["S4"] == (1, 1, 0)
    for layer in layers[1:5]:
        size, jump, start = layer.seen
        assert 4 * jump + start + size == layer.size


def pixels(uri):
    return np.array(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("LA"))


def test_pictures_of_maps_are_the_maps():
    layers, _ = lenet._run()
    data, digit = digits(), 4
    picture = pixels(layers[0].uris[digit])
    expected = data.validation.images[lenet.PICTURES[digit], 0].numpy()
    assert np.abs(picture[..., 0].astype(int) - expected).max() <= 255 / 14 / 2 + 1
    c1 = pixels(layers[1].uris[digit])
    assert c1.shape == (2 * 28 + 1, 3 * 28 + 2, 2)
    assert (c1[28, :, 1] == 0).all()  # the gap between two rows of maps
    assert (c1[:28, :28, 1] == 255).all()


def test_the_window_can_be_dragged_by_the_distance_of_neighbours(explorer):
    _, drawing = state(explorer, 0, 0, 0)
    assert 'data-drag-x="column:20"' in drawing
    assert 'data-drag-y="row:20"' in drawing
