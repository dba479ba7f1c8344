"""Drawings and explorers of the chapter on training."""

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from backbones.data import photos
from backbones.diagrams import Picture, Room, fitted, svg
from backbones.diagrams.pixels import packed
from backbones.explorers import Axis, Explorer
from backbones.train.optimizers import adamw, sgd

# From a file to a step


class _Stage(NamedTuple):
    """A photograph after a transform: its name, its shape and numbers, and how it looks."""

    name: str
    shape: str
    numbers: str
    size: tuple[int, int]  # width and height in pixels
    picture: Image.Image | None  # None for a tensor


@cache
def _stages() -> tuple[_Stage, ...]:
    """The cup of coffee on its way through EfficientNet-Lite's transforms, one at a time."""
    from torchvision import transforms  # a second, which only this drawing needs

    bicubic = transforms.InterpolationMode.BICUBIC
    chain = {
        "Resize(256)": transforms.Resize(256, bicubic),
        "CenterCrop(224)": transforms.CenterCrop(224),
        "ToTensor()": transforms.ToTensor(),
        "Normalize(…)": transforms.Normalize([127 / 255] * 3, [128 / 255] * 3),
    }
    photo = Image.fromarray(photos()["coffee"].permute(1, 2, 0).numpy())
    stages = [_stage("the file", photo)]
    for name, transform in chain.items():
        photo = transform(photo)
        stages.append(_stage(name, photo))
    return tuple(stages)


def _stage(name: str, photo: Image.Image | Tensor) -> _Stage:
    if isinstance(photo, Tensor):
        shape, low, high = tuple(photo.shape), photo.min().item(), photo.max().item()
        numbers = f"floats, {low:.0f} to {high:.0f}".replace("-", "−")
        return _Stage(name, str(shape), numbers, (shape[2], shape[1]), None)
    shape = str((photo.height, photo.width, len(photo.getbands())))
    return _Stage(name, shape, "bytes, 0 to 255", photo.size, photo)


# The loop below them: what is written, what comes of it, and what a reader is told of it.
_LOOP = (
    ("a batch", "(B, 3, 224, 224)", "some pictures, in random order"),
    ("model(images)", "scores, then a loss", "forward: scores of the classes, and one number"),
    ("loss.backward()", "gradients", "backward: the slope of the loss by each weight"),
    ("optimizer.step()", "then zero_grad()", "the step: each weight is moved down its slope"),
)


def file_to_step() -> Picture:
    """A photograph on its way into a batch, and the four lines of a training step."""
    return fitted(
        _file_to_step,
        "Above, a photograph of 400 by 600 pixels goes through Resize, CenterCrop, ToTensor and "
        "Normalize, and becomes three channels of 224 by 224 numbers from −1 to 1. Below, a cycle "
        "of four boxes: a batch, the model with its loss, the gradients, the optimizer's step.",
        "Above: what happens to each picture, by itself. Below: what happens to each batch.",
    )


def _file_to_step(room: Room) -> str:
    stages, shapes = _stages(), []
    scale = 0.19
    column, row = room.width / len(stages), 86
    for k, stage in enumerate(stages):
        wide, high = (scale * side for side in stage.size)
        if room.narrow:
            left, middle = 60 - wide / 2, 44 + row * k
            words = [
                (142, middle - 20, "start"),
                (142, middle, "start"),
                (142, middle + 20, "start"),
            ]
            arrow = [(60, middle - row + 40), (60, middle - high / 2 - 4)]
            arrow[0] = (60, middle - row + scale * stages[k - 1].size[1] / 2 + 4)
        else:
            at = column * (k + 0.5)
            left, middle = at - wide / 2, 66
            words = [(at, 12, "middle"), (at, 124, "middle"), (at, 144, "middle")]
            before = at - column + scale * stages[k - 1].size[0] / 2
            arrow = [(before + 8, middle), (left - 6, middle)]
        shapes.append(_seen_as(stage, left, middle - high / 2, wide, high))
        for (x, y, anchor), line in zip(words, stage[:3], strict=True):
            shapes.append(room.note(x, y, line, anchor=anchor, bold=line == stage.name))
        if k:
            shapes.append(svg.arrow(arrow))
    top = 44 + row * len(stages) - 20 if room.narrow else 186
    shapes += _cycle(room, top)
    low = top + (182 if room.narrow else 116)
    return svg.document(room.width, low, *shapes)


def _seen_as(stage: _Stage, x: float, y: float, width: float, height: float) -> str:
    """A picture as it looks; a tensor as three sheets."""
    if stage.picture is None:
        return "".join(
            svg.rect(x + 5 * k, y + 5 * k - 5, width - 5, height - 5, fill=color, tint=0.6)
            for k, color in enumerate(("orange", "green", "blue"))
        )
    small = stage.picture.resize((round(2 * width), round(2 * height)))
    source = packed(small, "jpeg", quality=72)
    place = f'x="{svg.number(x)}" y="{svg.number(y)}"'
    size = f'width="{svg.number(width)}" height="{svg.number(height)}"'
    return f'<image {place} {size} href="{source}"/>'


def _cycle(room: Room, top: float) -> list[str]:
    """The four boxes of a step, in a row, or on a phone two by two."""
    wide, high, gap = (152, 52, 22) if room.narrow else (148, 52, (room.width - 4 * 148 - 4) / 3)
    if room.narrow:
        corners = [(1, top), (3 + wide + gap, top)]
        corners += [(x, top + high + 42) for x, _ in reversed(corners)]
    else:
        corners = [(2 + k * (wide + gap), top) for k in range(4)]
    shapes = []
    for number, ((x, y), (name, what, told)) in enumerate(zip(corners, _LOOP, strict=True), 1):
        box = svg.rect(x, y, wide, high, fill="blue", tint=0.14, radius=6)
        words = room.note(x + wide / 2, y + 17, name, bold=True)
        words += room.note(x + wide / 2, y + 37, what)
        shapes.append(svg.part(number, box, words, label=told))
    (x0, y0), (x1, _), (x2, y2), (x3, y3) = corners
    half = high / 2
    if room.narrow:
        arrows = [
            [(x0 + wide, y0 + half), (x1 - 2, y0 + half)],
            [(x2 + wide / 2, y0 + high), (x2 + wide / 2, y2 - 2)],
            [(x2, y2 + half), (x3 + wide + 2, y3 + half)],
            [(x3 + wide / 2, y3), (x3 + wide / 2, y0 + high + 2)],
        ]
        shapes.append(room.note(x3 + wide / 2 + 10, y3 - 21, "next batch", anchor="start"))
    else:
        arrows = [
            [(a + wide, y0 + half), (b - 2, y0 + half)] for a, b in ((x0, x1), (x1, x2), (x2, x3))
        ]
        below = y0 + high + 30
        back = [(x3 + wide / 2, y0 + high), (x3 + wide / 2, below), (x0 + wide / 2, below)]
        arrows.append([*back, (x0 + wide / 2, y0 + high + 2)])
        shapes.append(room.note(room.width / 2, below + 16, "next batch, next learning rate"))
    return [*shapes, *(svg.arrow(points) for points in arrows)]


# Descent on a bowl

_OPTIMIZERS: dict[str, Callable] = {
    "SGD": partial(torch.optim.SGD, foreach=True),
    "momentum": sgd,
    "Adam": adamw,
}
_RATES = tuple(0.0075 * 2**k for k in range(9))  # each but the largest is below 2 / scale² of one
_SHOWN, _MOST = 40, 150  # steps that are drawn, and that are run


def descend(
    scale: float, rate: float, optimizer: str, steps: int = _SHOWN
) -> list[tuple[float, float]]:
    """Weights of a linear model on their way from zero, step by step, by an optimizer of torch.

    The loss is ((w1 - 1)² + (scale w2 - 1)²) / 2: that of a model w1 x1 + w2 x2 of two unrelated
    features, of which the second has `scale` times the size of the first, and both matter alike.

    Args:
        scale: Of the second feature.
        rate: Of learning, constant.
        optimizer: "SGD", "momentum" (Nesterov's, of 0.9) or "Adam".
        steps: How many, or fewer: it stops where the weights have grown beyond 1000.

    Returns:
        (w1, w2) at the start and after each step.

    Raises:
        ValueError: If there is no such optimizer.
    """
    if optimizer not in _OPTIMIZERS:
        known = ", ".join(map(repr, _OPTIMIZERS))
        raise ValueError(f"optimizer must be one of {known}, got {optimizer!r}")
    weights = torch.zeros(2, dtype=torch.float64)
    scales = torch.tensor([1.0, scale], dtype=torch.float64)
    stepper = _OPTIMIZERS[optimizer]([{"params": [weights], "lr": rate, "weight_decay": 0.0}])
    path = [(0.0, 0.0)]
    for _ in range(steps):
        weights.grad = scales * (scales * weights - 1)
        stepper.step()
        path.append(tuple(weights.tolist()))
        if weights.abs().max() > 1000:
            break
    return path


def parts_of_loss(scale: float, path: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What each of the two weights contributes to the loss, along a path."""
    return [((w1 - 1) ** 2 / 2, (scale * w2 - 1) ** 2 / 2) for w1, w2 in path]


def descent() -> Explorer:
    """Descent on a bowl whose shape is set by the scale of a feature."""
    return Explorer(
        _descent,
        title="Descent, when one feature is larger than the other",
        name="descent",
        alt="The path of an optimizer over the level lines of a bowl, and its loss by step",
        caption="Both features matter alike, but the second is larger. Find the rate that works "
        "for a scale of 1, then raise the scale. Drag the rate by its orange handle. Point at a "
        "weight to follow its part of the loss.",
        play="rate",
        scale=Axis((1, 2, 4, 8), "scale of feature 2", default=4),
        rate=Axis(_RATES, "rate", format="{:.2g}".format, default=_RATES[4]),
        optimizer=Axis(tuple(_OPTIMIZERS), "optimizer"),
    )


def _descent(scale: int, rate: float, optimizer: str) -> Picture:
    path = descend(scale, rate, optimizer, _MOST)
    losses = parts_of_loss(scale, path)
    above = [step for step, pair in enumerate(losses) if sum(pair) >= 0.01]
    limit = 2 / scale**2
    if len(path) <= _MOST:
        said = "The loss grows without end."
    elif above[-1] == _MOST:
        said = f"Still above 1 % at step {_MOST}."
    else:
        said = f"Loss below 1 % from step {above[-1] + 1} on."
    shape = f"Curvatures 1 and {scale**2}: condition number {scale**2}."
    bound = f"SGD’s limit: 2/{scale**2} = {limit:.3g}."
    alt = (
        f"{optimizer} at a rate of {rate:.2g}, second feature {scale} times as large. {shape} "
        f"{bound} {said}"
    )

    # The same letters for both layouts, so that what is stored packs well.
    plane, chart = _Plane(scale), _Chart()

    def layout(room: Room) -> str:
        plot = [*plane.levels(room), *plane.path(path[: _SHOWN + 1])]
        beside = [*chart.axes(room), *chart.curves(room, losses[: _SHOWN + 1])]
        beside += _rates(room, rate, limit if optimizer == "SGD" else None)
        beside += [
            room.note(0, y, words, anchor="start", bold=y < 260)
            for y, words in zip((250, 271, 292), (said, shape, bound), strict=True)
        ]
        place = {"x": 8, "y": 340} if room.narrow else {"x": 350, "y": 4}
        high = 640 if room.narrow else 332
        return svg.document(room.width, high, *plot, svg.group(*beside, **place))

    return fitted(layout, alt)


class _Plane:
    """The plane of the two weights, from -0.5 to 2.5, in a square of the drawing."""

    low, high = -0.5, 2.5
    left, top, side = 1, 1, 327
    unit = side / (high - low)

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def at(self, w1: float, w2: float) -> tuple[float, float]:
        """Where the weights lie in the drawing."""
        return (
            self.left + (w1 - self.low) * self.unit,
            self.top + self.side - (w2 - self.low) * self.unit,
        )

    def levels(self, room: Room) -> list[str]:
        """Frame, axes, and lines of equal loss."""
        x, y = self.at(1, 1 / self.scale)
        zero_x, zero_y = self.at(0, 0)
        end_x, end_y = self.left + self.side, self.top
        shapes = [svg.rect(self.left, self.top, self.side, self.side, stroke="grey", thickness=1)]
        for share in (1, 0.5, 0.2, 0.05):  # of the loss at the start, which is 1
            a = math.sqrt(2 * share) * self.unit
            b = a / self.scale
            ends = f"{svg.number(a)} {svg.number(b)} 0 1 0"
            ellipse = f"M{svg.number(x - a)} {svg.number(y)}"
            ellipse += f"a{ends} {svg.number(2 * a)} 0a{ends} {svg.number(-2 * a)} 0z"
            shapes.append(svg.path(ellipse, fill="blue", stroke="grey", tint=0.07, thickness=1))
        first = svg.arrow([(zero_x, zero_y), (end_x - 8, zero_y)], stroke="blue", thickness=2)
        first += room.note(end_x - 12, zero_y + 16, "w₁", anchor="end", fill="blue", bold=True)
        second = svg.arrow([(zero_x, zero_y), (zero_x, end_y + 8)], stroke="orange", thickness=2)
        second += room.note(zero_x - 10, end_y + 18, "w₂", anchor="end", fill="orange", bold=True)
        shapes += [svg.part(1, first), svg.part(2, second)]
        shapes.append(svg.path(f"M{svg.number(x - 5)} {svg.number(y)}h10m-5 -5v10", thickness=2))
        return shapes

    def path(self, path: Sequence[tuple[float, float]]) -> list[str]:
        """The way, as far as it stays in the square; a dot for each step."""
        points = [self.at(*path[0])]
        for (a1, a2), (b1, b2) in pairwise(path):
            inside = self._inside((a1, a2), (b1, b2))
            points.append(self.at(a1 + inside * (b1 - a1), a2 + inside * (b2 - a2)))
            if inside < 1:
                break
        way = "".join(f"{'L' if k else 'M'}{_pair(*p)}" for k, p in enumerate(points))
        dots = svg.bars([(x - 2, y - 2) for x, y in points], 4, 4, fill="ink", stroke="none")
        start = svg.circle(*points[0], 5, fill="paper")
        return [svg.path(way, thickness=1.2), dots, start]

    def _inside(self, start: tuple[float, float], end: tuple[float, float]) -> float:
        """Share of a line that lies in the square, from its start on."""
        share = 1.0
        for a, b in zip(start, end, strict=True):
            for edge, out in ((self.low, b < self.low), (self.high, b > self.high)):
                if out:
                    share = min(share, (edge - a) / (b - a))
        return max(0.0, share)


def _pair(x: float, y: float) -> str:
    return f"{svg.number(x)} {svg.number(y)}"


class _Chart:
    """Parts of the loss by step, on a logarithmic axis from 0.0001 to 10."""

    low, high = -4, 1
    left, top, width, height = 34, 34, 272, 110

    def at(self, step: int, loss: float) -> tuple[float, float]:
        """Where a loss lies in the drawing; what is beyond the axis lies at its end."""
        tens = min(self.high, max(self.low, math.log10(max(loss, 1e-12))))
        share = (self.high - tens) / (self.high - self.low)
        return self.left + self.width * step / _SHOWN, self.top + self.height * share

    def axes(self, room: Room) -> list[str]:
        """Lines at powers of ten, with their numbers."""
        right = self.left + self.width
        shapes = [room.note(self.left - 32, self.top - 18, "parts of the loss", anchor="start")]
        for tens, name in ((1, "10"), (-1, "0.1"), (-3, "0.001")):
            _, y = self.at(0, 10.0**tens)
            shapes.append(svg.line(self.left, y, right, y, stroke="grey", thickness=0.7))
            inside = name if len(name) < 4 else "10⁻³"
            shapes.append(room.note(self.left - 5, y, inside, anchor="end"))
        for step in (0, 20, 40):
            x, _ = self.at(step, 1)
            word = f"step {step}" if step == _SHOWN else step
            anchor = "end" if step == _SHOWN else "middle"
            shapes.append(room.note(x, self.top + self.height + 14, word, anchor=anchor))
        return shapes

    def curves(self, room: Room, losses: Sequence[tuple[float, float]]) -> list[str]:
        """What each weight contributes."""
        shapes = []
        for part, (color, name) in enumerate((("blue", "w₁"), ("orange", "w₂")), 1):
            points = [self.at(step, pair[part - 1]) for step, pair in enumerate(losses)]
            way = "".join(f"{'L' if k else 'M'}{_pair(*p)}" for k, p in enumerate(points))
            curve = svg.path(way, stroke=color, thickness=2.2, dashed=part == 2)
            key = self.left + self.width - 64 + 40 * (part - 1)
            named = room.note(key, self.top - 18, name, anchor="start", fill=color, bold=True)
            shapes.append(svg.part(part, curve, named, label=f"the part of {name} in the loss"))
        return shapes


def _rates(room: Room, rate: float, limit: float | None) -> list[str]:
    """A scale of rates with a handle to drag, and the limit beyond which SGD diverges."""
    left, y, width = _Chart.left, 196, _Chart.width
    step = width / (len(_RATES) - 1)
    x, end = left + step * _RATES.index(rate), left + width
    shapes = [svg.bars([(left + step * k, y - 4) for k in range(len(_RATES))], 0, 8)]
    shapes.append(svg.line(left, y, end, y))
    if limit is not None:
        edge = left + step * math.log2(limit / _RATES[0])
        shapes.append(svg.hatch(edge, y - 9, end + 6 - edge, 18, stroke="orange", gap=5))
    hold = svg.rect(x - 20, y - 20, 40, 40, fill="ink", stroke="none", tint=0)
    handle = svg.circle(x, y, 8, fill="orange", stroke="paper")
    shapes.append(svg.draggable(hold, handle, x=("rate", step)))
    shapes.append(room.note(left, y + 24, "rate, each twice the one before", anchor="start"))
    if limit is not None:
        shapes.append(room.note(end + 6, y + 24, "diverges", anchor="end"))
    return shapes
