"""Figures and explorers of the chapter on batch normalization."""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.experiments.batch_norm import small_network, some_digits
from backbones.explorers import Axis, Explorer
from backbones.normalization import BatchNorm

# The worked example: two pictures of two channels, (B, C, H, W).
EXAMPLE = torch.tensor(
    [
        [[[0, 2], [4, 4]], [[5, 25], [25, 25]]],
        [[[6, 0], [4, 4]], [[5, 15], [25, 35]]],
    ],
    dtype=torch.float64,
)
_COLORS = ("blue", "orange")


def _said(value: float, digits: int = 2) -> str:
    """A number as short as possible, with a true minus; never −0."""
    text = f"{round(value, digits) + 0.0:.{digits}f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return short.replace("-", "−")


# ------------------------------------------------------------------- the worked example


class Worked(NamedTuple):
    """What a fresh layer does to the example: a number for each channel, and its output."""

    mean: list[float]
    variance: list[float]
    running_mean: list[float]
    running_var: list[float]
    output: Tensor


@cache
def worked() -> Worked:
    """The example through `BatchNorm` in training mode, eps = 0."""
    layer = BatchNorm(2, eps=0.0).double()
    with torch.no_grad():
        output = layer(EXAMPLE)
    mean = EXAMPLE.mean((0, 2, 3))
    variance = EXAMPLE.var((0, 2, 3), correction=0)
    values = (mean, variance, layer.running_mean, layer.running_var)
    return Worked(*(v.tolist() for v in values), output)


def worked_example() -> Picture:
    """Two pictures of two channels, their statistics, and what comes out."""
    found = worked()
    said = "; ".join(
        f"channel {c + 1}: mean {_said(found.mean[c])}, variance {_said(found.variance[c])}"
        for c in range(2)
    )
    return fitted(
        _worked_drawn,
        f"Two pictures of two channels, 2 by 2 values each. All 8 values of a channel share one "
        f"mean and one variance. {said}. Output: each value minus the mean, divided by the "
        "deviation.",
        "One mean and one variance for each channel, over both pictures and all positions. "
        "Point at a channel to see what belongs to it.",
    )


def _grids(x: float, y: float, values: Tensor, fill: str, room: Room, tint: float) -> str:
    """A channel of both pictures, (B, H, W), side by side."""
    size, shapes = (32.0 if room.narrow else 38.0), []
    for picture, rows in enumerate(values.tolist()):
        left = x + picture * (2 * size + 10)
        shapes.append(svg.cells(left, y, 2, 2, size, fill=fill, tint=tint))
        shapes += [
            room.note(left + size * (c + 0.5), y + size * (r + 0.5), _said(value))
            for r, row in enumerate(rows)
            for c, value in enumerate(row)
        ]
    return "".join(shapes)


def _worked_drawn(room: Room) -> str:
    found, shapes = worked(), []
    pitch, out = (186, 188) if room.narrow else (122, 516)
    for left, words in ((0, "2 pictures, before"), (out, "after")):
        shapes.append(room.note(left + (69 if room.narrow else 81), 10, words, bold=True))
    for c, color in enumerate(_COLORS):
        top = 28 + c * pitch
        mean, variance = _said(found.mean[c]), _said(found.variance[c])
        words = [
            f"channel {c + 1}: 8 numbers",
            f"mean μ = {mean}, variance σ² = {variance}",
            f"out: (x − {mean}) / {_said(found.variance[c] ** 0.5)}",
            f"running averages: {_said(found.running_mean[c])} and {_said(found.running_var[c])}",
        ]
        if room.narrow:
            arrow = svg.arrow([(144, top + 32), (182, top + 32)])
            places = [(0, top + 84 + 19 * k) for k in range(4)]
        else:
            arrow = svg.arrow([(174, top + 38), (506, top + 38)])
            places = [(340, top + y) for y in (2, 22, 54, 74)]
        anchor = "start" if room.narrow else "middle"
        lines = [
            room.note(*place, line, anchor=anchor, bold=not k)
            for k, (place, line) in enumerate(zip(places, words, strict=True))
        ]
        shapes.append(
            svg.part(
                c + 1,
                _grids(0, top, EXAMPLE[:, c], color, room, 0.3),
                arrow,
                *lines,
                _grids(out, top, found.output[:, c], color, room, 0.12),
                label=f"channel {c + 1}: mean {mean}, variance {variance}",
            )
        )
    return svg.document(room.width, 28 + pitch + (154 if room.narrow else 86), *shapes)


# ------------------------------------------------------------------- a channel, moved

LOW, HIGH, BIN = -6, 10, 0.5
_BINS = int((HIGH - LOW) / BIN)
_LAYER, _CHANNEL = 1, 6  # of `small_network`: a channel whose distribution has a long tail
STATISTICS = ("of this batch", "running")


class Moments(NamedTuple):
    """What describes a channel's values."""

    mean: float
    variance: float
    skewness: float
    kurtosis: float


def moments(values: Tensor) -> Moments:
    """Mean, variance, and the third and fourth moment of the standardized values."""
    mean, variance = values.mean(), values.var(correction=0)
    z = (values - mean) / variance.sqrt()
    return Moments(*(v.item() for v in (mean, variance, z.pow(3).mean(), z.pow(4).mean())))


@cache
def a_channel() -> Tensor:
    """What the second convolution of a fresh network puts out in one channel, for 64 digits."""
    data = some_digits()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = small_network(10, batch_norm=True).double()
    x = data.normalize(data.validation.images[:64]).double()
    with torch.no_grad():
        values = model[_LAYER].conv(model[:_LAYER](x))
    return values[:, _CHANNEL].flatten()


def normalized(x: Tensor, statistics: str, gamma: float, beta: float) -> tuple[Tensor, BatchNorm]:
    """A channel's values through batch norm, whose running statistics are those of `a_channel`."""
    layer = BatchNorm(1, momentum=1.0).double()
    with torch.no_grad():
        layer(a_channel()[:, None])  # its statistics become the running ones
        layer.weight.fill_(gamma)
        layer.bias.fill_(beta)
        layer.train(statistics == STATISTICS[0])
        return layer(x[:, None])[:, 0], layer


def channel_through_batch_norm() -> Explorer:
    """Histograms of a channel before and after batch norm."""
    return Explorer(
        _channel,
        title="A channel before and after batch norm",
        name="channel",
        alt="Histograms of one channel before and after batch norm",
        caption="One channel of a small network, for 64 digits. Drag the blue hill: what the "
        "layer before puts out. Drag the lower one: β. Then do it with the running statistics. "
        "ReLU cuts the grey part. What lies outside is counted at the edge.",
        shift=Axis((-2, -1, 0, 1, 2), "moved by", format=_said, default=0),
        stretch=Axis((1, 2), "stretched by", buttons=True, default=1),
        statistics=STATISTICS,
        gamma=Axis((0.5, 1, 2), "scale γ", buttons=True, default=1),
        beta=Axis((-1, 0, 1), "shift β", format=_said, default=0),
    )


class _State(NamedTuple):
    x: Tensor
    y: Tensor
    before: Moments
    after: Moments
    mean: float  # that is subtracted
    deviation: float  # that is divided by

    @property
    def passed(self) -> float:
        """Share of the output that ReLU lets through."""
        return (self.y > 0).double().mean().item()


@cache
def _state(shift: float, stretch: float, statistics: str, gamma: float, beta: float) -> _State:
    x = stretch * a_channel() + shift
    y, layer = normalized(x, statistics, gamma, beta)
    before, after = moments(x), moments(y)
    if statistics == STATISTICS[0]:
        mean, variance = before.mean, before.variance
    else:
        mean, variance = layer.running_mean.item(), layer.running_var.item()
    return _State(x, y, before, after, mean, variance**0.5)


def _channel(shift: float, stretch: float, statistics: str, gamma: float, beta: float) -> Picture:
    state = _state(shift, stretch, statistics, gamma, beta)
    said = [", ".join(f"{name} {_said(value)}" for name, value in m._asdict().items())
            for m in (state.before, state.after)]  # fmt: skip
    alt = (
        f"Before: {said[0]}. Statistics: {statistics}; γ = {_said(gamma)}, β = {_said(beta)}. "
        f"After: {said[1]}. ReLU lets {state.passed:.0%} through."
    )
    own = statistics == STATISTICS[0]
    return fitted(lambda room: _drawn(room, state, own, gamma, beta), alt)


@cache
def _counts(values: Tensor) -> tuple[float, ...]:
    inside = values.clamp(LOW + BIN / 2, HIGH - BIN / 2)
    return tuple((torch.histc(inside, _BINS, LOW, HIGH) / len(values)).tolist())


def _hill(shares: tuple[float, ...], unit: float, high: float, **look: object) -> str:
    """Shares of the bins as steps, from the lowest value on, above y = 0."""
    steps = [round(high * min(1.0, share / 0.75)) for share in shares]
    wide, last, commands = svg.number(unit * BIN), 0, "M0 0"
    for step in steps:
        commands += f"v{last - step}h{wide}" if step != last else f"h{wide}"
        last = step
    return svg.path(f"{commands}v{last}z", **look)


def _plus(value: float) -> str:
    """A number to be added: "+ 2" or "− 2"."""
    return f"{'−' if value < 0 else '+'} {_said(abs(value))}"


def _row(m: Moments) -> list[str]:
    named = (("mean", m.mean), ("variance", m.variance), ("skewness", m.skewness),
             ("kurtosis", m.kurtosis))  # fmt: skip
    return [f"{name} {_said(value)}" for name, value in named]


def _drawn(room: Room, state: _State, own: bool, gamma: float, beta: float) -> str:
    unit, high = room.width / (HIGH - LOW), 130.0
    zero = -LOW * unit
    columns = 2 if room.narrow else 4
    head = 20.0 * (4 // columns) + 22
    heights = [head + high, head + high + 66 + head + high]
    shapes = []
    for title, where, m in (
        ("before", heights[0], state.before),
        ("after", heights[1], state.after),
    ):
        top = where - high - head
        passed = f"; ReLU lets {state.passed:.0%} through" if title == "after" else ""
        shapes.append(room.note(0, top + 8, f"{title}{passed}", anchor="start", bold=True))
        part = 1 if title == "before" else 2
        for k, words in enumerate(_row(m)):
            x, y = room.width / columns * (k % columns), top + 28 + 20 * (k // columns)
            look = {"anchor": "start", "fill": "blue" if part == 1 else "green"}
            shapes.append(room.note(x, y, (part, words), **look))
        marks = range(LOW + 1, HIGH, 5) if room.narrow else range(LOW + 2, HIGH, 2)
        shapes += [room.note(zero + unit * k, where + 14, _said(k)) for k in marks]
    mean, deviation = _plus(-state.mean), _said(state.deviation)
    if own:  # what lights up with the channel before
        mean, deviation = (1, mean), (1, deviation)
    formula = ("y = ", (2, _said(gamma)), " · (x ", mean, ") / ", deviation, " ", (2, _plus(beta)))
    shapes.append(room.title(room.width / 2, heights[0] + 44, *formula, bold=True))
    before = _hill(_counts(state.x), unit, high, fill="blue", tint=0.6)
    shares, cut = _counts(state.y), int(-LOW / BIN)
    below = _hill(shares[:cut], unit, high, fill="grey", tint=0.4)
    above = svg.group(_hill(shares[cut:], unit, high, fill="green", tint=0.6), x=zero)
    hills = (("shift", svg.part(1, before, label="the channel before batch norm")),
             ("beta", svg.part(2, below, above, label="the channel after batch norm")))  # fmt: skip
    for (axis, hill), where, m in zip(hills, heights, (state.before, state.after), strict=True):
        line = svg.line(0, 0, room.width, 0, thickness=1)
        at = unit * (min(max(m.mean, LOW), HIGH) - LOW)
        flag = svg.line(at, 4, at, -high, thickness=1.5, dashed=True)
        grip = svg.rect(0, -high, room.width, high + 4, fill="paper", stroke="none", tint=0.01)
        shapes.append(svg.group(svg.draggable(grip, hill, x=(axis, unit)), line, flag, y=where))
    shapes.append(svg.line(zero, heights[1] - high, zero, heights[1] + 4, thickness=1))
    return svg.document(room.width, heights[1] + 24, *shapes)
