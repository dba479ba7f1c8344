"""Normalisation layers written out: what `torch.nn`'s compute, in plain tensor arithmetic.

All but one subtract a mean and divide by a standard deviation. They differ in what these are taken
over. For a map (B, C, H, W):

| layer          | one mean and variance for each | over          |
|----------------|--------------------------------|---------------|
| `BatchNorm`    | channel                        | B, H, W       |
| `LayerNorm`    | image, or token                | the last axes |
| `InstanceNorm` | image and channel              | H, W          |
| `GroupNorm`    | image and group of channels    | C / G, H, W   |

Parameters and buffers are registered in the order of `torch.nn`, and start as there, so that
`backbones.weights.copy_reference_weights` fills one from the other. The models of this book use
torch's own, which do the same work faster.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from backbones.checks import check_positive


def standardize(x: Tensor, mean: Tensor, variance: Tensor, eps: float) -> Tensor:
    """(x - mean) / sqrt(variance + eps); eps keeps a constant input from dividing by zero."""
    return (x - mean) / torch.sqrt(variance + eps)


def standardize_over(x: Tensor, axes: Iterable[int], eps: float) -> Tensor:
    """`standardize` by x's own mean and variance over ``axes``; same shape as x.

    The variance is the mean squared distance from the mean: divided by n, not by n - 1.
    """
    axes = list(axes)
    mean = x.mean(axes, keepdim=True)
    variance = (x - mean).square().mean(axes, keepdim=True)
    return standardize(x, mean, variance, eps)


def per_channel(values: Tensor, x: Tensor) -> Tensor:
    """(C,) -> (1, C, 1, ...), as many axes as x (B, C, ...) has: ready to be multiplied with it."""
    return values.view(1, -1, *[1] * (x.ndim - 2))


def check_channels(x: Tensor, channels: int, least_rank: int) -> None:
    """Raise a ValueError unless x is (B, channels, ...) with at least ``least_rank`` axes."""
    if x.ndim < least_rank or x.shape[1] != channels:
        axes = ", ".join(["B", str(channels), "...", "..."][:least_rank])
        raise ValueError(
            f"x must have the shape ({axes}) or more axes behind, got {tuple(x.shape)}"
        )


class ChannelAffine(nn.Module):
    """What the layers share whose output is scaled and shifted channel by channel.

    Args:
        channels: C.
        eps: Added to the variance.
        affine: Whether there are a weight (the papers' gamma) and a bias (beta) to learn.
    """

    def __init__(self, channels: int, eps: float, affine: bool) -> None:
        super().__init__()
        check_positive(channels=channels)
        self.channels = channels
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def scale_and_shift(self, x: Tensor) -> Tensor:
        """Weight times x plus bias, channel by channel: (B, C, ...) -> same."""
        if self.weight is None:
            return x
        return per_channel(self.weight, x) * x + per_channel(self.bias, x)

    def extra_repr(self) -> str:
        """Channels and eps, for the module's printed form."""
        return f"{self.channels}, eps={self.eps}"


class BatchNorm(ChannelAffine):
    """Every channel standardised over the batch: (B, C, ...) -> same, any number of axes behind.

    Ioffe and Szegedy, arXiv:1502.03167. In training by the batch's own mean and variance, which
    also move the running ones a little; in evaluation by the running ones, so that an image's
    result does not depend on its neighbours in the batch. As `nn.BatchNorm1d`, ``2d``, ``3d``.

    Args:
        channels: C.
        eps: Added to the variance.
        momentum: Share of the new batch in the running values; None for the mean of all batches.
        affine: Whether there are a weight and a bias.

    Raises:
        ValueError: If the input has other channels, or, in training, one value for a channel.
    """

    def __init__(
        self,
        channels: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
    ) -> None:
        super().__init__(channels, eps, affine)
        self.momentum = momentum
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) -> same."""
        check_channels(x, self.channels, least_rank=2)
        if self.training:
            axes = [axis for axis in range(x.ndim) if axis != 1]
            mean = x.mean(axes)
            variance = (x - per_channel(mean, x)).square().mean(axes)
            self._track(mean, variance, count=x.numel() // self.channels)
        else:
            mean, variance = self.running_mean, self.running_var
        x = standardize(x, per_channel(mean, x), per_channel(variance, x), self.eps)
        return self.scale_and_shift(x)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running values: (1 - momentum) running + momentum new."""
        if count == 1:
            raise ValueError("x must have more than one value for a channel in training, got one")
        self.num_batches_tracked += 1
        share = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        # Of all images, the batch is a sample: dividing by n - 1 corrects its variance for that.
        variance = variance * count / (count - 1)
        self.running_mean += share * (mean - self.running_mean)
        self.running_var += share * (variance - self.running_var)


class InstanceNorm(ChannelAffine):
    """Every channel of every image standardised by itself: (B, C, ...) -> same.

    Ulyanov et al., arXiv:1607.08022: what it takes away is the image's contrast. The same in
    training and evaluation. As `nn.InstanceNorm1d`, ``2d``, ``3d``.

    Args:
        channels: C.
        eps: Added to the variance.
        affine: Whether there are a weight and a bias.

    Raises:
        ValueError: If the input has other channels, or no axis behind them, or one value on it.
    """

    def __init__(self, channels: int, eps: float = 1e-5, affine: bool = False) -> None:
        super().__init__(channels, eps, affine)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) -> same."""
        check_channels(x, self.channels, least_rank=3)
        if x[0, 0].numel() == 1:
            raise ValueError(
                f"x must have more than one value for a channel, got the shape {tuple(x.shape)}"
            )
        return self.scale_and_shift(standardize_over(x, range(2, x.ndim), self.eps))


class GroupNorm(ChannelAffine):
    """Groups of channels of every image standardised by themselves: (B, C, ...) -> same.

    Wu and He, arXiv:1803.08494. With one group it is a layer norm over (C, ...), with C groups an
    instance norm. The same in training and evaluation, at any batch size. As `nn.GroupNorm`.

    Args:
        groups: G; group g has channels g C / G to (g + 1) C / G - 1.
        channels: C.
        eps: Added to the variance.
        affine: Whether there are a weight and a bias.

    Raises:
        ValueError: If ``groups`` does not divide ``channels``, or the input has other channels.
    """

    def __init__(self, groups: int, channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        super().__init__(channels, eps, affine)
        check_positive(groups=groups)
        if channels % groups:
            raise ValueError(f"groups must divide the {channels} channels, got {groups}")
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) -> same."""
        check_channels(x, self.channels, least_rank=2)
        grouped = x.unflatten(1, (self.groups, -1))  # (B, C, ...) -> (B, G, C / G, ...)
        grouped = standardize_over(grouped, range(2, grouped.ndim), self.eps)
        return self.scale_and_shift(grouped.flatten(1, 2))

    def extra_repr(self) -> str:
        """Groups, channels and eps, for the module's printed form."""
        return f"{self.groups}, {super().extra_repr()}"


class LayerNorm(nn.Module):
    """The last axes standardised together: (..., *shape) -> same.

    Ba et al., arXiv:1607.06450. For tokens (B, N, D) that is every token by itself. The same in
    training and evaluation. As `nn.LayerNorm`: every position in ``shape`` has its own weight.

    Args:
        shape: Sizes of the last axes, or the size of the last one.
        eps: Added to the variance.
        affine: Whether there are a weight and a bias.

    Raises:
        ValueError: If the input's last axes have other sizes.
    """

    def __init__(self, shape: int | Sequence[int], eps: float = 1e-5, affine: bool = True) -> None:
        super().__init__()
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        for size in self.shape:
            check_positive(shape=size)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(self.shape)) if affine else None
        self.bias = nn.Parameter(torch.zeros(self.shape)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """(..., *shape) -> same."""
        rank = len(self.shape)
        if tuple(x.shape[-rank:]) != self.shape:
            raise ValueError(f"x must end in the axes {self.shape}, got {tuple(x.shape)}")
        x = standardize_over(x, range(-rank, 0), self.eps)
        return x if self.weight is None else self.weight * x + self.bias

    def extra_repr(self) -> str:
        """Shape and eps, for the module's printed form."""
        return f"{self.shape}, eps={self.eps}"


class LocalResponseNorm(nn.Module):
    """Channels dampened by their neighbours' strength: (B, C, ...) -> same.

    x_c / (k + alpha / n sum of x_j²)^beta, the sum over n channels around c; those beyond the ends
    are 0. Krizhevsky et al., AlexNet, section 3.3, but for one thing: like `nn.LocalResponseNorm`,
    alpha is divided by n, so that the paper's 1e-4 is 5e-4 here. Nothing to learn.

    Args:
        size: n; an even number takes one more channel in front of c than behind it.
        alpha: Weight of the neighbours.
        beta: How much they dampen.
        k: Keeps silent neighbours from dividing by zero.

    Raises:
        ValueError: If ``size`` is below 1, or the input has no axis behind the channels.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        check_positive(size=size)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) -> same."""
        if x.ndim < 3:
            raise ValueError(f"x must have the shape (B, C, ...), got {tuple(x.shape)}")
        before = self.size // 2
        no_padding = (0, 0) * (x.ndim - 2)
        squares = nn.functional.pad(x.square(), (*no_padding, before, self.size - 1 - before))
        strength = squares.unfold(1, self.size, 1).sum(-1)  # (B, C, ..., n) -> (B, C, ...)
        return x / (self.k + self.alpha / self.size * strength) ** self.beta

    def extra_repr(self) -> str:
        """All settings, for the module's printed form."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
