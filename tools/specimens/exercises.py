"""What the check of an exercise says."""

from backbones.explorers import Case, Checked, check


def right() -> Checked:
    """Check: right."""
    return check(
        lambda n: 9 * n,
        Case("weights(1)", lambda f: f(1), 9),
        Case("weights(2)", lambda f: f(2), 18),
    )


def wrong() -> Checked:
    """Check: wrong."""
    return check(
        lambda n: [9 * n, 25 * n],
        Case("weights(64)", lambda f: f(64), [576, 1024]),
    )


def error() -> Checked:
    """Check: the answer raises an error."""

    def answer(n: int) -> int:
        return n.weights

    return check(answer, Case("weights(64)", lambda f: f(64), 576))


def not_there_yet() -> Checked:
    """Check: not written yet."""
    return check(lambda n: ..., Case("weights(64)", lambda f: f(64), 576))


def endless() -> Checked:
    """Check: the answer does not end."""

    def answer(n: int) -> int:
        while True:
            n += 1

    return check(answer, Case("weights(64)", lambda f: f(64), 576), seconds=0.1)
