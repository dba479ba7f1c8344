"""Where data sets are kept on disk, and how files get there: whole or not at all."""

import os
import secrets
import shutil
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np


def cache_folder() -> Path:
    """The folder that `BACKBONES_CACHE` names, or else `~/.cache/backbones`."""
    named = os.environ.get("BACKBONES_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "backbones"


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A place beside `path` for a new file or folder, which is given that name in the end.

    When the work in between fails or is interrupted, what there is of it is removed. When another
    process has put something there in the meantime, a new file replaces that, a new folder yields.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield aside
        if not (aside.is_dir() and path.exists()):
            os.replace(aside, path)
    finally:
        if aside.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink(missing_ok=True)


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
