"""Where a run's chance comes from: the seed and the number of the epoch, and nothing else."""

import pytest
import torch
from torch import nn

from backbones.data import ImageData, ImageSet
from backbones.train import fit


def noise(count: int, seed: int) -> ImageSet:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, 1, 4, 4), generator=generator).to(torch.uint8)
    return ImageSet(images, torch.arange(count) % 2, ("a", "b"))


DATA = ImageData(noise(24, 0), noise(10, 1), "noise")
OPTIONS = {"batch_size": 8, "lr": 0.1, "optimizer": "sgd"}


def network() -> nn.Sequential:
    torch.manual_seed(2)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 2))


class Drawing(nn.Module):
    """Passes pictures on, and keeps what it draws in training."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.drawn.append(torch.rand(()).item())
        return x


def weights_after(seed: int) -> torch.Tensor:
    model = network()
    fit(model, DATA, 1, seed=seed, **OPTIONS)
    return model[1].weight


def test_another_seed_is_another_order():
    # There is no other chance in this network than the order of the pictures.
    assert torch.equal(weights_after(0), weights_after(0))
    assert not torch.equal(weights_after(0), weights_after(1))


def drawn_by_the_model(seed: int, **options) -> list[float]:
    model = nn.Sequential(Drawing(), network())
    fit(model, DATA, 3, seed=seed, **OPTIONS, **options)
    return model[0].drawn


def drawn_by_the_augmentation(seed: int, **options) -> list[float]:
    drawn = []

    def augment(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        drawn.append(torch.rand((), generator=generator).item())
        return images

    fit(network(), DATA, 3, seed=seed, augment=augment, **OPTIONS, **options)
    return drawn


@pytest.mark.parametrize("drawn", [drawn_by_the_model, drawn_by_the_augmentation])
def test_every_step_of_every_epoch_draws_anew(drawn):
    first, again, other = drawn(0), drawn(0), drawn(1)
    assert len(set(first)) == 9  # 3 steps an epoch
    assert again == first
    assert not set(first) & set(other)


@pytest.mark.parametrize("drawn", [drawn_by_the_model, drawn_by_the_augmentation])
def test_a_resumed_run_draws_what_was_still_to_draw(drawn, tmp_path):
    begun = drawn(0, checkpoint=tmp_path / "run.pt", stop_after=1)
    assert begun + drawn(0, checkpoint=tmp_path / "run.pt") == drawn(0)


def test_an_augmentation_and_the_model_draw_different_numbers():
    assert not set(drawn_by_the_model(0)) & set(drawn_by_the_augmentation(0))
