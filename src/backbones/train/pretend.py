"""Other machines: files tagged with their devices, and GPUs that are not there.

What `torch.load` does depends on the device that a file names and on the GPUs of the machine. With
these a machine without a GPU shows all cases.
"""

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from torch import Tensor


def tagged(state: Mapping[str, Tensor], path: str | os.PathLike, device: str) -> None:
    """Save tensors from the CPU to a file that says they came from another device.

    Only the tags in the file are changed, from "cpu" to ``device``: the file then says what
    `torch.save` would write on a machine where these tensors are on that device.
    """
    torch.save(state, path)
    with zipfile.ZipFile(path) as file:
        records = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w") as file:
        for name, content in records.items():
            if name.endswith("/data.pkl"):
                content = content.replace(_pickled("cpu"), _pickled(device))
            file.writestr(name, content)


def _pickled(text: str) -> bytes:
    """A short text as pickle writes it: X, its length in four bytes, its letters."""
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


@contextmanager
def pretend_gpus(count: int) -> Iterator[list[str]]:
    """Let torch believe that the machine has this many CUDA GPUs, whatever it has.

    Gives the list of moves: when storages are to go to a GPU that is there, its name is noted and
    they stay where they are. A GPU that is not there is refused, as the driver would.
    """
    moves: list[str] = []

    def move(storage: torch.UntypedStorage, device: Any, **options: Any) -> torch.UntypedStorage:
        index = torch.device(device).index or 0
        if index >= count:
            raise RuntimeError(f"this machine has no GPU {index} (said by pretend_gpus)")
        moves.append(f"cuda:{index}")
        return storage

    with (
        patch.object(torch.cuda, "is_available", lambda: count > 0),
        patch.object(torch.cuda, "device_count", lambda: count),
        patch.object(torch.UntypedStorage, "to", move),
    ):
        yield moves


class Outcome(NamedTuple):
    """Where `torch.load` put a tensor: "cpu", "cuda:0"; or nowhere, and the error it raised."""

    device: str
    error: str


def outcome(path: str | os.PathLike, map_location: Any, gpus: int) -> Outcome:
    """Load a file of one tensor on a machine that pretends to have so many GPUs."""
    with pretend_gpus(gpus) as moves:
        try:
            torch.load(path, map_location=map_location)
        except RuntimeError as error:
            return Outcome("", str(error))
    return Outcome(moves[-1] if moves else "cpu", "")
