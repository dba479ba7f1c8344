"""Drawings and explorers of the chapter on receptive fields."""

from functools import cache

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from backbones.arithmetic import Field, Layer, conv_output_size, receptive_fields
from backbones.data import photos
from backbones.diagrams import Picture, Room, fitted, svg
from backbones.diagrams.pixels import packed
from backbones.diagrams.pyramids import said_of_fields, stacked_fields
from backbones.explorers import Axis, Explorer
from backbones.models.vgg import CONFIGS

_MOST_LAYERS = 5
_SIDE = 224  # pixels of the photograph
_MARGIN = 98  # pixels around it, in which the field of a unit at the border may lie
_PLACES = 7  # units of a map that can be chosen, in a row and in a column


def field_anatomy(*, caption: str = "") -> Picture:
    """The four numbers of a receptive field along one axis: size, jump, start and centre."""
    return fitted(
        _anatomy,
        "Two layers, 3×3 and 3×3 with stride 2, on nine inputs padded by two zeros on each side. "
        "Output 2 sees the five inputs 2 to 6, centred on pixel 4; output 3 sees the same two "
        "pixels further right, so the jump is 2. Output 0 begins at −2, in the padding.",
        caption,
    )


# Numbers of the parts: a term in bold, and what it measures.
_SIZE, _JUMP, _START = range(1, 4)


def _anatomy(room: Room) -> str:
    field, inputs, outputs, chosen = receptive_fields([(3, 1, 1), (3, 2, 1)])[-1], 9, 5, 2
    cell, top, bottom = (room.width - 4) / 13, 66, 190 if room.narrow else 206
    left, side = 2 - field.start * cell, 22  # of input 0, after the padding; of an output

    def first(p: int) -> float:
        return left + cell * (p * field.jump + field.start)

    def middle(p: int) -> float:
        return first(p) + cell * field.size / 2

    shapes = [room.note(2, 12, "outputs of a 3×3 and a 3×3 of stride 2", anchor="start")]
    for p, name in ((0, "grey"), (chosen, "blue"), (chosen + 1, "orange")):
        corners = [(middle(p) - side / 2, top + side), (middle(p) + side / 2, top + side)]
        corners += [(first(p) + cell * field.size, bottom), (first(p), bottom)]
        shapes.append(svg.polygon(corners, fill=name, stroke=name, tint=0.12, thickness=1))
    for x in range(field.start, inputs - field.start):
        inside, seen = 0 <= x < inputs, 0 <= x - chosen * field.jump - field.start < field.size
        look = {"stroke": "ink" if inside else "grey", "dashed": not inside, "tint": 0.3}
        square = (left + cell * x, bottom, cell, cell)
        shapes.append(svg.rect(*square, fill="blue" if seen else "none", **look))
        label, y = x if inside else "0", bottom + cell / 2
        shapes.append(room.note(left + cell * (x + 0.5), y, label))
    for p in range(outputs):
        fill = {chosen: "blue", chosen + 1: "orange"}.get(p, "none")
        shapes.append(svg.rect(middle(p) - side / 2, top, side, side, fill=fill, tint=0.5))
        shapes.append(room.note(middle(p), top + side / 2, p))
    low, between = bottom + cell + 14, (middle(chosen) + middle(chosen + 1)) / 2
    start_x = first(0) + cell / 2
    jump = _span(middle(chosen), middle(chosen + 1), top - 10)
    jump += room.title(between, top - 26, f"jump j = {field.jump}", bold=True)
    size = _span(first(chosen), first(chosen) + cell * field.size, low)
    size += room.title(middle(chosen), low + 18, f"field r = {field.size}", bold=True)
    start = svg.arrow([(start_x, low + 28), (start_x, low - 10)])
    start += room.title(first(0), low + 62, f"start = −{-field.start}", anchor="start", bold=True)
    start += room.note(first(0), low + 80, "of output 0, in the padding", anchor="start")
    end = room.width - 2
    shapes += [
        svg.part(_JUMP, jump, label=f"jump j = {field.jump}"),
        svg.part(_SIZE, size, label=f"field r = {field.size}"),
        room.note(middle(chosen), low + 38, "centre: pixel 4"),
        svg.part(_START, start, label=f"start = −{-field.start}"),
        room.note(end, low + 62, "inputs,", anchor="end"),
        room.note(end, low + 80, "padded by zeros", anchor="end"),
    ]
    return svg.document(room.width, low + 92, *shapes)


def _span(x0: float, x1: float, y: float) -> str:
    """A line with ends, which measures a length."""
    low, high, end = svg.number(y - 5), svg.number(y), svg.number(x1)
    return svg.path(f"M{svg.number(x0)} {low}v10M{svg.number(x0)} {high}H{end}M{end} {low}v10")


def field_growth() -> Explorer:
    """What one output sees as layers are stacked, along one axis."""
    return Explorer(
        _growth,
        title="How the receptive field grows",
        name="growth",
        alt="The receptive field of a stack of layers",
        caption="A stack of equal layers, last on top. Blue: what the first output sees; orange: "
        "its neighbour. With stride, the outputs' fields lie further apart, and grow faster. "
        "Point at a layer to see what it adds.",
        play="layers",
        layers=Axis(range(1, _MOST_LAYERS + 1), "layers", default=3),
        kernel_size=Axis((3, 5, 7), "kernel F", default=3),
        stride=Axis((1, 2), "stride S"),
        dilation=Axis((1, 2, 3), "dilation D"),
    )


_GROWTH_HEIGHT = 370  # of the layers


def _growth(layers: int, kernel_size: int, stride: int, dilation: int) -> Picture:
    stack = [Layer(kernel_size, stride, 0, dilation)] * layers
    fields = receptive_fields(stack)
    size, jumps = fields[-1].size, [1, *(field.jump for field in fields[:-1])]
    terms = [f"{(kernel_size - 1) * dilation}·{jump}" for jump in jumps]
    names = {k: f"layer {k} adds {term}" for k, term in enumerate(terms, 1)}
    line = [piece for pair in names for piece in (" + ", (pair, terms[pair - 1]))]

    def layout(room: Room) -> str:
        pyramid = stacked_fields(stack, room, _GROWTH_HEIGHT, parts=names)
        return svg.document(
            room.width,
            _GROWTH_HEIGHT + 64,
            room.title(0, 14, f"r = 1 + Σ (F − 1) · D · j = {size}", anchor="start", bold=True),
            room.note(0, 37, "r = 1", *line, anchor="start"),
            svg.group(pyramid, y=60),
        )

    return fitted(layout, said_of_fields(stack))


def vgg16_layers() -> list[Layer]:
    """VGG-16's convolutions and poolings, from the image up."""
    layers = []
    for depth in CONFIGS["vgg16"]:
        layers += [Layer(3, padding=1)] * depth + [Layer(2, stride=2)]
    return layers


def _pools() -> list[tuple[Field, int]]:
    """Field and side of VGG-16's five pooled maps of a 224 x 224 picture."""
    layers, maps, size = vgg16_layers(), [], _SIDE
    for layer, field in zip(layers, receptive_fields(layers), strict=True):
        size = conv_output_size(size, *layer)
        if layer.stride == 2:
            maps.append((field, size))
    return maps


def unit_on_a_picture(*, caption: str = "") -> Picture:
    """One unit of VGG-16's fourth pooled map, and what it sees of a photograph, labelled."""
    row, column = 3, 9
    field, size = _pools()[3]

    def layout(room: Room) -> str:
        sheet = _Sheet(room, field, size, row, column)
        x, y, side = sheet.field()
        middle = x + side / 2
        low = sheet.picture[1] + sheet.scale * _SIDE + 22
        from_map = (sheet.unit_edge, (x - 4, y + side / 2))
        if room.narrow:  # the map is below
            from_map = (sheet.unit_edge, (middle, y + side + 4))
        words = [
            room.note(middle, y - 16, f"field: {field.size} × {field.size} pixels"),
            room.note(
                sheet.frame[0] + 8, sheet.frame[1] + 16, "zeros of the padding", anchor="start"
            ),
            room.note(sheet.picture[0], low - 6, "the picture", anchor="start"),
            svg.arrow(list(from_map), stroke="blue", dashed=True),
            room.note(*sheet.words(0), "blue: a unit and its field", anchor="start"),
            room.note(*sheet.words(1), "orange: the field’s centre", anchor="start"),
        ]
        return sheet.document(*sheet.shapes(), *words)

    return fitted(
        layout,
        f"A map of {size} by {size} units, of which one is marked, and a photograph of a cat with "
        f"the square of {field.size} by {field.size} pixels which that unit sees, and around the "
        "photograph the zeros of the padding.",
        caption,
    )


def fields_on_a_picture() -> Explorer:
    """What a unit of one of VGG-16's maps sees of a photograph, by its place and depth."""
    return Explorer(
        _seen,
        title="What one unit sees of a picture",
        name="unit",
        alt="The field of one unit of VGG-16 on a photograph",
        caption="The map with one unit marked, and the picture with that unit's field and its "
        "centre. In the dashed frame are zeros: what the unit sees of them is grey. Drag the "
        "unit to a corner, then go deeper.",
        play="depth",
        depth=Axis(range(5), "pooling", format=lambda k: str(k + 1), default=2),
        row=Axis(range(_PLACES), "row", format=lambda k: str(k + 1), default=3),
        column=Axis(range(_PLACES), "column", format=lambda k: str(k + 1), default=3),
    )


def _seen(depth: int, row: int, column: int) -> Picture:
    field, size = _pools()[depth]
    row, column = (int((k + 0.5) * size / _PLACES) for k in (row, column))
    spans = [(p * field.jump + field.start, field.size) for p in (row, column)]
    rows, columns = (
        f"{start} to {start + length - 1}".replace("-", "−") for start, length in spans
    )
    inside = [min(start + length, _SIDE) - max(start, 0) for start, length in spans]
    share = inside[0] * inside[1] / field.size**2
    alt = (
        f"VGG-16 after pooling {depth + 1}: unit ({row}, {column}) of {size} × {size}, jump "
        f"{field.jump}; field of {field.size}: rows {rows}, columns {columns}; {share:.0%} of the "
        "field lies in the picture."
    )
    lines = (
        f"unit ({row}, {column}), jump {field.jump}",
        f"field of {field.size} × {field.size}:",
        f"rows {rows}",
        f"columns {columns}",
        f"{share:.0%} in the picture",
    )

    def layout(room: Room) -> str:
        sheet = _Sheet(room, field, size, row, column)
        words = [
            room.note(*sheet.words(k), line, anchor="start", bold=k in (0, 4))
            for k, line in enumerate(lines)
        ]
        return sheet.document(*sheet.shapes(drag=("column", "row")), *words)

    return fitted(layout, alt)


class _Sheet:
    """A map and a photograph: the map on the left, on a phone below.

    Args:
        room: For which the drawing is laid out.
        field: Of the map's units.
        size: Units of the map, in a row and in a column.
        row: Of the chosen unit.
        column: Of the chosen unit.
    """

    def __init__(self, room: Room, field: Field, size: int, row: int, column: int) -> None:
        self.room, self.receptive, self.size = room, field, size
        self.row, self.column = row, column
        full = _SIDE + 2 * _MARGIN
        self.side = 126.0 if room.narrow else 196.0  # of the map
        self.scale = (room.width - (2 if room.narrow else self.side + 44)) / full
        self.frame = (1.0, 1.0) if room.narrow else (self.side + 42, 1.0)
        self.picture = tuple(at + self.scale * _MARGIN for at in self.frame)
        self.map = (1.0, self.scale * full + 36) if room.narrow else (1.0, 28.0)

    def words(self, line: int) -> tuple[float, float]:
        """Where a line of words begins."""
        if self.room.narrow:
            return self.side + 22, self.map[1] + 22 * line + 14
        return 1, self.map[1] + self.side + 34 + 22 * line

    def field(self) -> tuple[float, float, float]:
        """Upper left corner of the unit's field in the drawing, and its side."""
        jump, start = self.receptive.jump, self.receptive.start
        x, y = (
            at + self.scale * (p * jump + start)
            for at, p in zip(self.picture, (self.column, self.row), strict=True)
        )
        return x, y, self.scale * self.receptive.size

    @property
    def map_title(self) -> tuple[float, float]:
        """Where the words above the map begin."""
        return self.map[0], self.map[1] - 14

    @property
    def unit_edge(self) -> tuple[float, float]:
        """Where an arrow from the unit to its field begins."""
        unit = self.side / self.size
        x, y = self.map[0] + unit * (self.column + 0.5), self.map[1] + unit * (self.row + 0.5)
        return (x, y - unit / 2 - 2) if self.room.narrow else (x + unit / 2 + 2, y)

    def shapes(self, drag: tuple[str, str] | None = None) -> list[str]:
        """The map with the unit marked, and the photograph with the unit's field."""
        x, y, side = self.field()
        pixels, (left, top) = self.scale * _SIDE, self.picture
        full = self.scale * (_SIDE + 2 * _MARGIN)
        name = f"map, {self.size} × {self.size}"
        return [
            svg.rect(*self.frame, full, full, stroke="grey", dashed=True),
            # What the field sees of the zeros is grey; the photograph covers the rest.
            svg.rect(x, y, side, side, fill="grey", stroke="none", tint=0.35),
            f'<image x="{svg.number(left)}" y="{svg.number(top)}" width="{svg.number(pixels)}" '
            f'height="{svg.number(pixels)}" href="{_photograph()}"/>',
            svg.rect(x, y, side, side, fill="blue", stroke="blue", tint=0.2, thickness=2.5),
            # A small field would be hidden by the mark of its centre.
            svg.circle(
                x + side / 2, y + side / 2, min(3.5, side / 4), fill="orange", stroke="none"
            ),
            self.room.note(*self.map_title, name, anchor="start", bold=True),
            *self._map(drag),
        ]

    def _map(self, drag: tuple[str, str] | None) -> list[str]:
        (left, top), unit = self.map, self.side / self.size
        grid = ""
        if self.size <= 14:
            grid = svg.cells(left, top, self.size, self.size, unit, stroke="grey")
        mark = max(unit, 7)
        x, y = left + unit * (self.column + 0.5), top + unit * (self.row + 0.5)
        marked = svg.rect(x - mark / 2, y - mark / 2, mark, mark, fill="blue", stroke="none")
        if drag:
            # Where a finger can take hold of it; invisible.
            hold = svg.rect(max(0, x - 20), y - 20, 40, 40, fill="ink", stroke="none", tint=0)
            step = self.side / _PLACES
            marked = svg.draggable(hold, marked, x=(drag[0], step), y=(drag[1], step))
        return [grid, svg.rect(left, top, self.side, self.side), marked]

    def document(self, *shapes: str) -> str:
        """The drawing, as high as map, words and photograph need."""
        photograph = self.frame[1] + self.scale * (_SIDE + 2 * _MARGIN) + 2
        high = max(photograph, self.map[1] + self.side + 3)
        return svg.document(self.room.width, high, *shapes)


@cache
def _photograph() -> str:
    """The cat's face, square, as a small JPEG in the form of an address."""
    photo = photos()["chelsea"][:, :, 60:360]
    small = F.interpolate(photo[None].float(), (_SIDE, _SIDE), mode="bilinear", antialias=True)[0]
    pixels = small.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    return packed(Image.fromarray(pixels), "jpeg", quality=60)


def cut_into_tiles(image: Tensor, tile: int, *, seed: int | None = None) -> Tensor:
    """A picture (1, H, W) cut into tiles with gaps between: uint8 (1, H', W').

    Args:
        image: uint8, one channel.
        tile: Pixels a side of a tile; it must divide H and W.
        seed: Mix the tiles by this seed; by default they stay where they are.

    Raises:
        ValueError: If the tile does not divide the picture.
    """
    _, height, width = image.shape
    if tile < 1 or height % tile or width % tile:
        raise ValueError(f"tile must divide {height} and {width}, got {tile}")
    tiles = image[0].unflatten(1, (-1, tile)).unflatten(0, (-1, tile)).transpose(1, 2)
    rows, columns = tiles.shape[:2]
    tiles = tiles.flatten(0, 1)  # (rows columns, tile, tile)
    if seed is not None:
        tiles = tiles[torch.randperm(len(tiles), generator=torch.Generator().manual_seed(seed))]
    framed = F.pad(tiles, (0, 1, 0, 1), value=140)
    sheet = framed.unflatten(0, (rows, columns)).transpose(1, 2).flatten(2, 3).flatten(0, 1)
    return sheet[None, :-1, :-1]
