"""Experiments of the GoogLeNet chapter: one kernel size or several, and auxiliary heads."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from backbones.experiments.alexnet import init_by_fan_in
from backbones.experiments.experiment import Experiment
from backbones.experiments.resnet import first_and_last_gradient
from backbones.experiments.vgg import DATA
from backbones.layers import Branches, Classifier
from backbones.models.googlenet import InceptionBlock, plain_conv
from backbones.models.inception_parts import normed_conv
from backbones.train.augmentation import standard_augment


def one_size(in_channels: int, width: int, kernel_size: int) -> nn.Module:
    """One convolution of one size."""
    return normed_conv(in_channels, width, kernel_size)


def reduced(in_channels: int, width: int, kernel_size: int) -> nn.Module:
    """A 1x1 to half of the width, then one convolution of one size."""
    return nn.Sequential(
        normed_conv(in_channels, width // 2, 1), normed_conv(width // 2, width, kernel_size)
    )


def shares(width: int) -> tuple[int, ...]:
    """A row of Table 1 of arXiv:1409.4842 for a module of this width, in proportion to its 3a.

    Channels of 1x1, 3x3 reduction, 3x3, 5x5 reduction, 5x5 and pool projection; all but the
    reductions add up to the width.
    """
    narrow, reduce_middle, middle, reduce_wide, wide = (
        round(width * channels / 256) for channels in (64, 96, 128, 16, 32)
    )
    return narrow, reduce_middle, middle, reduce_wide, wide, width - narrow - middle - wide


def inception(in_channels: int, width: int) -> nn.Module:
    """Figure 2b of the paper: 1x1, 3x3, 5x5 and pooling side by side, behind 1x1 reductions."""
    return InceptionBlock(in_channels, shares(width))


def unreduced(in_channels: int, width: int) -> nn.Module:
    """Figure 2a: the same sizes without reductions, but for the 1x1 behind the pool."""
    narrow, _, middle, _, wide, projection = shares(width)
    pool = nn.MaxPool2d(3, 1, padding=1)
    return Branches(
        [
            normed_conv(in_channels, narrow, 1),
            normed_conv(in_channels, middle, 3),
            normed_conv(in_channels, wide, 5),
            nn.Sequential(pool, normed_conv(in_channels, projection, 1)),
        ]
    )


def network_of(
    num_classes: int, module: Callable[[int, int], nn.Module], widths: tuple[int, int]
) -> nn.Sequential:
    """A stem, two modules at 16 x 16 and two at 8 x 8 positions, one dense layer on their mean.

    Args:
        num_classes: Outputs.
        module: Called as module(in_channels, width).
        widths: Channels of the first two modules, and of the last two.
    """
    first, second = widths
    return nn.Sequential(
        normed_conv(3, 16, 3, 2),
        *[module(16, first), module(first, first), nn.MaxPool2d(2)],
        *[module(first, second), module(second, second)],
        Classifier(second, num_classes),
    )


# As many MACs as 3x3 layers of 24 and 48 channels, 4.31 million, to 1.5 %.
_MODULES = {
    "1×1": (partial(one_size, kernel_size=1), (78, 156)),
    "3×3": (partial(one_size, kernel_size=3), (24, 48)),
    "5×5": (partial(one_size, kernel_size=5), (13, 27)),
    "7×7": (partial(one_size, kernel_size=7), (9, 17)),
    "3×3, reduced": (partial(reduced, kernel_size=3), (30, 56)),
    "5×5, reduced": (partial(reduced, kernel_size=5), (18, 36)),
    "all sizes": (unreduced, (26, 52)),
    "all sizes, reduced": (inception, (41, 82)),
}

# The rate is that of the VGG chapter's experiments, on the same pictures.
SIZES = Experiment(
    name="googlenet_sizes",
    question="At equal multiplications, which learns better: layers of one kernel size, or modules "
    "of several side by side, without 1×1 reductions and with them?",
    models={
        name: partial(network_of, module=module, widths=widths)
        for name, (module, widths) in _MODULES.items()
    },
    data=DATA,
    recipe={"epochs": 25, "lr": 5e-3, "augment": standard_augment},
)


class DeepInception(nn.Module):
    """A stem, nine Inception modules at 16, 8 and 4 pixels, a head, and two on the way.

    (B, 3, 32, 32) -> (B, num_classes); with auxiliary heads and in training, a tuple of three.
    As in GoogLeNet these look at what comes out of the third and the sixth module. They are no
    more than a mean and a dense layer.

    Args:
        num_classes: Outputs.
        auxiliary: Whether there are auxiliary heads.
        batch_norm: Whether each convolution has a batch norm, which GoogLeNet had not.
    """

    def __init__(self, num_classes: int, auxiliary: bool, batch_norm: bool) -> None:
        super().__init__()
        conv = normed_conv if batch_norm else plain_conv
        self.stem = conv(3, 16, 3, 2)
        self.stages = nn.ModuleList()
        channels = 16
        for width in (16, 24, 32):
            stage = nn.Sequential(*[nn.MaxPool2d(2)] if self.stages else [])
            for _ in range(3):
                stage.append(InceptionBlock(channels, shares(width), conv))
                channels = width
            self.stages.append(stage)
        self.head = Classifier(channels, num_classes)
        widths = (16, 24) if auxiliary else ()
        self.auxiliary = nn.ModuleList(Classifier(width, num_classes) for width in widths)
        init_by_fan_in(self)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """(B, 3, 32, 32) -> (B, num_classes), or a tuple of such."""
        maps = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        scores = self.head(x)
        if not (self.training and self.auxiliary):
            return scores
        return scores, *(head(map_) for head, map_ in zip(self.auxiliary, maps, strict=False))


# The rate is that of `SIZES`; in a pilot of 6 epochs both networks of one head trained with it.
AUXILIARY = Experiment(
    name="googlenet_heads",
    question="Do auxiliary heads help a deep network of Inception modules to train, or to "
    "generalise, without batch norm and with it?",
    models={
        f"{heads}{ending}": partial(DeepInception, auxiliary=auxiliary, batch_norm=batch_norm)
        for ending, batch_norm in {"": False, ", BN": True}.items()
        for heads, auxiliary in {"one head": False, "three heads": True}.items()
    },
    data=DATA,
    recipe={"epochs": 25, "lr": 5e-3, "augment": standard_augment},
    trace=first_and_last_gradient,
)

EXPERIMENTS = (SIZES, AUXILIARY)
