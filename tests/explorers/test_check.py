import signal
import sys
import threading
import time
from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn

from backbones.explorers import Case, check
from backbones.explorers.differences import difference


def says(got, expected, tolerance=0.0):
    """The message of a check whose answer gives `got`."""
    return check(lambda: got, Case("f()", lambda f: f(), expected, tolerance)).message


def told(answer, seconds=10.0):
    """The message for an answer that should give 1."""
    return check(answer, Case("f()", lambda f: f(), 1), seconds=seconds).message


# ------------------------------------------------------------------------ what is shown


def test_right_answers_are_right():
    cases = [Case(f"f({x})", lambda f, x=x: f(x), 2 * x) for x in range(4)]
    checked = check(lambda x: 2 * x, *cases)
    assert checked
    assert checked.right
    assert repr(checked) == checked.message == "Right: all 4 cases."
    assert check(lambda x: 2 * x, cases[0]).message == "Right."


def test_the_first_wrong_case_is_told_and_the_rest_not_run():
    ran = []
    cases = [Case(f"f({x})", lambda f, x=x: ran.append(x) or f(x), 2 * x) for x in range(4)]
    checked = check(lambda x: x, *cases)
    assert not checked
    assert checked.message == "f(1) should be 2, it gives 1."
    assert ran == [0, 1]


def test_a_result_shows_itself_in_a_notebook():
    html = check(lambda: "<b>", Case("f()", lambda f: f(), "a & b"))._repr_html_()
    assert "✗</strong> f() should be 'a &amp; b', it gives '&lt;b&gt;'.</p>" in html
    assert "var(--bb-orange," in html
    html = check(lambda: 1, Case("f()", lambda f: f(), 1))._repr_html_()
    assert "✓</strong> Right.</p>" in html
    assert "var(--bb-green," in html


def test_what_the_reader_prints_is_left(capsys):
    check(lambda: print("here"), Case("f()", lambda f: f(), 1))
    assert capsys.readouterr().out == "here\n"


# ------------------------------------------------------------------------ not written yet


@pytest.mark.parametrize(("nothing", "words"), [(None, "None"), (..., "the three dots of the")])
def test_nothing_means_not_written_yet(nothing, words):
    assert says(nothing, 12).startswith(f"Not there yet: f() gives {words}")
    computed = Case("f()", lambda f: f(), lambda f: f() + 1)
    assert check(lambda: nothing, computed).message.startswith("Not there yet: ")


def test_none_can_be_what_is_expected():
    assert says(None, None) == "Right."
    assert says(1, None).startswith("f() should be a NoneType, it gives 1, an integer")


def test_errors_of_what_is_not_written_say_so():
    missing = Case("f().shape", lambda f: f().shape, (1,))
    assert check(lambda: None, missing).message.startswith(
        "Not there yet: f().shape raises AttributeError: 'NoneType' object has no attribute 'shape'"
    )

    class Block(nn.Module):
        pass

    run = Case("Block()(x)", lambda block: block()(torch.ones(1)), 1)
    assert check(Block, run).message.startswith(
        "Not there yet: Block()(x) raises NotImplementedError: Module [Block]"
    )


# ------------------------------------------------------------------------ what is raised

NOTEBOOK = """\
import torch
def helper(x):
    return x.reshape(7)

def undefined():
    y = 1
    return unknown

def inside():
    return helper(torch.ones(3))

def takes_one(x):
    return x

class Block(torch.nn.Module):
    def forward(self, x):
        return x.nothing
"""


@pytest.fixture
def cell():
    names = {}
    exec(compile(NOTEBOOK, "<reader>", "exec"), names)
    return names


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("undefined", "f() raises NameError: name 'unknown' is not defined (line 7)"),
        ("inside", "f() raises RuntimeError: shape '[7]' is invalid for input of size 3 (line 3)"),
        (
            "takes_one",
            "f() raises TypeError: takes_one() missing 1 required positional argument: 'x'",
        ),
    ],
)
def test_errors_are_told_with_their_line(cell, name, message):
    assert told(cell[name]) == message


def test_errors_of_a_class_are_told_with_their_line(cell):
    case = Case("Block()(1)", lambda block: block()(1), 1)
    assert check(cell["Block"], case).message.endswith("has no attribute 'nothing' (line 17)")


def test_errors_are_one_short_line_without_addresses():
    def fails():
        raise ValueError(f"{object()}\nmore")

    assert told(fails).startswith("f() raises ValueError: <object object> (line ")

    def wordy():
        raise ValueError("x" * 1000)

    assert len(told(wordy)) < 400

    def wordless():
        raise ZeroDivisionError

    assert told(wordless).startswith("f() raises ZeroDivisionError (line ")


def test_leaving_python_and_recursion_are_told_as_errors():
    assert told(lambda: sys.exit(3)).startswith("f() raises SystemExit: 3")

    def deep():
        return deep()

    assert told(deep).startswith("f() raises RecursionError: maximum recursion depth exceeded")


def test_the_readers_interruption_passes():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        told(interrupted)


def test_errors_of_the_check_itself_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        check(lambda: 1, Case("f()", lambda f: f(), lambda f: 1 / 0))


# ------------------------------------------------------------------------ what does not end


def endless():
    while True:
        pass


def stubborn():
    while True:
        try:
            while True:
                pass
        except Exception:
            time.sleep(0.01)


@pytest.mark.parametrize("answer", [endless, stubborn, lambda: time.sleep(60)])
def test_what_does_not_end_is_stopped(answer):
    assert told(answer, 0.2) == "f() did not finish within 0.2 seconds. Does a loop never end?"


def test_an_interruption_caught_once_comes_again(monkeypatch):
    monkeypatch.setattr("backbones.explorers.exercises._AGAIN", 0.05)

    def catches():
        try:
            endless()
        except BaseException:
            endless()

    assert "did not finish" in told(catches, 0.1)


def in_thread(run):
    results = []
    thread = threading.Thread(target=lambda: results.append(run()))
    thread.start()
    thread.join()
    return results[0]


def test_outside_the_main_thread_loops_are_stopped_as_well():
    threads = threading.active_count()
    assert "did not finish within 0.2" in in_thread(lambda: told(endless, 0.2))
    assert threading.active_count() == threads
    assert in_thread(lambda: told(lambda: 1)) == "Right."
    assert in_thread(lambda: told(lambda: 1 / 0)).startswith("f() raises ZeroDivisionError")


def test_no_alarm_and_no_handler_is_left():
    handler = signal.getsignal(signal.SIGALRM)
    for answer in (lambda: 1, lambda: 1 / 0, endless):
        told(answer, 0.1)
        assert signal.getsignal(signal.SIGALRM) is handler
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_an_earlier_alarm_goes_on():
    rung = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 60, 7)
        told(lambda: 1)
        delay, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 50 < delay <= 60
        assert interval == 7
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert "did not finish" in told(endless, 0.2)
        time.sleep(0.1)
        assert rung == [True]  # its time came while the check ran
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


# ------------------------------------------------------------------------ random numbers


def test_random_numbers_are_the_same_in_every_case_and_those_outside_untouched():
    torch.manual_seed(5)
    after = torch.rand(3)
    torch.manual_seed(5)
    cases = [Case("f()", lambda f: f(torch.rand(2)), lambda f: torch.rand(2)) for _ in range(2)]
    assert check(lambda x: x, *cases)

    def seeds(x):
        torch.manual_seed(9)
        raise ValueError

    check(seeds, cases[0])
    assert torch.equal(torch.rand(3), after)


# ------------------------------------------------------------------------ values

Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("got", "expected", "tolerance"),
    [
        (12, 12, 0),
        (np.int64(12), 12, 0),
        (12, 12.0, 0),
        (np.float32(0.5), 0.5, 0),
        (1.0009, 1.0, 1e-3),
        (1000.9, 1000.0, 1e-3),
        (float("nan"), float("nan"), 0),
        (float("inf"), float("inf"), 0.1),
        (1 + 1e-9j, 1 + 0j, 1e-6),
        (True, True, 0),
        ("same", "same", 0),
        ({1, 2}, {2, 1}, 0),
        (nn.ReLU, nn.ReLU, 0),
        (torch.Size([2, 3]), (2, 3), 0),
        (Pair(1, 2), (1, 2), 0),
        ([1, (2.0, {"a": 3})], [1, (2.0, {"a": 3})], 0),
        (torch.arange(3, dtype=torch.int16), torch.arange(3), 0),
        (torch.ones(2, requires_grad=True), torch.ones(2, dtype=torch.float64), 0),
        (nn.Parameter(torch.ones(2)), torch.ones(2), 0),
        (torch.tensor([1.0, float("nan")]), torch.tensor([1.0, float("nan")]), 0),
        (torch.tensor([1.0, 1000.5]), torch.tensor([1.0005, 1000.0]), 1e-3),
        (torch.tensor([True]), torch.tensor([True]), 0),
        (torch.ones(0, 3), torch.ones(0, 3), 0),
        (torch.tensor(1 + 1j), torch.tensor(1 + 1j), 0),
        (np.ones((2, 3)), np.ones((2, 3)), 0),
    ],
)
def test_equal_values_pass(got, expected, tolerance):
    assert difference(expected, got, tolerance) is None


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        (11, 12, " should be 12, it gives 11."),
        (12.0, 12, " should be an integer, it gives 12.0, a float."),
        (True, 1, " should be an integer, it gives True, a bool."),
        (1, True, " should be a bool, it gives 1, an integer."),
        (0.30000001, 0.3, " should be 0.3, it gives 0.30000001."),
        (float("nan"), 0.5, " should be 0.5, it gives nan."),
        (10**400, 3, f" should be 3, it gives 1{'0' * 116}...."),
        ("12", 12, " should be an integer, it gives '12', a string."),
        (torch.tensor(12), 12, " should be an integer, it gives a tensor of the shape ()."),
        ([1, 2], (1, 2), " should be a tuple, it gives [1, 2], a list."),
        ((1, 2), (1, 2, 3), " should hold 3 values, it holds 2: (1, 2)."),
        ((1, 3), (1, 2), "[1] should be 2, it gives 3."),
        ([1, (2, None)], [1, (2, 3)], "[1][1] should be an integer, it gives None."),
        ({"a": 1}, {"a": 1, "b": 2}, " should have the key 'b'."),
        ({"a": 1, "c": 2}, {"a": 1}, " should not have the key 'c'."),
        ({"a": 1}, {"a": 2}, "['a'] should be 2, it gives 1."),
        (nn.ReLU, nn.GELU, " should be <class 'torch.nn.modules.activation.GELU'>, it gives "),
        ("a", "b", " should be 'b', it gives 'a'."),
    ],
)
def test_different_values_are_told(got, expected, message):
    assert says(got, expected).startswith(f"f(){message}")


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        ([1.0], torch.ones(1), "should be a tensor, it gives [1.0], a list"),
        (np.ones(2), torch.ones(2), "should be a tensor, it gives a NumPy array of the shape (2,)"),
        (torch.ones(2, 8, 3), torch.ones(2, 8), "has the shape (2, 8, 3), it should be (2, 8)"),
        (torch.ones(2), torch.ones(2, dtype=int), "holds floats, it should hold integers"),
        (torch.ones(2, dtype=int), torch.ones(2, dtype=bool), "holds integers, it should hold boo"),
        (torch.ones(2) + 0j, torch.ones(2), "holds complex numbers, it should hold floats"),
        (torch.tensor(1.0), torch.tensor(2.0), "should be 2.0, it gives 1.0"),
        (
            torch.tensor([[1.0, 2.0], [5.0, 6.0]]),
            torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
            "differs in 2 of 4 values; the first, at [1, 0], should be 3.0, it gives 5.0",
        ),
        (
            torch.tensor([1.0, float("nan")]),
            torch.ones(2),
            "differs in 1 of 2 values; the first, at [1], should be 1.0, it gives nan",
        ),
        (
            torch.tensor([200], dtype=torch.uint8),
            torch.tensor([201], dtype=torch.uint8),
            "should be 201, it gives 200",
        ),
    ],
)
def test_different_tensors_are_told(got, expected, message):
    assert says(got, expected).startswith(f"f() {message}")


def test_a_tolerance_does_not_let_infinity_or_too_much_pass():
    infinite = torch.tensor([float("inf"), 1.0])
    assert difference(infinite, torch.ones(2), 0.5) is not None
    assert difference(torch.ones(2), infinite, 0.5) is not None
    assert difference(float("inf"), 1.0, 0.5) is not None
    assert difference(1.0, 1.0011, 1e-3) is not None
    assert difference(torch.tensor([5]), torch.tensor([6]), 0.1) is not None


def test_what_is_expected_can_follow_from_the_answer():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.rand(3))

        def forward(self, x):
            return self.weight * x

    x = torch.tensor([1.0, 2.0, 3.0])
    right = Case("Scale()(x)", lambda f: f(x), lambda f: f.weight * x)
    assert check(Scale(), right)
    assert not check(Scale(), Case("Scale()(x)", lambda f: f(x), lambda f: f.weight + x))


# ------------------------------------------------------------------------ wrong arguments


@pytest.mark.parametrize("cases", [(), (1,), (Case("f()", len, 1), "x")])
def test_a_check_needs_cases(cases):
    with pytest.raises(ValueError, match="cases must hold at least one Case"):
        check(len, *cases)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_check_needs_a_time(seconds):
    with pytest.raises(ValueError, match="seconds must be positive"):
        check(len, Case("f()", len, 1), seconds=seconds)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((" ", len, 1), "call must say what is done, got ' '"),
        (("f()", 3, 1), "run must be a function of the answer, got 3"),
        (("f()", len, 1, -1), "tolerance must be at least 0, got -1"),
        (("f()", len, 1, float("nan")), "tolerance must be at least 0, got nan"),
    ],
)
def test_a_case_refuses_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Case(*arguments)
