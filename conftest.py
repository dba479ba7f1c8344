"""Set nbval up so that a plain ``pytest --nbval chapters/`` verifies the book, from any folder.

nbval runs every cell of a notebook and compares its output with the stored one. Without help it
would also accept a cell that was never run, and refuse what differs from machine to machine and
tells nothing: the last digit of a measured curve, the bytes that one version of a png library
writes. ``tools/comparison.py`` says what is compared, and ``tests/test_nbval.py`` proves that
it fails where it should.
"""

import os
from queue import Empty

import pytest

# In tools/, by pyproject.toml's pythonpath.
from comparison import differences, tolerance_of
from running import kernel_environment
from storing import WIDGET

SECONDS_BETWEEN_LOOKS = 5  # at whether the kernel still lives


def runs_nbval(config: pytest.Config) -> bool:
    """Whether nbval is installed and asked for."""
    return bool(getattr(config.option, "nbval", False)) or only_errors(config)


def only_errors(config: pytest.Config) -> bool:
    """Whether cells are run on what the machine has, and nothing is compared but errors."""
    return bool(getattr(config.option, "nbval_lax", False))


def pytest_configure(config: pytest.Config) -> None:
    if not runs_nbval(config):
        return
    from nbval.kernel import RunningKernel
    from nbval.plugin import IPyNbCell

    os.environ.update(kernel_environment(gpu=only_errors(config)))
    if not config.option.nbval_kernel_name:
        # The kernel of the Python that runs pytest, not one that the user's account registered.
        config.option.nbval_current_env = True
    # "Warnings are errors" is for our code. Here that runs in the kernels; nbval's own warnings,
    # about pytest's older interfaces, are no business of the reader's.
    config.addinivalue_line("filterwarnings", "ignore")

    if getattr(RunningKernel, "backbones_patched", False):
        return

    def execute_cell_input(
        self: RunningKernel, source: str, allow_stdin: bool | None = None
    ) -> str:
        # With history, as a notebook runs: a trailing `;` is honoured only then.
        return self.kc.execute(
            source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
        )

    receive = RunningKernel.get_message

    def get_message(self: RunningKernel, stream: str, timeout: float | None = None) -> dict:
        # nbval alone would wait half an hour for a kernel that has died.
        left = float("inf") if timeout is None else timeout
        while True:
            try:
                return receive(self, stream, min(left, SECONDS_BETWEEN_LOOKS))
            except Empty:
                left -= SECONDS_BETWEEN_LOOKS
                if not self.is_alive():
                    raise RuntimeError("The kernel died while it ran this cell") from None
                if left <= 0:
                    raise

    def compare_outputs(self: IPyNbCell, test: list, ref: list, skip_compare=None) -> bool:
        # A widget lives in its kernel; the chapters do not store its view.
        test, ref = ([o for o in outs if WIDGET not in o.get("data", {})] for outs in (test, ref))
        self.comparison_traceback = differences(ref, test, tolerance_of(self.cell.metadata))
        return not self.comparison_traceback

    RunningKernel.execute_cell_input = execute_cell_input
    RunningKernel.get_message = get_message
    RunningKernel.backbones_patched = True
    IPyNbCell.compare_outputs = compare_outputs


def pytest_itemcollected(item: pytest.Item) -> None:
    if type(item).__name__ == "IPyNbCell":
        # nbval waits five seconds for a finished cell's output; a busy machine may need more.
        item.output_timeout = 60


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if type(item).__name__ != "IPyNbCell":
        return
    if item.cell.execution_count is None:
        item.raise_cell_error("This cell was never run, so there is no output to compare with")
    try:
        tolerance_of(item.cell.metadata)
    except ValueError as error:
        item.raise_cell_error(f"This cell (id {item.cell.get('id')}) {error}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """A notebook's cells go to one worker, in order, whatever ``--dist`` is left at."""
    if runs_nbval(config) and config.option.dist == "load":
        from xdist.scheduler import LoadFileScheduling

        return LoadFileScheduling(config, log)
    return None
