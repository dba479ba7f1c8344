import pytest
import torch
from torch import nn

from backbones.data import ImageData, ImageSet
from backbones.train import fit, repeat


def noise(count: int, seed: int) -> ImageSet:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, 1, 4, 4), generator=generator).to(torch.uint8)
    return ImageSet(images, torch.arange(count) % 2, ("a", "b"))


DATA = ImageData(noise(20, 0), noise(10, 1), "noise")
RECIPE = {"epochs": 2, "batch_size": 5, "lr": 0.01}


def network() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Dropout(0.5), nn.Linear(8, 2))


def test_a_repetition_is_a_seed_for_the_weights_and_one_for_the_run():
    runs = repeat(network, DATA, seeds=(4, 2), **RECIPE)
    for seed, run in zip((4, 2), runs, strict=True):
        torch.manual_seed(seed)
        alone = fit(network(), DATA, seed=seed, **RECIPE)
        assert run.train_loss == alone.train_loss
        assert run.gradient_norm == alone.gradient_norm
    assert runs[0].train_loss != runs[1].train_loss


def test_three_seeds_unless_told_and_the_callers_chance_stays():
    torch.manual_seed(9)
    expected = torch.rand(2)
    torch.manual_seed(9)
    runs = repeat(network, DATA, epochs=1)
    assert torch.equal(torch.rand(2), expected)
    assert [run.train_loss for run in runs] == [
        run.train_loss for run in repeat(network, DATA, (0, 1, 2), epochs=1)
    ]


def test_the_callers_chance_stays_when_a_model_cannot_be_built():
    torch.manual_seed(9)
    expected = torch.rand(2)
    torch.manual_seed(9)
    with pytest.raises(RuntimeError):
        repeat(lambda: nn.Linear(-1, 2), DATA, epochs=1)
    assert torch.equal(torch.rand(2), expected)
