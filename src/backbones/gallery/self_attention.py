"""Figures and explorers of the self-attention chapter."""

import math
from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from backbones.attention import causal_mask, scaled_dot_product_attention
from backbones.diagrams import Edge, Node, Picture, Room, block_diagram, fitted, svg
from backbones.diagrams.pixels import packed, packed_exactly
from backbones.explorers import Axis, Explorer
from backbones.gallery.ghostnet import lite0, photographs


def heads() -> Picture:
    """Multi-head attention as one diagram: section 3.2.2 and Figure 2 of the paper."""
    nodes = {
        "x": Node("tokens\nN × D", 0, 1, "text"),
        "Q": Node("W_Q: queries", 1, 0, fill="blue", part=1, short="Q"),
        "K": Node("W_K: keys", 1, 1, fill="blue", part=1, short="K"),
        "V": Node("W_V: values", 1, 2, fill="orange", part=2, short="V"),
        "scores": Node("scores N × N\ndivided by √d", 2, 0.5, fill="grey", part=1,
                       short="scores\nN × N"),
        "softmax": Node("mask, softmax\nweights N × N", 3, 0.5, fill="green", part=3,
                        short="mask,\nsoftmax"),
        "mean": Node("weighted mean\nof values, N × d", 4, 1, fill="orange", part=2,
                     short="mean of\nvalues"),
        "concat": Node("h heads side by\nside: N × D", 5, 1, fill="grey", part=4,
                       short="h heads\nN × D"),
        "out": Node("W_O", 6, 1, fill="blue", part=4),
        "y": Node("output\nN × D", 7, 1, "text"),
    }  # fmt: skip
    edges = [
        Edge("x", "Q", part=1),
        Edge("x", "K", part=1),
        Edge("x", "V", part=2),
        Edge("Q", "scores", part=1),
        Edge("K", "scores", part=1),
        Edge("scores", "softmax", part=3),
        Edge("softmax", "mean", part=3),
        Edge("V", "mean", part=2),
        Edge("mean", "concat", part=4),
        Edge("concat", "out", part=4),
        Edge("out", "y", part=4),
    ]
    return block_diagram(
        nodes,
        edges,
        parts={1: "who asks whom", 2: "what is handed over", 3: "how much", 4: "joining the heads"},
        alt="Multi-head self-attention. Tokens, N by D, go through three matrices to queries, keys "
        "and values, each split among h heads of d = D / h channels. In each head queries times "
        "keys give N by N scores, divided by the root of d; a mask and a softmax make weights of "
        "them, and the weights mix the values. The heads' outputs are put side by side, and a "
        "last matrix mixes them.",
        caption="From the scores to the weighted mean, every head works by itself, on its own "
        "D / h channels.",
    )


# ------------------------------------------------------------------ a sentence

WORDS = ("the", "red", "cube", "by", "the", "blue", "ball")
_KINDS = ("other", "adjective", "noun", "other", "other", "adjective", "noun")
_ASKS = {"noun": "adjective", "adjective": "noun", "other": "noun"}
_ANGLE, _CONTENT, _PLACE = 0.5, 2.0, 2.0
PLACES, MASKS = ("left out", "added"), ("none", "causal")


def sentence_weights(places: bool, causal: bool) -> Tensor:
    """Attention weights (7, 7) of the sentence, from vectors that are set by hand.

    A key says of which kind its word is, a query which kind it asks for: nouns ask for adjectives,
    all others for nouns. With places, two more channels turn with the position, alike in both.
    """
    kinds = ("noun", "adjective", "other")
    one_hot = torch.eye(3, dtype=torch.double)
    keys = torch.stack([one_hot[kinds.index(kind)] for kind in _KINDS])
    queries = torch.stack([one_hot[kinds.index(_ASKS[kind])] for kind in _KINDS])
    angles = _ANGLE * torch.arange(len(WORDS), dtype=torch.double)
    turning = torch.stack((angles.cos(), angles.sin()), 1) * (_PLACE if places else 0)
    queries, keys = (torch.cat((_CONTENT * x, turning), 1) for x in (queries, keys))
    mask = causal_mask(len(WORDS)) if causal else None
    return scaled_dot_product_attention(queries, keys, keys, mask, return_weights=True)[1]


def sentence() -> Explorer:
    """Who looks at whom in a sentence, with vectors set by hand."""
    return Explorer(
        _asked,
        title="Who looks at whom in a sentence",
        name="sentence",
        alt="A sentence below, the same sentence above, and lines as thick as attention weights",
        caption="Nothing here is learned: queries and keys are set by hand. Nouns ask for "
        "adjectives, all other words ask for nouns. Drag the ring to another word, add places, or "
        "hide what comes later.",
        word=Axis(range(1, len(WORDS) + 1), "query", format=lambda n: f"{n}, {WORDS[n - 1]}",
                  default=3),
        places=Axis(PLACES, "places"),
        mask=Axis(MASKS),
    )  # fmt: skip


def _asked(word: int, places: str, mask: str) -> Picture:
    weights = sentence_weights(places == "added", mask == "causal")[word - 1].tolist()
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(WORDS, weights, strict=True))
    alt = (
        f"Places {places}, mask {mask}. Word {word}, {WORDS[word - 1]}, gives weight to: {shares}."
    )
    return fitted(lambda room: _sentence(room, word, weights, mask == "causal"), alt)


def _sentence(room: Room, word: int, weights: Sequence[float], causal: bool) -> str:
    pitch, high = room.width / len(WORDS), 74.0
    xs = [pitch * (k + 0.5) for k in range(len(WORDS))]
    top, low = 30 + high + 32, 30 + high + 132
    shapes = [room.title(0, 10, "keys and values", anchor="start", bold=True)]
    for k, (x, share) in enumerate(zip(xs, weights, strict=True)):
        hidden = causal and k >= word
        half = 0.3 * pitch
        if hidden:
            shapes.append(svg.hatch(x - half, 30 + high - 18, 2 * half, 18, stroke="grey"))
        else:
            shapes.append(svg.rect(x - half, 30 + high * (1 - share), 2 * half,
                                   max(1, high * share), fill="blue", stroke="none"))  # fmt: skip
            shapes.append(svg.path(
                f"M{svg.number(xs[word - 1])} {low - 14}C{svg.number(xs[word - 1])} {low - 60} "
                f"{svg.number(x)} {top + 60} {svg.number(x)} {top + 14}",
                stroke="blue", thickness=0.5 + 9 * share, tint=1))  # fmt: skip
        said = "hidden" if hidden and not room.narrow else "–" if hidden else f"{share:.0%}"
        shapes.append(room.note(x, 30 + high + 12, said))
        shapes.append(room.title(x, top, WORDS[k], bold=share == max(weights)))
        shapes.append(room.title(x, low, WORDS[k], bold=k == word - 1))
    shapes.append(room.title(0, low + 60, "the word that asks", anchor="start", bold=True))
    shapes.append(svg.draggable(svg.ring(xs[word - 1], low + 26), x=("word", pitch)))
    return svg.document(room.width, low + 72, *shapes)


# ------------------------------------------------------------------ patches of a photograph

PHOTO, GRID = "chelsea", 14
QUERIES = tuple(range(1, GRID + 1, 2))  # rows and columns that a reader can choose, from 1
DIVISORS = ("1", "√d", "4√d", "8√d")
_LEVELS = 7


@cache
def patch_features() -> Tensor:
    """EfficientNet-Lite0's last map at stride 16 as tokens (196, 112), mean 0 and variance 1.

    In double precision, so that no other processor rounds a weight to its neighbour.
    """
    model, x = lite0().double(), photographs([PHOTO]).double()
    with torch.inference_mode():
        x = model.stem(x)
        for stage in model.stages:
            if (after := stage(x)).shape[-1] < GRID:
                break
            x = after
    tokens = x.flatten(2).mT[0]
    return (tokens - tokens.mean(0)) / tokens.std(0, correction=0)


def patch_weights(row: int, column: int, divisor: str) -> Tensor:
    """Weights (14, 14) that the patch in a row and column, from 1, gives to all patches."""
    tokens = patch_features()
    root = math.sqrt(tokens.shape[1])
    factor = {"1": root, "√d": 1.0, "4√d": 1 / 4, "8√d": 1 / 8}[divisor]
    query = factor * tokens[GRID * (row - 1) + column - 1]
    _, weights = scaled_dot_product_attention(query[None], tokens, tokens, return_weights=True)
    return weights.view(GRID, GRID)


def patches() -> Explorer:
    """How much weight a patch of a photograph gives to every other, without projections."""
    return Explorer(
        _looked,
        title="Patches that look at patches",
        name="patches",
        alt="A photograph in which those patches are bright that a chosen one gives weight to",
        caption="Queries, keys and values are one and the same: features of EfficientNet-Lite0 at "
        "stride 16, every channel brought to mean 0 and variance 1 over the photograph. No "
        "projection is learned, no position is added. Brightness is the root of a patch’s weight. "
        "Drag the blue frame, and change what scores are divided by.",
        row=Axis(QUERIES, "row", default=5),
        column=Axis(QUERIES, "column", default=5),
        divisor=Axis(DIVISORS, "scores divided by", default="8√d"),
    )


def _looked(row: int, column: int, divisor: str) -> Picture:
    weights = patch_weights(row, column, divisor)
    own = weights[row - 1, column - 1].item()
    others = weights.clone()
    others[row - 1, column - 1] = 0
    place = int(others.argmax())
    best = (place // GRID + 1, place % GRID + 1)
    many = patches_for(weights, 0.5)
    alt = (
        f"Scores divided by {divisor}. The patch in row {row}, column {column} gives itself "
        f"{own:.1%}; most of the others gets row {best[0]}, column {best[1]}: "
        f"{others.max():.1%}. Half of all weight is on {many} of {GRID**2} patches."
    )
    return fitted(lambda room: _photo(room, (row, column), weights, (own, best, many)), alt)


def patches_for(weights: Tensor, share: float) -> int:
    """How many patches, the heaviest first, it takes to hold this share of the weight."""
    return 1 + int((weights.flatten().sort(descending=True).values.cumsum(0) < share).sum())


def _photo(
    room: Room, at: tuple[int, int], weights: Tensor, said: tuple[float, tuple[int, int], int]
) -> str:
    cell = 23.0
    side, (row, column), (own, best, many) = GRID * cell, at, said
    dark = 1 - (weights / weights.max()).sqrt()
    alpha = (dark * (_LEVELS - 1)).round() * 216 / (_LEVELS - 1)
    shade = torch.cat((torch.zeros(GRID, GRID, 3), alpha[..., None]), 2)
    image = f'x="0" y="0" width="{svg.number(side)}" height="{svg.number(side)}"'
    shapes = [
        f'<image {image} href="{_photograph()}"/>',
        f'<image {image} style="image-rendering:pixelated" href="{packed_exactly(shade)}"/>',
    ]
    x, y = cell * (best[1] - 1), cell * (best[0] - 1)
    shapes.append(svg.rect(x, y, cell, cell, stroke="orange", thickness=2.5))
    left, top = (0.0, side + 20) if room.narrow else (side + 28, 20.0)
    lines = (
        ("blue", f"asking patch, row {row}, column {column}", f"keeps {own:.1%} for itself"),
        ("orange", f"most of the others: row {best[0]}, column {best[1]}",
         f"gets {weights[best[0] - 1, best[1] - 1]:.1%}"),
        ("", "half of the weight lies on", f"{many} of {GRID**2} patches"),
    )  # fmt: skip
    for k, (color, first, second) in enumerate(lines):
        y = top + 48 * k
        if color:
            shapes.append(svg.rect(left + 1, y - 7, 14, 14, stroke=color, thickness=2.5))
        shapes.append(room.note(left + 24, y, first, anchor="start"))
        shapes.append(room.note(left + 24, y + 19, second, anchor="start", bold=True))
    x, y = cell * (column - 1), cell * (row - 1)
    frame = svg.rect(x, y, cell, cell, stroke="blue", thickness=3)
    hold = svg.rect(x - 10, y - 10, cell + 20, cell + 20, fill="ink", stroke="none", tint=0)
    step = 2 * cell
    shapes.append(svg.draggable(hold, frame, x=("column", step), y=("row", step)))
    return svg.document(room.width, top + 136 if room.narrow else side, *shapes)


@cache
def _photograph() -> str:
    small = F.adaptive_avg_pool2d(photographs([PHOTO]), 168)[0]
    pixels = (small * 128 + 127).clamp(0, 255).permute(1, 2, 0).byte().numpy()
    return packed(Image.fromarray(pixels), "webp", quality=75)
