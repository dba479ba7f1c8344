"""Whether anybody looks at a progress bar."""

import os
import sys


def is_watched() -> bool:
    """Whether a progress bar would be seen, and not end up in a stored or compared output."""
    quiet = {"BACKBONES_QUIET", "PYTEST_CURRENT_TEST", "CI"}
    if any(os.environ.get(name, "0") not in ("", "0", "false") for name in quiet):
        return False
    return "ipykernel" in sys.modules or sys.stderr.isatty()
