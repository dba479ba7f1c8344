"""Trained networks that are small enough to ship: their weights lie beside the records."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn


def load_weights(model: nn.Module, name: str) -> nn.Module:
    """Fill a network with weights that ship, in place, and put it into evaluation mode.

    Args:
        model: Built as the one that was kept.
        name: Of the file, such as "lenet_trained.npy".

    Raises:
        RuntimeError: If the file holds more or fewer numbers than the model has.
    """
    with (files("backbones.experiments") / "results" / name).open("rb") as file:
        values = torch.from_numpy(np.load(file)).float()
    kept = _kept(model)
    parts = values.split([tensor.numel() for tensor in kept])
    with torch.no_grad():
        for tensor, part in zip(kept, parts, strict=True):
            tensor.copy_(part.view_as(tensor))
    return model.eval()


def keep_weights(model: nn.Module, path: Path) -> None:
    """Write a network's weights and running statistics in half precision, without their names."""
    values = torch.cat([tensor.detach().flatten() for tensor in _kept(model)])
    np.save(path, values.half().numpy())


def _kept(model: nn.Module) -> list[Tensor]:
    """Parameters and running statistics, in the order of the modules."""
    return [tensor for tensor in model.state_dict().values() if tensor.is_floating_point()]
