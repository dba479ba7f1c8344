"""The gallery of convolution: drawings that agree with the arithmetic they show."""

import xml.etree.ElementTree as ET

import pytest
import torch
from torch import nn

from backbones.arithmetic import conv_output_size, uncovered
from backbones.gallery import convolution


def texts(drawing):
    return ["".join(text.itertext()) for text in ET.fromstring(drawing).iter("text")]


def test_the_anatomy_counts_as_a_convolution_does():
    picture = convolution.anatomy()
    conv = nn.Conv2d(3, 2, kernel_size=3)
    n = conv(torch.zeros(1, 3, 5, 5)).shape[-1]
    said = texts(picture.svg)
    assert f"N × N = {n} × {n}" in said
    assert [word for word in said if word.startswith(("channel", "kernel", "map"))] == [
        *("channel 1", "channel 2", "channel 3", "kernel 1", "map 1", "kernel 2", "map 2")
    ]
    assert f"all {conv.weight[0].numel()} products" in picture.caption


def test_the_walk_has_a_window_for_each_output_and_says_what_is_left():
    picture = convolution.window_walk()
    n, rest = conv_output_size(8, 3, 2, 1), uncovered(8, 3, 2, 1)
    said = texts(picture.svg)
    assert [word for word in said if word.startswith("output")] == [f"output {k}" for k in range(n)]
    assert f"{n - 1} more steps of 2 fit, the remainder is {rest}:" in said
    assert f"N = {n - 1} + 1 = {n}, and {rest} position is never read." in said


@pytest.mark.parametrize(
    ("setting", "n", "unread"),
    [
        ((7, 3, 2, 1, 1), 4, 0),
        ((8, 3, 2, 1, 1), 4, 1),
        ((9, 2, 3, 0, 2), 3, 3),
        ((5, 1, 2, 0, 1), 3, 2),
    ],
)
def test_windows_say_how_many_there_are_and_what_they_miss(setting, n, unread):
    words, drawing = state(convolution.sliding_window(), *setting)
    assert f"{n} window" in words
    said = f"{unread} of {setting[0] + 2 * setting[3]} positions unread"
    assert said in words if unread else "every position is read" in words
    assert f"N = {n}" in texts(drawing)


def test_a_kernel_that_does_not_fit_is_refused_in_words():
    words, drawing = state(convolution.sliding_window(), 5, 5, 1, 0, 2)
    assert not drawing
    assert words.startswith("No output: the kernel spans 9 pixels")


def test_the_steps_are_those_of_pytorch():
    explorer = convolution.convolution_steps()
    image = torch.tensor(convolution._IMAGE, dtype=torch.float32)[None, None]
    for name, kernel in convolution._KERNELS.items():
        weight = torch.tensor(kernel, dtype=torch.float32)[None, None]
        outputs = nn.functional.conv2d(image, weight, padding=1).flatten().int().tolist()
        for step, value in enumerate(outputs, start=1):
            row, column = divmod(step - 1, 5)
            words, _ = state(explorer, name, row + 1, column + 1)
            assert words.endswith(f"is {value}.".replace("-", "−"))


def test_the_window_can_be_dragged_by_whole_cells():
    _, drawing = state(convolution.convolution_steps(), "sum", 2, 3)
    assert 'data-drag-x="column:36" data-drag-y="row:36"' in drawing
    _, drawing = state(convolution.sliding_window(), 7, 3, 2, 1, 1)
    assert 'data-drag-x="S:40"' in drawing


def state(explorer, *values):
    """Words and drawing of an explorer at the given values of its axes."""
    index = 0
    for axis, value in zip(explorer.axes.values(), values, strict=True):
        index = index * len(axis.values) + axis.values.index(value)
    return explorer.states[index]
