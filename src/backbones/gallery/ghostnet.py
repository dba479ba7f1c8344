"""Figures and explorers of the GhostNet chapter."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbones.data import photos
from backbones.diagrams import Picture, Room, fitted, svg
from backbones.diagrams.pixels import packed, packed_greys
from backbones.experiments.ghostnet import correlations
from backbones.explorers import Axis, Explorer
from backbones.models import create_model
from backbones.weights import preprocessing

# ------------------------------------------------------------------ the module, drawn

_INPUTS, _OUTPUTS, _INTRINSIC = 4, 6, 3


def ghost_module() -> Picture:
    """An ordinary convolution and a ghost module, s = 2, for six maps: Figure 2 of the paper."""
    return fitted(
        _two_ways,
        "Two rows. Above, an ordinary convolution: lines lead from each of four input maps to each "
        "of six output maps. Below, a ghost module: the convolution makes three intrinsic maps; "
        "each is an output as it is, by the identity, and one small filter makes a ghost of it.",
        "s = 2: half of the maps are intrinsic, half are ghosts. A line is a filter.",
    )


def _two_ways(room: Room) -> str:
    side, gap = (18.0, 6.0) if room.narrow else (24.0, 7.0)
    xs = [4, 0.42 * room.width, room.width - side - (62 if room.narrow else 150)]
    high = _OUTPUTS * (side + gap) - gap
    shapes: list[str] = []
    for row, title in enumerate(("ordinary convolution", "ghost module")):
        top = 46 + row * (high + 74)
        rows = [
            [top + (high - n * (side + gap) + gap) / 2 + k * (side + gap) for k in range(n)]
            for n in (_INPUTS, _INTRINSIC, _OUTPUTS)
        ]
        shapes.append(room.title(xs[0], top - 28, title, anchor="start", bold=True))
        ends = (xs[2], rows[2]) if row == 0 else (xs[1], rows[1])
        fan = _fan((xs[0] + side, rows[0]), ends, side)
        label = f"{len(rows[0]) * len(ends[1])} filters of a convolution"
        shapes.append(svg.part(1, fan, label=label) if row else fan)
        shapes += [svg.rect(xs[0], y, side, side, fill="grey", tint=0.3) for y in rows[0]]
        shapes.append(room.note(xs[0], top + high + 12, "input", anchor="start"))
        if row == 0:
            shapes += [svg.rect(xs[2], y, side, side, fill="blue", tint=0.3) for y in rows[2]]
            words = f"{len(rows[0]) * _OUTPUTS} filters"
            shapes.append(room.note((xs[0] + xs[2] + side) / 2, top + high + 12, words))
            continue
        shapes += _ghosts(room, xs, rows, side)
        words = f"{len(rows[0]) * _INTRINSIC} filters"
        shapes.append(room.note((xs[0] + xs[1] + side) / 2, top + high + 12, (1, words)))
        words = f"{_OUTPUTS - _INTRINSIC} filters"
        shapes.append(room.note((xs[1] + xs[2] + side) / 2, top + high + 12, (3, words)))
    return svg.document(room.width, 46 + 2 * high + 74 + 24, *shapes)


def _ghosts(room: Room, xs: Sequence[float], rows: list[list[float]], side: float) -> list[str]:
    """Intrinsic maps, and the two ways from them to the outputs."""
    identity, cheap, squares = "", "", []
    for k, y in enumerate(rows[1]):
        start, kept, ghost = (y + side / 2, rows[2][k], rows[2][_INTRINSIC + k])
        right = xs[1] + side
        identity += svg.arrow([(right, start - 4), (xs[2] - 2, kept + side / 2)], stroke="blue",
                              dashed=True, head=7)  # fmt: skip
        cheap += svg.arrow([(right, start + 4), (xs[2] - 2, ghost + side / 2)], stroke="orange",
                           head=7)  # fmt: skip
        squares.append(svg.rect(xs[1], y, side, side, fill="blue", tint=0.3))
        squares.append(svg.rect(xs[2], kept, side, side, fill="blue", tint=0.3))
        squares.append(svg.rect(xs[2], ghost, side, side, fill="orange", tint=0.3, dashed=True))
    beside = xs[2] + side + 8
    middle = [(rows[2][k] + rows[2][k + 2] + side) / 2 for k in (0, _INTRINSIC)]
    words = ("as it is", "ghosts") if room.narrow else ("intrinsic, as it is", "ghosts")
    above = rows[1][0] - 14
    return [
        svg.part(2, identity, label="identity: an intrinsic map is an output as it is"),
        svg.part(3, cheap, label="cheap operation: one small filter for each ghost"),
        *squares,
        room.note(xs[1] + side / 2, above, "intrinsic"),
        room.note(beside, middle[0], (2, words[0]), anchor="start"),
        room.note(beside, middle[1], (3, words[1]), anchor="start"),
    ]


def _fan(start: tuple[float, list[float]], end: tuple[float, list[float]], side: float) -> str:
    """A line from each of the first to each of the second."""
    lines = "".join(
        f"M{svg.number(start[0])} {svg.number(a + side / 2)}"
        f"L{svg.number(end[0])} {svg.number(b + side / 2)}"
        for a in start[1]
        for b in end[1]
    )
    return svg.path(lines, thickness=1)


# ------------------------------------------------------------------ maps of a real network


def photographs(names: Sequence[str] = ()) -> Tensor:
    """Photographs as EfficientNet-Lite0 takes them, all of them by default: (N, 3, 224, 224)."""
    prepare, shots = preprocessing("efficientnet_lite0"), photos()
    return torch.stack([prepare(shots[name]) for name in names or shots])


def lite0(seed: int | None = None) -> nn.Module:
    """EfficientNet-Lite0 with its ImageNet weights, or with random ones from a seed.

    A random network's batch norms use the statistics of the batch they see: it has no others.
    """
    if seed is None:
        return create_model("efficientnet_lite0", pretrained=True).eval()
    torch.manual_seed(seed)
    model = create_model("efficientnet_lite0").eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()
    return model


@torch.inference_mode()
def expanded_maps(
    model: nn.Module, images: Tensor, before_act: bool = False, stages: int | None = None
) -> dict[str, Tensor]:
    """Outputs (B, C, H, W) of the stem and of the 1x1 that expands in each block from the second.

    Args:
        model: An EfficientNet-Lite.
        images: (B, 3, H, W).
        before_act: Outputs of the batch norm, not of the ReLU6 after it.
        stages: Of the first so many stages only.
    """
    blocks = [block for stage in model.stages for block in stage][1:]  # the first expands nothing
    layers = {"stem": model.stem}
    layers |= {f"block {n}": block.residual[0] for n, block in enumerate(blocks, 2)}
    held: dict[str, Tensor] = {}

    def keep(name: str):
        # A copy: the ReLU6 that follows works in place.
        return lambda _, __, output: held.update({name: output.clone()})

    hooks = [
        (layer.norm if before_act else layer).register_forward_hook(keep(name))
        for name, layer in layers.items()
    ]
    x = model.stem(images)
    for stage in model.stages[:stages]:
        x = stage(x)
    for hook in hooks:
        hook.remove()
    return held


def best_ghost(fellow: Tensor, target: Tensor, size: int) -> tuple[Tensor, float]:
    """What a filter of ``size`` x ``size`` and an offset make of a map to come nearest to another.

    Args:
        fellow: The map that is filtered, (B, H, W), zeros around it.
        target: The map to be made, (B, H, W), not constant.
        size: Odd; 1 is a scaling.

    Returns:
        The ghost, (B, H, W), and the share of the target's variance that it explains.
    """
    windows = F.unfold(fellow[:, None].double(), size, padding=size // 2)  # (B, size², H·W)
    rows = windows.movedim(1, -1).flatten(0, 1)
    rows = torch.cat([rows, torch.ones(len(rows), 1)], 1)
    wanted = target.double().flatten()
    ghost = rows @ torch.linalg.lstsq(rows, wanted).solution
    left = (wanted - ghost).var(correction=0) / wanted.var(correction=0)
    return ghost.view_as(target), 1 - left.item()


# ------------------------------------------------------------------ the explorer

PHOTO = "chelsea"
LAYERS = ("block 2", "block 5")
NETWORKS = ("trained", "untrained")
CHEAP = {"scaling": 1, "3×3": 3}
PLACES = (0, 15, 30, 50, 70, 85, 100)  # percent of the maps that are more alike
_SIDE, _GREYS = 28, 6


class _Pair(NamedTuple):
    """A map, its most similar fellow, and for each cheap operation ghost and remainder."""

    numbers: tuple[int, int]
    correlation: float
    shares: tuple[float, ...]
    uris: tuple[tuple[str, ...], ...]  # by operation: map, fellow, ghost, remainder


class _Layer(NamedTuple):
    """Similarities of a layer's maps from the greatest on, and the pairs that are shown."""

    size: int
    similarities: tuple[float, ...]
    pairs: tuple[_Pair, ...]


@cache
def _measured() -> dict[tuple[str, str], _Layer]:
    """All that the explorer shows, in double precision: no other processor rounds differently."""
    images, found = photographs([PHOTO]).double(), {}
    for network, seed in zip(NETWORKS, (None, 0), strict=True):
        maps = expanded_maps(lite0(seed).double(), images, stages=3)
        found |= {(network, layer): _layer(maps[layer]) for layer in LAYERS}
    return found


def _layer(maps: Tensor) -> _Layer:
    # Two maps that are each other's fellow are equally similar: last bits must not order them.
    related = correlations(maps)
    alike = related.abs().amax(1).round(decimals=9)
    order = [i for i in alike.argsort(descending=True, stable=True).tolist() if alike[i] > 0]
    pairs = []
    for place in PLACES:
        number = order[round(place / 100 * (len(order) - 1))]
        fellow = int(related[number].abs().argmax())
        target, other = maps[:, number], maps[:, fellow]
        low, high = target.min(), target.max()
        made = [best_ghost(other, target, size) for size in CHEAP.values()]
        shown = [_shown(target, low, high), _shown(other, other.min(), other.max())]
        uris = tuple(
            (*shown, _shown(ghost, low, high), _shown((target - ghost).abs(), 0, high - low))
            for ghost, _ in made
        )
        pairs.append(_Pair((number + 1, fellow + 1), related[number, fellow].item(),
                           tuple(share for _, share in made), uris))  # fmt: skip
    return _Layer(maps.shape[-1], tuple(alike[order].tolist()), tuple(pairs))


def _shown(one: Tensor, low: Tensor | float, high: Tensor | float) -> str:
    """A map (1, H, W) in few greys from `low`, black, to `high`, averaged to few pixels."""
    small = F.adaptive_avg_pool2d(((one - low) / (high - low)).clamp(0, 1), _SIDE)[0]
    return packed_greys((small * (_GREYS - 1)).round(), _GREYS)


@cache
def _photograph() -> str:
    from PIL import Image

    small = F.adaptive_avg_pool2d(photographs([PHOTO]), 112)[0]
    pixels = ((small * 128 + 127).clamp(0, 255)).permute(1, 2, 0).byte().numpy()
    return packed(Image.fromarray(pixels), "jpeg", quality=70)


def real_ghosts() -> Explorer:
    """A map of a real network, its most similar fellow, and the best ghost made of that."""
    return Explorer(
        _state,
        title="How good a ghost of a real map is",
        name="ghosts",
        alt="A map, its most similar fellow in the layer, the best ghost made of it, and the rest",
        caption="Drag the marker along the curve to choose a map, or use the slider. All is "
        "measured on this one photograph; maps are averaged to 28 by 28 pixels for show. The "
        "fellow has its own scale of greys, the three others the map’s.",
        place=Axis(PLACES, "place", unit=" %"),
        cheap=Axis(tuple(CHEAP), "cheap operation", default="3×3"),
        layer=Axis(LAYERS),
        network=Axis(NETWORKS),
    )


def _state(place: int, cheap: str, layer: str, network: str) -> Picture:
    seen, turn = _measured()[network, layer], PLACES.index(place)
    pair, way = seen.pairs[turn], list(CHEAP).index(cheap)
    a, b = pair.numbers
    alt = (
        f"{layer} of the {network} network, map {a} of {len(seen.similarities)} that are not "
        f"constant; its most similar fellow is map {b}, with a correlation of "
        f"{pair.correlation:+.2f}. The best ghost of it by {cheap} explains "
        f"{pair.shares[way]:.0%} of the map’s variance."
    )
    return fitted(lambda room: _drawn(room, layer, network, turn, way), alt)


def _drawn(room: Room, layer: str, network: str, turn: int, way: int) -> str:
    seen = _measured()[network, layer]
    pair = seen.pairs[turn]
    width, high = room.width - 40, 108 if room.narrow else 120
    side = 96 if room.narrow else 120
    shapes = _curves(room, layer, network, turn, (30, 40, width, high))
    low = 40 + high + 58
    shapes.append(f'<image x="0" y="{low}" width="{side}" height="{side}" href="{_photograph()}"/>')
    left, columns = (0, 2) if room.narrow else (side + 24, 4)
    scale = 154 if room.narrow else 126
    a, b = pair.numbers
    rest = 1 - pair.shares[way]
    words = (
        (f"map {a}", ""),
        (f"fellow: map {b}", f"correlation {pair.correlation:+.2f}"),
        (f"ghost by {list(CHEAP)[way]}", f"explains {pair.shares[way]:.0%}"),
        ("what is missing", f"{rest:.0%} of variance"),
    )
    start = low + side + 20 if room.narrow else low
    if room.narrow:
        shapes.append(room.title(side + 14, low + 14, layer, anchor="start", bold=True))
        lines = (f"{len(seen.similarities)} maps,", f"{seen.size} × {seen.size}", network)
        for k, line in enumerate(lines):
            shapes.append(room.note(side + 14, low + 36 + 18 * k, line, anchor="start"))
    else:
        lines = (f"{layer}, {network}", f"{seen.size} × {seen.size} pixels")
        for k, line in enumerate(lines):
            shapes.append(room.note(0, low + side + 16 + 18 * k, line, anchor="start"))
    for k, (uri, (name, below)) in enumerate(zip(pair.uris[way], words, strict=True)):
        x = left + (k % columns) * (scale + (22 if room.narrow else 9))
        y = start + (k // columns) * (scale + 52)
        shapes.append(
            f'<image x="{svg.number(x)}" y="{svg.number(y)}" width="{scale}" height="{scale}" '
            # What comes before the address is found again, and with it the picture, by `pack`.
            f'style="image-rendering:pixelated" data-map="{a}-{b}-{network}-{k}-{way * (k > 1)}" '
            f'href="{uri}"/>'
        )
        color = ("blue", "blue", "orange", "grey")[k]
        frame = svg.rect(x, y, scale, scale, stroke=color, thickness=2, dashed=k == 2)
        words_ = room.note(x, y + scale + 16, name, anchor="start", bold=True)
        shapes.append(svg.part(k + 1, frame, words_, label=f"{name} {below}".strip()))
        shapes.append(room.note(x, y + scale + 34, below, anchor="start"))
    bottom = start + (2 if room.narrow else 1) * (scale + 52)
    return svg.document(room.width, bottom, *shapes)


def _curves(
    room: Room, layer: str, network: str, turn: int, box: tuple[float, float, float, float]
) -> list[str]:
    """Similarity by place in the order, of both networks, and the marker that is dragged."""
    x0, y0, width, high = box

    def at(share: float, value: float) -> tuple[float, float]:
        return x0 + width * share, y0 + high * (1 - value)

    shapes = [room.note(0, 12, "similarity to the most similar fellow", anchor="start")]
    for value in (0, 0.5, 1):
        x, y = at(0, value)
        shapes += [svg.line(x, y, x + width, y, stroke="grey", thickness=0.6),
                   room.note(x - 6, y, f"{value:g}", anchor="end")]  # fmt: skip
    for name in NETWORKS:
        values = _measured()[name, layer].similarities
        points = [at(k / 40, values[round(k / 40 * (len(values) - 1))]) for k in range(41)]
        path = "M" + "L".join(f"{svg.number(x)} {svg.number(y)}" for x, y in points)
        look = {"trained": ("blue", False), "untrained": ("grey", True)}[name]
        strong = 2.5 if name == network else 1.5
        shapes.append(svg.path(path, stroke=look[0], dashed=look[1], thickness=strong))
    words = (("trained", "blue"), ("untrained, dashed", "grey"))
    for k, (word, fill) in enumerate(words):
        shapes.append(room.note(x0 + 72 * k, y0 + high + 36, word, anchor="start", fill=fill))
    shapes.append(room.note(x0, y0 + high + 16, "most alike", anchor="start"))
    shapes.append(room.note(x0 + width, y0 + high + 16, "least alike", anchor="end"))
    pair = _measured()[network, layer].pairs[turn]
    x, y = at(PLACES[turn] / 100, abs(pair.correlation))
    marker = svg.line(x, y0 - 6, x, y0 + high, stroke="orange", thickness=2)
    marker += svg.circle(x, y, 8, fill="orange", stroke="ink", tint=0.8)
    shapes.append(svg.draggable(marker, x=("place", width / (len(PLACES) - 1))))
    return shapes
