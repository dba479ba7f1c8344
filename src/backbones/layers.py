"""Building blocks that two or more architectures share."""

from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor, nn

from backbones.arithmetic import check_positive

# The activation of most networks here; in place, so that it costs no memory of its own.
relu = partial(nn.ReLU, inplace=True)


class ConvNormAct(nn.Sequential):
    """Convolution, normalisation, activation: (B, in_channels, H, W) -> (B, out_channels, H', W').

    Without ``padding`` the convolution keeps the size at stride 1: P = D (F - 1) / 2, which asks
    for an odd kernel. Its bias is left out by default because a batch norm behind it would
    cancel it.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: F, square.
        stride: S.
        padding: P on all sides, in pixels.
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
        kernel_size: int,
        stride: int = 1,
        *,
        padding: int | None = None,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
        norm: Callable[[int], nn.Module] | None = nn.BatchNorm2d,
        act: Callable[[], nn.Module] | None = relu,
    ) -> None:
        check_positive(
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=kernel_size,
            stride=stride,
            dilation=dilation,
            groups=groups,
        )
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"groups must divide in_channels and out_channels, got groups={groups}, "
                f"in_channels={in_channels}, out_channels={out_channels}"
            )
        if padding is None:
            if kernel_size % 2 == 0:
                raise ValueError(
                    f"kernel_size must be odd where padding is not given, got {kernel_size}"
                )
            padding = dilation * (kernel_size - 1) // 2
        layers: list[nn.Module] = [
            nn.Conv2d(
                in_channels,
                out_channels,
                kernel_size,
                stride,
                padding,
                dilation=dilation,
                groups=groups,
                bias=bias,
            )
        ]
        if norm is not None:
            layers.append(norm(out_channels))
        if act is not None:
            layers.append(act())
        super().__init__(*layers)


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
    batch, channels, height, width = x.shape
    if channels % groups:
        raise ValueError(f"groups must divide the {channels} channels, got {groups}")
    x = x.view(batch, groups, channels // groups, height, width)
    return x.transpose(1, 2).reshape(batch, channels, height, width)


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
