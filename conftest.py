"""Set nbval up so that a plain ``pytest --nbval chapters/`` verifies the book, from any folder.

nbval runs every cell of a notebook and compares its output with the stored one. Without help it
would also accept a cell that was never run, and refuse what differs from machine to machine and
tells nothing: the last digit of a measured curve, the bytes that one version of a png library
writes. Both are set right here, and ``tests/test_notebooks.py`` proves that it still fails where
it should.
"""

import base64
import os
import re
from io import BytesIO
from queue import Empty

import pytest
from notebooks import WIDGET, kernel_environment  # tools/, by pyproject.toml's pythonpath

# A pixel picture's bytes change with the library that packed them, its pixels by one grey level
# with the processor's sine. What stays: there is a picture, of this kind and this size.
PIXELS = re.compile(r"data:image/(?:png|jpeg|webp);base64,([A-Za-z0-9+/=\s]+)")
# A plot's coordinates are measured numbers, and end in other digits on another processor. Its text
# alternative says what it shows: that is compared.
PLOT = re.compile(
    r'<figure\b[^>]*\bclass="[^"]*\bbb-plot\b[^"]*"[^>]*>.*?</figure>', re.DOTALL | re.IGNORECASE
)
SECONDS_BETWEEN_LOOKS = 5  # at whether the kernel still lives
ALTERNATIVE = re.compile(r'\b(?:aria-label|alt)="([^"]*)"')


def only_size(match: re.Match) -> str:
    """Stand in for a pixel picture: its kind and size."""
    from PIL import Image

    picture = Image.open(BytesIO(base64.b64decode(match[1])))
    return f"[{picture.format} {picture.width}x{picture.height}]"


def only_alternative(match: re.Match) -> str:
    """Stand in for a plot: its text alternative."""
    text = ALTERNATIVE.search(match[0])
    return f"[plot: {text[1] if text else 'without a text alternative'}]"


def runs_nbval(config: pytest.Config) -> bool:
    """Whether nbval is installed and asked for."""
    return bool(getattr(config.option, "nbval", False))


def pytest_configure(config: pytest.Config) -> None:
    if not runs_nbval(config):
        return
    from nbval.kernel import RunningKernel
    from nbval.plugin import IPyNbCell

    for name, value in kernel_environment().items():
        os.environ.setdefault(name, value)
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

    compare = IPyNbCell.compare_outputs

    def compare_outputs(self: IPyNbCell, test: list, ref: list, skip_compare=None) -> bool:
        # A widget lives in its kernel; the chapters do not store its view.
        test, ref = ([o for o in outs if WIDGET not in o.get("data", {})] for outs in (test, ref))
        return compare(self, test, ref, skip_compare)

    RunningKernel.execute_cell_input = execute_cell_input
    RunningKernel.get_message = get_message
    RunningKernel.backbones_patched = True
    IPyNbCell.compare_outputs = compare_outputs


def pytest_itemcollected(item: pytest.Item) -> None:
    if type(item).__name__ == "IPyNbCell":
        # nbval waits five seconds for a finished cell's output; a busy machine may need more.
        item.output_timeout = 60
        item.parent.sanitize_patterns[PLOT] = only_alternative
        item.parent.sanitize_patterns[PIXELS] = only_size


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if type(item).__name__ == "IPyNbCell" and item.cell.execution_count is None:
        item.raise_cell_error("This cell was never run, so there is no output to compare with")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """A notebook's cells go to one worker, in order, whatever ``--dist`` is left at."""
    if runs_nbval(config) and config.option.dist == "load":
        from xdist.scheduler import LoadFileScheduling

        return LoadFileScheduling(config, log)
    return None
