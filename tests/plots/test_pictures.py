"""Pictures in rows, and plots side by side: they flow as the page does."""

import base64
import html
import io
import json
import re

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image

from backbones import plots
from backbones.diagrams import Picture
from backbones.train.evaluation import Evaluation

CLASSES = ("daisy", "rose", "tulip")


def evaluation() -> Evaluation:
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    rows = [[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0, 0.4, 0.6], [0.1, 0.1, 0.8],
            [0.1, 0.2, 0.7]]  # fmt: skip
    return Evaluation(labels, torch.tensor(rows), 0.5, CLASSES)


def some_images(count: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (count, 3, 5, 7), dtype=torch.uint8, generator=generator)


def embedded(shown) -> list[Image.Image]:
    data = re.findall(r"base64,([A-Za-z0-9+/=]+)", shown._repr_html_())
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in data]


def titles(shown) -> list[str]:
    return [html.unescape(text) for text in re.findall(r"/><div>([^<]*)</div>", shown.content)]


def test_a_grid_says_what_it_shows_and_its_pictures_are_not_read_one_by_one():
    shown = plots.image_grid(some_images(2), ["a < b", "c"], alt='A "grid"', caption="Two.")
    page = shown._repr_html_()
    assert page.startswith(
        '<figure class="bb-plot"><div role="img" aria-label="A &quot;grid&quot;"'
    )
    assert page.endswith("<figcaption>Two.</figcaption></figure>")
    assert page.count('<img alt=""') == 2
    assert titles(shown) == ["a < b", "c"]
    assert plots.image_grid(some_images(2), ["one", "two"]).alt == "2 pictures: one and two"


def test_every_picture_is_stored_once():
    """Guards the size of a chapter: a phone's layout uses the same pictures."""
    assert len(embedded(plots.image_grid(some_images(5)))) == 5


def test_image_grid_keeps_every_pixel_if_asked():
    images = some_images(3)
    shown = plots.image_grid(images, lossless=True)
    assert shown.content.count("image-rendering:pixelated") == 3
    for ours, theirs in zip(embedded(shown), images, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), theirs.permute(1, 2, 0).numpy())
    grey = plots.image_grid(images[:, :1], lossless=True)
    np.testing.assert_array_equal(np.asarray(embedded(grey)[0]), images[0, 0].numpy())
    assert "pixelated" not in plots.image_grid(images).content


def test_feature_maps_use_the_whole_scale_each():
    maps = torch.stack([torch.linspace(0, 1e-3, 12), torch.linspace(50, -50, 12)]).view(2, 3, 4)
    first, second = (np.asarray(image) for image in embedded(plots.feature_maps(maps)))
    low, high = (255 * np.array(matplotlib.colormaps["viridis"](x)[:3]) for x in (0.0, 1.0))
    np.testing.assert_allclose(first[0, 0], low, atol=1)
    np.testing.assert_allclose(first[-1, -1], high, atol=1)
    np.testing.assert_array_equal(second[::-1, ::-1], first)
    assert len(embedded(plots.feature_maps(torch.zeros(30, 2, 2), count=5))) == 5


def test_most_confused_names_true_and_predicted_class():
    shown = plots.most_confused(evaluation(), some_images())
    assert titles(shown) == ["daisy → rose", "rose → tulip"]
    assert not re.search(r"\d", shown.alt)


def plot(end: float, alt: str) -> Picture:
    return plots.lines({"a": ([0, 1], [0, end]), "b": ([0, 1], [1, end])}, "x", "y", alt=alt)


def test_panels_are_the_plots_for_a_phone_side_by_side():
    """Guards panels: each is stored once, and what each draws is still compared."""
    both = plot(2, "Up to two"), plot(5, "Up to five")
    page = plots.panels(*both, titles=("first", "second"), caption="Two.")._repr_html_()
    assert page.count("<svg ") == 2
    assert page.count('viewBox="0 0 330 ') == 2
    assert 'aria-label="Up to two. Up to five."' in page
    assert page.index(">first<") < page.index(">second<")
    stored = json.loads(html.unescape(re.search(r"data-numbers='([^']*)'", page)[1]))
    assert stored == [one.numbers for one in both]
    assert "[data-part" in page  # curves of one name light up in both


BAD = {
    r"maps must be \(C, H, W\), got \(4, 4\)": lambda: plots.feature_maps(torch.zeros(4, 4)),
    "got 0 images and 0 titles": lambda: plots.image_grid([]),
    "got 6 images and 1 titles": lambda: plots.image_grid(some_images(), ["one"]),
    r"images must be uint8 of 1 or 3 channels, got torch.float32 \(3, 2, 2\)": lambda: (
        plots.image_grid([torch.zeros(3, 2, 2)])
    ),
    "images must be the 6 that were evaluated, got 2": lambda: plots.most_confused(
        evaluation(), some_images(2)
    ),
    "evaluation must have a wrong answer to show": lambda: plots.most_confused(
        Evaluation(torch.tensor([0]), torch.tensor([[0.9, 0.1]]), 0.1, CLASSES[:2]), some_images(1)
    ),
    "got 0 plots and 0 titles": lambda: plots.panels(),
    "got 1 plots and 2 titles": lambda: plots.panels(plot(1, "a"), titles=("a", "b")),
    "alt must say what the picture shows": lambda: plots.image_grid(some_images(), alt=" "),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_bad_arguments_are_named(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()
