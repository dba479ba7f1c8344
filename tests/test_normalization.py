"""Normalisation written out, against torch's own."""

import pytest
import torch
from parity import randomise
from rounding import close
from torch import nn

from backbones.normalization import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LocalResponseNorm,
)
from backbones.weights import copy_reference_weights

SHAPES = {2: (5, 6), 3: (5, 6, 7), 4: (5, 6, 7, 3)}
PAIRS = {
    "batch, rank 2": lambda: (BatchNorm(6), nn.BatchNorm1d(6), 2),
    "batch, rank 3": lambda: (BatchNorm(6), nn.BatchNorm1d(6), 3),
    "batch, rank 4": lambda: (BatchNorm(6), nn.BatchNorm2d(6), 4),
    "batch, settings": lambda: (BatchNorm(6, 1e-3, 0.3), nn.BatchNorm2d(6, 1e-3, 0.3), 4),
    "batch, mean of all": lambda: (
        BatchNorm(6, momentum=None),
        nn.BatchNorm2d(6, momentum=None),
        4,
    ),
    "batch, bare": lambda: (BatchNorm(6, affine=False), nn.BatchNorm2d(6, affine=False), 4),
    "instance, rank 3": lambda: (InstanceNorm(6), nn.InstanceNorm1d(6), 3),
    "instance, rank 4": lambda: (InstanceNorm(6), nn.InstanceNorm2d(6), 4),
    "instance, affine": lambda: (
        InstanceNorm(6, 1e-3, True),
        nn.InstanceNorm2d(6, 1e-3, affine=True),
        4,
    ),
    "group, rank 2": lambda: (GroupNorm(2, 6), nn.GroupNorm(2, 6), 2),
    "group, rank 3": lambda: (GroupNorm(3, 6), nn.GroupNorm(3, 6), 3),
    "group, rank 4": lambda: (GroupNorm(2, 6, 1e-3), nn.GroupNorm(2, 6, 1e-3), 4),
    "group, bare": lambda: (GroupNorm(2, 6, affine=False), nn.GroupNorm(2, 6, affine=False), 4),
    "layer, rank 2": lambda: (LayerNorm(6), nn.LayerNorm(6), 2),
    "layer, rank 3": lambda: (LayerNorm(7, 1e-6), nn.LayerNorm(7, 1e-6), 3),
    "layer, rank 4": lambda: (LayerNorm(3), nn.LayerNorm(3), 4),
    "layer, three axes": lambda: (LayerNorm((6, 7, 3)), nn.LayerNorm((6, 7, 3)), 4),
    "layer, bare": lambda: (
        LayerNorm(3, affine=False),
        nn.LayerNorm(3, elementwise_affine=False),
        4,
    ),
    "response, rank 3": lambda: (LocalResponseNorm(5), nn.LocalResponseNorm(5), 3),
    "response, rank 4": lambda: (
        LocalResponseNorm(4, 2, 0.5, 2),
        nn.LocalResponseNorm(4, 2, 0.5, 2),
        4,
    ),
}


@pytest.fixture(params=PAIRS)
def pair(request):
    """Ours and torch's with the same random weights, in double precision, and a shape for them."""
    ours, theirs, rank = PAIRS[request.param]()
    ours, theirs = ours.double(), theirs.double()
    randomise(theirs)
    copy_reference_weights(ours, theirs)
    return ours, theirs, SHAPES[rank]


def draw(shape):
    return torch.randn(shape, dtype=torch.double) * 3 + 2


def test_registered_as_in_torch(pair):
    ours, theirs, _ = pair
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]


@pytest.mark.parametrize("name", PAIRS)
def test_starts_as_in_torch(name):
    ours, theirs, _ = PAIRS[name]()
    expected = theirs.state_dict()
    for key, value in ours.state_dict().items():
        assert torch.equal(value, expected[key])
        assert value.dtype == expected[key].dtype


@pytest.mark.parametrize("training", [False, True])
def test_outputs_and_gradients(pair, training):
    ours, theirs, shape = pair
    inputs = draw(shape).requires_grad_()
    twin = inputs.detach().clone().requires_grad_()
    seed = draw(shape)
    outputs = [m.train(training)(x) for m, x in ((ours, inputs), (theirs, twin))]
    torch.testing.assert_close(*outputs)
    for output in outputs:
        (output * seed).sum().backward()
    torch.testing.assert_close(inputs.grad, twin.grad)
    for parameter, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, reference.grad)


def test_after_ten_training_steps(pair):
    ours, theirs, shape = pair
    batches, target = [draw(shape) for _ in range(10)], draw(shape)
    for module in (ours.train(), theirs.train()):
        parameters = list(module.parameters())
        optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9) if parameters else None
        for batch in batches:
            loss = (module(batch) - target).square().mean()
            if optimizer:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        module.eval()
    for (name, value), reference in zip(
        ours.state_dict().items(), theirs.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(value, reference, msg=name)
    torch.testing.assert_close(ours(batches[0]), theirs(batches[0]))


def test_single_precision_and_a_mean_far_from_zero():
    x = torch.randn(4, 6, 5, 5) + 100
    for ours, theirs in (
        (BatchNorm(6), nn.BatchNorm2d(6)),
        (GroupNorm(2, 6), nn.GroupNorm(2, 6)),
    ):
        close(ours(x), theirs(x), terms=100, scale=100)


def test_evaluation_does_not_depend_on_the_batch():
    norm = BatchNorm(3)
    for _ in range(3):
        norm(torch.randn(8, 3, 4, 4))
    x = torch.randn(8, 3, 4, 4)
    assert not torch.allclose(norm(x)[:1], norm(x[:1]))
    norm.eval()
    torch.testing.assert_close(norm(x)[:1], norm(x[:1]))


def test_group_norm_lies_between_layer_and_instance_norm():
    x = torch.randn(2, 6, 4, 4)
    layer = LayerNorm((6, 4, 4), affine=False)
    close(GroupNorm(1, 6)(x), layer(x), terms=96)
    close(GroupNorm(6, 6)(x), InstanceNorm(6)(x), terms=16)


@pytest.mark.parametrize("norm", [BatchNorm(3), InstanceNorm(3), GroupNorm(3, 3)])
def test_other_channels_are_refused(norm):
    with pytest.raises(ValueError, match=r"x must have the shape \(B, 3.*, got \(2, 4, 5, 5\)"):
        norm(torch.zeros(2, 4, 5, 5))
    with pytest.raises(ValueError, match=r"x must have the shape"):
        norm(torch.zeros(3))


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="groups must divide the 6 channels, got 4"):
        GroupNorm(4, 6)
    for build in (BatchNorm, InstanceNorm, lambda n: GroupNorm(1, n)):
        with pytest.raises(ValueError, match="channels must be an integer of at least 1, got 0"):
            build(0)
    with pytest.raises(ValueError, match="shape must be an integer of at least 1, got 0"):
        LayerNorm((3, 0))
    with pytest.raises(ValueError, match=r"x must end in the axes \(3,\), got \(2, 4\)"):
        LayerNorm(3)(torch.zeros(2, 4))
    with pytest.raises(ValueError, match="size must be an integer of at least 1, got 0"):
        LocalResponseNorm(0)
    with pytest.raises(ValueError, match=r"x must have the shape \(B, C, ...\), got \(2, 3\)"):
        LocalResponseNorm(5)(torch.zeros(2, 3))


def test_statistics_of_one_value_are_refused():
    with pytest.raises(ValueError, match="more than one value for a channel in training"):
        BatchNorm(3)(torch.zeros(1, 3, 1, 1))
    assert BatchNorm(3).eval()(torch.ones(1, 3, 1, 1)).shape == (1, 3, 1, 1)
    with pytest.raises(ValueError, match=r"more than one value for a channel, got the shape"):
        InstanceNorm(3)(torch.zeros(2, 3, 1, 1))


def test_settings_are_printed():
    assert repr(GroupNorm(2, 6)) == "GroupNorm(2, 6, eps=1e-05)"
    assert repr(BatchNorm(6)) == "BatchNorm(6, eps=1e-05)"
    assert repr(LayerNorm(6)) == "LayerNorm((6,), eps=1e-05)"
    assert repr(LocalResponseNorm(5)) == "LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)"
