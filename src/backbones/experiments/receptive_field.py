"""Experiment of the chapter on receptive fields: how much of a digit must one unit see?"""

import torch.nn.functional as F
from torch import Tensor, nn

from backbones.data import ImageData, ImageSet, digits
from backbones.experiments.experiment import Experiment
from backbones.layers import ConvNormAct
from backbones.train.evaluation import predict


class Tiled(nn.Module):
    """Five 3x3 layers that never see across the border of a tile: (B, 1, H, W) -> (B, classes).

    The picture is cut into tiles, each goes through the same layers by itself, and one dense layer
    reads the mean over all positions of all tiles. Weights and MACs do not depend on the tile's
    size: only how far a unit of the last layer can see does.

    Args:
        num_classes: Outputs.
        tile: Pixels a side of a tile; it must divide H and W, and be a multiple of 4.
    """

    def __init__(self, num_classes: int, tile: int) -> None:
        super().__init__()
        self.tile = tile
        self.features = nn.Sequential(
            ConvNormAct(1, 8, 3),
            ConvNormAct(8, 16, 3, stride=2),
            ConvNormAct(16, 16, 3),
            ConvNormAct(16, 32, 3, stride=2),
            ConvNormAct(32, 32, 3),
        )
        self.dense = nn.Linear(32, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, num_classes)."""
        tiles = x.unflatten(3, (-1, self.tile)).unflatten(2, (-1, self.tile))
        tiles = tiles.permute(0, 2, 4, 1, 3, 5)  # (B, rows, columns, 1, tile, tile)
        maps = self.features(tiles.flatten(0, 2))  # (B rows columns, 32, tile / 4, tile / 4)
        means = maps.mean((2, 3)).unflatten(0, (len(x), -1)).mean(1)  # (B, 32)
        return self.dense(means)


def framed_digits() -> ImageData:
    """2,000 handwritten digits with an empty frame, 32 x 32 pixels, which tiles divide evenly."""

    def framed(part: ImageSet) -> ImageSet:
        return ImageSet(F.pad(part.images, (2, 2, 2, 2)), part.labels, part.classes)

    data = digits()
    train, validation = framed(data.train.subset(2000)), framed(data.validation)
    return ImageData(train, validation, "2,000 framed MNIST digits", data.credit)


def accuracy_six_or_nine(model: nn.Module, data: ImageData) -> dict[str, float]:
    """Share of the sixes and nines that get the higher score of these two: 0.5 is guessing."""
    labels = data.validation.labels
    chosen = (labels == 6) | (labels == 9)
    scores = predict(model, data.validation.images[chosen], mean=data.mean, std=data.std)
    says_nine = scores[:, 9] > scores[:, 6]
    right = says_nine == (labels[chosen] == 9)
    return {"accuracy 6 or 9": right.double().mean().item()}


TILES = Experiment(
    name="field_tiles",
    question="The same network, with the same weights and multiplications, on pictures cut into "
    "tiles: how much does accuracy lose when no unit can see beyond its tile?",
    models={
        "tiles of 4": lambda num_classes: Tiled(num_classes, 4),
        "tiles of 8": lambda num_classes: Tiled(num_classes, 8),
        "tiles of 16": lambda num_classes: Tiled(num_classes, 16),
        "uncut": lambda num_classes: Tiled(num_classes, 32),
    },
    data={"digits": framed_digits},
    recipe={"epochs": 25, "lr": 1e-2},
    seeds=(0, 1, 2, 3, 4),
    measure=accuracy_six_or_nine,
)

EXPERIMENTS = (TILES,)
