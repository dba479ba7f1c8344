"""Where data sets are kept on disk."""

import os
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from backbones.files import written_aside


def cache_folder() -> Path:
    """The folder that `BACKBONES_CACHE` names, or else `~/.cache/backbones`."""
    named = os.environ.get("BACKBONES_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "backbones"


def cached_arrays(name: str, build: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays from the cache, or where they are missing or damaged, built and put there.

    Args:
        name: What the file is called. Anything that changes the arrays belongs in it.
        build: Makes the arrays.
    """
    path = cache_folder() / f"{name}.npz"
    try:
        # Reading checks each array's CRC.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
        arrays = build()
    try:
        with written_aside(path) as aside, aside.open("wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        warnings.warn(
            f"{name} could not be kept in {path.parent} ({error}), and will be made anew each "
            "time; set BACKBONES_CACHE to a folder that can be written to",
            stacklevel=3,
        )
    return arrays
