"""Batch norms folded into the layers before them, for inference."""

import copy
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
# Layers whose output channels are the first axis of their weight. Not their subclasses: these may
# do something else with the weight.
LINEAR_LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)


def fuse(model: nn.Module, input_size: Sequence[int] | None = None) -> nn.Module:
    """A copy of a model, in evaluation mode, without the batch norms that can be left out.

    In evaluation a batch norm multiplies each channel by s = weight / √(variance + eps) and adds
    bias - s mean: the same for all images. Where nothing but the batch norm takes a convolution's
    output (or a dense layer's), s W and s (b - mean) + bias as weight and bias of the convolution
    do both at once. The batch norm becomes an identity. Those without such a layer before them, as
    in pre-activation blocks behind a sum, stay.

    Which layers these are is seen by running the model once on the meta device: shapes only, no
    arithmetic.

    Args:
        model: In any mode; it is left as it is. The copy is not for training.
        input_size: (C, H, W) of an image that it takes; by default 224 x 224 pixels, with the
            model's ``in_channels``, or 3.

    Returns:
        The copy: equal outputs but for rounding.
    """
    model = copy.deepcopy(model).eval()
    if input_size is None:
        size = getattr(model, "image_size", 224)
        input_size = (getattr(model, "in_channels", 3), size, size)
    names = {module: name for name, module in model.named_modules()}
    for layer, norm in _pairs(model, input_size):
        _fold(layer, norm)
        model.set_submodule(names[norm], nn.Identity().eval())
    return model


class _Uses(TorchDispatchMode):
    """Counts how many operations take each tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = WeakTensorKeyDictionary()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        for arg in args:
            for value in arg if isinstance(arg, list | tuple) else [arg]:
                if isinstance(value, Tensor):
                    self.counts[value] = self.counts.get(value, 0) + 1
        return func(*args, **(kwargs or {}))


def _pairs(model: nn.Module, input_size: Sequence[int]) -> list[tuple[nn.Module, nn.Module]]:
    """Layers and the batch norms that alone take their outputs; each of them works once."""
    makers = WeakTensorKeyDictionary()  # the layer that an output is of
    found: list[tuple[nn.Module, nn.Module, Tensor]] = []
    calls: Counter[nn.Module] = Counter()

    def watch(module, args, output):
        calls[module] += 1
        if type(module) in LINEAR_LAYERS:
            makers[output] = module
        elif type(module) in BATCH_NORMS and module.track_running_stats and args[0] in makers:
            found.append((makers[args[0]], module, args[0]))

    state = {
        name: torch.empty_like(tensor, device="meta")
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]
    }
    image = torch.empty(1, *input_size, device="meta")
    hooks = [module.register_forward_hook(watch) for module in model.modules()]
    uses = _Uses()
    try:
        with torch.no_grad(), uses:
            torch.func.functional_call(model, state, (image,))
    finally:
        for hook in hooks:
            hook.remove()
    return [
        (layer, norm)
        for layer, norm, between in found
        if uses.counts[between] == calls[layer] == calls[norm] == 1
    ]


@torch.no_grad()
def _fold(layer: nn.Module, norm: nn.Module) -> None:
    """Give the layer the batch norm's work, in place."""
    scale = torch.rsqrt(norm.running_var + norm.eps)
    shift = -norm.running_mean * scale
    if norm.affine:
        scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
    per_filter = scale.view(-1, *[1] * (layer.weight.ndim - 1))
    bias = shift if layer.bias is None else shift + scale * layer.bias
    layer.weight = nn.Parameter(layer.weight * per_filter, layer.weight.requires_grad)
    layer.bias = nn.Parameter(bias, layer.weight.requires_grad)
