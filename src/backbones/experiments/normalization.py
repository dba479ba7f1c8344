"""Experiments of the chapter on normalisation: small batches, and sequences."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from backbones.data import ImageData, digits, flowers
from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import small_vgg
from backbones.layers import ConvNormAct, init_he
from backbones.train.evaluation import predict


def batch_norm(channels: int) -> nn.Module:
    """One mean and variance for each channel, over the batch and all positions."""
    return nn.BatchNorm2d(channels)


def group_norm(channels: int) -> nn.Module:
    """One for each picture and group of 4 channels."""
    return nn.GroupNorm(channels // 4, channels)


def layer_norm(channels: int) -> nn.Module:
    """One for each picture, over all channels and positions."""
    return nn.GroupNorm(1, channels)


def two_3x3(in_channels: int, width: int, norm) -> list[nn.Module]:
    """Two 3x3 layers; without a norm they have biases."""
    layer = partial(ConvNormAct, kernel_size=3, bias=norm is None, norm=norm)
    return [layer(in_channels, width), layer(width, width)]


def normed_network(num_classes: int, norm: Callable[[int], nn.Module] | None) -> nn.Module:
    """The small network of the VGG chapter, with another norm."""
    model = small_vgg(num_classes, partial(two_3x3, norm=norm), widths=(8, 16, 32))
    init_he(model)
    return model


def few_flowers() -> ImageData:
    """1,000 painted flowers of 32 x 32 pixels to train on, 1,000 others to validate on."""
    return flowers(size=32, train=1000, validation=1000)


_NORMS = {"BN": batch_norm, "GN": group_norm, "LN": layer_norm, "none": None}
BATCH_SIZES = (1, 2, 4, 8, 32)

# Plain momentum SGD, its rate in proportion to the batch, as arXiv:1706.02677 has it; at 32,
# three times as much was worse for BN, GN and none.
BATCHES = Experiment(
    name="norm_batches",
    question="How does accuracy depend on the batch size, with batch norm, with norms that look at "
    "one picture at a time, and without any?",
    models={
        f"{name}, batches of {size}": partial(normed_network, norm=norm)
        for name, norm in _NORMS.items()
        for size in BATCH_SIZES
    },
    data={"flowers": few_flowers},
    recipe={"epochs": 20, "optimizer": "sgd", "weight_decay": 1e-4},
    options={
        f"{name}, batches of {size}": {"batch_size": size, "lr": 0.02 * size / 32}
        for name in _NORMS
        for size in BATCH_SIZES
    },
)


class RowReader(nn.Module):
    """A recurrent network that reads a picture row by row: (B, 1, H, W) -> (B, num_classes).

    h = tanh(norm(U row + V h)), at first h = 0; one dense layer on the last h.

    Args:
        num_classes: Outputs.
        norm: Called with ``width``: norms of the time steps, the last of them for all later ones.
        width: Of h.
        columns: W.
    """

    def __init__(
        self,
        num_classes: int,
        norm: Callable[[int], nn.ModuleList],
        width: int = 64,
        columns: int = 28,
    ) -> None:
        super().__init__()
        self.row = nn.Linear(columns, width)
        self.hidden = nn.Linear(width, width, bias=False)
        self.norms = norm(width)
        self.dense = nn.Linear(width, num_classes)
        nn.init.orthogonal_(self.hidden.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, num_classes), for any H."""
        rows = self.row(x[:, 0])  # (B, H, width)
        h = torch.tanh(self.norms[0](rows[:, 0]))
        for step in range(1, rows.shape[1]):
            # Beyond the longest sequence that there are norms for, the last one serves.
            norm = self.norms[min(step, len(self.norms) - 1)]
            h = torch.tanh(norm(rows[:, step] + self.hidden(h)))
        return self.dense(h)


def shared(kind: Callable[[int], nn.Module], width: int) -> nn.ModuleList:
    """The same norm at every time step."""
    return nn.ModuleList([kind(width)])


def one_each(kind: Callable[[int], nn.Module], width: int, steps: int = 28) -> nn.ModuleList:
    """A norm for each time step, with statistics of its own."""
    return nn.ModuleList(kind(width) for _ in range(steps))


def no_norm(width: int) -> nn.ModuleList:
    """Nothing at all."""
    return nn.ModuleList([nn.Identity()])


def accuracy_when_longer(model: nn.Module, data: ImageData) -> dict[str, float]:
    """Validation accuracy when empty rows are added above or below, up to 8: longer sequences."""
    labels = data.validation.labels
    result = {}
    for rows in (0, 4, 8):
        for place, padding in {"above": (0, 0, rows, 0), "below": (0, 0, 0, rows)}.items():
            images = nn.functional.pad(data.validation.images, padding)
            scores = predict(model, images, mean=data.mean, std=data.std)
            right = (scores.argmax(1) == labels).double().mean().item()
            result[f"accuracy with {rows} rows more {place}"] = right
    return result


# The rate is AdamW's default in `fit`, at which all four train.
SEQUENCES = Experiment(
    name="norm_sequences",
    question="In a recurrent network that reads a digit row by row, which norm trains, and which "
    "still works on sequences longer than those it was trained on?",
    models={
        "none": partial(RowReader, norm=no_norm),
        "BN, one for all steps": partial(RowReader, norm=partial(shared, nn.BatchNorm1d)),
        "BN, one for each step": partial(RowReader, norm=partial(one_each, nn.BatchNorm1d)),
        "LN": partial(RowReader, norm=partial(shared, nn.LayerNorm)),
    },
    data={"digits": digits},
    recipe={"epochs": 20, "lr": 5e-3},
    seeds=(0, 1, 2, 3, 4),
    measure=accuracy_when_longer,
)

EXPERIMENTS = (BATCHES, SEQUENCES)
