"""Samples of several populations against each other."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from backbones.diagrams import Picture
from backbones.plots.curves import FAINT, curve, finish, part_of, weighed
from backbones.plots.frame import Numbers, check_series, describe, new_axes, to_array
from backbones.plots.placing import Name
from backbones.plots.rendering import Page, picture
from backbones.plots.style import emphasised, styles


def edf(
    samples: Mapping[str, Numbers],
    x_label: str = "error (%)",
    y_label: str = "networks with less error (%)",
    *,
    emphasis: Sequence[str] | None = None,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Empirical distribution functions: the share of each sample below x, as steps.

    Args:
        samples: By name: the numbers of a sample, in any order.
        x_label: With its unit.
        y_label: With its unit, a share in percent.
        emphasis: Names that stay strong; the others are drawn faintly. By default all are strong.
        alt: What the plot shows.
        caption: A line below it.

    Raises:
        ValueError: If there is nothing to draw, a sample is empty, or a name is unknown.
    """
    check_series("samples", samples)
    strong = emphasised(emphasis, samples)
    values = {name: np.sort(to_array(sample)) for name, sample in samples.items()}
    for name, sample in values.items():
        if not len(sample):
            raise ValueError(f"samples must hold at least one number of {name!r}")
    least, most = min(v[0] for v in values.values()), max(v[-1] for v in values.values())
    margin = 0.04 * (most - least) or 1

    def draw(page: Page) -> Figure:
        figure, axes = new_axes(page, x_label, y_label)
        names, places = [], []
        for part, (name, style) in enumerate(styles(list(values)).items(), 1):
            sample = values[name]
            x = np.concatenate([[least - margin], np.repeat(sample, 2), [most + margin]])
            y = np.repeat(np.linspace(0, 100, len(sample) + 1), 2)
            alpha, gid = 1 if name in strong else FAINT, part_of(part, values)
            curve(axes, x, y, style, alpha, markers=False, gid=gid)
            names.append(weighed(Name(name, x, y, style.color, style.text, gid=gid), emphasis))
            places.append(x)
        finish(axes, page, names, None, None, places)
        return figure

    return picture(draw, alt or describe("Shares below", y_label, x_label, samples), caption)
