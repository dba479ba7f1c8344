"""Pictures in rows with a line of text each: data, errors, and what a layer makes of them."""

import base64
import io
import math
from collections.abc import Sequence

import matplotlib
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor

from backbones.diagrams import Picture, svg
from backbones.plots.style import COLORS, SMALL, WIDTH, house_style, listed, picture
from backbones.train.evaluation import Evaluation


def image_grid(
    images: Tensor | Sequence[Tensor],
    titles: Sequence[str] = (),
    *,
    columns: int | None = None,
    lossless: bool = False,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Pictures side by side, each with a line of text below it.

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
    gap, text_height = 8, 20 if titles else 0
    widest = max((svg.text_width(title, SMALL) for title in titles), default=70)
    if columns is None:
        rows = math.ceil(len(images) / max(1, int((WIDTH + gap) / (widest + gap))))
        columns = math.ceil(len(images) / rows)  # rows of equal length
    side = (WIDTH - gap * (columns - 1)) / columns
    height = side * max(image.shape[-2] / image.shape[-1] for image in images)
    pixelated = ' style="image-rendering:pixelated"' if lossless else ""
    drawn = []
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        x, y = column * (side + gap), row * (height + text_height + gap)
        own = side * image.shape[-2] / image.shape[-1]
        drawn.append(
            f'<image x="{svg.number(x)}" y="{svg.number(y)}" width="{svg.number(side)}" '
            f'height="{svg.number(own)}" href="{_data_uri(image, lossless)}"'
            f"{pixelated}/>"
        )
        if titles:
            drawn.append(svg.text(x + side / 2, y + own + 11, titles[index], size=SMALL))
    total = math.ceil(len(images) / columns) * (height + text_height + gap) - gap
    default = f"{len(images)} pictures" + (f": {listed(titles)}" if titles else "")
    drawing = svg.document(WIDTH, total, *drawn)
    return Picture(drawing, alt or default, caption, css_class="bb-plot")


def feature_maps(
    maps: Tensor,
    count: int = 24,
    *,
    columns: int = 8,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
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
    cell = min(62, 400 / size)
    with house_style():
        figure = Figure(figsize=(WIDTH / 72, (60 + cell * size) / 72), dpi=72)
        axes = figure.subplots()
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal", anchor="W")
        axes.grid(False)
        axes.spines[:].set_visible(False)
        for row in range(size):
            for column in range(size):
                # never so strong that the number in it is hard to read, on any page
                axes.add_patch(
                    Rectangle(
                        (column - 0.48, row - 0.48),
                        0.96,
                        0.96,
                        lw=0,
                        fc=COLORS["resnet"],
                        alpha=0.04 + 0.5 * share[row, column].item(),
                    )
                )
                count = matrix[row, column].item()
                axes.text(column, row, f"{count}" if count else "·", ha="center", va="center",
                          weight="bold" if row == column else "normal")  # fmt: skip
        axes.set_xticks(range(size), classes, rotation=0 if size <= 5 else 40)
        axes.set_yticks(range(size), classes)
        axes.set_xlabel("predicted class", labelpad=8)
        axes.set_ylabel("true class")
        axes.xaxis.set(label_position="top", ticks_position="top")
        default = f"Confusion matrix of {listed(classes)}: true classes in rows, predicted ones "
        return picture(figure, alt or default + "in columns", caption)


def most_confused(
    evaluation: Evaluation,
    images: Tensor,
    count: int = 6,
    *,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
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
    buffer = io.BytesIO()
    kind, options = ("png", {"optimize": True}) if lossless else ("jpeg", {"quality": 88})
    Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(
        buffer, kind, **options
    )
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
