"""The picture on the first page: image backbones from 1998 to 2021, and what came from what."""

from __future__ import annotations

from typing import NamedTuple


class Network(NamedTuple):
    """A network of the picture.

    ``date`` is that of the first public version (arXiv where there is one) in years,
    ``lane`` and ``row`` its place, ``chapter`` where the book explains it.
    """

    name: str
    date: float
    lane: int
    row: int
    chapter: str
    parents: tuple[str, ...] = ()


class Lane(NamedTuple):
    """A band of the picture: a part of the book."""

    name: str
    colour: str
    rows: int


LANES = (
    Lane("Classic", "var(--bb-blue)", 3),
    Lane("Skip connections", "var(--bb-orange)", 3),
    Lane("Efficient", "var(--bb-green)", 4),
    Lane("Attention", "var(--bb-pink)", 2),
)


def date(year: int, month: int) -> float:
    """The middle of a month, in years."""
    return year + (month - 0.5) / 12


NETWORKS = (
    Network("LeNet", date(1998, 11), 0, 1, "lenet"),
    Network("AlexNet", date(2012, 12), 0, 1, "alexnet", ("LeNet",)),
    Network("NiN", date(2013, 12), 0, 2, "nin", ("AlexNet",)),
    Network("VGG", date(2014, 9), 0, 0, "vgg", ("AlexNet",)),
    Network("GoogLeNet", date(2014, 9), 0, 2, "googlenet", ("NiN",)),
    Network("BN-Inception", date(2015, 2), 0, 1, "inception", ("GoogLeNet",)),
    Network("Inception v3", date(2015, 12), 0, 2, "inception", ("BN-Inception",)),
    Network("Inception v4", date(2016, 2), 0, 0, "inception_v4", ("Inception v3", "ResNet")),
    Network("ResNet", date(2015, 12), 1, 1, "resnet", ("VGG", "BN-Inception")),
    Network("Pre-activation", date(2016, 3), 1, 0, "resnet_variants", ("ResNet",)),
    Network("DenseNet", date(2016, 8), 1, 2, "densenet", ("ResNet",)),
    Network("ResNeXt", date(2016, 11), 1, 1, "resnext", ("ResNet",)),
    Network("SENet", date(2017, 9), 1, 1, "senet", ("ResNeXt",)),
    Network("VoVNet", date(2019, 4), 1, 2, "vovnet", ("DenseNet",)),
    Network("MobileNet", date(2017, 4), 2, 0, "mobilenet_v1"),
    Network("MobileNetV2", date(2018, 1), 2, 1, "mobilenet_v2", ("MobileNet", "ResNet")),
    Network("MobileNetV3", date(2019, 5), 2, 1, "mobilenet_v3", ("MobileNetV2", "SENet")),
    Network("ShuffleNet", date(2017, 7), 2, 2, "shufflenet", ("ResNeXt",)),
    Network("ShuffleNetV2", date(2018, 7), 2, 2, "shufflenet", ("ShuffleNet",)),
    Network("EfficientNet", date(2019, 5), 2, 0, "efficientnet", ("MobileNetV2",)),
    Network("GhostNet", date(2019, 11), 2, 3, "ghostnet", ("MobileNetV3",)),
    Network("RegNet", date(2020, 3), 2, 2, "regnet", ("ResNeXt",)),
    Network("Transformer", date(2017, 6), 3, 0, "transformer"),
    Network("ViT", date(2020, 10), 3, 0, "vit", ("Transformer",)),
    Network("Hybrid ViT", date(2020, 10), 3, 1, "hybrid_vit", ("ViT", "ResNet")),
)
ALT = (
    "Timeline of image backbones. Classic networks from LeNet in 1998 over AlexNet, VGG and "
    "GoogLeNet to Inception; networks with skip connections from ResNet in 2015; efficient "
    "networks from MobileNet in 2017; the Transformer in 2017 and the Vision Transformer in 2020."
)


def ground(colour: str) -> str:
    """The pale colour of a lane."""
    return f"color-mix(in srgb,{colour} 8%,var(--page))"


def band(x: float, y: float, width: float, height: float, colour: str) -> str:
    """The stripe of a lane."""
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="8" '
        f'fill="{ground(colour)}"/>'
    )


def label(kind: str, x: float, y: float, words: object) -> str:
    """The name of a lane, or a year."""
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{words}</text>'


def network(
    node: Network, x: float, y: float, links: dict[str, str], names: float | None = None
) -> str:
    """Dot and name; a link and a filled dot where the chapter exists.

    Args:
        node: The network.
        x: Where its dot is.
        y: Where its dot is.
        links: Address of each chapter there is.
        names: Where names begin that stand in a column; else the name is beside its dot.
    """
    href = links.get(node.chapter)
    colour = LANES[node.lane].colour
    fill = colour if href else "var(--page)"
    dot = f'<circle cx="{x:.0f}" cy="{y:.0f}" r="5" fill="{fill}" stroke="{colour}"/>'
    # The name is written on a stripe of the lane's ground, so that lines do not strike it through.
    start, behind = (x + 10, ground(colour)) if names is None else (names, "var(--page)")
    text = f'<text x="{start:.0f}" y="{y + 4.5:.0f}" stroke="{behind}">{node.name}</text>'
    return f'<a href="{href}">{dot}{text}</a>' if href else f'<g class="bb-later">{dot}{text}</g>'


def edge(
    start: tuple[float, float], end: tuple[float, float], across: bool, aside: float = 0
) -> str:
    """A line from parent to child that leaves and arrives along the axis of time.

    Args:
        start: The parent's place.
        end: The child's place.
        across: Whether time runs to the right; else it runs down.
        aside: How far the line swings to the left, around others in between.
    """
    (x0, y0), (x1, y1) = start, end
    if across:
        bend = max(14.0, (x1 - x0) / 2)
        curve = (x0 + bend, y0, x1 - bend, y1)
    else:
        bend = max(10.0, (y1 - y0) / 2)
        curve = (x0 - aside, y0 + bend, x1 - aside, y1 - bend)
    path = " ".join(f"{value:.0f}" for value in (*curve, x1, y1))
    return f'<path d="M{x0:.0f} {y0:.0f}C{path}"/>'


def passes_others(
    start: tuple[float, float], end: tuple[float, float], places: dict[str, tuple[float, float]]
) -> bool:
    """Whether a line straight down would run through another network's dot."""
    return start[0] == end[0] and any(
        x == start[0] and start[1] < y < end[1] for x, y in places.values()
    )


def draw(
    kind: str,
    size: tuple[float, float],
    below: list[str],
    places: dict[str, tuple[float, float]],
    links: dict[str, str],
    names: float | None = None,
) -> str:
    """Put background, edges and networks together."""
    edges = [
        edge(
            places[parent],
            places[node.name],
            kind == "bb-flat",
            14 if passes_others(places[parent], places[node.name], places) else 0,
        )
        for node in NETWORKS
        for parent in node.parents
    ]
    nodes = [
        network(node, *places[node.name], links, names)
        for node in sorted(NETWORKS, key=lambda node: node.date)
    ]
    return (
        f'<svg class="{kind}" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" role="group" '
        f'aria-label="{ALT}">{"".join(below)}<g class="bb-edges">{"".join(edges)}</g>'
        f"{''.join(nodes)}</svg>"
    )


def flat(links: dict[str, str]) -> str:
    """Time to the right, lanes below each other: for wide screens."""
    width, row, gap, y = 1056, 27, 6, 0.0
    below, tops = [], []

    def at(when: float) -> float:
        return 36 if when < 2000 else 96 + (when - 2012.5) * 104

    for lane in LANES:
        height = lane.rows * row + 14
        below.append(band(0, y, width, height, lane.colour))
        below.append(label("bb-lane", 14, y + height - 12, lane.name))
        tops.append(y)
        y += height + gap
    for year in (1998, *range(2013, 2022)):
        if year > 2000:
            below.append(f'<path class="bb-tick" d="M{at(year):.0f} 0V{y - gap:.0f}"/>')
        below.append(label("bb-year", at(year), y + 14, year))
    places = {
        node.name: (at(node.date), tops[node.lane] + 7 + (node.row + 0.5) * row)
        for node in NETWORKS
    }
    return draw("bb-flat", (width, y + 20), below, places, links)


def tall(links: dict[str, str]) -> str:
    """Time downwards, a line for each network: for narrow screens.

    The dots stand in lanes as in a graph of versions, the names in a column of their own, so that
    no name can touch a lane or another name, whatever the reader's letters are.
    """
    left, apart, row, top = 40, 30, 22, 12
    names = left + len(LANES) * apart + 10
    bottom = top + (len(NETWORKS) - 0.5) * row + 4
    below = [
        band(left + i * apart, 0, apart - 4, bottom, lane.colour) for i, lane in enumerate(LANES)
    ]
    places, year = {}, 0
    for number, node in enumerate(sorted(NETWORKS, key=lambda node: node.date)):
        x, y = left + node.lane * apart + apart / 2 - 2, top + number * row
        places[node.name] = (x, y)
        leader = f'<path class="bb-leader" d="M{x:.0f} {y:.0f}H{names - 5}"'
        below.append(f'{leader} stroke="{LANES[node.lane].colour}"/>')
        if int(node.date) != year:
            year = int(node.date)
            below.append(label("bb-year", 0, y + 4.5, year))
    return draw("bb-tall", (320, bottom), below, places, links, names)


def timeline(links: dict[str, str]) -> str:
    """The figure, with links to the chapters that exist.

    Args:
        links: Address of each chapter there is, by its file's name.
    """
    caption = (
        "From LeNet to the Vision Transformer, by the date of first publication. Lines show what "
        "was built on what; filled dots lead to chapters of this book."
    )
    lanes = "".join(f'<li style="--tone:{lane.colour}">{lane.name}</li>' for lane in LANES)
    return (
        f'<figure class="bb-timeline"><ul class="bb-lanes">{lanes}</ul>{flat(links)}{tall(links)}'
        f"<figcaption>{caption}</figcaption></figure>"
    )
