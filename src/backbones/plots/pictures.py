"""Pictures in rows with a line of text each: data, errors, and what a layer makes of them."""

import html
from collections.abc import Sequence

import matplotlib
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor

from backbones.diagrams import Picture
from backbones.diagrams.pixels import packed
from backbones.plots.panels import Panels, flow
from backbones.plots.rendering import Page, picture
from backbones.plots.style import COLORS, SMALL, listed
from backbones.plots.wording import ROOM, broken, width
from backbones.train.evaluation import Evaluation

_WIDEST = 660  # pixels of a row of pictures
_MATRIX = 480  # pixels of a confusion matrix at most
_CELL = 180  # pixels of a picture where nothing else is said


def image_grid(
    images: Tensor | Sequence[Tensor],
    titles: Sequence[str] = (),
    *,
    columns: int | None = None,
    lossless: bool = False,
    alt: str | None = None,
    caption: str = "",
) -> Panels:
    """Pictures side by side, each with a line of text below it; on a phone fewer in a row.

    Args:
        images: uint8 (N, C, H, W), or N pictures (C, H, W), of 1 or 3 channels.
        titles: A line for each; none by default.
        columns: Pictures in a row.
        lossless: Keep every pixel as it is. Photographs take more room then.
        alt: What the pictures show.
        caption: A line below them.
    """
    if len(images) == 0 or len(titles) not in (0, len(images)):
        raise ValueError(
            f"images must not be empty, and titles one for each or none: got {len(images)} images "
            f"and {len(titles)} titles"
        )
    needed = max((width(broken(title, 150, SMALL), SMALL) for title in titles), default=0)
    least = max(72, needed)
    if columns is None:
        fitting = max(1, int(_WIDEST / (max(least, min(_CELL, _WIDEST / len(images))) + 8)))
        rows = -(-len(images) // fitting)
        columns = -(-len(images) // rows)  # rows of equal length
    most = _WIDEST / columns if columns > 1 else _WIDEST / 2
    columns = min(columns, len(images))
    pixelated = ";image-rendering:pixelated" if lossless else ""
    cells = []
    for index, image in enumerate(images):
        source = _data_uri(image, lossless)
        title = f"<div>{html.escape(titles[index])}</div>" if titles else ""
        cells.append(
            f'<div><img alt="" src="{source}" style="display:block;width:100%{pixelated}"/>'
            f"{title}</div>"
        )
    default = f"{len(images)} pictures" + (f": {listed(titles)}" if titles else "")
    return flow(cells, alt or default, caption, columns=columns, least=least, most=most)


def feature_maps(
    maps: Tensor,
    count: int = 24,
    *,
    columns: int = 8,
    alt: str | None = None,
    caption: str = "",
) -> Panels:
    """The first maps of (C, H, W) activations, each from its least to its greatest value.

    Args:
        maps: One picture's activations in a layer.
        count: At most so many.
        columns: Maps in a row.
        alt: What the maps show.
        caption: A line below them.
    """
    if maps.ndim != 3:
        raise ValueError(f"maps must be (C, H, W), got {tuple(maps.shape)}")
    maps = maps[:count].detach().float().cpu()
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    scaled = (maps - low) / (high - low).clamp(min=1e-12)
    colored = matplotlib.colormaps["viridis"](scaled.numpy())[..., :3]
    images = torch.from_numpy((255 * colored).round().astype("uint8")).permute(0, 3, 1, 2)
    default = (
        f"{len(maps)} feature maps of {maps.shape[1]} x {maps.shape[2]}, each on its own scale"
    )
    return image_grid(images, columns=columns, lossless=True, alt=alt or default, caption=caption)


def confusion(evaluation: Evaluation, *, alt: str | None = None, caption: str = "") -> Picture:
    """Confusion matrix: true classes in rows, predicted ones in columns, pictures in cells.

    A cell is the darker the larger its share of the row.
    """
    matrix, classes = evaluation.confusion, evaluation.classes
    share = matrix / matrix.sum(1, keepdim=True).clamp(min=1)
    size = len(classes)

    def draw(page: Page) -> Figure:
        letters = page.letters - 1
        rows = [broken(name, page.column, letters) for name in classes]
        beside = 44 + max(width(name, letters) for name in rows)
        cell = min(62, (page.width - beside - 6) / size, _MATRIX / size)
        upright = any(width(name, letters) > cell for name in classes)
        longest = max(width(name, letters) for name in classes)
        above = 52 + (longest if upright else 20)
        side, across, down = cell * size, beside + cell * size + 6, above + cell * size + 6
        figure = Figure(figsize=(across / 72, down / 72), dpi=72, layout="none")
        numbers = letters if width("0" * len(str(int(matrix.max()))), letters) < cell else 11
        axes = figure.add_axes((beside / across, 6 / down, side / across, side / down))
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
        axes.grid(False)
        axes.spines[:].set_visible(False)
        cells = [(row, column) for row in range(size) for column in range(size)]
        for row, column in sorted(cells, key=lambda cell: share[cell].item()):
            # never so strong that the number in it is hard to read, on any page
            shade = round(0.04 + 0.44 * share[row, column].item(), 2)
            corner = (column - 0.48, row - 0.48)
            axes.add_patch(Rectangle(corner, 0.96, 0.96, lw=0, fc=COLORS["resnet"], alpha=shade))
        for row, column in cells:
            count = matrix[row, column].item()
            axes.text(column, row, f"{count}" if count else "·", ha="center", va="center",
                      size=numbers, weight="bold" if row == column else "normal")  # fmt: skip
        axes.set_xticks(range(size), classes, rotation=90 if upright else 0)
        axes.set_yticks(range(size), rows, linespacing=1, size=letters if cell > 30 else 11)
        axes.set_xlabel("predicted class", labelpad=8 + upright * longest * (1 - 1 / ROOM))
        axes.set_ylabel("true class", labelpad=4 + (beside - 44) * (1 - 1 / ROOM))
        axes.xaxis.set(label_position="top", ticks_position="top")
        return figure

    default = f"Confusion matrix of {listed(classes)}: true classes in rows, predicted ones "
    return picture(draw, alt or default + "in columns", caption)


def most_confused(
    evaluation: Evaluation,
    images: Tensor,
    count: int = 6,
    *,
    alt: str | None = None,
    caption: str = "",
) -> Panels:
    """The wrongly classified pictures that the model was surest of: "true → predicted".

    Args:
        evaluation: What `backbones.train.evaluate` returned.
        images: The pictures it was given, uint8 (N, C, H, W).
        count: At most so many.
        alt: What the pictures show.
        caption: A line below them.

    Raises:
        ValueError: If no picture was classified wrongly, or images are not those evaluated.
    """
    if len(images) != len(evaluation.labels):
        raise ValueError(
            f"images must be the {len(evaluation.labels)} that were evaluated, got {len(images)}"
        )
    found = evaluation.most_confused(count)
    if not found:
        raise ValueError("evaluation must have a wrong answer to show, all are right")
    titles = [f"{one.true} → {one.predicted}" for one in found]
    default = (
        "Wrongly classified pictures of which the model was surest, with true and predicted class"
    )
    chosen = images[[one.index for one in found]]
    return image_grid(chosen, titles, alt=alt or default, caption=caption)


def _data_uri(image: Tensor, lossless: bool) -> str:
    if image.dtype != torch.uint8 or image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(
            f"images must be uint8 of 1 or 3 channels, got {image.dtype} {tuple(image.shape)}"
        )
    pixels = image.cpu().permute(1, 2, 0).numpy()
    kind, options = ("png", {"optimize": True}) if lossless else ("jpeg", {"quality": 88})
    image = Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    return packed(image, kind, **options)
