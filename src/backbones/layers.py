"""Building blocks that two or more architectures share."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor, nn

from backbones.arithmetic import effective_kernel_size
from backbones.checks import check_groups, check_positive

# Activations, in place, so that they cost no memory of their own.
relu = partial(nn.ReLU, inplace=True)
relu6 = partial(nn.ReLU6, inplace=True)
swish = partial(nn.SiLU, inplace=True)
hard_swish = partial(nn.Hardswish, inplace=True)

# Batch norm with TensorFlow's settings, for weights and recipes that come from there.
tensorflow_norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


class SamePadding(nn.Module):
    """Zeros around a map, as TensorFlow's "SAME": (B, C, H, W) -> (B, C, H + P, W + P').

    A convolution or pooling without padding of its own behind it then gives ceil(H / stride) x
    ceil(W / stride). How many zeros that takes depends on H and W, and an odd number puts the
    extra one right and below: `backbones.arithmetic.same_padding`, for sizes known only when an
    image comes.

    Args:
        kernel_size: F of the layer behind.
        stride: S of the layer behind.
        dilation: D of the layer behind.
    """

    def __init__(self, kernel_size: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        check_positive(kernel_size=kernel_size, stride=stride, dilation=dilation)
        self.stride = stride
        self.extent = effective_kernel_size(kernel_size, dilation)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H + P, W + P')."""
        pads = []
        for size in (x.shape[3], x.shape[2]):
            # (ceil(W / S) - 1) S + extent - W, and no less than 0, in operations that a trace
            # or an export with unknown sizes can record: max() is none of them.
            total = self.extent - 1 - (size - 1) % self.stride
            total = (total + abs(total)) // 2
            pads += [total // 2, total - total // 2]
        return nn.functional.pad(x, pads)

    def extra_repr(self) -> str:
        """The layer behind, for the module's printed form."""
        return f"extent={self.extent}, stride={self.stride}"


class ConvNormAct(nn.Sequential):
    """Convolution, normalisation, activation: (B, in_channels, H, W) -> (B, out_channels, H', W').

    Its parts are `conv`, `norm` and `act`; what is left out is missing. Without ``padding`` the
    convolution keeps the size at stride 1: P = D (F - 1) / 2, which asks for an odd kernel. The
    bias is left out by default because a batch norm after it would cancel it.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: F, or a pair (height, width).
        stride: S.
        padding: P on all sides, in pixels, or a pair (above and below, left and right).
        dilation: D.
        groups: Number of groups the channels are split into.
        bias: Whether the convolution has a bias.
        norm: Called with ``out_channels``; None for no normalisation.
        act: Called without arguments; None for no activation.

    Raises:
        ValueError: If a size is below 1, ``groups`` does not divide the channels, or the kernel
            is even and no padding is given.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        *,
        padding: int | tuple[int, int] | None = None,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
        norm: Callable[[int], nn.Module] | None = nn.BatchNorm2d,
        act: Callable[[], nn.Module] | None = relu,
    ) -> None:
        sides = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
        for side in sides:
            check_positive(kernel_size=side)
        check_positive(stride=stride, dilation=dilation)
        check_groups(in_channels, out_channels, groups)
        if padding is None:
            if any(side % 2 == 0 for side in sides):
                raise ValueError(
                    f"kernel_size must be odd where padding is not given, got {kernel_size}"
                )
            padding = tuple(dilation * (side - 1) // 2 for side in sides)
        conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        parts: dict[str, nn.Module] = {"conv": conv}
        if norm is not None:
            parts["norm"] = norm(out_channels)
        if act is not None:
            parts["act"] = act()
        super().__init__(OrderedDict(parts))


class Branches(nn.ModuleList):
    """Modules side by side on the same input, their channels put one behind the other.

    (B, C, H, W) -> (B, C1 + C2 + ..., H', W'), where branch i gives (B, Ci, H', W').
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C1 + C2 + ..., H', W')."""
        return torch.cat([branch(x) for branch in self], dim=1)


class NormActConv(nn.Sequential):
    """The pre-activation order: batch norm, ReLU, convolution: (B, in, H, W) -> (B, out, H', W').

    The convolution has no bias, and keeps the size at stride 1.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: F, odd.
        stride: S.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        conv = ConvNormAct(in_channels, out_channels, kernel_size, stride, norm=None, act=None)
        parts = {"norm": nn.BatchNorm2d(in_channels), "act": relu(), "conv": conv.conv}
        super().__init__(OrderedDict(parts))


class DepthwiseConv(ConvNormAct):
    """Each channel convolved by itself: (B, C, H, W) -> (B, C, H', W'). No activation by default.

    Args:
        channels: C.
        kernel_size: F, odd, or a pair (height, width).
        stride: S.
        act: Called without arguments; None for no activation.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        act: Callable[[], nn.Module] | None = None,
    ) -> None:
        super().__init__(channels, channels, kernel_size, stride, groups=channels, act=act)


class SqueezeExcitation(nn.Module):
    """Weighs each channel by a gate computed from all channels' means: (B, C, H, W) -> same.

    Squeeze-and-Excitation Networks, arXiv:1709.01507: s = gate(W2 act(W1 mean(x))), output s x.

    Args:
        channels: C.
        reduced_channels: Channels between W1 and W2.
        act: The activation between them.
        gate: What turns the last values into weights.
    """

    def __init__(
        self,
        channels: int,
        reduced_channels: int,
        act: Callable[[], nn.Module] = relu,
        gate: Callable[[], nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        check_positive(channels=channels, reduced_channels=reduced_channels)
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.excite = nn.Sequential(
            nn.Conv2d(channels, reduced_channels, 1),
            act(),
            nn.Conv2d(reduced_channels, channels, 1),
            gate(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return x * self.excite(self.squeeze(x))


class EffectiveSqueezeExcitation(nn.Module):
    """Squeeze-and-excitation with one dense layer and no reduction: (B, C, H, W) -> same.

    CenterMask, arXiv:1911.06667: the reduction of the original loses information on channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.excite = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.Hardsigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return x * self.excite(self.squeeze(x))


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Deal the channels of each group out over all groups: (B, C, H, W) -> same.

    ShuffleNet, arXiv:1707.01083: write the channels as a (groups, C / groups) table and read it
    by columns.

    Raises:
        ValueError: If ``groups`` does not divide C.
    """
    if not torch.jit.is_tracing() and x.shape[1] % groups:
        raise ValueError(f"groups must divide the {x.shape[1]} channels, got {groups}")
    return x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)


class ChannelShuffle(nn.Module):
    """`channel_shuffle` as a layer: (B, C, H, W) -> same, for ``groups`` that divide C."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        check_positive(groups=groups)
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return channel_shuffle(x, self.groups)

    def extra_repr(self) -> str:
        """The groups, for the module's printed form."""
        return f"groups={self.groups}"


class DropPath(nn.Module):
    """Stochastic depth: drops a whole residual branch, image by image, in training.

    Deep Networks with Stochastic Depth, arXiv:1603.09382. The kept branches are scaled by
    1 / (1 - probability), so that evaluation needs no scaling.

    Args:
        probability: Of dropping, in [0, 1).
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise ValueError(f"probability must be in [0, 1), got {probability}")
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) -> (B, ...), with some images' values all zero in training."""
        if not self.training or self.probability == 0:
            return x
        keep = 1 - self.probability
        mask = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep)
        return x * mask.div_(keep)

    def extra_repr(self) -> str:
        """The probability, for the module's printed form."""
        return f"probability={self.probability}"


class Classifier(nn.Sequential):
    """Global average pooling and one dense layer: (B, in_channels, H, W) -> (B, num_classes).

    Pooling over whatever H and W there are is what lets a network take any input size. With
    ``dropout`` above 0 that share of the pooled features is dropped in training.
    """

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.0) -> None:
        check_positive(num_classes=num_classes)
        drop = [nn.Dropout(dropout)] if dropout else []
        super().__init__(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), *drop, nn.Linear(in_channels, num_classes)
        )


def init_he(model: nn.Module) -> None:
    """He initialisation of every convolution (He et al., arXiv:1502.01852), in place.

    Weights are normal with variance 2 / fan_out, which keeps the size of the gradients through a
    ReLU network; biases start at 0. Normalisation layers keep PyTorch's 1 and 0.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def check_images(x: Tensor, in_channels: int) -> None:
    """Raise a ValueError that names what is wrong unless x is (B, in_channels, H, W)."""
    if torch.jit.is_tracing():  # a trace records tensor operations only, and warns of the rest
        return
    if x.ndim != 4 or x.shape[1] != in_channels:
        raise ValueError(
            f"images must have the shape (B, {in_channels}, H, W), got {tuple(x.shape)}"
        )


def into_stages(blocks: Iterable[nn.Module]) -> list[nn.Sequential]:
    """Part a row of blocks where the resolution changes: a ``stride`` above 1 opens a stage.

    Raises:
        ValueError: If there are no blocks.
    """
    stages: list[nn.Sequential] = []
    for block in blocks:
        if block.stride > 1 or not stages:
            stages.append(nn.Sequential())
        stages[-1].append(block)
    if not stages:
        raise ValueError("rows must name at least one block, got none")
    return stages


class Backbone(nn.Module):
    """Stem, stages, head: the shape of every convolutional network in this book.

    The stem takes the image down to the first resolution. Each stage keeps one resolution; a
    block is what repeats in it. The head turns the last feature map into class scores.

    Args:
        stem: First layers, (B, in_channels, H, W) -> (B, C, H', W').
        stages: The stages, each working on the output of the one before.
        head: (B, C, H', W') -> (B, num_classes).
        in_channels: Channels of the images.
    """

    def __init__(
        self, stem: nn.Module, stages: Iterable[nn.Module], head: nn.Module, in_channels: int
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.stem = stem
        self.stages = nn.Sequential(*stages)
        self.head = head

    def forward_features(self, x: Tensor) -> list[Tensor]:
        """Feature maps behind each stage, from fine to coarse."""
        check_images(x, self.in_channels)
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, num_classes).

        Raises:
            ValueError: If the images have another rank or number of channels.
        """
        check_images(x, self.in_channels)
        return self.head(self.stages(self.stem(x)))
