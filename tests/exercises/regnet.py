"""Answers to the exercises of the RegNet chapter that must not pass."""

import math


def up_to_and_including(errors, e):
    return sum(error <= e for error in errors) / len(errors)


def share_above(errors, e):
    return sum(error > e for error in errors) / len(errors)


def in_percent(errors, e):
    return 100 * sum(error < e for error in errors) / len(errors)


def place_as_if_sorted(errors, e):
    for place, error in enumerate(errors):
        if error >= e:
            return place / len(errors)
    return 1.0


def how_many(errors, e):
    return sum(error < e for error in errors)


def as_in_table_1(values, stages):
    return values**stages / math.factorial(stages)


def strictly(values, stages):
    return math.comb(values, stages)


def all_of_them(values, stages):
    return values**stages


def one_too_many(values, stages):
    return math.comb(values + stages, stages)


def _mean(widths, w0, wa, wm, rounding=round, first=0, size=abs):
    total = 0.0
    for j, width in enumerate(widths, first):
        rungs = rounding(math.log((w0 + wa * j) / w0) / math.log(wm))
        total += size(math.log(w0 * wm**rungs / width))
    return total / len(widths)


def signed(widths, w0, wa, wm):
    return _mean(widths, w0, wa, wm, size=float)


def line_without_steps(widths, w0, wa, wm):
    return _mean(widths, w0, wa, wm, rounding=float)


def rounded_down(widths, w0, wa, wm):
    return _mean(widths, w0, wa, wm, rounding=int)


def multiples_of_8(widths, w0, wa, wm):
    total = 0.0
    for j, width in enumerate(widths):
        rungs = round(math.log((w0 + wa * j) / w0) / math.log(wm))
        total += abs(math.log(8 * round(w0 * wm**rungs / 8) / width))
    return total / len(widths)


def blocks_from_1(widths, w0, wa, wm):
    return _mean(widths, w0, wa, wm, first=1)


def not_the_mean(widths, w0, wa, wm):
    return len(widths) * _mean(widths, w0, wa, wm)


WRONG = {
    2: [up_to_and_including, share_above, in_percent, place_as_if_sorted, how_many],
    3: [as_in_table_1, strictly, all_of_them, one_too_many],
    4: [
        signed,
        line_without_steps,
        rounded_down,
        multiples_of_8,
        blocks_from_1,
        not_the_mean,
    ],
}
