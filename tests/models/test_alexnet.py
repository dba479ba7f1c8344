"""AlexNet: the paper's numbers, its normalisation, its 224 that should be 227."""

import pytest
import torch
import torch.nn.functional as F
from parity import uninitialised
from rounding import close
from torch import nn

from backbones.models.alexnet import AlexNet, alexnet, alexnet_paper, local_norm
from backbones.profile import profile

# Figure 2 of the paper: kernels of 11x11x3, 5x5x48, 3x3x256, 3x3x192, 3x3x192, then dense layers.
# A kernel of the second, fourth and fifth convolution sees the channels of its own GPU only.
PARAMETERS = [
    96 * (11 * 11 * 3 + 1),
    256 * (5 * 5 * 48 + 1),
    384 * (3 * 3 * 256 + 1),
    384 * (3 * 3 * 192 + 1),
    256 * (3 * 3 * 192 + 1),
    4096 * (6 * 6 * 256 + 1),
    4096 * (4096 + 1),
    1000 * (4096 + 1),
]
# "the number of neurons in the network's remaining layers is given by" these (section 3.5); but
# the first is 55 · 48 · 96, where the maps are 55 x 55. With 290,400 in its place the sum is
# 659,272, the "650,000 neurons" of the abstract.
NEURONS = [253_440, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]


def test_parameters_and_neurons_of_each_layer_are_the_papers():
    with uninitialised():
        rows = [row for row in profile(alexnet_paper()).rows if row.parameters]
    assert [row.parameters for row in rows] == PARAMETERS
    neurons = [torch.Size(row.shape).numel() for row in rows]
    assert neurons[1:] == NEURONS[1:]
    assert neurons[0] == 55 * 55 * 96 == 290_400
    assert sum(neurons) == 659_272


@pytest.mark.parametrize("build", [alexnet, alexnet_paper])
def test_first_maps_are_55_wide_for_224_and_as_if_227_were_given(build):
    with uninitialised():
        conv = build().stem[0][0]
    nn.init.normal_(conv.weight)
    nn.init.zeros_(conv.bias)
    x = torch.randn(1, 3, 224, 224)
    unpadded = F.conv2d(F.pad(x, (2, 1, 2, 1)), conv.weight, stride=4)
    assert unpadded.shape[2:] == (55, 55)
    close(conv(x), unpadded, terms=3 * 11 * 11)


def test_normalisation_is_the_papers():
    x = 100 * torch.randn(1, 8, 1, 1)
    values = x.flatten().tolist()
    expected = []
    for i, value in enumerate(values):
        neighbours = values[max(0, i - 2) : i + 3]
        expected.append(value / (2 + 1e-4 * sum(v**2 for v in neighbours)) ** 0.75)
    close(local_norm()(x).flatten(), torch.tensor(expected), terms=5)


def test_each_group_sees_its_own_half():
    model = AlexNet((8, 8, 8, 8, 8), paper=True, hidden=8).eval()
    second = model.stages[0][1]
    x = torch.randn(1, 8, 9, 9)
    changed = x.clone()
    changed[:, 4:] += 1
    same = (second(x) == second(changed)).flatten(2).all(dim=2)
    assert same[0, :4].all()
    assert not same[0, 4:].all()


@pytest.mark.parametrize(("paper", "first"), [(True, "Linear"), (False, "Dropout")])
def test_dropout_stands_behind_the_dense_layers_in_the_paper_before_them_in_torchvision(
    paper, first
):
    head = AlexNet((8,) * 5, hidden=8, paper=paper).head
    assert type(head[3]).__name__ == first
    assert sum(isinstance(layer, nn.Dropout) for layer in head) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": (8, 8)}, r"widths must name 5 convolutions, got \(8, 8\)"),
        ({"widths": (9, 8, 8, 8, 8), "paper": True}, "groups must divide"),
        ({"widths": (8, 8, 0, 8, 8)}, "out_channels must be an integer of at least 1, got 0"),
        ({"widths": (8,) * 5, "hidden": 0}, "hidden must be"),
        ({"widths": (8,) * 5, "num_classes": 0}, "num_classes must be"),
        ({"widths": (8,) * 5, "in_channels": 0}, "in_channels must be"),
        ({"widths": (8,) * 5, "stride": 0}, "stride must be"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        AlexNet(**arguments)
