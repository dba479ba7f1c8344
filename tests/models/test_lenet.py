"""LeNet: sizes of images, and what d2l publishes."""

import pytest
import torch

from backbones import create_model
from backbones.models.lenet import LeNet, lenet


def parameters(model) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(("name", "published"), [("lenet", 61_706), ("bn_lenet", 44_878)])
def test_by_default_ten_classes_of_grey_digits(name, published):
    model = create_model(name).eval()
    assert parameters(model) == published
    assert model(torch.randn(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize(
    ("image_size", "padding", "grid"),
    [(28, 2, 5), (28, 0, 4), (32, 2, 6), (64, 2, 14), (64, 0, 13)],
)
def test_the_first_dense_layer_fits_the_last_map(image_size, padding, grid):
    model = LeNet(10, 3, image_size, batch_norm=True, padding=padding)
    assert model.forward_features(torch.randn(2, 3, image_size, image_size))[-1].shape == (
        2,
        16,
        grid,
        grid,
    )
    assert model.head[2][0].in_features == 16 * grid**2


def test_images_of_its_own_size_are_not_averaged():
    model = lenet(image_size=32).eval()
    x = torch.randn(1, 1, 32, 32)
    direct = model.head[1:](model.forward_features(x)[-1])
    assert torch.equal(model(x), direct)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 3, "padding": 0}, "kernel_size must fit into the padded input"),
        ({"image_size": 8}, "kernel_size must fit into the padded input"),
        ({"image_size": 0}, "size must be an integer of at least 1, got 0"),
        ({"num_classes": 0}, "num_classes must be"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LeNet(**arguments)
