"""Letters of every drawing of the gallery, in every state of an explorer, wide and narrow."""

import importlib
import inspect
import itertools
import pkgutil
import re

import pytest
from lettering import WIDER, texts, texts_outside, texts_overlapping

from backbones import gallery
from backbones.diagrams import Picture
from backbones.explorers import Explorer

CHAPTERS = [
    importlib.import_module(f"{gallery.__name__}.{module.name}")
    for module in pkgutil.iter_modules(gallery.__path__)
]
# These grow with what is set: a row for each window. The controls stay, being above them.
GROWING = ("convolution.sliding_window",)


def made():
    """What the functions of the gallery make that need no argument, by name."""
    for module in CHAPTERS:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and function.__annotations__.get("return") in (Picture, Explorer):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", function


MAKERS = dict(made())


def pictures(thing, draw=None):
    """A picture, or all that an explorer draws."""
    if isinstance(thing, Picture):
        return [thing]
    drawn = []
    for values in itertools.product(*(axis.values for axis in thing.axes.values())):
        try:
            drawn.append(draw(**dict(zip(thing.axes, values, strict=True))))
        except ValueError:
            continue  # an impossible combination, of which words are shown
    return drawn


@pytest.fixture(scope="module", params=MAKERS)
def drawings(request):
    """Wide and narrow drawings, each by what it shows."""
    held = {}
    with pytest.MonkeyPatch.context() as patch:
        # The drawing function that an explorer is given.
        start = Explorer.__init__

        def keep(self, draw, **options):
            held["draw"] = draw
            start(self, draw, **options)

        patch.setattr(Explorer, "__init__", keep)
        shown = pictures(MAKERS[request.param](), held.get("draw"))
    return {
        "wide": {picture.alt: picture.svg for picture in shown},
        "narrow": {picture.alt: picture.narrow for picture in shown},
    }


def test_the_drawings_of_the_gallery_are_found():
    assert len(MAKERS) >= 16
    assert {"vgg.shrinking_maps", "convolution.sliding_window"} <= set(MAKERS)


def test_every_drawing_has_a_narrow_variant(drawings):
    for alt, svg in drawings["narrow"].items():
        assert svg.startswith('<svg viewBox="0 0 330 '), alt
    for alt, svg in drawings["wide"].items():
        assert svg.startswith('<svg viewBox="0 0 680 '), alt


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_all_states_are_equally_large(request, drawings, size):
    """Guards against figures that jump, or leave a void, when a control is moved."""
    boxes = {re.search(r'viewBox="([^"]*)"', svg)[1] for svg in drawings[size].values()}
    if request.node.callspec.params["drawings"] not in GROWING:
        assert len(boxes) == 1


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_no_text_leaves_its_drawing(drawings, size):
    for alt, svg in drawings[size].items():
        assert texts_outside(svg, WIDER) == [], alt


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_no_text_covers_another_one(drawings, size):
    for alt, svg in drawings[size].items():
        assert texts_overlapping(svg, 1.03) == [], alt


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_letters_are_large_enough(drawings, size):
    """A narrow drawing fills a phone's 340 pixels, a wide one a column of 680 and more."""
    for svg in drawings[size].values():
        assert min(text.size for text in texts(svg)) >= 12


def test_few_parts_are_reached_by_the_keyboard(drawings):
    for size in ("wide", "narrow"):
        assert max(svg.count("tabindex") for svg in drawings[size].values()) <= 6
