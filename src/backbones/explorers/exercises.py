"""Checks of exercises: the reader's code is run, compared, and told kindly what is wrong."""

import ctypes
import html
import inspect
import math
import re
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from backbones.diagrams import svg
from backbones.explorers.differences import difference, shown

SECONDS = 10.0  # that a case may take
_AGAIN = 1.0  # seconds after which code that caught the interruption is interrupted once more
_UNWRITTEN = "'(NoneType|ellipsis)'"  # in the message of an error that code not yet written causes


@dataclass(frozen=True)
class Case:
    """One thing that an answer must get right.

    Args:
        call: What is done, as the reader would write it: "break_even(64)".
        run: Does it with the answer: ``lambda f: f(64)``.
        expected: What must come out; a function is called with the answer and returns it. Where
            something is expected, None and ``...`` mean that the answer is not written yet.
        tolerance: How far numbers may be off, relative to the larger of 1 and their size.

    Raises:
        ValueError: If an argument does not suit.
    """

    call: str
    run: Callable[[Any], Any]
    expected: Any
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.call, str) or not self.call.strip():
            raise ValueError(f"call must say what is done, got {self.call!r}")
        if not callable(self.run):
            raise ValueError(f"run must be a function of the answer, got {self.run!r}")
        if not 0 <= self.tolerance < math.inf:
            raise ValueError(f"tolerance must be at least 0, got {self.tolerance!r}")

    def expected_of(self, answer: Any) -> Any:
        """What must come out."""
        computed = callable(self.expected) and not isinstance(self.expected, type)
        return self.expected(answer) if computed else self.expected


@dataclass(frozen=True, repr=False)
class Checked:
    """What a check found; it shows its message."""

    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        mark, tone = ("✓", "green") if self.right else ("✗", "orange")
        style = f"border-inline-start:4px solid {svg.color(tone)};padding-inline-start:.8rem"
        words = html.escape(self.message, quote=False)
        return f'<p class="bb-checked" style="{style}"><strong>{mark}</strong> {words}</p>'


def check(answer: Any, *cases: Case, seconds: float = SECONDS) -> Checked:
    """Run the cases one by one with the reader's answer, up to the first that is wrong.

    Whatever the answer raises is told in a sentence, an interruption by the reader apart, and
    code that does not end is stopped. Each case finds the same state of torch's random numbers,
    and leaves that of the notebook as it was.

    Args:
        answer: A function or class that the reader wrote.
        *cases: At least one.
        seconds: That a case may take.

    Raises:
        ValueError: If there is no case, or the time is not positive.
    """
    if not cases or not all(isinstance(case, Case) for case in cases):
        raise ValueError(f"cases must hold at least one Case, got {cases}")
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds must be positive, got {seconds!r}")
    for case in cases:
        if message := _what_is_wrong(case, answer, seconds):
            return Checked(False, message)
    return Checked(True, f"Right: all {len(cases)} cases." if len(cases) > 1 else "Right.")


class _TimeUpError(BaseException):
    """Not an Exception, so that the reader's ``except Exception`` does not swallow it."""


def _what_is_wrong(case: Case, answer: Any, seconds: float) -> str:
    try:
        with _own_random_numbers():
            got = _within(seconds, lambda: case.run(answer))
    except _TimeUpError:
        return f"{case.call} did not finish within {seconds:g} seconds. Does a loop never end?"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit among them
        begun = isinstance(error, NotImplementedError) or re.search(_UNWRITTEN, str(error))
        start = "Not there yet: " if begun else ""
        return f"{start}{case.call} raises {_error_words(error, answer)}"
    if got is Ellipsis or (got is None and case.expected is not None):
        return f"Not there yet: {case.call} gives {shown(got)}."
    with _own_random_numbers():
        expected = case.expected_of(answer)
    if found := difference(expected, got, case.tolerance):
        return f"{case.call}{found.where} {found.words}."
    return ""


def _error_words(error: BaseException, answer: Any) -> str:
    """Name, message and line of an error: the line within the cell of the reader's code."""
    said = re.sub(r" at 0x[0-9a-fA-F]+", "", str(error).strip()).split("\n")[0]
    said = said if len(said) <= 300 else f"{said[:297]}..."
    files = _files_of(answer)
    lines = [
        line for frame, line in traceback.walk_tb(error.__traceback__) if _file(frame) in files
    ]
    place = f" (line {lines[-1]})" if lines else ""
    name = type(error).__name__
    return f"{name}: {said}{place}" if said else f"{name}{place}"


def _file(frame: Any) -> str:
    return frame.f_code.co_filename


def _files_of(answer: Any) -> set[str]:
    """Where the reader's code is: a notebook's cells have a file name each."""
    if inspect.isfunction(answer):
        members = [inspect.unwrap(answer)]
    else:
        made = vars(answer if isinstance(answer, type) else type(answer)).values()
        members = [getattr(one, "__func__", getattr(one, "fget", one)) for one in made]
    return {one.__code__.co_filename for one in members if inspect.isfunction(one)}


@contextmanager
def _own_random_numbers() -> Iterator[None]:
    """Torch's random numbers: the same at every start, and those of the notebook untouched."""
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(gpus):
        torch.default_generator.manual_seed(0)
        yield


def _within(seconds: float, run: Callable[[], Any]) -> Any:
    """What `run` returns or raises, or `_TimeUpError`."""
    main = threading.current_thread() is threading.main_thread()
    if main and hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) is not None:
        return _within_by_alarm(seconds, run)
    return _within_by_thread(seconds, run)


def _within_by_alarm(seconds: float, run: Callable[[], Any]) -> Any:
    running = True

    def stop(*_: Any) -> None:
        if running:
            raise _TimeUpError

    handler = signal.signal(signal.SIGALRM, stop)
    began = time.monotonic()
    delay, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        return run()
    finally:
        running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if delay:  # an earlier alarm goes on, at once where its time has come meanwhile
            left = max(delay - (time.monotonic() - began), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


def _within_by_thread(seconds: float, run: Callable[[], Any]) -> Any:
    """Where there are no alarms: on Windows, and outside the main thread."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(run())
        except BaseException as error:
            errors.append(error)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        worker.join(seconds)
    finally:
        for _ in range(3):
            if worker.is_alive():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(worker.ident), ctypes.py_object(_TimeUpError)
                )
                worker.join(_AGAIN)
    if errors:
        raise errors[0]
    if not results:
        raise _TimeUpError
    return results[0]
