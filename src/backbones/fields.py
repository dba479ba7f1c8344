"""Receptive fields of any model: by following its operations, and by asking its gradients.

`FieldTracker` watches a forward pass and works out, for every tensor, which input pixels one
position of it can see. `centre_gradient` measures the same on the model as it is, and
`gradient_field` on a copy in which no gradient can vanish or cancel by chance. `reached` asks
for channels instead of pixels.
"""

import copy
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

aten = torch.ops.aten


class AxisField(NamedTuple):
    """Position p of a map sees input pixels p * jump + first ... p * jump + last on one axis."""

    jump: float
    first: float
    last: float

    @property
    def size(self) -> float:
        """Pixels in the field; infinite where a position sees the whole image at any size."""
        return self.last - self.first + 1

    def window(self, kernel_size: int, stride: int, padding: int, dilation: int) -> "AxisField":
        """The field behind a convolution or pooling."""
        if math.isinf(self.size):  # there is no more to see
            return self._replace(jump=self.jump * stride)
        first = self.first - padding * self.jump
        last = self.last + ((kernel_size - 1) * dilation - padding) * self.jump
        return AxisField(self.jump * stride, first, last)

    def union(self, other: "AxisField") -> "AxisField":
        """The field behind an addition or concatenation: everything either branch sees.

        A branch of one position for the whole image leaves the other's jump as it is.
        """
        jumps = [jump for jump in (self.jump, other.jump) if math.isfinite(jump)]
        first, last = min(self.first, other.first), max(self.last, other.last)
        return AxisField(max(jumps, default=math.inf), first, last)


PIXEL = AxisField(1, 0, 0)
WHOLE_AXIS = AxisField(math.inf, -math.inf, math.inf)
Fields = tuple[AxisField, AxisField]
WHOLE: Fields = (WHOLE_AXIS, WHOLE_AXIS)


class FieldTracker(TorchDispatchMode):
    """While active, computes the receptive field of every tensor that depends on ``image``.

    Where branches meet (skips, concatenation) the union of their fields counts. Operations that
    mix all positions give the whole image: dense layers on a flattened map, attention, global
    pooling (so also squeeze-and-excitation), and norms that take statistics over the image.
    Operations without a rule here are taken to work on each position by itself, as activations do.

    Args:
        image: The input, (B, C, H, W).

    Raises:
        ValueError: By the operation that has no rule here, but gives a map of another height or
            width than it gets.
    """

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self._fields = WeakTensorKeyDictionary()
        self._fields[image] = (PIXEL, PIXEL)

    def field(self, tensor: Tensor) -> Fields | None:
        """Fields along height and width, None for a tensor that does not depend on the image."""
        return self._fields.get(tensor)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        inputs = [fields for tensor in _tensors(args) if (fields := self.field(tensor))]
        if inputs:
            height, width = inputs[0]
            for other_height, other_width in inputs[1:]:
                height, width = height.union(other_height), width.union(other_width)
            rule = _RULES.get(func.overloadpacket)
            if rule is None:
                _check_size(func, output, args)
                rule = _same
            fields = rule((height, width), output, *args, **kwargs)
            for tensor in _tensors((output,)):
                self._fields[tensor] = fields
        return output


def _tensors(values):
    """All tensors among arguments, lists of tensors included."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


def _check_size(operation, output, args) -> None:
    """Raise a ValueError unless the output is of the height and width of the maps among args."""
    sizes = [tensor.shape[2:] for tensor in _tensors(args) if tensor.ndim == 4]
    result = next(_tensors((output,)), None)
    if result is None or not sizes:
        return
    height, width = map(max, zip(*sizes, strict=True))  # one is repeated to fit the other
    if result.ndim != 4 or result.shape[2:] != (height, width):
        raise ValueError(
            f"the receptive field cannot be followed through {operation.overloadpacket}: it makes "
            f"{tuple(result.shape)} of maps of {height} x {width}, and FieldTracker has no rule "
            "for what becomes of the positions"
        )


def _pair(value) -> tuple[int, int]:
    values = [value] if isinstance(value, int) else list(value)
    return (values[0], values[-1])


def _window(fields: Fields, kernel_size, stride, padding, dilation) -> Fields:
    kernel_size, padding, dilation = _pair(kernel_size), _pair(padding), _pair(dilation)
    stride = _pair(stride) if stride else kernel_size
    settings = zip(kernel_size, stride, padding, dilation, strict=True)
    height, width = (
        field.window(*setting) for field, setting in zip(fields, settings, strict=True)
    )
    return height, width


def _same(fields, output, *args, **kwargs):
    return fields


def _whole(fields, output, *args, **kwargs):
    return WHOLE


def _convolution(fields, output, image, weight, bias, stride, padding, dilation, transposed, *rest):
    if transposed:
        raise ValueError(
            "the receptive field cannot be followed through a transposed convolution: it is not "
            "of the same size at all positions"
        )
    return _window(fields, weight.shape[2:], stride, padding, dilation)


def _im2col(fields, output, image, kernel_size, dilation, padding, stride):
    return _window(fields, kernel_size, stride, padding, dilation)


def _unfold(fields, output, image, dim, size, step):
    """Windows along one axis become an axis of their own; along channels, positions stay."""
    axis = dim % image.ndim - 2
    if image.ndim < 4 or axis not in (0, 1):
        return fields
    changed = list(fields)
    changed[axis] = fields[axis].window(size, step, 0, 1)
    return tuple(changed)


def _max_pool(fields, output, image, kernel_size, stride=(), padding=0, dilation=1, *rest):
    return _window(fields, kernel_size, stride, padding, dilation)


def _average_pool(fields, output, image, kernel_size, stride=(), padding=0, *rest, **kwargs):
    return _window(fields, kernel_size, stride, padding, 1)


def _adaptive_pool(fields, output, image, output_size):
    """Exact where the sizes divide; else the widest window, which some positions see less of."""
    if max(output_size) == 1:
        return WHOLE
    in_size, out_size = image.shape[2:], output.shape[2:]
    widest = [
        max(-(-(i + 1) * a // b) - i * a // b for i in range(b))
        for a, b in zip(in_size, out_size, strict=True)
    ]
    strides = [max(1, a // b) for a, b in zip(in_size, out_size, strict=True)]
    return _window(fields, widest, strides, 0, 1)


def _nearest(fields, output, image, *rest, **kwargs):
    """Repeated positions see the same; counted from where the last of them stands."""
    height, width = (
        AxisField(field.jump * a / b, field.first - field.jump * (1 - a / b), field.last)
        for field, a, b in zip(fields, image.shape[2:], output.shape[2:], strict=True)
    )
    return height, width


def _reduce(fields, output, image, dim=None, *rest, **kwargs):
    """A mean or maximum sees the whole image if it runs over positions, not over channels."""
    if isinstance(dim, Tensor):  # the larger of two maps, position by position
        return fields
    dims = range(image.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    positions = {2, 3} if image.ndim == 4 else {1}  # (B, C, H, W) or tokens (B, N, D)
    return WHOLE if positions & {d % image.ndim for d in dims} else fields


def _view(fields, output, image, *rest, **kwargs):
    """Flattening (B, C, H, W) to (B, C H W) puts all positions into one vector."""
    flattened = image.ndim == 4 and output.ndim == 2 and image.shape[2:].numel() > 1
    return WHOLE if flattened else fields


def _transpose(fields, output, image, first, second):
    order = list(range(image.ndim))
    order[first], order[second] = order[second], order[first]
    return _permute(fields, output, image, order)


def _permute(fields, output, image, order):
    """Height and width may change places; a map with its channels last is still one."""
    order = [dim % image.ndim for dim in order]
    turned = image.ndim == 4 and order.index(3) < order.index(2)
    return fields[::-1] if turned else fields


def _pad(fields, output, image, pad, *rest):
    left, _, top, _ = (*pad, 0, 0)[:4]
    height, width = fields
    return height.window(1, 1, top, 1), width.window(1, 1, left, 1)


def _slice(fields, output, image, dim=0, start=None, end=None, step=1):
    axis = dim % image.ndim - 2
    if image.ndim != 4 or axis < 0:
        return fields
    start = (start or 0) % max(1, image.shape[dim])
    changed = list(fields)
    changed[axis] = fields[axis].window(1, step, -start, 1)
    return tuple(changed)


def _batch_norm(fields, output, image, weight, bias, mean, var, training, *rest):
    return WHOLE if training else fields


_RULES: dict[object, Callable[..., Fields]] = {
    aten.convolution: _convolution,
    aten.max_pool2d_with_indices: _max_pool,
    aten.avg_pool2d: _average_pool,
    aten._adaptive_avg_pool2d: _adaptive_pool,
    aten.adaptive_max_pool2d: _adaptive_pool,
    aten.upsample_nearest2d: _nearest,
    aten.im2col: _im2col,
    aten.unfold: _unfold,
    aten.constant_pad_nd: _pad,
    aten.slice: _slice,
    aten.transpose: _transpose,
    aten.permute: _permute,
    aten.view: _view,
    aten._unsafe_view: _view,
    aten.bmm: _whole,
    aten._scaled_dot_product_flash_attention_for_cpu: _whole,
    aten._scaled_dot_product_attention_math: _whole,
    aten.native_group_norm: _whole,
    aten.native_batch_norm: _batch_norm,
    aten._native_batch_norm_legit: _batch_norm,
}
_RULES |= dict.fromkeys(
    (
        aten.amax,
        aten.amin,
        aten.argmax,
        aten.argmin,
        aten.logsumexp,
        aten.max,
        aten.mean,
        aten.min,
        aten.std,
        aten.sum,
        aten.var,
    ),
    _reduce,
)
# What leaves every position as it is, though the shape says otherwise.
_RULES |= dict.fromkeys(
    (
        aten.clone,
        aten.expand,
        aten.native_layer_norm,
        aten.select,
        aten.split,
        aten.split_with_sizes,
        aten.squeeze,
        aten.unbind,
        aten.unsqueeze,
    ),
    _same,
)


def centre_gradient(
    model: Callable[[Tensor], Tensor], images: Tensor, position: tuple[int, int] | None = None
) -> Tensor:
    """How strongly each input pixel moves one position of a feature map: the effective field.

    The gradient of the position's summed channels, absolute, averaged over images and channels.

    Args:
        model: (B, C, H, W) -> (B, C', H', W').
        images: (B, C, H, W), floating point.
        position: Row and column on the map; its centre if left out.

    Returns:
        (H, W), not negative.

    Raises:
        ValueError: If the model does not return a feature map or the position is not on it.
    """
    images = images.detach().clone().requires_grad_()
    features = model(images)
    if not isinstance(features, Tensor) or features.ndim != 4:
        got = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise ValueError(f"model must return a feature map (B, C, H, W), got {got}")
    height, width = features.shape[2:]
    row, column = position if position is not None else (height // 2, width // 2)
    if not (0 <= row < height and 0 <= column < width):
        raise ValueError(f"position must be on the {height}x{width} map, got {position}")
    (gradient,) = torch.autograd.grad(features[:, :, row, column].sum(), images)
    return gradient.abs().mean(dim=(0, 1))


def gradient_field(
    model: nn.Module, size: int, in_channels: int = 3, position: tuple[int, int] | None = None
) -> tuple[slice, slice]:
    """Rows and columns of a ``size`` x ``size`` image that one position of a map depends on.

    Works on a copy of the model whose convolutions are all positive averages, whose norms do
    nothing and whose max pools are average pools: there no path can be silent, and gradients of
    different paths cannot cancel. The field is cut where the image ends.

    Args:
        model: (B, in_channels, H, W) -> (B, C', H', W').
        size: Height and width of the image.
        in_channels: Channels of the image.
        position: Row and column on the map; its centre if left out.

    Raises:
        ValueError: As `centre_gradient`; or if a max pool is dilated, which no average is.
    """
    model = nn.Sequential(copy.deepcopy(model)).double().eval()
    for module in list(model.modules()):
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            if module.affine:
                module.reset_parameters()
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                if _pair(child.dilation) != (1, 1):
                    raise ValueError(f"model must have no dilated pooling, got {child}")
                average = nn.AvgPool2d(
                    child.kernel_size, child.stride, child.padding, child.ceil_mode
                )
                setattr(module, name, average)
    images = torch.ones(1, in_channels, size, size, dtype=torch.float64)
    seen = centre_gradient(model, images, position) > 0
    rows, columns = seen.any(dim=1).nonzero().flatten(), seen.any(dim=0).nonzero().flatten()
    return (
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )


def reached(model: nn.Module, channels: int, size: int = 3) -> Tensor:
    """Which input channels (columns) the output channels (rows) depend on, by the derivative.

    Args:
        model: (1, channels, size, size) -> (1, C_out, H, W). The derivative is that at a picture of
            ones: an activation may hide what convolutions alone would show.
        channels: Of its input.
        size: Pixels a side of the input.

    Returns:
        Truth values, (C_out, channels).
    """
    x = torch.ones(1, channels, size, size)
    slopes = torch.func.jacrev(lambda x: model(x).sum((0, 2, 3)))(x)  # (C_out, 1, C_in, H, W)
    return slopes.detach().abs().sum((1, 3, 4)) > 0
