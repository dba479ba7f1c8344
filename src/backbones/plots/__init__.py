"""The plots of the book: runs, gradients, errors, pictures and what networks see in them.

Every function returns a `Picture`, for the last line of a cell. Series are labelled where they are
drawn, and told apart by marker or dashes as well as by colour. ``alt`` says what a plot shows to
those who do not see it; the default names axes and series, a better one says what is to be seen.
"""

from backbones.plots.charts import bars, heatmap, scatter
from backbones.plots.curves import gradient_norms, lines, training_curves
from backbones.plots.pictures import confusion, feature_maps, image_grid, most_confused
from backbones.plots.seeds import compare_runs, seed_curves
from backbones.plots.style import COLORS, house_style, picture, styles

__all__ = [
    "COLORS",
    "bars",
    "compare_runs",
    "confusion",
    "feature_maps",
    "gradient_norms",
    "heatmap",
    "house_style",
    "image_grid",
    "lines",
    "most_confused",
    "picture",
    "scatter",
    "seed_curves",
    "styles",
    "training_curves",
]
