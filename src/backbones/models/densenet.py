"""DenseNet: Huang et al., "Densely Connected Convolutional Networks", arXiv:1608.06993.

The variant DenseNet-BC: bottlenecks (B) of 4 k channels before each 3x3, and transitions that
compress (C) to half the channels. The memory-saving mode is that of Pleiss et al.,
"Memory-Efficient Implementation of DenseNets", arXiv:1707.06990: everything whose size grows with
the square of a block's depth is computed again in the backward pass.

Departs from the paper in nothing but the stem for small images, which has batch norm and ReLU.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from backbones.checks import check_positive
from backbones.layers import Backbone, Classifier, NormActConv, init_he, relu
from backbones.models.resnet import imagenet_stem

BOTTLENECK = 4  # a layer's 1x1 leaves this many times the growth rate


@contextmanager
def _statistics_kept(norm: nn.BatchNorm2d) -> Iterator[None]:
    """For the second pass of a checkpoint: a batch must move the running statistics only once."""
    momentum, batches = norm.momentum, norm.num_batches_tracked
    norm.momentum, norm.num_batches_tracked = 0.0, batches.clone()
    try:
        yield
    finally:
        norm.momentum, norm.num_batches_tracked = momentum, batches


class DenseLayer(nn.Module):
    """Adds k channels: all maps so far, concatenated, through BN-ReLU-1x1 and BN-ReLU-3x3.

    Args:
        in_channels: Channels of all maps so far.
        growth_rate: k.
        memory_saving: Keep neither the concatenation nor what becomes of it up to the 1x1's output
            for the backward pass, but compute them again.
    """

    def __init__(self, in_channels: int, growth_rate: int, memory_saving: bool) -> None:
        super().__init__()
        self.bottleneck = NormActConv(in_channels, BOTTLENECK * growth_rate, 1)
        self.conv = NormActConv(BOTTLENECK * growth_rate, growth_rate, 3)
        self.memory_saving = memory_saving

    def reduce(self, *maps: Tensor) -> Tensor:
        """Maps (B, Ci, H, W) -> (B, 4 k, H, W)."""
        return self.bottleneck(torch.cat(maps, dim=1))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps (B, Ci, H, W) -> (B, k, H, W)."""
        if self.memory_saving and self.training:
            reduced = checkpoint(
                self.reduce,
                *maps,
                use_reentrant=False,
                preserve_rng_state=False,  # there is no chance in it
                context_fn=self._contexts,
            )
        else:
            reduced = self.reduce(*maps)
        return self.conv(reduced)

    def _contexts(self) -> tuple[AbstractContextManager, AbstractContextManager]:
        return nullcontext(), _statistics_kept(self.bottleneck[0])


class DenseBlock(nn.ModuleList):
    """Layers that each see the outputs of all before: (B, C, H, W) -> (B, C + depth k, H, W)."""

    def __init__(
        self, in_channels: int, depth: int, growth_rate: int, memory_saving: bool = False
    ) -> None:
        check_positive(depth=depth, growth_rate=growth_rate)
        super().__init__(
            DenseLayer(in_channels + index * growth_rate, growth_rate, memory_saving)
            for index in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer in self:
            maps.append(layer(maps))
        return torch.cat(maps, dim=1)


class Transition(nn.Sequential):
    """BN-ReLU-1x1, then a 2x2 average pool: (B, in, H, W) -> (B, out, H / 2, W / 2)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(NormActConv(in_channels, out_channels, 1), nn.AvgPool2d(2))


class DenseNet(Backbone):
    """Stem, dense blocks with transitions between them, a last BN-ReLU, pooling, one dense layer.

    A stage is a dense block, with the transition that leads to it. The stem has 2 k channels.

    Args:
        depths: Layers a block.
        growth_rate: k, the channels each layer adds.
        num_classes: Outputs.
        in_channels: Channels of the images.
        stem: Called as stem(in_channels, 2 k); for small images `resnet.small_stem`.
        memory_saving: Store less in training and compute it twice; the same outputs, gradients
            and running statistics.

    Raises:
        ValueError: If ``depths`` is empty, or a number in it or ``growth_rate`` is below 1.
    """

    def __init__(
        self,
        depths: Sequence[int],
        growth_rate: int = 32,
        num_classes: int = 1000,
        in_channels: int = 3,
        stem: Callable[[int, int], nn.Module] = imagenet_stem,
        memory_saving: bool = False,
    ) -> None:
        if not depths:
            raise ValueError(f"depths must name at least one block, got {depths}")
        check_positive(growth_rate=growth_rate)
        channels = 2 * growth_rate
        stages = []
        for index, depth in enumerate(depths):
            stage = nn.Sequential()
            if index > 0:
                stage.append(Transition(channels, channels // 2))
                channels //= 2
            stage.append(DenseBlock(channels, depth, growth_rate, memory_saving))
            channels += depth * growth_rate
            stages.append(stage)
        head = nn.Sequential(nn.BatchNorm2d(channels), relu(), *Classifier(channels, num_classes))
        super().__init__(stem(in_channels, 2 * growth_rate), stages, head, in_channels)
        init_he(self)


# Table 1 of the paper: layers a block, growth rate (48 for 161, from the authors' code).
CONFIGS = {
    "densenet121": ((6, 12, 24, 16), 32),
    "densenet161": ((6, 12, 36, 24), 48),
    "densenet169": ((6, 12, 32, 32), 32),
    "densenet201": ((6, 12, 48, 32), 32),
}


def densenet121(
    num_classes: int = 1000, in_channels: int = 3, memory_saving: bool = False
) -> DenseNet:
    """58 dense layers of 32 channels."""
    return DenseNet(*CONFIGS["densenet121"], num_classes, in_channels, memory_saving=memory_saving)


def densenet161(
    num_classes: int = 1000, in_channels: int = 3, memory_saving: bool = False
) -> DenseNet:
    """78 dense layers of 48 channels."""
    return DenseNet(*CONFIGS["densenet161"], num_classes, in_channels, memory_saving=memory_saving)


def densenet169(
    num_classes: int = 1000, in_channels: int = 3, memory_saving: bool = False
) -> DenseNet:
    """82 dense layers of 32 channels."""
    return DenseNet(*CONFIGS["densenet169"], num_classes, in_channels, memory_saving=memory_saving)


def densenet201(
    num_classes: int = 1000, in_channels: int = 3, memory_saving: bool = False
) -> DenseNet:
    """98 dense layers of 32 channels."""
    return DenseNet(*CONFIGS["densenet201"], num_classes, in_channels, memory_saving=memory_saving)
