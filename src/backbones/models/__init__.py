"""The architectures, one file each, and `create_model`, which finds them by name."""

import difflib
import inspect

from torch import nn

from backbones.models import (
    alexnet,
    densenet,
    efficientnet,
    efficientnet_lite,
    ghostnet,
    ghostnet_v2,
    googlenet,
    hybrid_vit,
    inception,
    inception_v4,
    lenet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    nin,
    regnet,
    resnet,
    resnet_cifar,
    resnet_v2,
    resnet_variants,
    resnext,
    senet,
    shufflenet_v1,
    shufflenet_v2,
    vgg,
    vit,
    vit_tiny,
    vovnet,
)

_FAMILIES = (
    lenet,
    alexnet,
    vgg,
    nin,
    googlenet,
    inception,
    inception_v4,
    resnet,
    resnet_variants,
    resnet_v2,
    resnet_cifar,
    resnext,
    senet,
    densenet,
    vovnet,
    mobilenet_v1,
    mobilenet_v2,
    regnet,
    mobilenet_v3,
    shufflenet_v1,
    shufflenet_v2,
    ghostnet,
    ghostnet_v2,
    efficientnet,
    efficientnet_lite,
    vit,
    vit_tiny,
    hybrid_vit,
)

# Every key of a family's CONFIGS is the name of a factory in its file.
_FACTORIES = {name: getattr(family, name) for family in _FAMILIES for name in family.CONFIGS}


def list_models(contains: str = "") -> list[str]:
    """Names that `create_model` knows, family by family; only those with ``contains`` in them."""
    return [name for name in _FACTORIES if contains in name]


def create_model(
    name: str,
    num_classes: int | None = None,
    *,
    in_channels: int | None = None,
    pretrained: bool = False,
    **options: object,
) -> nn.Module:
    """Build a model by its name.

    Args:
        name: One of `list_models()`.
        num_classes: Outputs; by default 1000, but 10 for networks made for small images. With
            ``pretrained``, another number than the weights' gives a new, randomly initialised
            last layer.
        in_channels: Channels of the images; by default 3, but 1 for LeNet.
        pretrained: Load trained ImageNet weights: torchvision's, which needs a network the first
            time and then keeps them in torch's cache, or EfficientNet-Lite's, out of a package.
            `backbones.weights.preprocessing` prepares images for them.
        **options: Further arguments of the model's factory.

    Raises:
        ValueError: If the name or an option is unknown, or there are no pretrained weights for
            the model or its number of input channels.
        OSError: If pretrained weights cannot be downloaded.
        ModuleNotFoundError: If the package with pretrained weights is not installed.
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
        sizes = {"num_classes": num_classes, "in_channels": in_channels}
        given = {key: size for key, size in sizes.items() if size is not None}
        return factory(**given, **options)

    from backbones.weights import load_pretrained  # weights builds on models

    if in_channels not in (None, 3):
        raise ValueError(f"in_channels must be 3 with pretrained weights, got {in_channels}")
    classes = 1000 if num_classes is None else num_classes
    return load_pretrained(name, factory(**options), classes)
