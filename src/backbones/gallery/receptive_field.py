"""Drawings and explorers of the chapter on receptive fields."""

import base64
import io
from functools import cache

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from backbones.arithmetic import Field, Layer, conv_output_size, receptive_fields
from backbones.data import photos
from backbones.diagrams import Picture, field_pyramid, svg
from backbones.explorers import Axis, Explorer
from backbones.models.vgg import CONFIGS

_MOST_LAYERS = 5
_SIDE = 224  # pixels of the photograph
_SCALE = 0.8  # of its pixels in the drawing
_MARGIN = 98  # pixels around it, in which the field of a unit at the border may lie
_MAP = 130  # side of a feature map in the drawing
_LEFT, _TOP = 148, 4  # corner of the padded photograph in the drawing
_PLACES = 7  # units of a map that can be chosen, in a row and in a column


def field_anatomy(*, caption: str = "") -> Picture:
    """The four numbers of a receptive field along one axis: size, jump, start and centre."""
    layers = [(3, 1, 1), (3, 2, 1)]
    field, inputs, outputs, chosen = receptive_fields(layers)[-1], 9, 5, 2
    cell, top, bottom = 34, 62, 200
    left = 12 - field.start * cell  # of input 0; the padding lies before it

    def first(p: int) -> float:
        return left + cell * (p * field.jump + field.start)

    def middle(p: int) -> float:
        return first(p) + cell * field.size / 2

    shapes = [svg.text(12, 11, "outputs of a 3×3 and a 3×3 of stride 2", anchor="start")]
    for p, name in ((0, "grey"), (chosen, "blue"), (chosen + 1, "orange")):
        corners = [(middle(p) - 11, top + 22), (middle(p) + 11, top + 22)]
        corners += [(first(p) + cell * field.size, bottom), (first(p), bottom)]
        shapes.append(svg.polygon(corners, fill=name, stroke=name, tint=0.12, thickness=1))
    for x in range(field.start, inputs - field.start):
        inside, seen = 0 <= x < inputs, 0 <= x - chosen * field.jump - field.start < field.size
        shapes.append(
            svg.rect(
                left + cell * x,
                bottom,
                cell,
                cell,
                fill="blue" if seen else "none",
                tint=0.3,
                stroke="ink" if inside else "grey",
                dashed=not inside,
            )
        )
        label, y = x if inside else "0", bottom + cell / 2
        shapes.append(svg.text(left + cell * (x + 0.5), y, label, size=svg.SMALL))
    for p in range(outputs):
        fill = {chosen: "blue", chosen + 1: "orange"}.get(p, "none")
        shapes.append(svg.rect(middle(p) - 11, top, 22, 22, fill=fill, tint=0.5))
        shapes.append(svg.text(middle(p), top + 11, p, size=svg.SMALL))
    low, between = bottom + cell + 14, (middle(chosen) + middle(chosen + 1)) / 2
    shapes += [
        _span(middle(chosen), middle(chosen + 1), top - 10),
        svg.text(between, top - 26, f"jump j = {field.jump}", bold=True),
        _span(first(chosen), first(chosen) + cell * field.size, low),
        svg.text(middle(chosen), low + 18, f"field r = {field.size}", bold=True),
        svg.text(middle(chosen), low + 38, "centre: pixel 4", size=svg.SMALL),
        svg.arrow([(first(0) + cell / 2, low + 30), (first(0) + cell / 2, low - 10)]),
        svg.text(first(0), low + 42, f"start = −{-field.start}", anchor="start", bold=True),
        svg.text(first(0), low + 60, "of output 0, in the padding", size=svg.SMALL, anchor="start"),
        svg.text(12 + 13 * cell, low + 42, "inputs, padded by zeros", size=svg.SMALL, anchor="end"),
    ]
    alt = (
        "Two layers, 3×3 and 3×3 with stride 2, on nine inputs padded by two zeros on each side. "
        "Output 2 sees the five inputs 2 to 6, centred on pixel 4; output 3 sees the same two "
        "pixels further right, so the jump is 2. Output 0 begins at −2, in the padding."
    )
    return Picture(svg.document(2 * 12 + 13 * cell, low + 74, *shapes), alt, caption)


def _span(x0: float, x1: float, y: float) -> str:
    """A line with ends, which measures a length."""
    low, high, end = svg.number(y - 5), svg.number(y), svg.number(x1)
    return svg.path(f"M{svg.number(x0)} {low}v10M{svg.number(x0)} {high}H{end}M{end} {low}v10")


def field_growth() -> Explorer:
    """What one output sees as layers are stacked, along one axis."""
    return Explorer(
        _growth,
        title="How the receptive field grows",
        alt="The receptive field of a stack of layers",
        caption="A stack of equal layers, last on top. Blue: what the first output sees; orange: "
        "its neighbour. With stride, the outputs' fields lie further apart, and grow faster.",
        play="layers",
        layers=Axis(range(1, _MOST_LAYERS + 1), "layers", default=3),
        kernel_size=Axis((2, 3, 5, 7), "kernel F", default=3),
        stride=Axis((1, 2), "stride S"),
        dilation=Axis((1, 2, 3), "dilation D"),
    )


def _growth(layers: int, kernel_size: int, stride: int, dilation: int) -> Picture:
    stack = [Layer(kernel_size, stride, 0, dilation)] * layers
    fields = receptive_fields(stack)
    jumps = [1, *(field.jump for field in fields[:-1])]
    terms = " + ".join(f"{(kernel_size - 1) * dilation}·{jump}" for jump in jumps)
    size = fields[-1].size
    picture = field_pyramid(stack)
    shapes = [
        svg.text(0, 14, "r = 1 + Σ (F − 1) D · jump", anchor="start"),
        svg.text(0, 38, f"= 1 + {terms} = {size}", anchor="start", bold=True),
        svg.group(svg.inner(picture.svg), y=64 * (_MOST_LAYERS + 1 - layers)),  # the input stays
    ]
    return Picture(svg.document(442, 64 * _MOST_LAYERS + 116, *shapes), picture.alt)


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
    (field, size), shapes = _pools()[3], _unit(3, row, column)
    x, y = _corner(field, row, column)
    middle, low = x + _SCALE * field.size / 2, _TOP + _SCALE * (_MARGIN + _SIDE) + 22
    shapes += [
        svg.text(middle, y - 16, f"field: {field.size} × {field.size} pixels", size=svg.SMALL),
        svg.arrow([(middle, low - 8), (middle, y + _SCALE * field.size / 2 + 8)], stroke="blue"),
        svg.text(middle, low, "its centre", size=svg.SMALL),
        svg.text(_LEFT + 8, _TOP + 16, "zeros of the padding", size=svg.SMALL, anchor="start"),
        svg.text(_LEFT + 8, low, "the picture", size=svg.SMALL, anchor="start"),
        svg.arrow([(_LEFT + 50, low - 8), (_LEFT + 90, low - 30)]),
        svg.arrow([(_MAP * (column + 1.5) / size, _map_top() + 32), (x - 6, y + 40)]),
    ]
    alt = (
        f"Left, a map of {size} by {size} units, of which one is marked. Right, a photograph of a "
        f"cat with the square of {field.size} by {field.size} pixels which that unit sees, and "
        "around the photograph the zeros of the padding."
    )
    return Picture(_document(shapes), alt, caption)


def fields_on_a_picture() -> Explorer:
    """What a unit of one of VGG-16's maps sees of a photograph, by its place and depth."""
    return Explorer(
        _seen,
        title="What one unit sees of a picture",
        alt="The field of one unit of VGG-16 on a photograph",
        caption="Left the map, with one unit marked; right the picture, with that unit's field and "
        "its centre. The dashed frame is the padding. Move the unit to a corner, then go deeper.",
        play="depth",
        depth=Axis(range(5), "map after pooling", format=lambda k: str(k + 1), default=2),
        row=Axis(range(_PLACES), "row", format=lambda k: str(k + 1), default=3),
        column=Axis(range(_PLACES), "column", format=lambda k: str(k + 1), default=3),
    )


def _seen(depth: int, row: int, column: int) -> Picture:
    field, size = _pools()[depth]
    row, column = (int((k + 0.5) * size / _PLACES) for k in (row, column))
    spans = [(p * field.jump + field.start, field.size) for p in (row, column)]
    rows, columns = (f"{start} to {start + length - 1}" for start, length in spans)
    inside = [min(start + length, _SIDE) - max(start, 0) for start, length in spans]
    share = inside[0] * inside[1] / field.size**2
    lines = (
        f"unit ({row}, {column}) of {size} × {size}, jump {field.jump}",
        f"field of {field.size}: rows {rows}, columns {columns}".replace("-", "−"),
        f"{share:.0%} of the field lies in the picture",
    )
    low = _TOP + _SCALE * (_SIDE + 2 * _MARGIN) + 18
    words = [svg.text(0, low + 21 * k, line, anchor="start") for k, line in enumerate(lines)]
    alt = f"VGG-16 after pooling {depth + 1}: {'; '.join(lines)}."
    return Picture(_document([*_unit(depth, row, column), *words], 78), alt)


def _map_top() -> float:
    return _TOP + _SCALE * (_SIDE / 2 + _MARGIN) - _MAP / 2


def _corner(field: Field, row: int, column: int) -> tuple[float, float]:
    """Upper left corner of a unit's field in the drawing."""
    x, y = (_SCALE * (_MARGIN + p * field.jump + field.start) for p in (column, row))
    return _LEFT + x, _TOP + y


def _unit(depth: int, row: int, column: int) -> list[str]:
    """The map with a unit marked, and the photograph with the unit's field."""
    field, size = _pools()[depth]
    x, y = _corner(field, row, column)
    side, unit, top = _SCALE * field.size, _MAP / size, _map_top()
    frame, edge = _SCALE * (_SIDE + 2 * _MARGIN), _SCALE * _MARGIN
    grid = svg.cells(1, top, size, size, unit, stroke="grey") if size <= 14 else ""
    mark = max(unit, 4)
    place = (1 + unit * (column + 0.5) - mark / 2, top + unit * (row + 0.5) - mark / 2)
    return [
        svg.rect(_LEFT, _TOP, frame, frame, stroke="grey", dashed=True),
        f'<image x="{svg.number(_LEFT + edge)}" y="{svg.number(_TOP + edge)}" '
        f'width="{svg.number(_SCALE * _SIDE)}" height="{svg.number(_SCALE * _SIDE)}" '
        f'href="{_photograph()}"/>',
        svg.rect(x, y, side, side, fill="blue", stroke="blue", tint=0.25, thickness=2.5),
        svg.circle(x + side / 2, y + side / 2, 3, fill="orange", stroke="none"),
        grid,
        svg.rect(1, top, _MAP, _MAP),
        svg.rect(*place, mark, mark, fill="blue", stroke="none"),
        svg.text(_MAP / 2, top - 14, f"map, {size} × {size}", size=svg.SMALL),
    ]


def _document(shapes: list[str], below: float = 6) -> str:
    frame = _SCALE * (_SIDE + 2 * _MARGIN)
    return svg.document(_LEFT + frame + 4, _TOP + frame + below, *shapes)


@cache
def _photograph() -> str:
    """The cat's face, square, as a small JPEG in the form of an address."""
    photo = photos()["chelsea"][:, :, 60:360]
    small = F.interpolate(photo[None].float(), (_SIDE, _SIDE), mode="bilinear", antialias=True)[0]
    pixels = small.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=60)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


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
