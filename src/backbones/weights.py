"""Reference and pretrained weights into the models of this book.

No table of renamed keys: modules are registered in the order of the reference implementation, so
its state_dict fits entry by entry, and every shape is checked before anything is copied.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def copy_reference_weights(model: nn.Module, reference: nn.Module | Mapping[str, Tensor]) -> None:
    """Copy all weights and buffers of a reference into ``model``, in registration order.

    Nothing is copied unless everything fits.

    Args:
        model: The model to fill, in place.
        reference: A module, or its state_dict in the order in which it registers its entries.

    Raises:
        ValueError: If an entry differs in shape or kind of number, or one has more entries; the
            message names the first that does not fit.
    """
    state = reference.state_dict() if isinstance(reference, nn.Module) else reference
    ours, theirs = list(model.state_dict().items()), list(state.items())
    for index, ((name, target), (key, source)) in enumerate(zip(ours, theirs, strict=False)):
        same_kind = target.is_floating_point() == source.is_floating_point()
        if target.shape != source.shape or not same_kind:
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
            target.copy_(source)


def _describe(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def replace_last_layer(model: nn.Module, num_classes: int) -> None:
    """Put a new, randomly initialised dense layer of ``num_classes`` outputs last, in place.

    Raises:
        ValueError: If the model has no dense layer.
    """
    dense = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    if not dense:
        raise ValueError(f"model must end in a dense layer, but {type(model).__name__} has none")
    last = model.get_submodule(dense[-1])
    new = nn.Linear(last.in_features, num_classes, bias=last.bias is not None)
    model.set_submodule(dense[-1], new)


def load_pretrained(name: str, model: nn.Module, num_classes: int = 1000) -> nn.Module:
    """Fill a 1000-class model with torchvision's best ImageNet weights of the same name.

    The file is downloaded once, with a progress bar, checked against its hash, and kept in
    torch's cache (``TORCH_HOME``).

    Args:
        name: The name of the model here and in torchvision.
        model: The model to fill, built for 1000 classes.
        num_classes: If not 1000, the last layer is replaced by a new one.

    Returns:
        The model.

    Raises:
        ValueError: If torchvision has no weights of that name.
        OSError: If they cannot be downloaded.
    """
    import torchvision

    if name not in torchvision.models.list_models(torchvision.models):
        raise ValueError(f"pretrained: torchvision has no weights for {name!r}")
    try:
        reference = torchvision.models.get_model(name, weights="DEFAULT")
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"could not fetch the pretrained weights of {name}: {error}. They are downloaded "
            "once and then kept; connect to the network and try again, or use pretrained=False"
        ) from error
    copy_reference_weights(model, reference)
    if num_classes != 1000:
        replace_last_layer(model, num_classes)
    return model
