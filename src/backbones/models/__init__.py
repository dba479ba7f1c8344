"""The architectures, one file each, and `create_model`, which finds them by name."""

import difflib
import inspect

from torch import nn

from backbones.models import (
    mobilenet_v1,
    mobilenet_v2,
    resnet,
    vgg,
)

_FAMILIES = (
    vgg,
    resnet,
    mobilenet_v1,
    mobilenet_v2,
)

# Every key of a family's CONFIGS is the name of a factory in its file.
_FACTORIES = {name: getattr(family, name) for family in _FAMILIES for name in family.CONFIGS}


def list_models(contains: str = "") -> list[str]:
    """Names that `create_model` knows, family by family; only those with ``contains`` in them."""
    return [name for name in _FACTORIES if contains in name]


def create_model(
    name: str,
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    pretrained: bool = False,
    **options: object,
) -> nn.Module:
    """Build a model by its name.

    Args:
        name: One of `list_models()`.
        num_classes: Outputs. With ``pretrained``, another number than the weights' gives a new,
            randomly initialised last layer.
        in_channels: Channels of the images.
        pretrained: Load the reference implementation's trained ImageNet weights. Needs a network
            the first time; they are then kept in torch's cache.
        **options: Further arguments of the model's factory.

    Raises:
        ValueError: If the name or an option is unknown, or there are no pretrained weights for
            the model or its number of input channels.
        OSError: If pretrained weights cannot be downloaded.
    """
    if name not in _FACTORIES:
        near = difflib.get_close_matches(str(name), _FACTORIES, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see list_models()."
        raise ValueError(f"name must be a model of this book, got {name!r}; {hint}")
    factory = _FACTORIES[name]
    unknown = set(options) - set(inspect.signature(factory).parameters)
    if unknown:
        allowed = ", ".join(inspect.signature(factory).parameters)
        raise ValueError(f"{name} has no option {', '.join(sorted(unknown))}; it takes {allowed}")
    if not pretrained:
        return factory(num_classes=num_classes, in_channels=in_channels, **options)

    from backbones.weights import load_pretrained  # weights builds on models

    if in_channels != 3:
        raise ValueError(f"in_channels must be 3 with pretrained weights, got {in_channels}")
    return load_pretrained(name, factory(**options), num_classes)
