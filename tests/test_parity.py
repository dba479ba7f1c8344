"""Every model against its reference: counts, outputs, gradients, with carried-over weights.

Weights and batch-norm statistics are random. Outputs in evaluation are compared in single
precision, as they are used, and may differ by what the order of their sums makes of rounding.
Training and its gradients are compared in double precision, so that a difference is one of
mathematics. Even so, the order of sums has moved a gradient by 1e-6 of its size, where a batch norm
normalises two values a channel.
"""

import pytest
import torch
from parity import (
    LARGE,
    ROWS,
    VIT_OPTIONS,
    build_reference,
    build_small,
    randomise,
    relative_error,
    switch_off_chance,
    uninitialised,
)
from published import PUBLISHED
from rounding import rounding, terms_of

from backbones import create_model, list_models
from backbones.profile import profile
from backbones.weights import copy_reference_weights

COMPUTED = [key for key in ROWS if key[0] not in LARGE]


def pair(name, source):
    """Our model, the reference with the same random weights, and the shape of an image."""
    ours, shape = build_small(name)
    options = VIT_OPTIONS[source.partition(":")[0]] if name.startswith("vit") else {}
    with uninitialised():
        theirs = build_reference(name, source, **options)
    randomise(theirs)
    copy_reference_weights(ours, theirs)
    return ours, theirs, shape


@pytest.mark.parametrize("name", list_models())
def test_every_model_has_a_reference(name):
    assert name in {name for name, _ in ROWS} | {row.name for row in PUBLISHED}


@pytest.mark.parametrize(("name", "source"), ROWS)
def test_counts(name, source):
    row = ROWS[name, source]
    with uninitialised(), torch.device("meta"):
        model = create_model(name)
    table = profile(model, tuple(map(int, row["input"].split("x"))))
    assert table.parameters == int(row["params"])
    assert table.parameters == sum(p.numel() for p in model.parameters())
    assert table.macs == pytest.approx(float(row["gmacs"]) * 1e9, rel=1e-3)


@pytest.mark.parametrize(("name", "source"), COMPUTED)
def test_outputs_and_gradients(name, source):
    ours, theirs, shape = pair(name, source)
    images = torch.randn(2, *shape)
    ours.eval(), theirs.eval()
    with torch.no_grad():
        assert relative_error(ours(images), theirs(images)) <= rounding(terms_of(ours))

    images = images.double()
    outputs = []
    for model in (ours.double(), theirs.double()):
        switch_off_chance(model)
        output = model(images)
        output.square().mean().backward()
        outputs.append(output.detach())
    assert relative_error(*outputs) <= 1e-4
    gradients = list(zip(ours.named_parameters(), theirs.parameters(), strict=True))
    # Some gradients are zero but for rounding, as those of a bias that a batch norm cancels.
    floor = 1e-6 * max(p.grad.abs().max().item() for _, p in gradients)
    for (key, parameter), reference in gradients:
        gradient = reference.grad.view_as(parameter)  # of a 1x1 convolution, a dense layer's
        assert relative_error(parameter.grad, gradient, floor) <= 1e-4, key

    with torch.no_grad():  # the running statistics moved alike, too
        for (key, ours_value), theirs_value in zip(
            ours.named_buffers(), theirs.buffers(), strict=True
        ):
            assert relative_error(ours_value, theirs_value) <= 1e-4, key


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("vgg11_bn", "torchvision"),
        ("resnet18", "torchvision"),
        ("resnet50d", "timm"),
        ("resnetv2_18", "timm"),
        ("resnext50_32x4d", "torchvision"),
        ("seresnet18", "timm"),
        ("densenet121", "torchvision"),
        ("vovnet39a", "timm"),
        ("ese_vovnet19b_slim", "timm"),
        ("regnet_x_400mf", "torchvision"),
        ("regnet_y_400mf", "torchvision"),
        ("mobilenetv1_100", "timm"),
        ("mobilenet_v2", "torchvision"),
        ("mobilenet_v3_small", "torchvision"),
        ("shufflenet_v2_x0_5", "torchvision"),
        ("ghostnet_050", "timm"),
        ("ghostnetv2_100", "timm"),
        ("efficientnet_b0", "torchvision"),
        ("efficientnet_lite0", "timm:tf_efficientnet_lite0"),
        ("lenet", "d2l"),
        ("bn_lenet", "d2l"),
        ("alexnet", "torchvision"),
        ("nin", "d2l"),
        ("googlenet", "torchvision"),
        ("inception_resnet_v2", "timm"),
        ("vit_tiny_patch16_224", "timm"),
        ("vit_base_r50_s16_224", "timm"),
    ],
)
def test_one_step_of_training_keeps_parity(name, source):
    ours, theirs, shape = pair(name, source)
    images, labels = torch.randn(4, *shape, dtype=torch.double), torch.tensor([1, 2, 3, 4])
    for model in (ours.double(), theirs.double()):
        switch_off_chance(model)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
        model.zero_grad()  # and its memory is free
        model.eval()
    with torch.no_grad():
        assert relative_error(ours(images), theirs(images)) <= 1e-6
