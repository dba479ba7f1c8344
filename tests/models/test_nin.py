"""NiN: d2l's counts for other inputs, the paper's CIFAR network."""

import d2l_networks
import pytest
import torch
from parity import randomise, uninitialised
from rounding import close, terms_of

from backbones.models.nin import CLASSES, Mlpconv, NiN, nin, nin_cifar
from backbones.profile import profile
from backbones.weights import copy_reference_weights


@pytest.mark.parametrize(
    ("classes", "channels", "parameters", "gmacs"),
    [(10, 1, 1_992_166, 0.7623), (10, 3, 2_015_398, 0.83), (1000, 3, 7_439_608, 0.9656)],
)
def test_counts_are_those_of_d2l(classes, channels, parameters, gmacs):
    with uninitialised():
        table = profile(nin(classes, channels), (channels, 224, 224))
    assert table.parameters == parameters
    assert table.macs == pytest.approx(gmacs * 1e9, rel=1e-3)


def test_ten_classes_of_grey_images_are_d2ls_too():
    with uninitialised():
        ours, theirs = nin(10, 1), d2l_networks.nin(10, 1)
    randomise(theirs)
    copy_reference_weights(ours, theirs)
    x = torch.randn(2, 1, 96, 96)
    close(ours.eval()(x), theirs.eval()(x), terms_of(ours))


def test_cifar_maps_halve_exactly():
    model = nin_cifar().eval()
    x = torch.randn(1, 3, 32, 32)
    assert model.stem(x).shape == (1, 96, 32, 32)
    assert [m.shape for m in model.forward_features(x)] == [(1, 192, 16, 16)]
    assert model.head[0](model.forward_features(x)[-1]).shape == (1, 10, 8, 8)


def test_scores_are_the_means_of_class_maps():
    model = nin_cifar(4).eval()
    x = torch.randn(2, 3, 32, 32)
    maps = model.head[0](model.forward_features(x)[-1])
    close(model(x), maps.mean(dim=(2, 3)), terms=8 * 8)


def test_all_classes_start_alive():
    assert (nin_cifar(100).eval()(torch.rand(4, 3, 32, 32)) > 0).all()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((Mlpconv((8, 8, CLASSES), 3),), "layers must be at least 2, got 1"),
        ((Mlpconv((8, 8, 8), 0), Mlpconv((8, 8, CLASSES), 3)), "kernel_size must be"),
        ((Mlpconv((8, 8, 8), 4), Mlpconv((8, 8, CLASSES), 3)), "kernel_size must be odd"),
    ],
)
def test_wrong_layers_are_refused(layers, message):
    with pytest.raises(ValueError, match=message):
        NiN(layers)


def test_no_classes_are_refused():
    with pytest.raises(ValueError, match="num_classes must be"):
        nin(0)
