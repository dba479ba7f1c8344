"""Run a chapter in a kernel that is the same on every machine, and store its outputs."""

from __future__ import annotations

import os
from pathlib import Path

from nbformat import NotebookNode
from storing import ChapterError, dumps, normalise, read, replace_file


def kernel_environment(gpu: bool = False) -> dict[str, str]:
    """What a kernel is given so that a chapter prints the same thing every time.

    ``execute`` and the checks of ``pytest --nbval`` both use it. One thread: the order of a sum,
    and with it the last digits, follows from their number; and for networks as small as a
    chapter's, two threads wait for each other longer than they work.

    Args:
        gpu: Leave the GPU in sight, on which numbers are other ones.
    """
    environment = {
        "BACKBONES_QUIET": "1",  # no progress bars
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the debugger's warning about frozen modules
    }
    # The first hides NVIDIA's and AMD's; the second tells `fit` to leave Apple's alone as well.
    hidden = {"CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "1"}
    return environment if gpu else {**environment, **hidden}


def execute(path: Path, timeout: int = 900) -> None:
    """Run a chapter from a fresh kernel and store it with its new outputs, in normal form.

    The stored notebook is replaced only by one that ran to its end.

    Raises:
        ChapterError: a cell failed; the message shows the cell and the error.
    """
    notebook = read(path)
    run_notebook(notebook, path, timeout)
    replace_file(path, dumps(normalise(notebook)))


def run_notebook(
    notebook: NotebookNode, path: Path, timeout: int, allow_errors: bool = False
) -> None:
    """Run all cells in a fresh kernel, in the folder of a chapter; outputs go into the cells.

    Args:
        notebook: What to run.
        path: The chapter that it is, or is a part of.
        timeout: For each cell, in seconds.
        allow_errors: Go on after a cell that raises.

    Raises:
        ChapterError: a cell failed; the message shows the cell and the error.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    running = ["before its first cell"]

    def remember(cell: NotebookNode, cell_index: int) -> None:
        number = sum(c.cell_type == "code" for c in notebook.cells[:cell_index])
        running[0] = f"in cell {number} (id {cell.id})"

    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        allow_errors=allow_errors,
        extra_arguments=["--log-level=ERROR"],  # the kernel's own talk, not the chapter's
        on_cell_start=remember,
        resources={"metadata": {"path": str(path.parent)}},
    )
    # This Python's own kernel, even where the user has installed another one named python3.
    client.create_kernel_manager()
    client.km.kernel_spec_manager = KernelSpecManager(kernel_dirs=[])
    try:
        client.execute(env=os.environ | kernel_environment())
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise ChapterError(
            f"{path.name} failed {running[0]}; the file was left as it was.\n\n{error}".rstrip()
        ) from None
