"""Figures and explorers of the chapter on devices, precision and checkpoints."""

import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch import nn

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.train.pretend import Outcome, outcome, tagged


class Entry(NamedTuple):
    """A tensor as a checkpoint describes it: its numbers are in the record ``data/key``."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    key: str
    tag: str


def entries(path: str | os.PathLike) -> list[Entry]:
    """What the file of a state dict says about its tensors, read without loading one."""
    with zipfile.ZipFile(path) as file:
        (name,) = (name for name in file.namelist() if name.endswith("/data.pkl"))
        with file.open(name) as content:
            described = _Reader(content).load()
    return [
        Entry(name, shape, _TYPES[kind], key, tag)
        for name, ((_, kind, key, tag, _), _, shape, *_) in described.items()
    ]


# What pickles of torch call the types of state dicts.
_TYPES = {"FloatStorage": "float32", "LongStorage": "int64"}


class _Reader(pickle.Unpickler):
    """Gives what a pickle says, and calls nothing that it names."""

    def persistent_load(self, described: tuple) -> tuple:
        return described

    def find_class(self, module: str, name: str) -> Any:
        if name == "OrderedDict":
            return OrderedDict
        return (lambda *said: said) if name.startswith("_rebuild") else name


def anatomy() -> Picture:
    """The file of a state dict: names, shapes and tags in one record, the numbers in others."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        tagged(model.state_dict(), path, "cuda:0")
        listed = entries(path)
    return fitted(
        lambda room: _sheet(room, listed),
        "The file of a convolution and a batch norm. One record, data.pkl, lists seven tensors: "
        "for each a name, a shape, the tag cuda:0 and the number of a storage. The numbers are in "
        "seven further records, data/0 to data/6. Class, optimizer and random state are not in it.",
        "A convolution and a batch norm, saved on a GPU. Point at a column.",
    )


_NAMES, _SHAPES, _TAGS, _NUMBERS = range(1, 5)


def _sheet(room: Room, listed: list[Entry]) -> str:
    row, top = 27, 62
    columns = (6, 170, 236, 298) if room.narrow else (16, 216, 336, 520)
    names, shapes, tags, boxes = columns
    low = top + row * len(listed)
    edge = boxes - (10 if room.narrow else 62)
    drawn = [
        svg.rect(1, 30, edge - 1, low - 22, radius=6),
        room.title(names, 14, "data.pkl: what there is", anchor="start", bold=True),
        room.title(room.width - 1, 14, "data/" if room.narrow else "data/: the numbers",
                   anchor="end", bold=True),
    ]  # fmt: skip
    heads = ((_NAMES, names, "name"), (_SHAPES, shapes, "shape"), (_TAGS, tags, "tag"))
    labels = {
        _NAMES: "the names, as in the module: parameters and buffers",
        _SHAPES: "the shapes; types are kept too",
        _TAGS: "the device on which each tensor was when it was saved",
        _NUMBERS: "the numbers, a record for each storage",
    }
    written = {
        _NAMES: [entry.name for entry in listed],
        _SHAPES: ["×".join(map(str, entry.shape)) or "one" for entry in listed],
        _TAGS: [entry.tag for entry in listed],
    }
    looks = {_NAMES: {"bold": not room.narrow}, _TAGS: {"fill": "orange"}}
    for part, x, head in heads:
        wide = {_NAMES: shapes, _SHAPES: tags, _TAGS: edge}[part] - x
        back = svg.rect(x - 4, 36, wide - 2, low - 32, fill="paper", stroke="none", tint=0)
        words = [
            room.note(x, top + row * (k + 0.5), word, anchor="start", **looks.get(part, {}))
            for k, word in enumerate(written[part])
        ]
        title = room.note(x, 48, head, anchor="start", fill="grey")
        drawn.append(svg.part(part, back, title, *words, label=labels[part]))
    for k, entry in enumerate(listed):
        y = top + row * (k + 0.5)
        drawn.append(svg.arrow([(edge + 1, y), (boxes - 3, y)], stroke="grey", head=6))
        wide = room.width - boxes - 1
        box = svg.rect(boxes, y - 10, wide, 20, fill="blue", stroke="blue", tint=0.2)
        count = 1
        for side in entry.shape:
            count *= side
        said = entry.key if room.narrow else f"data/{entry.key}: {count:,} × {entry.dtype}"
        label = labels[_NUMBERS] if k == 0 else ""
        word = room.note(boxes + wide / 2, y, said)
        drawn.append(svg.part(_NUMBERS, box, word, label=label))
    missing = ("Not in this file: the class and its code,", "the optimizer, the schedule, chance.")
    lines = missing if room.narrow else (" ".join(missing),)
    for k, line in enumerate(lines):
        drawn.append(room.note(1, low + 26 + 18 * k, line, anchor="start"))
    return svg.document(room.width, low + 22 + 18 * len(lines), *drawn)


# What `map_location` says, by how it is written.
PLACES: dict[str, Any | Callable] = {
    "None": None,
    "'cpu'": "cpu",
    "'cuda:0'": "cuda:0",
    "{'cuda:1': 'cuda:0'}": {"cuda:1": "cuda:0"},
    "lambda s, tag: s": lambda s, tag: s,
    "lambda s, tag: s.cuda(1)": lambda s, tag: s.cuda(1),
}
DEVICES = ("cpu", "cuda:0", "cuda:1")
_MACHINES = {0: "no GPU", 1: "1 GPU", 2: "2 GPUs"}


@cache
def outcomes() -> dict[tuple[str, str, int], Outcome]:
    """By tag, `map_location` as in `PLACES`, and GPUs: what `torch.load` made of it."""
    found = {}
    with TemporaryDirectory() as folder:
        for tag in DEVICES:
            path = Path(folder, "model.pt")
            tagged({"weight": torch.zeros(3)}, path, tag)
            for words, place in PLACES.items():
                for gpus in _MACHINES:
                    found[tag, words, gpus] = outcome(path, place, gpus)
    return found


def journeys() -> Explorer:
    """Where a tensor goes, by where it was saved, what `map_location` says, and what is there."""
    return Explorer(
        _journey,
        title="Where a tensor goes",
        name="journey",
        alt="The way of a tensor from a file to a device",
        caption="Each state is a call of torch.load, on a machine that only pretends to have GPUs. "
        "Drag the orange tensor to the device where it was saved.",
        saved=Axis(DEVICES, "saved on", default="cuda:1"),
        map_location=Axis(tuple(PLACES), "map_location"),
        machine=Axis(
            tuple(_MACHINES), "loaded with", format=_MACHINES.get, buttons=True, default=1
        ),
    )


_TITLES = {"cpu": "memory", "cuda:0": "GPU 0", "cuda:1": "GPU 1"}


def _journey(saved: str, map_location: str, machine: int) -> Picture:
    found = outcomes()[saved, map_location, machine]
    place = f"to {_TITLES[found.device]}" if found.device else "nowhere: an error"
    alt = (
        f"Saved on {saved}, map_location={map_location}, loaded with "
        f"{_MACHINES[machine]}: {place}. {found.error}"
    )
    return fitted(lambda room: _way(room, saved, map_location, machine, found), alt)


def _way(room: Room, saved: str, map_location: str, machine: int, found: Outcome) -> str:
    narrow, (wide, high, step) = room.narrow, (84, 36, 50) if room.narrow else (150, 42, 62)
    top, right, middle = 40, room.width - wide - 1, room.width / 2
    tops = {device: top + step * k for k, device in enumerate(DEVICES)}
    here = {"cpu", *(f"cuda:{k}" for k in range(machine))}
    shapes = [
        room.note(wide / 2 + 1, 14, "saved on"),
        room.note(right + wide / 2, 14, f"with {_MACHINES[machine]}"),
    ]
    for device, y in tops.items():
        place, centre, name = (right, y, wide, high), y + high / 2, _TITLES[device]
        look = {"stroke": "ink"} if device in here else {"stroke": "grey", "dashed": True}
        goal = {"fill": "blue", "tint": 0.25} if device == found.device else {}
        words = {"fill": look["stroke"], "bold": bool(goal)}
        shapes += [
            svg.rect(1, y, wide, high, stroke="grey", radius=5),
            room.note(wide / 2 + 11, centre, name, fill="grey"),
            svg.rect(*place, **look, **goal, radius=5),
            room.note(right + wide / 2, centre, name if device in here else "none", **words),
        ]
    # Two boxes in the middle: the file, and what decides.
    side, tall = (102, 42) if narrow else (230, 48)
    left, end = middle - side / 2, middle + side / 2
    file, rule = tops["cpu"] - 3, tops["cuda:0"] + 6
    heads = ("file, tag", "map_location") if narrow else ("file, with the tag", "map_location")
    rest = (f"“{saved}”", "decides" if narrow else map_location)
    labels = (f"the file, with the tag {saved}", f"map_location: {map_location}")
    for part, (y, head, below, label) in enumerate(
        zip((file, rule), heads, rest, labels, strict=True), 1
    ):
        look = {"bold": True, "fill": "orange"} if part == 1 else {"bold": not narrow}
        shapes.append(
            svg.part(
                part,
                svg.rect(left, y, side, tall, radius=3),
                room.note(middle, y + tall / 2 - 10, head),
                room.note(middle, y + tall / 2 + 10, below, **look),
                label=label,
            )
        )
    start, into = (1 + wide, tops[saved] + high / 2), (left - 2, file + tall / 2)
    bend = (start[0] + into[0]) / 2
    shapes.append(svg.arrow([start, (bend, start[1]), (bend, into[1]), into], stroke="grey"))
    shapes.append(svg.arrow([(middle, file + tall), (middle, rule - 1)], stroke="grey", head=6))
    y = tops["cpu"] + high / 2 - 6
    read = svg.arrow([(end, y), (right - 2, y)], stroke="grey", dashed=True, head=6)
    shapes.append(svg.part(3, read, label="first all bytes are read into memory"))
    if found.device:
        turn, goal = (end + right) / 2, tops[found.device] + high / 2
        goal, y = goal + 8 * (found.device == "cpu"), rule + tall / 2
        way = svg.arrow([(end, y), (turn, y), (turn, goal), (right - 2, goal)],
                        stroke="blue", thickness=2.5)  # fmt: skip
        shapes.append(svg.part(4, way, label=f"then to {_TITLES[found.device]}"))
    hold = svg.rect(1, tops[saved] - 2, wide, high + 4, fill="ink", stroke="none", tint=0)
    dot = svg.rect(8, tops[saved] + 8, 13, high - 16, fill="orange", stroke="none", radius=3)
    shapes.append(svg.draggable(hold, dot, y=("saved", step)))
    low, name = top + 3 * step + 12, _TITLES.get(found.device)
    said = f"torch.load(file, map_location={map_location})"
    verdict = f"Now {'in' if found.device == 'cpu' else 'on'} {name}." if name else "RuntimeError:"
    lines = room.wrapped(said, room.width - 4, bold=True) if narrow else [said]
    for k, line in enumerate(lines):
        shapes.append(room.title(1, low + 20 * k, line, anchor="start", bold=True))
    low += 46 if narrow else 24
    look = {"fill": "ink" if name else "orange", "anchor": "start", "bold": True}
    shapes.append(room.title(1, low, verdict, **look))
    for k, line in enumerate(room.wrapped(_short(found.error), room.width - 4)):
        shapes.append(room.note(1, low + 22 + 18 * k, line, anchor="start"))
    return svg.document(room.width, low + (86 if narrow else 50), *shapes)


def _short(error: str) -> str:
    """What is wrong, without the advice that torch adds."""
    return error.partition(". ")[0].rstrip(".") + "." if error else ""


class Format(NamedTuple):
    """A format of numbers: its type in torch, and how many bits it has for what."""

    dtype: torch.dtype
    exponent: int
    fraction: int

    @property
    def bits(self) -> int:
        """All of them, the sign among them."""
        return 1 + self.exponent + self.fraction


FORMATS = {
    "float32": Format(torch.float32, 8, 23),
    "bfloat16": Format(torch.bfloat16, 8, 7),
    "float16": Format(torch.float16, 5, 10),
}


def bits(value: float, name: str) -> str:
    """The bits of a number in one of `FORMATS`, sign first: "0100..."."""
    chosen = FORMATS[name]
    whole = torch.int32 if chosen.bits == 32 else torch.int16
    pattern = torch.tensor(value, dtype=torch.float64).to(chosen.dtype).view(whole).item()
    return format(pattern % 2**chosen.bits, f"0{chosen.bits}b")


_VALUES = {
    "1": 1.0,
    "0.1": 0.1,
    "1 + 1/256": 1 + 1 / 256,
    "257": 257.0,
    "2049": 2049.0,
    "70,000": 70_000.0,
    "10⁻⁴": 1e-4,
    "10⁻⁸": 1e-8,
}


def formats() -> Explorer:
    """A number in three formats, bit by bit, and what rounding makes of it."""
    return Explorer(
        _rounded,
        title="A number in 32 and in 16 bits",
        name="bits",
        alt="The bits of a number in three formats",
        caption="Filled: 1, empty: 0. Point at sign, exponent or fraction.",
        number=Axis(tuple(_VALUES), default="0.1"),
    )


def _counted(what: str) -> str:
    """How many bits of the exponent, say, the formats have."""
    if what == "sign":
        return "sign: one bit in each format"
    counts = [f"{getattr(chosen, what)} in {name}" for name, chosen in FORMATS.items()]
    return f"bits of the {what}: {', '.join(counts)}"


def _rounded(number: str) -> Picture:
    value = _VALUES[number]
    kept = {
        name: torch.tensor(value, dtype=torch.float64).to(chosen.dtype).item()
        for name, chosen in FORMATS.items()
    }
    words = {}
    for name, stored in kept.items():
        off = abs(stored - value) / value
        exact = f"off by 1 in {1 / off:,.0f}" if off else "exact"
        lost = "too large" if stored == float("inf") else "too small" if stored == 0 else exact
        words[name] = f"{stored:.7g}: {lost}"
    alt = f"{number}: " + "; ".join(f"{name} {said}" for name, said in words.items()) + "."

    def layout(room: Room) -> str:
        cell = (room.width - 4) / 32
        side, step = cell - (1.5 if room.narrow else 4), 62 if room.narrow else 68
        shapes = []
        for k, (name, chosen) in enumerate(FORMATS.items()):
            y, pattern = 14 + step * k, bits(value, name)
            shapes.append(room.title(1, y, name, anchor="start", bold=True))
            shapes.append(room.note(room.width - 2, y, words[name], anchor="end"))
            ends = (0, 1, 1 + chosen.exponent, chosen.bits)
            looks = (("grey", "sign"), ("orange", "exponent"), ("blue", "fraction"))
            for part, (color, what) in enumerate(looks, 1):
                places = range(ends[part - 1], ends[part])
                squares = {
                    digit: svg.bars(
                        [(2 + p * cell, y + 14) for p in places if pattern[p] == digit], side, 20,
                        fill=color if digit == "1" else "none", stroke=color,
                    )
                    for digit in "01"
                }  # fmt: skip
                count = ends[part] - ends[part - 1]
                # Empty squares and the gaps between them can be pointed at as well.
                back = svg.rect(2 + cell * places[0], y + 14, cell * count, 20,
                                fill="ink", stroke="none", tint=0)  # fmt: skip
                label = "" if k else _counted(what)
                shapes.append(svg.part(part, back, *squares.values(), label=label))
        y = 14 + step * len(FORMATS)
        legend = (("sign", "grey", 1), ("exponent", "orange", 2), ("fraction", "blue", 3))
        x = 2.0
        for what, color, part in legend:
            square = svg.rect(x, y - 7, 14, 14, fill=color, stroke=color)
            shapes.append(svg.part(part, square, room.note(x + 20, y, what, anchor="start")))
            x += 20 + svg.text_width(what, room.small) + 18
        return svg.document(room.width, y + 12, *shapes)

    return fitted(layout, alt)
