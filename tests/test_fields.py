"""Receptive fields: followed through operations, found from gradients, and by formula."""

import math

import pytest
import torch
from torch import nn

from backbones import arithmetic
from backbones.fields import WHOLE, AxisField, FieldTracker, centre_gradient, gradient_field
from backbones.layers import ConvNormAct
from backbones.models.resnet import BasicBlock, Bottleneck, PlainBlock, ResNet


def tracked(model, size, in_channels=3):
    image = torch.zeros(1, in_channels, size, size)
    with torch.no_grad(), FieldTracker(image) as tracker:
        output = model.eval()(image)
    return output, tracker.field(output)


class Branches(nn.Module):
    """Inception-like: kernels of several sizes and a pooling, side by side."""

    def __init__(self):
        super().__init__()
        self.small = ConvNormAct(3, 4, 1)
        self.wide = ConvNormAct(3, 4, 5)
        self.tall = nn.Conv2d(3, 4, (7, 1), padding=(3, 0))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), ConvNormAct(3, 4, 1))

    def forward(self, x):
        return torch.cat([self.small(x), self.wide(x), self.tall(x), self.pool(x)], dim=1)


class Transposed(nn.Module):
    """Two axes change places."""

    def __init__(self, *dims):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return x.transpose(*self.dims)


class Unfolded(nn.Module):
    """Sums over windows, which are views: 4 x 3, of stride 2."""

    def forward(self, x):
        return x.unfold(2, 4, 2).unfold(3, 3, 2).flatten(4).sum(4)


MODELS = {
    "strides and padding": nn.Sequential(nn.Conv2d(3, 2, 5, 2, 1), nn.MaxPool2d(3, 2, 1)),
    "even kernels": nn.Sequential(nn.Conv2d(3, 2, 2), nn.AvgPool2d(2), nn.Conv2d(2, 2, 4, 1, 1)),
    "dilation": nn.Sequential(nn.Conv2d(3, 2, 3, dilation=2), nn.Conv2d(2, 2, 3, dilation=4)),
    "branches": nn.Sequential(Branches(), ConvNormAct(16, 2, 3, 2), nn.AvgPool2d(3, 2)),
    "pools that round up": nn.Sequential(
        nn.Conv2d(3, 2, 3), nn.MaxPool2d(2, ceil_mode=True), nn.AvgPool2d(2, ceil_mode=True)
    ),
    "one max pool": nn.MaxPool2d(5, 3, 1),
    "height and width change places": nn.Sequential(
        nn.Conv2d(3, 2, (5, 1), (2, 1)),
        Transposed(2, 3),
        nn.Conv2d(2, 2, (3, 1), (2, 1)),
        Transposed(3, -2),
    ),
    "windows by views": Unfolded(),
    "uneven padding": nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 2, 3, 2)),
    "basic blocks": nn.Sequential(BasicBlock(3, 4, 2), BasicBlock(4, 4), BasicBlock(4, 8, 2)),
    "bottlenecks": nn.Sequential(Bottleneck(3, 2, 2), Bottleneck(8, 2), Bottleneck(8, 4, 2)),
    "plain blocks": nn.Sequential(PlainBlock(3, 4, 2), PlainBlock(4, 4)),
    "grouped": nn.Sequential(nn.Conv2d(3, 6, 3, groups=3), nn.ChannelShuffle(2), nn.Hardswish()),
}


@pytest.mark.parametrize("name", MODELS)
def test_tracked_field_is_the_one_found_from_gradients(name):
    size = 97
    output, fields = tracked(MODELS[name], size)
    row, column = output.shape[2] // 2, output.shape[3] // 2
    found = gradient_field(MODELS[name], size, position=(row, column))
    for axis, where, seen in zip(fields, (row, column), found, strict=True):
        assert seen.start == where * axis.jump + axis.first
        assert seen.stop == where * axis.jump + axis.last + 1


@pytest.mark.parametrize(
    ("block", "depths", "expected"),
    [(BasicBlock, (2, 2, 2, 2), 435), (Bottleneck, (3, 4, 6, 3), 427)],
)
def test_fields_of_whole_resnets(block, depths, expected):
    model = ResNet(block, depths, widths=(2, 2, 2, 2))
    body = nn.Sequential(model.stem, model.stages)
    _, (height, width) = tracked(body, 64)
    rows, columns = gradient_field(body, 704)
    assert height == width
    assert height.size == expected == rows.stop - rows.start == columns.stop - columns.start


def test_a_pool_that_rounds_up_has_a_last_position_cut_by_the_border():
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.MaxPool2d(2, ceil_mode=True))
    assert gradient_field(model, 9, position=(4, 0)) == (slice(8, 9), slice(0, 2))


def test_chain_agrees_with_the_formula():
    stack = [(7, 2, 3), (3, 2, 1), (3, 1, 1), (3, 2, 0, 2)]
    _, (height, _) = tracked(nn.Sequential(*(nn.Conv2d(3, 3, *layer) for layer in stack)), 128)
    assert (height.size, height.jump, height.first) == arithmetic.receptive_field(stack)


class Strided(nn.Module):
    """Every second pixel, from the second on: the shortcut of CIFAR ResNets' option A."""

    def forward(self, x):
        return x[:, :, 1::2, ::2]


def test_slicing_is_a_stride():
    model = nn.Sequential(nn.Conv2d(3, 2, 3), Strided())
    _, fields = tracked(model, 33)
    assert [(f.jump, f.first, f.last) for f in fields] == [(2, 1, 3), (2, 0, 2)]


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Gate(nn.Module):
    """Squeeze-and-excitation in a line: every output depends on the mean of the whole map."""

    def forward(self, x):
        return x * torch.sigmoid(x.mean(dim=(2, 3), keepdim=True))


@pytest.mark.parametrize(
    "model",
    [
        nn.AdaptiveAvgPool2d(1),
        nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2)),
        nn.GroupNorm(1, 3),
        nn.InstanceNorm2d(3),
    ],
    ids=lambda model: type(model).__name__,
)
def test_layers_that_see_the_whole_image(model):
    assert tracked(model, 8)[1] == WHOLE
    assert math.isinf(WHOLE[0].size)


def test_a_gate_sees_the_whole_image_and_keeps_the_positions():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), Gate(), nn.Conv2d(4, 4, 1), nn.MaxPool2d(2))
    _, fields = tracked(model, 16)
    assert fields == (AxisField(4, -math.inf, math.inf),) * 2


def test_a_map_pooled_and_repeated_has_the_positions_it_had():
    model = nn.Sequential(nn.Conv2d(3, 2, 3, 2, 1), nn.AvgPool2d(4), nn.Upsample(scale_factor=4))
    _, fields = tracked(model, 64)
    # The pool sees 9 pixels, -1 to 7; the last of its four repetitions stands 6 pixels on.
    assert fields == (AxisField(2, -7, 7),) * 2


def test_adaptive_pool_that_changes_nothing_keeps_the_field():
    assert tracked(nn.AdaptiveAvgPool2d(8), 8)[1][0].size == 1
    assert tracked(nn.AdaptiveAvgPool2d(4), 8)[1][0] == (2, 0, 1)


UNKNOWN = {
    "upsample_bilinear2d": nn.Upsample(scale_factor=2, mode="bilinear"),
    "transposed convolution": nn.ConvTranspose2d(3, 2, 2, stride=2),
    "aten.cat": Function(lambda x: torch.cat([x, x], dim=2)),
    "aten.repeat": Function(lambda x: x.repeat(1, 1, 2, 2)),
    "aten.index": Function(lambda x: x[:, :, torch.tensor([0, 3, 5])]),
    "avg_pool3d": Function(lambda x: nn.functional.avg_pool3d(x, 2)),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_it_does_not_know_and_changes_positions_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"field cannot be followed through a?.*{name}"):
        tracked(UNKNOWN[name], 8)


def test_the_refusal_says_what_became_of_the_positions():
    with pytest.raises(ValueError, match=r"upsample_bilinear2d: it makes \(1, 3, 16, 16\) of maps"):
        tracked(nn.Upsample(scale_factor=2, mode="bilinear"), 8)


KNOWN = {
    "activations": nn.Sequential(nn.GELU(), nn.Softplus(), nn.Softmax(dim=1), nn.PReLU()),
    "channels last": Function(
        lambda x: nn.functional.layer_norm(x.permute(0, 2, 3, 1), (2,)).permute(0, 3, 1, 2)
    ),
    "channels in parts": Function(lambda x: torch.cat([*x.split(1, dim=1), x.chunk(2, 1)[0]], 1)),
    "one of the channels": Function(lambda x: x.select(1, 0).unsqueeze(1)),
    "other channels": Function(lambda x: x[:, torch.tensor([1, 0, 1])]),
    "largest channel": Function(lambda x: x.max(dim=1, keepdim=True).values),
    "larger of two maps": Function(lambda x: torch.max(x, -x)),
    "spread over channels": Function(lambda x: (x - x.mean(1, True)) / x.std(1, keepdim=True)),
    "a map for each channel": Function(lambda x: x * torch.ones(1, 5, 1, 1)[:, :2]),
    "constants": Function(lambda x: torch.zeros(()) + x * 2 - 1),
    "neighbouring channels": nn.LocalResponseNorm(3),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_works_position_by_position_keeps_the_field(name):
    conv = nn.Conv2d(3, 2, 3, 2, 1)
    _, expected = tracked(conv, 9)
    assert tracked(nn.Sequential(conv, KNOWN[name]), 9)[1] == expected


def test_windows_in_columns_see_what_a_convolution_sees():
    _, expected = tracked(nn.Conv2d(3, 2, 5, 2, 2, dilation=3), 33)
    assert tracked(nn.Unfold(5, 3, 2, 2), 33)[1] == expected


def test_reductions_over_positions_see_the_whole_image():
    for reduce in (torch.amin, torch.var, torch.std, torch.logsumexp):
        model = Function(lambda x, reduce=reduce: reduce(x, dim=(2, 3), keepdim=True))
        assert tracked(model, 8)[1] == WHOLE


def test_tensors_apart_from_the_image_have_no_field():
    image = torch.zeros(1, 3, 8, 8)
    with FieldTracker(image) as tracker:
        other = torch.zeros(3) + 1
    assert tracker.field(other) is None


def test_centre_gradient_is_strongest_in_the_middle():
    model = nn.Sequential(*(nn.Conv2d(1, 1, 3, bias=False) for _ in range(4)))
    for conv in model:
        nn.init.ones_(conv.weight)
    gradient = centre_gradient(model, torch.randn(2, 1, 21, 21))
    assert gradient.shape == (21, 21)
    assert gradient.argmax() == 10 * 21 + 10
    # Four sums of three: the trinomial coefficients, from one in the corner to 19² in the middle.
    assert gradient[6, 6] == 1
    assert gradient[10, 10] == 19**2
    assert (gradient > 0).sum() == 9 * 9


def test_what_returns_no_map_is_refused():
    with pytest.raises(ValueError, match="model must return a feature map"):
        centre_gradient(nn.Flatten(), torch.zeros(1, 1, 4, 4))
    with pytest.raises(ValueError, match="model must have no dilated pooling, got MaxPool2d"):
        gradient_field(nn.Sequential(nn.MaxPool2d(2, dilation=2)), 9)
    with pytest.raises(ValueError, match="position must be on the 4x4 map"):
        centre_gradient(nn.Identity(), torch.zeros(1, 1, 4, 4), position=(4, 0))


def test_models_are_left_as_they_were():
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.MaxPool2d(2)).train()
    before = model[0].weight.clone()
    gradient_field(model, 16)
    assert torch.equal(model[0].weight, before)
    assert isinstance(model[1], nn.MaxPool2d)
    assert model.training
