"""Figures and explorers of the SENet chapter."""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backbones.diagrams import Edge, Node, Picture, Room, block_diagram, fitted, svg
from backbones.diagrams.pixels import packed_exactly, packed_greys
from backbones.experiments.senet import DATA, trained_gates
from backbones.explorers import Axis, Explorer
from backbones.layers import SqueezeExcitation
from backbones.models.resnet import Bottleneck
from backbones.models.senet import with_se
from backbones.profile import profile


def se_block() -> Picture:
    """A bottleneck of the first stage with squeeze-and-excitation: Figure 3 of the paper."""
    channels, size = 256, 56
    with torch.device("meta"):
        layer = with_se(Bottleneck)(channels, channels // 4).residual[-1]
    hidden = layer.excite[0].out_channels
    whole, rows = f"{channels} × {size} × {size}", profile(layer, (channels, size, size)).rows
    down, up = (row.parameters for row in rows if row.parameters)
    nodes = {
        "x": Node(f"x\n{whole}", 0, 0, "text"),
        "F": Node(f"1×1, 3×3, 1×1\nU: {whole}", 1, 0, fill="grey", short="F\nU"),
        "squeeze": Node(f"squeeze: mean of each map\n{channels}", 2, 1, fill="blue", part=1,
                        short=f"mean\n{channels}"),
        "down": Node(f"1×1, ReLU\n{hidden}", 3, 1, fill="orange", part=2),
        "up": Node(f"1×1, sigmoid\n{channels} gates", 4, 1, fill="orange", part=2),
        "scale": Node("×", 5, 0, "op", part=3),
        "plus": Node("+", 6, 0, "op"),
        "relu": Node("ReLU", 7, 0, fill="green"),
    }  # fmt: skip
    edges = [
        Edge("x", "F"),
        Edge("F", "squeeze", part=1),
        Edge("squeeze", "down", part=1),
        Edge("down", "up", part=2),
        Edge("up", "scale", part=3),
        Edge("F", "scale", part=3),
        Edge("scale", "plus", part=3),
        Edge("x", "plus", via=-0.9),
        Edge("plus", "relu"),
    ]
    return block_diagram(
        nodes,
        edges,
        parts={1: "squeeze", 2: "excitation", 3: "scaling"},
        alt=f"A residual block with squeeze-and-excitation. The branch gives U, {whole}. Squeeze: "
        f"the mean of each map, {channels} numbers. Excitation: a layer to {hidden}, a ReLU, a "
        f"layer back to {channels}, a sigmoid. Each map of U is multiplied by its gate, then the "
        "shortcut is added, and a ReLU follows.",
        caption=f"Numbers are channels. The two 1×1 layers of the excitation work on one position; "
        f"they have {down:,} and {up:,} parameters.",
    )


# ---------------------------------------------------------------- where the gates sit

PLACES = ("standard", "PRE", "POST", "identity")


def four_places() -> Picture:
    """The four places of Figure 5 of the paper, side by side."""
    return fitted(
        _places,
        "Four residual blocks. Standard: the gates follow the branch F, before the sum. PRE: "
        "they come before F. POST: they follow the sum and its ReLU. Identity: they are on the "
        "shortcut.",
        "F is the branch: its layers, each with a batch norm. Blue: the gates, SE.",
    )


def _places(room: Room) -> str:
    pitch, shapes = room.width / len(PLACES), []
    half = 20 if room.narrow else 30
    for number, place in enumerate(PLACES, 1):
        main = pitch * (number - (0.7 if room.narrow else 0.62))
        side = main + half + (19 if room.narrow else 44)
        rows = {"PRE": ("SE", "F"), "standard": ("F", "SE")}.get(place, ("F",))
        tops = (70, 122) if len(rows) == 2 else (96,)
        plus, relu, post = 176, 208, 252
        ends = [40, *[y for top in tops for y in (top, top + 32)], plus - 9]
        drawn = [room.title(pitch * (number - 0.5), 14, place, bold=True), room.note(main, 34, "x")]
        for start, end in zip(ends[::2], ends[1::2], strict=True):
            drawn.append(svg.arrow([(main, start + 4), (main, end)], thickness=1.2, head=6))
        for word, top in zip(rows, tops, strict=True):
            drawn.append(_box(room, main, top, half, word))
        low = 100 if place == "identity" else plus
        turn = [(main + 8, 34), (side, 34), (side, low)]
        if place == "identity":
            drawn.append(svg.arrow(turn, thickness=1.2, head=6))
            drawn.append(_box(room, side, low, 15 if room.narrow else 24, "SE"))
            drawn.append(svg.arrow([(side, low + 32), (side, plus), (main + 9, plus)],
                                   thickness=1.2, head=6))  # fmt: skip
        else:
            drawn.append(svg.arrow([*turn, (main + 9, plus)], thickness=1.2, head=6))
        drawn += [svg.circle(main, plus, 9), room.title(main, plus, "+")]
        drawn.append(svg.arrow([(main, plus + 9), (main, relu)], thickness=1.2, head=6))
        drawn.append(_box(room, main, relu, half, "ReLU"))
        if place == "POST":
            drawn.append(svg.arrow([(main, relu + 32), (main, post)], thickness=1.2, head=6))
            drawn.append(_box(room, main, post, half, "SE"))
        last = (post if place == "POST" else relu) + 32
        drawn.append(svg.arrow([(main, last), (main, 312)], thickness=1.2, head=6))
        shapes.append(svg.part(number, *drawn, label=f"{place}: {_WHERE[place]}"))
    return svg.document(room.width, 318, *shapes)


_WHERE = {
    "standard": "gates on the branch, before the sum",
    "PRE": "gates on what the branch reads",
    "POST": "gates on the whole block",
    "identity": "gates on the shortcut",
}


def _box(room: Room, x: float, top: float, half: float, word: str) -> str:
    fill = {"SE": "blue", "F": "grey"}.get(word, "green")
    shape = svg.rect(x - half, top, 2 * half, 32, fill=fill, tint=0.25, thickness=1.2, radius=4)
    return shape + room.note(x, top + 16, word)


# ----------------------------------------------------------- the gates of a trained network

# Validation pictures of the experiments' flowers, one of each class.
PICTURES = (245, 372, 542, 443, 252)
GATES = ("as computed", "their means", "all at 1", "strongest quarter at 0")
_STAGES = (1, 2, 3)
_MEAN_OF = 400  # pictures whose gates are averaged
_GREYS = 6


class _Layer(NamedTuple):
    """The second block of a stage: its maps before the gates, and the gates, by picture."""

    size: int
    channels: int
    columns: int
    uris: tuple[str, ...]  # of each picture
    gates: Tensor  # (4 settings, pictures, channels)
    shares: Tensor  # (4 settings, pictures, classes)
    means: Tensor  # (channels,)


def changed(gates: Tensor, means: Tensor, setting: str) -> Tensor:
    """Gates (B, C) in one of the settings of the explorer.

    Raises:
        ValueError: If there is no such setting.
    """
    if setting not in GATES:
        raise ValueError(f"setting must be one of {', '.join(GATES)}, got {setting!r}")
    if setting == "their means":
        return means.expand_as(gates)
    if setting == "all at 1":
        return torch.ones_like(gates)
    if setting == "strongest quarter at 0":
        strongest = gates.topk(gates.shape[1] // 4, 1).indices
        return gates.scatter(1, strongest, 0.0)
    return gates


@cache
def _run() -> tuple[list[str], list[int], tuple[str, ...], tuple[_Layer, ...]]:
    """Pictures as addresses, labels, classes, and layers of the trained network.

    In double precision, so that no other processor rounds a number to its neighbour.
    """
    data, model = DATA["flowers"](), trained_gates().double()
    chosen = data.validation.images[list(PICTURES)]
    mean, std = (torch.tensor(v, dtype=torch.double).view(3, 1, 1) for v in (data.mean, data.std))
    images = (chosen.double() / 255 - mean) / std
    many = (data.train.images[:_MEAN_OF].double() / 255 - mean) / std
    layers = []
    for stage in _STAGES:
        layer = model.stages[stage - 1][-1].residual[-1]
        maps, gates = seen(model, layer, images)
        means = seen(model, layer, many)[1].mean(0)
        settings = [changed(gates, means, setting) for setting in GATES]
        shares = [shares_with(model, layer, images, values) for values in settings]
        columns = 8 if stage == 3 else 4
        uris = tuple(_sheet(m, columns) for m in maps)
        layers.append(_Layer(maps.shape[2], maps.shape[1], columns, uris, torch.stack(settings),
                             torch.stack(shares), means))  # fmt: skip
    photos = [packed_exactly(image.permute(1, 2, 0)) for image in chosen]
    labels = data.validation.labels[list(PICTURES)].tolist()
    return photos, labels, data.validation.classes, tuple(layers)


@torch.inference_mode()
def seen(model: nn.Module, layer: SqueezeExcitation, images: Tensor) -> tuple[Tensor, Tensor]:
    """What a layer of gates gets, (B, C, H, W), and its gates, (B, C)."""
    held = {}
    hooks = [
        layer.register_forward_hook(lambda _, inputs, __: held.update(maps=inputs[0])),
        layer.excite.register_forward_hook(lambda _, __, out: held.update(gates=out.flatten(1))),
    ]
    model(images)
    for hook in hooks:
        hook.remove()
    return held["maps"], held["gates"]


@torch.inference_mode()
def shares_with(
    model: nn.Module, layer: SqueezeExcitation, images: Tensor, gates: Tensor
) -> Tensor:
    """Probabilities (B, K) when a layer uses these gates."""
    hook = layer.excite.register_forward_hook(lambda *_: gates[:, :, None, None])
    shares = model(images).softmax(1)
    hook.remove()
    return shares


def _sheet(maps: Tensor, columns: int) -> str:
    """Maps (C, H, W) in rows, with nothing between them: how far each value is from 0."""
    right, below = _gaps(len(maps))
    greys = ((maps.abs() / maps.abs().max()).sqrt() * (_GREYS - 1)).round()
    grid = nn.functional.pad(greys, (0, right, 0, below), value=_GREYS)  # which is transparent
    rows = grid.unflatten(0, (-1, columns)).transpose(1, 2).flatten(2, 3).flatten(0, 1)
    return packed_greys(rows[:-below, :-right], _GREYS)


def _gaps(channels: int) -> tuple[int, int]:
    """Pixels of a map that stay free to its right, for its gate, and below it."""
    return {8: (8, 8), 16: (16, 4), 32: (2, 2)}[channels]


def gates_on_a_picture() -> Explorer:
    """The gates of a trained network for a picture, and what it says when they are changed."""
    return Explorer(
        _watched,
        title="SE’s gates on a picture",
        name="gates",
        alt="Maps of a trained network, each with its gate, and the answer of the network",
        caption="Each square is what a gate multiplies: bright is far from 0. The bar beside it is "
        "the gate, the line across it the gate’s mean over many pictures. Change the gates of the "
        "stage that is shown and watch the answer. The pictures are chosen: in each of them some "
        "change turns the answer over, in most pictures none does.",
        picture=Axis(_run()[2], "picture", default="rose"),
        stage=Axis(_STAGES, buttons=True),
        gates=Axis(GATES),
    )


def _watched(picture: str, stage: int, gates: str) -> Picture:
    _, labels, classes, layers = _run()
    layer, setting = layers[stage - 1], GATES.index(gates)
    k = labels.index(classes.index(picture))
    used, shares = layer.gates[setting, k], layer.shares[setting, k]
    best = int(shares.argmax())
    word = "rightly" if classes[best] == picture else "wrongly"
    ends = f"from {used.min():.2f} to {used.max():.2f}" if setting != 2 else "all 1"
    alt = (
        f"A {picture}; the gates of stage {stage}: {gates}. The network says, {word}, "
        f"{classes[best]} ({shares[best]:.0%}). {layer.channels} gates, {ends}; their means go "
        f"from {layer.means.min():.2f} to {layer.means.max():.2f}."
    )
    return fitted(lambda room: _drawn(room, k, stage, setting), alt)


def _drawn(room: Room, k: int, stage: int, setting: int) -> str:
    photos, labels, classes, layers = _run()
    layer, unit = layers[stage - 1], 40.5 if room.narrow else 60.0
    side = 96 if room.narrow else 128
    left, top = (0.0, side + 66.0) if room.narrow else (196.0, 32.0)
    shapes = [
        room.title(0, 12, f"a {classes[labels[k]]}", anchor="start", bold=True),
        _image(f"{k}", photos[k], 0, 28, side, side),
    ]
    x, y = (side + 22, 12) if room.narrow else (0, side + 54)
    shapes += _answer(room, layer.shares[setting, k], classes, labels[k], (x, y))
    words = f"stage {stage}, second block: {layer.channels} maps of {layer.size} × {layer.size}"
    shapes.append(room.note(left, top - 20, words, anchor="start", bold=True))
    shapes += _gated(room, layer, k, setting, (left, top, unit))
    low = top + 4 * unit + 14
    used = layer.gates[setting, k].tolist()
    ends = ((1, "strongest", max(used)), (2, "weakest", min(used)))
    if max(used) > min(used):
        said = [(number, f"{name} gate: {value:.2f}") for number, name, value in ends]
        shapes.append(room.note(left, low, said[0], ", ", said[1], anchor="start"))
    else:
        shapes.append(room.note(left, low, f"all gates: {used[0]:.2f}", anchor="start"))
    return svg.document(room.width, low + 14, *shapes)


def _image(name: str, uri: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<image x="{svg.number(x)}" y="{svg.number(y)}" width="{svg.number(width)}" '
        f'height="{svg.number(height)}" preserveAspectRatio="none" '
        # What comes before the address is found again, and with it the picture, by `pack`.
        f'style="image-rendering:pixelated" data-gates="{name}" href="{uri}"/>'
    )


def _gated(
    room: Room, layer: _Layer, k: int, setting: int, place: tuple[float, float, float]
) -> list[str]:
    """The maps of a layer in rows, each with its gate as a bar beside it."""
    left, top, unit = place
    side = (4 if layer.channels == 8 else 2) * unit / 3
    right, below = _gaps(layer.channels)
    scale = side / layer.size
    rows = layer.channels // layer.columns
    size = [scale * (n * layer.size + (n - 1) * gap)
            for n, gap in ((layer.columns, right), (rows, below))]  # fmt: skip
    shapes = [_image(f"{k}s{layer.size}", layer.uris[k], left, top, *size)]
    used, thick, space = layer.gates[setting, k].tolist(), unit / 7, unit / 14
    marked = {used.index(max(used)): 1, used.index(min(used)): 2} if max(used) > min(used) else {}
    tracks, ticks = [], []
    for channel, gate in enumerate(used):
        x = left + scale * (channel % layer.columns) * (layer.size + right)
        y = top + scale * (channel // layer.columns) * (layer.size + below)
        bar = x + side + space
        tracks.append((bar, y))
        number = marked.get(channel, 0)
        drawn = svg.rect(bar, y + side * (1 - gate), thick, side * gate, stroke="none",
                         fill={1: "blue", 2: "orange"}.get(number, "grey"))  # fmt: skip
        if number:
            frame = {1: "blue", 2: "orange"}[number]
            drawn += svg.rect(x - 1, y - 1, side + 2, side + 2, stroke=frame, thickness=2.5)
            name = {1: "strongest", 2: "weakest"}[number]
            label = f"{name} gate: map {channel + 1}, {gate:.2f}"
            drawn = svg.part(number, drawn, label=label)
        shapes.append(drawn)
        height = y + side * (1 - layer.means[channel].item())
        ticks.append(f"M{svg.number(bar - 2)} {svg.number(height)}h{svg.number(thick + 4)}")
        if layer.channels < 32:
            below_it = layer.channels == 8
            spot = (x, y + side + 12) if below_it else (bar + thick + 4, y + side / 2)
            shapes.append(room.note(*spot, f"{gate:.2f}", anchor="start"))
    shapes.append(svg.bars(tracks, thick, side))
    shapes.append(svg.path("".join(ticks), thickness=2))
    return shapes


def _answer(
    room: Room, shares: Tensor, classes: tuple[str, ...], true: int, place: tuple[float, float]
) -> list[str]:
    """What the network says, and the probability of each class."""
    left, top = place
    best, longest = int(shares.argmax()), 54.0
    right = 330.0 if room.narrow else 164.0
    shapes = [room.title(left, top, f"says {classes[best]}", anchor="start", bold=True)]
    for number, share in enumerate(shares.tolist()):
        y = top + 22 + 19 * number
        fill = "blue" if number == true else "orange" if number == best else "grey"
        start = right - 36 - longest
        shapes += [
            room.note(left, y, classes[number], anchor="start", bold=number == best),
            svg.rect(start, y - 6, max(1, longest * share), 12, fill=fill, stroke="none"),
            room.note(right, y, f"{share:.0%}", anchor="end"),
        ]
    return shapes
