"""The plots of the book: runs, gradients, errors, pictures and what networks see in them.

What every function returns is for the last line of a cell. It is laid out for the column of a page
and for a phone. Series are named where they are drawn, and told apart by dashes or by lightness as
well as by colour. ``alt`` says what a plot shows to those who do not see it; the default names axes
and series, a better one says what is to be seen.
"""

from backbones.plots.charts import bars, heatmap, scatter
from backbones.plots.curves import gradient_norms, lines, training_curves
from backbones.plots.panels import panels
from backbones.plots.pictures import confusion, feature_maps, image_grid, most_confused
from backbones.plots.rendering import picture
from backbones.plots.samples import edf
from backbones.plots.seeds import compare_runs, seed_curves
from backbones.plots.style import COLORS, house_style, styles

__all__ = [
    "COLORS",
    "bars",
    "compare_runs",
    "confusion",
    "edf",
    "feature_maps",
    "gradient_norms",
    "heatmap",
    "house_style",
    "image_grid",
    "lines",
    "most_confused",
    "panels",
    "picture",
    "scatter",
    "seed_curves",
    "styles",
    "training_curves",
]
