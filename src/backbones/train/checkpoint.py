"""Files that hold a training run: written whole or not at all, read without running code."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from backbones.files import written_aside


def save_checkpoint(path: str | os.PathLike, state: Mapping[str, Any]) -> None:
    """Write tensors, numbers, texts, lists and dicts of them to a file.

    The file is written aside, flushed to the disk and renamed, so that whatever happens
    meanwhile, ``path`` holds either the whole new state or the whole old one.

    Raises:
        ValueError: If path is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"path must be a file, got the folder {str(path)!r}")
    with written_aside(path) as aside, aside.open("wb") as file:
        torch.save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())


def load_checkpoint(path: str | os.PathLike) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote, onto the CPU.

    Reads with ``weights_only=True``: a pickle can name any function for the reader to call, and
    this reader calls none but those that rebuild tensors and plain containers.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If the file is cut off, is no checkpoint, or asks for code to be run.
    """
    with open(path, "rb") as file:
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # for a broken file torch has an error of every kind
            raise ValueError(
                f"path must be a whole checkpoint of nothing but tensors and plain values; "
                f"{str(path)!r} was refused, and nothing in it was run. torch says: {error}"
            ) from error
    if not isinstance(state, dict):
        raise ValueError(f"path must hold a dict, got {type(state).__name__} in {str(path)!r}")
    return state


def fingerprint(model: nn.Module) -> dict[str, Any]:
    """What a state must share with a model to fit it: its class, and all names and shapes."""
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    return {"class": type(model).__name__, "shapes": shapes}


def check_fingerprint(path: str | os.PathLike, saved: Mapping[str, Any], model: nn.Module) -> None:
    """Raise a ValueError that tells a checkpoint's model from this one, if they differ."""
    ours = fingerprint(model)
    if saved == ours:
        return
    theirs = saved["shapes"]
    names = [*theirs, *(name for name in ours["shapes"] if name not in theirs)]
    first = next((n for n in names if theirs.get(n) != ours["shapes"].get(n)), None)
    detail = "" if first is None else (
        f"; they differ first in {first!r}: {theirs.get(first, 'absent')} in the file, "
        f"{ours['shapes'].get(first, 'absent')} in the model"
    )  # fmt: skip
    raise ValueError(
        f"checkpoint must be of the model to train: {str(path)!r} holds a {saved['class']} of "
        f"{len(theirs)} tensors, the model is a {ours['class']} of {len(ours['shapes'])}{detail}"
    )
