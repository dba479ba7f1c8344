"""What the AlexNet chapter compares it with: features by hand, few pictures, a constant."""

import numpy as np
import pytest
import torch
from skimage.feature import hog

from backbones.data import flowers
from backbones.experiments import alexnet
from backbones.models.alexnet import local_norm


def test_oriented_gradients_are_those_of_scikit_image():
    images = flowers().validation.images[:5]
    ours = alexnet.oriented_gradients(images)
    assert ours.shape == (5, 7 * 7 * 36)
    for own, image in zip(ours, images, strict=True):
        pixels = image.permute(1, 2, 0).numpy().astype(float)
        theirs = hog(pixels, cells_per_block=(2, 2), channel_axis=-1)
        assert np.abs(own.numpy() - theirs).max() < 1e-5


def test_oriented_gradients_do_not_depend_on_the_length_of_all_gradients():
    images = flowers().validation.images[:3].float()
    one, half = alexnet.oriented_gradients(images), alexnet.oriented_gradients(images / 2)
    assert torch.allclose(one, half, atol=1e-4)


def test_few_flowers_are_few_and_make_epochs_as_long():
    data = alexnet.few_flowers(100)
    assert len(data.train) == 2500
    assert len(data.train.images.flatten(1).unique(dim=0)) == 100
    assert data.train.labels.bincount().tolist() == [500] * 5
    assert len(data.validation) == 1000
    with pytest.raises(ValueError, match="n must divide 2,500, got 300"):
        alexnet.few_flowers(300)


def test_a_constant_is_what_local_norm_does_where_channels_are_weak():
    x = 0.1 * torch.randn(2, 8, 3, 3)
    assert torch.allclose(local_norm()(x), alexnet.Divide()(x), rtol=1e-4)
    x = 100 * torch.randn(2, 8, 3, 3)
    assert not torch.allclose(local_norm()(x), alexnet.Divide()(x), rtol=0.1)


def test_local_norm_at_the_pixels_scale_is_the_papers_on_numbers_60_times_larger():
    x = torch.randn(2, 8, 3, 3)
    expected = local_norm()(60 * x) / 60
    assert torch.allclose(alexnet.local_norm_of_pixels()(x), expected, rtol=1e-4)
