"""Experiment of the GhostNet chapter: how many of the maps may be ghosts, and of what kind."""

import math
from functools import partial

import torch
from torch import Tensor, nn

from backbones.data import ImageData
from backbones.experiments.experiment import Experiment
from backbones.experiments.mobilenet_v1 import full, seven_layers
from backbones.experiments.vgg import DATA
from backbones.layers import ConvNormAct, relu
from backbones.models.ghostnet import GhostModule
from backbones.train.augmentation import standard_augment


class Ghost3x3(GhostModule):
    """A `GhostModule` whose intrinsic maps come from a 3x3: it stands for a full 3x3.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Of the 3x3.
        ratio: s, one of so many maps is intrinsic.
        kernel_size: d, of the depthwise convolution that makes the ghosts.
        linear: Whether the ghosts have no activation of their own.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        ratio: int,
        kernel_size: int = 3,
        linear: bool = False,
    ) -> None:
        super().__init__(in_channels, out_channels, ratio=ratio, kernel_size=kernel_size)
        intrinsic = math.ceil(out_channels / ratio)
        self.primary = ConvNormAct(in_channels, intrinsic, 3, stride)
        if linear:
            self.cheap[-1] = nn.Identity()


def ghosts(
    in_channels: int, out_channels: int, stride: int, ratio: int, **options
) -> list[nn.Module]:
    """One `Ghost3x3`, as a layer of `seven_layers`."""
    return [Ghost3x3(in_channels, out_channels, stride, ratio, **options)]


ordinary = partial(full, act=relu)


def correlations(maps: Tensor) -> Tensor:
    """Of the channels of maps (B, C, H, W), over all pictures and positions: (C, C).

    0 of a channel with itself, and of one that is the same everywhere.
    """
    rows = maps.transpose(0, 1).flatten(1)
    return torch.corrcoef(rows).nan_to_num().fill_diagonal_(0)


def similarity(maps: Tensor) -> Tensor:
    """How like its most similar fellow each channel is, over all pictures and positions.

    Args:
        maps: (B, C, H, W), C at least 2.

    Returns:
        (C,): the largest absolute correlation with another channel, from 0 to 1; 0 for a channel
        that is the same everywhere.
    """
    if maps.ndim != 4 or maps.shape[1] < 2:
        raise ValueError(f"maps must be (B, C, H, W) of 2 channels or more, got {maps.shape}")
    return correlations(maps).abs().amax(dim=1)


MEASURED_LAYER = 4  # the second one at 8 pixels


def similarity_of_a_layer(model: nn.Module, data: ImageData) -> dict[str, float]:
    """The mean of `similarity` over the maps of the fifth of the layers, on 256 pictures."""
    images = data.validation.images[:256]
    with torch.no_grad():
        maps = model[: MEASURED_LAYER + 1].eval()(data.normalize(images))
    return {"similarity": similarity(maps).mean().item()}


_WIDTHS = (16, 32, 64)

GHOSTS = Experiment(
    name="ghostnet_ratios",
    question="How many maps may be ghosts of others, at equal width and at equal cost, and does "
    "it matter how the ghosts are made?",
    models={
        "ordinary": partial(seven_layers, layer=ordinary, widths=_WIDTHS),
        **{
            f"s = {s}": partial(seven_layers, layer=partial(ghosts, ratio=s), widths=_WIDTHS)
            for s in (2, 3, 4)
        },
        "ordinary, as cheap as s = 2": partial(seven_layers, layer=ordinary, widths=(12, 23, 45)),
        "ordinary, as cheap as s = 4": partial(seven_layers, layer=ordinary, widths=(9, 17, 34)),
        "s = 2, as costly as ordinary": partial(
            seven_layers, layer=partial(ghosts, ratio=2), widths=(22, 44, 89)
        ),
        "s = 2, 1×1 ghosts": partial(
            seven_layers, layer=partial(ghosts, ratio=2, kernel_size=1), widths=_WIDTHS
        ),
        "s = 2, linear ghosts": partial(
            seven_layers, layer=partial(ghosts, ratio=2, linear=True), widths=_WIDTHS
        ),
    },
    data=DATA,
    recipe={"epochs": 15, "lr": 5e-3, "augment": standard_augment},
    measure=similarity_of_a_layer,
)

EXPERIMENTS = (GHOSTS,)
