"""Experiments of the RegNet chapter: two design spaces, and depth, width and fitting power."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import Classifier, ConvNormAct, init_he
from backbones.models.anynet import AnyNet, Stage, XBlock
from backbones.train.augmentation import standard_augment

STEM_WIDTH = 16
BUDGET = 2_000_000  # multiplications for a picture of 32 x 32
TOLERANCE = 0.15  # how far a network may be from it
_DEPTHS = range(1, 7)
_WIDTHS = range(8, 129, 8)
_GROUP_WIDTHS = (1, 2, 4, 8, 16, 32)
_BOTTLENECKS = (1, 2, 4)


def small_anynet(num_classes: int, stages: Sequence[Stage]) -> AnyNet:
    """An `AnyNet` for pictures of 32 x 32: its three stages are at 8, 4 and 2 pixels."""
    return AnyNet(stages, num_classes, stem_width=STEM_WIDTH)


def free_stages(chance: random.Random) -> list[Stage]:
    """Each stage has numbers of its own, as in the paper's AnyNetX_A."""
    return [
        Stage(
            chance.choice(_DEPTHS),
            chance.choice(_WIDTHS),
            chance.choice(_GROUP_WIDTHS),
            chance.choice(_BOTTLENECKS),
        )
        for _ in range(3)
    ]


def narrowed_stages(chance: random.Random) -> list[Stage]:
    """One group width, bottleneck ratio 1, and no stage is narrower or less deep than the last.

    AnyNetX_E of the paper, with the bottleneck ratio that it finds to be best.
    """
    depths = sorted(chance.choice(_DEPTHS) for _ in range(3))
    widths = sorted(chance.choice(_WIDTHS) for _ in range(3))
    group_width = chance.choice(_GROUP_WIDTHS)
    return [Stage(d, w, group_width, 1) for d, w in zip(depths, widths, strict=True)]


def macs_of(stages: Sequence[Stage], classes: int = 5) -> int:
    """Multiplications of `small_anynet` for a picture of 32 x 32.

    Layer by layer as `profile` counts them, without building the network: a thousand are drawn
    for each one that is kept.
    """
    size, channels = 16, STEM_WIDTH
    macs = 9 * 3 * channels * size**2
    for depth, width, group_width, bottleneck in stages:
        inner = width // bottleneck
        for position in range(depth):
            macs += channels * inner * size**2  # the 1x1 at the front, still at full size
            if position == 0:
                size //= 2
                macs += channels * width * size**2  # the projection of the shortcut
            macs += (9 * inner * group_width + inner * width) * size**2
            channels = width
    return macs + channels * classes


def sample(
    space: Callable[[random.Random], list[Stage]], count: int, seed: int = 0
) -> list[list[Stage]]:
    """Networks drawn at random from a space, of those that cost about the budget.

    Args:
        space: Called with a generator, gives the stages of a network.
        count: How many, all different.
        seed: Another one draws others.
    """
    chance, found = random.Random(seed), []
    while len(found) < count:
        stages = space(chance)
        fit_each_other = all(s.width % (s.bottleneck * s.group_width) == 0 for s in stages)
        if not fit_each_other or stages in found:
            continue
        if abs(macs_of(stages) / BUDGET - 1) <= TOLERANCE:
            found.append(stages)
    return found


SAMPLES = 24

SPACES = Experiment(
    name="regnet_spaces",
    question="Are networks drawn at random from a space that was narrowed by hand better than "
    "those of the free space, at equal cost?",
    models={
        f"{name} {index}": partial(small_anynet, stages=stages)
        for name, space in {"free": free_stages, "narrow": narrowed_stages}.items()
        for index, stages in enumerate(sample(space, SAMPLES))
    },
    data=DATA,
    recipe={"epochs": 8, "lr": 5e-3, "augment": standard_augment},
    seeds=(0,),
)


class PlainXBlock(XBlock):
    """An `XBlock` without its shortcut."""

    def __init__(self, in_channels: int, width: int, stride: int, group_width: int) -> None:
        super().__init__(in_channels, width, stride, group_width)
        del self.shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, width, H / S, W / S)."""
        return self.act(self.residual(x))


def of_blocks(
    num_classes: int,
    depth: int,
    widths: tuple[int, int, int],
    block: Callable[[int, int, int, int], nn.Module] = XBlock,
) -> nn.Sequential:
    """A `small_anynet` with as many blocks in each stage, and groups of four channels.

    Args:
        num_classes: Outputs.
        depth: Blocks a stage.
        widths: Channels, stage by stage, each a multiple of 4.
        block: Called as block(in_channels, width, stride, group_width).
    """
    channels = STEM_WIDTH
    layers: list[nn.Module] = [ConvNormAct(3, channels, 3, stride=2)]
    for width in widths:
        for position in range(depth):
            layers.append(block(channels, width, 2 if position == 0 else 1, 4))
            channels = width
    model = nn.Sequential(*layers, Classifier(channels, num_classes))
    init_he(model)
    return model


# Widths with which so many blocks a stage cost the same.
_EQUAL_COST = {1: (48, 88, 176), 2: (36, 68, 132), 4: (24, 48, 96), 8: (16, 32, 68)}

DEPTH = Experiment(
    name="regnet_depth",
    question="Does a deeper or a wider network fit the training pictures better, with and "
    "without shortcuts?",
    models={
        **{
            f"{depth} a stage": partial(of_blocks, depth=depth, widths=widths)
            for depth, widths in _EQUAL_COST.items()
        },
        **{
            f"{depth} a stage, plain": partial(
                of_blocks, depth=depth, widths=widths, block=PlainXBlock
            )
            for depth, widths in _EQUAL_COST.items()
        },
        # These cost a third of "2 a stage", and 3.6 times as much.
        "2 a stage, half as wide": partial(of_blocks, depth=2, widths=(16, 32, 64)),
        "2 a stage, twice as wide": partial(of_blocks, depth=2, widths=(80, 144, 272)),
    },
    data=DATA,
    recipe={"epochs": 12, "lr": 5e-3},
)

EXPERIMENTS = (SPACES, DEPTH)
