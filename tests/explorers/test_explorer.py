import functools
import html.parser
import importlib
import inspect
import json
import pkgutil
import re

import pytest
import torch
from lettering import texts_outside

from backbones import gallery
from backbones.diagrams import Picture, svg
from backbones.explorers import Axis, Explorer
from backbones.explorers import explorer as explorer_module
from backbones.gallery import vgg


def drawn(kind):
    """Every function of the gallery that makes an explorer, or a picture, without arguments."""
    found = {}
    for module in pkgutil.iter_modules(gallery.__path__):
        members = vars(importlib.import_module(f"backbones.gallery.{module.name}"))
        for name, make in members.items():
            if inspect.isfunction(make) and make.__module__.endswith(f".{module.name}"):
                signature = inspect.signature(make)
                optional = all(p.default is not p.empty for p in signature.parameters.values())
                if not name.startswith("_") and signature.return_annotation is kind and optional:
                    found[f"{module.name}.{name}"] = make
    return found


EXPLORERS, PICTURES = drawn(Explorer), drawn(Picture)


@functools.cache
def made(name):
    """An explorer of the gallery, made once for all tests."""
    return EXPLORERS[name]()


def without_photographs(drawing):
    """A drawing without the letters that encode pictures in it, which may spell anything."""
    return re.sub(r"base64,[\w+/=]*", "", drawing)


def square(side=10, color="blue"):
    drawing = svg.document(100, side + 10, svg.rect(5, 5, side, side, fill=color))
    return Picture(drawing, f"A {color} square of {side}.")


def explorer(draw=square, **options):
    options = {"title": "Squares", "alt": "A square", "side": range(10, 40, 10), **options}
    return Explorer(draw, **options)


def stored(html_text):
    """The data that the script reads, as a browser would find it."""
    found = re.search(r'<script type="application/json">(.*?)</script>', html_text, re.DOTALL)
    return json.loads(found[1])


DIGITS = "".join(chr(code) for code in range(35, 126) if chr(code) not in "<\\`")


def read_states(data):
    """What the explorer's script makes of them: words and drawings of every state."""

    def value(digits):
        return functools.reduce(lambda sum, d: sum * len(DIGITS) + DIGITS.index(d), digits, 0)

    whole, packed, place = "", data["states"], 0
    for mark in re.finditer(r"`(?:(`)|(.{3})(.{2}))", packed):
        whole += packed[place : mark.start()]
        if mark[1]:
            whole += "`"
        else:
            start = len(whole) - value(mark[2])
            whole += whole[start : start + value(mark[3])]
        place = mark.end()
    whole += packed[place:]
    assert len(whole) == data["length"]
    texts, each = whole.split("\n"), data["texts"]
    return [tuple(texts[k : k + each]) for k in range(0, len(texts), each)]


def test_states_come_out_as_they_were_drawn():
    shown = explorer(color=("blue", "orange"))
    states = read_states(stored(shown._repr_html_()))
    assert states == shown.states
    sides_and_colors = [(s, c) for s in (10, 20, 30) for c in ("blue", "orange")]
    for (words, drawing), (side, color) in zip(states, sides_and_colors, strict=True):
        fresh = square(side, color)
        assert words == fresh.alt
        assert drawing.partition(">")[2] == fresh.svg.partition(">")[2]


def test_the_html_is_the_same_every_time_and_its_script_that_of_every_explorer():
    first, again, other = explorer(), explorer(), explorer(title="Other squares", name="others")
    assert first._repr_html_() == again._repr_html_()
    assert first._repr_html_().startswith(
        '<figure class="bb-explorer" id="explorer-squares" data-name="squares"><style data-bb='
    )
    assert '<figure class="bb-explorer" id="explorer-others" data-name="others">' in (
        other._repr_html_()
    )
    for kind in ("style", "script"):
        pattern = re.compile(rf'<{kind} data-bb="explorer">(.*?)</{kind}>', re.DOTALL)
        (mine,), (others,) = (
            pattern.findall(first._repr_html_()),
            pattern.findall(other._repr_html_()),
        )
        assert mine == others
        assert "squares" not in mine


def test_an_explorer_names_its_values_for_addresses():
    shown = explorer(side=Axis((10, 20), unit="px"), color=("blue", "sky"))
    axes = stored(shown._repr_html_())["axes"]
    assert [(axis["name"], axis["keys"]) for axis in axes] == [
        ("side", ["10-px", "20-px"]),
        ("color", ["blue", "sky"]),
    ]
    assert Axis(("3×3", "5×5"), format=lambda v: f"{v} Layers").keys == ["3x3-layers", "5x5-layers"]
    assert Axis((-1, 0.5, 1)).keys == ["-1", "0.5", "1"]
    assert Axis(("−1", "1")).keys == ["-1", "1"]
    assert Axis(("a+", "a-")).keys == ["0", "1"]  # words that clash
    assert Axis(("+", "a")).keys == ["0", "1"]  # no word
    assert explorer(title="Where VGG's 3×3 layers are").name == "where-vggs-3x3-layers-are"


# ---------------------------------------------------------------------------------- narrow places


def two(side):
    wide, narrow = (svg.document(w, 50, svg.rect(5, 5, side, side)) for w in (600, 330))
    return Picture(wide, f"A square of {side}.", narrow=narrow)


def test_narrow_drawings_travel_with_the_wide_ones():
    shown = explorer(two)
    data = stored(shown._repr_html_())
    assert (data["texts"], data["narrow"]) == (3, 580)
    assert read_states(data) == list(zip(shown.words, shown.wide, shown.narrow, strict=True))
    assert {svg_width(drawing) for drawing in shown.wide} == {"600"}
    assert {svg_width(drawing) for drawing in shown.narrow} == {"330"}
    data = stored(explorer()._repr_html_())
    assert (data["texts"], data["narrow"]) == (2, 0)


def svg_width(drawing):
    return re.search(r'viewBox="0 0 (\S+) ', drawing)[1]


def test_without_scripts_a_phone_shows_the_narrow_drawing():
    text = explorer(two)._repr_html_()
    source = re.search(r'<source media="\(max-width:619px\)" srcset="([^"]*)">', text)[1]
    assert " " not in source
    assert "viewBox=%220%200%20330%2050%22" in source
    assert 'style="--w:780;--h:65;--nw:429;--nh:65;"' in text
    assert "<source" not in explorer()._repr_html_()


def test_all_states_have_a_narrow_drawing_or_none():
    with pytest.raises(ValueError, match="all states of 'Squares' have a narrow drawing, or none"):
        explorer(lambda side: two(side) if side > 10 else square(side))


# --------------------------------------------------------------------------------------- dragging


def test_what_can_be_dragged_names_an_axis():
    def marked(mark):
        def draw(side):
            return svg.document(100, 50, f"<g {mark}>{svg.rect(5, 5, side, 9)}</g>")

        return draw

    for mark in ('data-drag-x="side:26"', 'data-drag-y="side:-2.5" data-drag-x="side:4"'):
        assert mark in explorer(marked(mark)).states[0][1]
    for mark in ("size:26", "side", "side:0", "side:x"):
        with pytest.raises(ValueError, match="must be an axis and the units of a step, such as si"):
            explorer(marked(f'data-drag-x="{mark}"'))


def test_repr_is_short_and_stable():
    assert repr(explorer(color=("blue", "sky"))) == "<Explorer: Squares; side, color; 6 states>"


def test_svg_text_gets_the_alt_text_of_the_explorer_and_the_values():
    shown = explorer(lambda side: square(side).svg, side=Axis((10, 20), unit="px"))
    assert shown.states[1][0] == "A square (side 20 px)"


def test_an_impossible_combination_shows_why_instead():
    def draw(side):
        if side > 20:
            raise ValueError("This does\nnot fit.")
        return square(side)

    assert explorer(draw).states[2] == ("This does not fit.", "")


def test_an_impossible_start_is_refused():
    def draw(side):
        if side < 20:
            raise ValueError("too small")
        return square(side)

    with pytest.raises(ValueError, match="state at the start is impossible: too small"):
        explorer(draw)
    assert explorer(draw, side=Axis((10, 20, 30), default=20)).states[0] == ("too small", "")


def test_nothing_drawable_is_refused():
    def draw(side):
        raise ValueError("never")

    with pytest.raises(ValueError, match="at least one state, but: never"):
        explorer(draw)


def test_other_errors_of_the_drawing_function_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        explorer(lambda side: 1 / 0)


def test_too_large_an_explorer_names_its_size(monkeypatch):
    monkeypatch.setattr(explorer_module, "LIMIT", 5_000)
    with pytest.raises(ValueError, match=r"'Squares' takes [\d,]+ bytes for 3 states; at most 5,0"):
        explorer()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side": (10,)}, "axis 'side': values must hold at least two values, got (10,)"),
        ({"side": (10, 10)}, "axis 'side': values must look different"),
        ({"play": "time"}, "play must be one of side, got 'time'"),
        ({"title": " "}, "title and alt must not be empty"),
        ({"alt": ""}, "title and alt must not be empty"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        explorer(**options)


def test_an_explorer_needs_an_axis():
    with pytest.raises(ValueError, match="at least one axis"):
        Explorer(square, title="x", alt="x")


def test_an_axis_checks_its_default_and_shows_its_values():
    with pytest.raises(ValueError, match=re.escape("default must be one of (1, 2), got 3")):
        Axis((1, 2), default=3)
    assert Axis((True, False)).shown == ["yes", "no"]
    assert Axis((1, 2), unit="px").shown == ["1 px", "2 px"]
    assert Axis((1, 2), format="n={}".format).shown == ["n=1", "n=2"]
    assert Axis((1, 2.5)).slider
    assert not Axis((1, 2), buttons=True).slider
    assert not Axis(("a", "b")).slider
    assert not Axis((True, False)).slider


def test_ids_inside_drawings_are_kept_apart():
    def draw(side):
        body = f'<clipPath id="c"><rect width="{side}"/></clipPath><g clip-path="url(#c)"/>'
        return svg.document(10, 10, body, '<use href="#c"/>')

    drawing = explorer(draw).states[0][1]
    name = re.search(r' id="(bb[0-9a-f]+-c)"', drawing)[1]
    assert f"url(#{name})" in drawing
    assert f'href="#{name}"' in drawing


def test_words_cannot_end_the_data_or_become_markup():
    def draw(side):
        return Picture(square(side).svg, 'x </script><script>alert(1)</script> <!-- "y" & <b>')

    text = explorer(draw, title="a <b>", caption="c & <i>")._repr_html_()
    assert text.count("</script>") == 2
    assert "<!--" not in text
    assert "<strong>a &lt;b&gt;</strong><br>c &amp; &lt;i&gt;" in text
    assert read_states(stored(text))[0][0].startswith("x </script><script>")


class Sanitised(html.parser.HTMLParser):
    """What is left in an untrusted notebook: no script, no style, no SVG."""

    def __init__(self, text):
        super().__init__()
        self.images, self.words, self.skipped = [], "", 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.skipped += tag in ("script", "style")
        if tag == "img":
            self.images.append(dict(attrs))

    def handle_endtag(self, tag):
        self.skipped -= tag in ("script", "style")

    def handle_data(self, data):
        self.words += "" if self.skipped else data


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_untrusted_notebook_shows_the_first_state_as_a_picture(name):
    shown = made(name)
    left = Sanitised(shown._repr_html_())
    (image,) = left.images
    assert image["src"].startswith("data:image/svg+xml,%3Csvg ")
    assert image["alt"] in dict(shown.states)
    assert left.words.startswith(shown.title + shown.caption)
    assert left.words.endswith("trust the notebook to see them.")


@pytest.mark.parametrize("name", EXPLORERS)
def test_gallery_is_small_stable_and_asks_no_one(name):
    shown = made(name)
    text = shown._repr_html_()
    assert len(text.encode()) <= 150_000
    assert text == EXPLORERS[name]()._repr_html_()
    columns = [shown.words, shown.wide, *([shown.narrow] if shown.narrow else [])]
    assert read_states(stored(text)) == list(zip(*columns, strict=True))
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|//cdn|import\(|localStorage", text)
    for words, drawing in shown.states:
        assert words
        assert " id=" not in drawing
        assert "nan" not in without_photographs(drawing)


@pytest.mark.parametrize("name", EXPLORERS)
def test_letters_of_an_explorer_stay_inside_in_every_state(name):
    outside = {w: texts_outside(drawing) for w, drawing in made(name).states if drawing}
    assert {words: texts for words, texts in outside.items() if texts} == {}


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_pictures_of_the_gallery_are_stable_and_keep_their_letters_inside(make):
    picture = make()
    assert picture == make()
    assert "nan" not in without_photographs(picture.svg)
    assert texts_outside(picture.svg) == []


def test_the_gallery_is_found():
    assert {"convolution.sliding_window", "vgg.stacked_kernels"} <= set(EXPLORERS)
    assert PICTURES


def test_window_explorer_says_what_the_formula_says():
    words = [words for words, _ in made("convolution.sliding_window").states]
    assert (
        "Input 7, kernel 3, stride 2, padding 0, dilation 1: 3 windows; every position is read."
    ) in words
    assert (
        "Input 8, kernel 3, stride 2, padding 0, dilation 1: 3 windows; "
        "1 of 8 positions unread; remainder 1."
    ) in words
    assert any(text.startswith("No output: the kernel spans 9 pixels") for text in words)


def test_costs_of_the_vgg_explorer_are_those_of_the_models():
    from backbones import create_model

    def parameters(name):
        with torch.device("meta"):  # shapes without numbers
            return sum(p.numel() for p in create_model(name).parameters())

    for configuration, name in {"A": "vgg11", "B": "vgg13", "D": "vgg16", "E": "vgg19"}.items():
        costs = vgg.layer_costs(configuration)
        assert sum(cost.parameters for cost in costs) == parameters(name)
    # Published total, in 10⁹ MACs.
    assert round(sum(cost.macs for cost in vgg.layer_costs("D")) / 1e9, 4) == 15.4703


def test_gallery_refuses_networks_that_the_papers_do_not_have():
    with pytest.raises(ValueError, match="must be one of A, B, C, D, E, got 'F'"):
        vgg.layer_costs("F")
