"""Explorers of the VGG chapter."""

from itertools import pairwise
from typing import NamedTuple

from backbones.arithmetic import (
    conv_macs,
    conv_output_size,
    conv_parameters,
    linear_parameters,
    receptive_field,
)
from backbones.diagrams import Picture, svg
from backbones.explorers import Axis, Explorer
from backbones.models.vgg import CONFIGS


def stacked_kernels() -> Explorer:
    """A stack of 3x3 layers against the one layer that sees as much."""
    return Explorer(
        _stack,
        title="A stack of 3×3 layers against one large kernel",
        alt="A stack of 3 by 3 layers beside one layer with a larger kernel",
        caption="Both see the same square of the input. C channels go in and come out; biases are "
        "left out.",
        layers=Axis(range(1, 6), "3×3 layers", default=2),
        channels=Axis((64, 128, 256, 512), "channels C", default=256),
    )


def _stack(layers: int, channels: int) -> Picture:
    size = receptive_field([(3, 1)] * layers).size
    small = layers * conv_parameters(channels, channels, 3, bias=False)
    large = conv_parameters(channels, channels, size, bias=False)
    top, middle, pane = 34, 220, 165
    cell = min(24, pane // size)
    shapes = []
    for center, nested in ((105, layers), (middle + 115, 1)):
        x, y = center - size * cell / 2, top + (pane - size * cell) / 2
        shapes.append(svg.cells(x, y, size, size, cell, stroke="grey"))
        # What the output sees of the layers in between, from the input up.
        for k in range(nested):
            inset, side = k * cell, (size - 2 * k) * cell
            shapes.append(
                svg.rect(x + inset, y + inset, side, side, fill="blue", stroke="blue", tint=0.2)
            )
        dot = (center - cell / 2, top + pane / 2 - cell / 2, cell, cell)
        shapes.append(svg.rect(*dot, fill="orange", stroke="none"))
    words = (
        (f"{layers} × 3×3", layers, f"{9 * layers}C²", small),
        (f"1 × {size}×{size}", 1, f"{size**2}C²", large),
    )
    y = top + pane + 22
    for x, (name, relus, formula, count) in zip((0, middle), words, strict=True):
        plural = "ies" if relus > 1 else "y"
        shapes += [
            svg.text(x + 105, 14, name, bold=True),
            svg.text(x, y, f"sees {size} × {size}", anchor="start"),
            svg.text(x, y + 21, f"{relus} non-linearit{plural}", anchor="start"),
            svg.text(x, y + 42, f"{formula} = {count:,}", anchor="start"),
            svg.rect(x, y + 56, 200 * count / max(small, large), 14, fill="blue", stroke="none"),
        ]
    saved = f"The stack has {small / large:.0%} of the parameters."
    said = saved if layers > 1 else "The two are the same layer."
    shapes.append(svg.text(0, y + 90, said, anchor="start", bold=True))
    alt = (
        f"A stack of {layers} 3×3 and one {size}×{size} layer, {channels} channels: both see "
        f"{size} by {size} inputs; {small:,} against {large:,} parameters, {layers} against 1 "
        "non-linearities."
    )
    return Picture(svg.document(430, y + 104, *shapes), alt)


def _stages_of_3x3(name: str) -> tuple[tuple[int, ...], ...]:
    return tuple((3,) * depth for depth in CONFIGS[name])


# Table 1 of arXiv:1409.1556: kernel sizes of the convolutions, stage by stage.
_CONFIGURATIONS = {
    "A": _stages_of_3x3("vgg11"),
    "B": _stages_of_3x3("vgg13"),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),  # not in the package
    "D": _stages_of_3x3("vgg16"),
    "E": _stages_of_3x3("vgg19"),
}
_WIDTHS, _DENSE = (64, 128, 256, 512, 512), (25_088, 4096, 4096, 1000)


class Cost(NamedTuple):
    """What a layer costs: numbers it holds, MACs for one image, values it puts out."""

    name: str
    parameters: int
    macs: int
    activations: int


def layer_costs(configuration: str, size: int = 224) -> list[Cost]:
    """Costs of the layers of a configuration of the VGG paper, "A" to "E", one image.

    Raises:
        ValueError: If there is no such configuration.
    """
    if configuration not in _CONFIGURATIONS:
        raise ValueError(
            f"configuration must be one of {', '.join(_CONFIGURATIONS)}, got {configuration!r}"
        )
    costs, inputs = [], 3
    for stage, (kernels, width) in enumerate(
        zip(_CONFIGURATIONS[configuration], _WIDTHS, strict=True), 1
    ):
        for index, kernel in enumerate(kernels, 1):
            costs.append(
                Cost(
                    f"conv{stage}_{index} {kernel}×{kernel}",
                    conv_parameters(inputs, width, kernel),
                    conv_macs(inputs, width, kernel, size),
                    width * size**2,
                )
            )
            inputs = width
        size = conv_output_size(size, 2, 2)
    for index, (features, width) in enumerate(pairwise(_DENSE), 6):
        costs.append(
            Cost(f"fc{index}", linear_parameters(features, width), features * width, width)
        )
    return costs


def vgg_costs() -> Explorer:
    """Where a VGG keeps its parameters, spends its MACs and holds its activations."""
    return Explorer(
        _costs,
        title="Where VGG's parameters, multiplications and memory are",
        alt="Bars with the cost of each layer of a VGG",
        caption="One image of 224 × 224. Change what is counted, and watch the long bars move from "
        "the end of the network to its beginning.",
        count=("parameters", "MACs", "activations"),
        configuration=Axis(tuple(_CONFIGURATIONS), default="D"),
    )


def _costs(count: str, configuration: str) -> Picture:
    costs = layer_costs(configuration)
    values = [getattr(cost, count.lower()) for cost in costs]
    total, longest = sum(values), max(values)
    left, wide, pitch = 98, 250, 20
    shapes = [
        svg.text(0, 12, f"{total:,} {count} in {len(costs)} layers", anchor="start", bold=True)
    ]
    for row, (cost, value) in enumerate(zip(costs, values, strict=True)):
        y = 40 + pitch * row
        dense = cost.name.startswith("fc")
        paint, length = "orange" if dense else "blue", max(1, wide * value / longest)
        share = f"{value / total:.1%}"
        shapes += [
            svg.text(0, y, cost.name, size=svg.SMALL, anchor="start"),
            svg.rect(left, y - 6, length, 12, fill=paint, stroke="none"),
            svg.text(left + length + 6, y, share, size=svg.SMALL, anchor="start"),
        ]
    dense = sum(value for cost, value in zip(costs, values, strict=True) if cost.name[0] == "f")
    most = costs[values.index(longest)].name
    alt = (
        f"Configuration {configuration}: {total:,} {count}, {dense / total:.1%} of them in the "
        f"dense layers; most, {longest / total:.1%}, in {most}."
    )
    return Picture(svg.document(left + wide + 60, 40 + pitch * len(costs), *shapes), alt)
