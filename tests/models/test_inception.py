"""Inception v2 to v4 and the Inception-ResNets: what the papers' figures say."""

import pytest
import torch
from parity import build_reference, randomise, relative_error, switch_off_chance, uninitialised
from rounding import close, terms_of
from torch import nn

from backbones.arithmetic import conv_parameters
from backbones.models.inception import V2, V3, Inception, inception_v2, inception_v3
from backbones.models.inception_v4 import (
    RESNET_V1,
    ScaledResidual,
    inception_resnet_v1,
    inception_resnet_v2,
    inception_v4,
)
from backbones.weights import copy_reference_weights


def outputs(stage, x):
    """Shape behind every block of a stage."""
    shapes = []
    for block in stage:
        x = block(x)
        shapes.append(tuple(x.shape[1:]))
    return shapes


@pytest.mark.parametrize(
    ("build", "size", "stages"),
    [
        # Figure 5 of arXiv:1502.03167. It prints the input's resolution for 3c and 4e.
        (
            inception_v2,
            224,
            [
                [(256, 28), (320, 28)],
                [(576, 14)] * 5,
                [(1024, 7)] * 3,
            ],
        ),
        # Table 1 of arXiv:1512.00567
        (inception_v3, 299, [[(256, 35), (288, 35), (288, 35)], [(768, 17)] * 5, None]),
        # Figure 9 of arXiv:1602.07261
        (inception_v4, 299, [[(384, 35)] * 4, [(1024, 17)] * 8, [(1536, 8)] * 4]),
        # Figure 15
        (inception_resnet_v1, 299, [[(256, 35)] * 5, [(896, 17)] * 11, [(1792, 8)] * 6]),
        # Google's code
        (
            inception_resnet_v2,
            299,
            [[(320, 35)] * 11, [(1088, 17)] * 21, [(2080, 8)] * 11 + [(1536, 8)]],
        ),
    ],
)
def test_outputs_of_every_block(build, size, stages):
    with uninitialised(), torch.device("meta"):
        model = build().eval()
        x = model.stem(torch.zeros(1, 3, size, size))
        for stage, expected in zip(model.stages, stages, strict=True):
            if expected is not None:
                assert outputs(stage, x) == [(c, s, s) for c, s in expected]
            x = stage(x)


def test_grid_reduction_of_v3_widens_to_1280_and_then_2048():
    with uninitialised(), torch.device("meta"):
        stage = inception_v3().eval().stages[2]
        shapes = outputs(stage, torch.zeros(1, 768, 17, 17))
    assert shapes == [(1280, 8, 8), (2048, 8, 8), (2048, 8, 8)]


def normed(in_channels: int, *convs: tuple[int, int]) -> int:
    """Parameters of convolutions (width, taps of the kernel) one behind the other, with norm."""
    total = 0
    for width, taps in convs:
        total += conv_parameters(in_channels, width, 1, bias=False) * taps + 2 * width
        in_channels = width
    return total


def test_parameters_per_stage_of_inception_resnet_v1_by_its_figures():
    figure_14 = normed(3, (32, 9), (32, 9), (64, 9), (80, 1), (192, 9), (256, 9))
    figure_10 = (
        normed(256, (32, 1))
        + normed(256, (32, 1), (32, 9))
        + normed(256, (32, 1), (32, 9), (32, 9))
        + conv_parameters(96, 256, 1)
    )
    figure_7 = normed(256, (384, 9)) + normed(256, (192, 1), (192, 9), (256, 9))
    figure_11 = (
        normed(896, (128, 1))
        + normed(896, (128, 1), (128, 7), (128, 7))
        + conv_parameters(256, 896, 1)
    )
    figure_12 = (
        normed(896, (256, 1), (384, 9))
        + normed(896, (256, 1), (256, 9))
        + normed(896, (256, 1), (256, 9), (256, 9))
    )
    figure_13 = (
        normed(1792, (192, 1))
        + normed(1792, (192, 1), (192, 3), (192, 3))
        + conv_parameters(384, 1792, 1)
    )
    with uninitialised():
        model = inception_resnet_v1()
    counts = [sum(p.numel() for p in part.parameters()) for part in (model.stem, *model.stages)]
    assert counts == [
        figure_14,
        5 * figure_10,
        figure_7 + 10 * figure_11,
        figure_12 + 5 * figure_13,
    ]


# Rows of Figure 5 of arXiv:1502.03167: input channels, then the columns #1x1, #3x3 reduce, #3x3,
# double #3x3 reduce, double #3x3, pool projection; with 96 for the printed 128 in 4c and 4d.
FIGURE_5 = [
    [(192, 64, 64, 64, 64, 96, 32), (256, 64, 64, 96, 64, 96, 64)],
    [
        (320, 0, 128, 160, 64, 96, 0),
        (576, 224, 64, 96, 96, 128, 128),
        (576, 192, 96, 128, 96, 128, 128),
        (576, 160, 128, 160, 128, 160, 96),
        (576, 96, 128, 192, 160, 192, 96),
    ],
    [
        (576, 0, 128, 192, 192, 256, 0),
        (1024, 352, 192, 320, 160, 224, 128),
        (1024, 352, 192, 320, 192, 224, 128),
    ],
]


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_parameters_per_stage_of_inception_v2_by_its_figure(stage):
    expected = 0
    for channels, narrow, reduce, middle, reduce_double, double, project in FIGURE_5[stage]:
        expected += normed(channels, (reduce, 1), (middle, 9))
        expected += normed(channels, (reduce_double, 1), (double, 9), (double, 9))
        for width in (narrow, project):
            expected += normed(channels, (width, 1)) if width else 0
    with uninitialised():
        model = inception_v2()
    assert sum(p.numel() for p in model.stages[stage].parameters()) == expected


def test_first_layer_of_v2_is_separable_with_depth_multiplier_8():
    with uninitialised():
        stem = inception_v2(in_channels=2).stem
    depthwise, pointwise = stem[0], stem[1][0]
    assert depthwise.weight.shape == (16, 1, 7, 7)
    assert pointwise.weight.shape == (64, 16, 1, 1)


def test_auxiliary_head_of_v3_is_torchvisions():
    with uninitialised():
        ours = inception_v3(aux_logits=True)
        theirs = build_reference("inception_v3", "torchvision", aux_logits=True)
    assert sum(p.numel() for p in ours.parameters()) == 27_161_264
    randomise(theirs)
    copy_reference_weights(ours, theirs)
    x = torch.randn(2, 3, 299, 299, dtype=torch.double)
    for model in (ours, theirs):
        switch_off_chance(model.double())
    logits, auxiliary = ours(x)
    reference = theirs(x)
    assert relative_error(logits, reference.logits) <= 1e-9
    assert relative_error(auxiliary, reference.aux_logits) <= 1e-9
    for last in (auxiliary, reference.aux_logits):
        last.square().mean().backward()
    gradients = {name: p.grad for name, p in theirs.named_parameters()}
    for mine, other in (
        (ours.auxiliary[0][1][0].weight, "AuxLogits.conv0.conv.weight"),
        (ours.auxiliary[0][-1][-1].weight, "AuxLogits.fc.weight"),
        (ours.stem[0][0].weight, "Conv2d_1a_3x3.conv.weight"),
    ):
        assert relative_error(mine.grad, gradients[other]) <= 1e-9


def test_auxiliary_head_speaks_in_training_only_and_asks_for_large_images():
    model = Inception(V3, 5, 1, aux_logits=True, width_mult=0.125)
    images = torch.randn(2, 1, 299, 299)
    outputs = model.train()(images)
    assert [o.shape for o in outputs] == [(2, 5)] * 2
    sum(o.sum() for o in outputs).backward()
    assert all(p.grad is not None for p in model.parameters())
    with pytest.raises(ValueError, match=r"images must be 299x299 or larger .* got 298x320"):
        model(torch.randn(2, 1, 298, 320))
    with pytest.raises(ValueError, match="images must have the shape"):
        model(images[0])
    assert model.eval()(torch.randn(2, 1, 96, 96)).shape == (2, 5)


def test_residuals_are_scaled():
    block = ScaledResidual(8, 1.0, [[(8, 1)], [(8, 3)]], scale=0.25, act=False).eval()
    x = torch.randn(2, 8, 5, 5)
    close(block(x), x + 0.25 * block.expand(block.branches(x)), terms_of(block))
    block.act = nn.ReLU()
    assert block(x).min() == 0


def test_only_the_last_residual_of_v2_is_unscaled_and_without_relu():
    with uninitialised():
        blocks = [m for m in inception_resnet_v2().modules() if isinstance(m, ScaledResidual)]
    assert [block.scale for block in blocks] == [0.17] * 10 + [0.1] * 20 + [0.2] * 9 + [1.0]
    assert [type(block.act) for block in blocks] == [nn.ReLU] * 39 + [nn.Identity]


@pytest.mark.parametrize("layout", [V2, RESNET_V1])
def test_width_mult_must_be_positive(layout):
    with pytest.raises(ValueError, match="must be above 0, got 0"):
        Inception(layout, width_mult=0.0)
