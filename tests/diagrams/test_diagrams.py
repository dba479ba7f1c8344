import re
import xml.etree.ElementTree as ET

import pytest
from lettering import WIDER, texts, texts_outside, texts_overlapping, width

from backbones.diagrams import (
    Edge,
    FeatureMap,
    Node,
    Picture,
    Share,
    block_diagram,
    convolution_step,
    feature_maps,
    field_pyramid,
    share_bars,
    svg,
)
from backbones.diagrams.blocks import wired
from backbones.diagrams.room import WIDE

SVG = '<svg viewBox="0 0 10 10" width="10" height="10"><rect width="10" height="10"/></svg>'


def test_picture_is_an_inline_svg_with_a_name_and_a_caption():
    html = Picture(SVG, 'a "square" & more', "One < two")._repr_html_()
    assert html.startswith('<figure class="bb-picture"><svg role="img" ')
    assert 'aria-label="a &quot;square&quot; &amp; more"' in html
    assert "max-width:100%;height:auto" in html
    assert html.endswith("<figcaption>One &lt; two</figcaption></figure>")


def test_picture_without_a_caption_has_no_figcaption_and_takes_a_class():
    html = Picture(SVG, "a square", css_class="bb-plot")._repr_html_()
    assert html.startswith('<figure class="bb-plot">')
    assert "figcaption" not in html


def test_a_narrow_place_shows_the_narrow_drawing():
    narrow = SVG.replace("10", "7")
    html = Picture(SVG, "a square", narrow=narrow)._repr_html_()
    assert html.startswith('<figure class="bb-picture bb-two"><style>')
    wide, small = re.findall(r'<div class="bb-drawn-(wide|narrow)"', html)
    assert (wide, small) == ("wide", "narrow")
    # Where a front-end drops styles, only the wide one is seen.
    assert '<div class="bb-drawn-narrow" style="display:none"><svg role="img" ' in html
    assert "@container (max-width:579.9px)" in html
    assert html.count('aria-label="a square"') == 2
    with pytest.raises(ValueError, match="narrow must start with '<svg', got 'x'"):
        Picture(SVG, "a square", narrow="x")


def test_picture_repr_is_short_and_says_what_is_seen():
    assert repr(Picture(SVG, "a\n  square")) == "<Picture: a square>"


@pytest.mark.parametrize(
    ("svg", "alt", "message"),
    [
        ("<p>", "x", "svg must start with '<svg', got '<p>'"),
        ("<svgx>", "x", "svg must start with"),
        ("<svg width='3'></svg>", "x", "viewBox"),
        ('<svg viewBox="0 0 1 1" style="x"></svg>', "x", "leave 'style' to Picture"),
        (SVG, " ", "alt must say what the picture shows"),
    ],
)
def test_picture_refuses_what_it_cannot_show(svg, alt, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Picture(svg, alt)


def parsed(picture):
    """The drawing as XML, which also proves that it is well formed."""
    return ET.fromstring(picture.svg)


def words(picture):
    return [node.text for node in parsed(picture).iter("text")]


PICTURES = {
    "block": block_diagram(
        {
            "x": Node("x\n64 × 56 × 56", 0, kind="text"),
            "a": Node("conv & BN", 1),
            "b": Node("pool", 1, 1, fill="grey"),
            "add": Node("+", 2, kind="op"),
        },
        [
            Edge("x", "a"),
            Edge("a", "add", "F(x)"),
            Edge("x", "b", dashed=True),
            Edge("b", "add"),
            Edge("x", "add", "a long label", via=2),
        ],
        alt="a block",
    ),
    "maps": feature_maps(
        [FeatureMap(3, 224, "image", "grey"), FeatureMap(64, 112, "convolutions")], alt="maps"
    ),
    "pyramid": field_pyramid([(3, 1), (3, 2), (3, 1, 0, 2)]),
    "fine pyramid": field_pyramid([(7, 2)] * 6),
    "step": convolution_step([[1, 2], [3, 4]], [[1, -1], [0, 2]], 4, padding=1),
    "large maps": feature_maps(
        [FeatureMap(2048, 112, "WWW"), FeatureMap(4096, 1, "convolutions")], alt="maps"
    ),
    "layer shares": share_bars(
        [("conv1_1 3×3", 1792), ("conv4_3 3×3", 2_359_808), ("fc6", 102_764_544)],
        total_label="parameters in 3 layers",
    ),
    "stage shares": share_bars(
        [Share("stage 1", 30, "1024 × 112 × 112, 36 blocks", 36), Share("head", 70, fill="orange")],
        total_label="MACs",
    ),
}


DRAWINGS = {f"{name}, wide": picture.svg for name, picture in PICTURES.items()}
DRAWINGS |= {f"{name}, narrow": picture.narrow for name, picture in PICTURES.items()}


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_drawings_stay_inside_their_box_and_define_no_id(drawing):
    root = ET.fromstring(drawing)
    width, height = (float(root.get(side)) for side in ("width", "height"))
    for node in root.iter():
        assert "id" not in node.attrib
        x, y = float(node.get("x", 0)), float(node.get("y", 0))
        assert 0 <= x + float(node.get("width", 0)) <= width + 1
        assert 0 <= y + float(node.get("height", 0)) <= height + 1


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_letters_stay_inside_their_box_and_apart(drawing):
    assert texts_outside(drawing, WIDER) == []
    assert texts_overlapping(drawing, 1.03) == []


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_letters_can_be_read_in_a_column_and_on_a_phone(picture):
    """Guards letters of 11 pixels: a drawing wider than its place is made smaller."""
    for drawing, wide, name in ((picture.svg, 680, "wide"), (picture.narrow, 330, "narrow")):
        width = float(ET.fromstring(drawing).get("width"))
        smallest = min(text.size for text in texts(drawing))
        assert smallest * min(1, wide / width) >= 11, (name, width)


def test_texts_that_overlap_are_noticed():
    shapes = [svg.text(50, 20, "one"), svg.text(60, 24, "two"), svg.text(50, 60, "far")]
    assert texts_overlapping(svg.document(100, 100, *shapes)) == [("one", "two")]


def test_a_text_that_leaves_its_box_is_noticed():
    shapes = [svg.text(0, 10, "WWW"), svg.text(50, 96, "low"), svg.text(60, 50, "inside")]
    drawing = svg.document(120, 100, *shapes, svg.group(svg.text(0, 50, "far out"), x=110))
    assert [label for label, _ in texts_outside(drawing)] == ["WWW", "low", "far out"]


@pytest.mark.parametrize("label", ["3×3 conv, 256", "1,024 × 112 × 112", "WMAQ%", "illicit", "BN"])
def test_a_text_is_never_wider_than_thought(label):
    assert width(label, 15) <= svg.text_width(label, 15) <= 1.35 * width(label, 15)
    assert width(label, 15, bold=True) <= svg.text_width(label, 15, bold=True)


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_drawings_take_their_colours_from_the_page(drawing):
    assert drawing.count("#") == len(re.findall(r"var\(--bb-[a-z]+,#\w{6}\)", drawing))
    assert set(re.findall(r'<text[^>]* fill="([^"]*)"', drawing)) == {"currentColor"}


def test_block_diagram_writes_every_label():
    assert {"x", "64 × 56 × 56", "conv & BN", "pool", "+", "F(x)"} <= set(words(PICTURES["block"]))


def test_block_diagram_says_less_on_a_phone():
    nodes = {"a": Node("a long label", 0, short="a label"), "b": Node("b", 1)}
    picture = block_diagram(nodes, [Edge("a", "b", "along an arrow", short="arrow")], alt="x")
    assert {"a long label", "along an arrow"} < {text.words for text in texts(picture.svg)}
    assert {"a label", "arrow"} < {text.words for text in texts(picture.narrow)}


def test_block_diagram_breaks_labels_where_branches_are_too_wide_for_a_phone():
    nodes = {f"{k}": Node(f"3×3 conv, {64 * k}", 0, k) for k in range(4)}
    picture = block_diagram(nodes, [], alt="x")
    assert [text.words for text in texts(picture.narrow)][:2] == ["3×3 conv", "0"]
    assert "3×3 conv, 64" in words(picture)


def test_block_diagram_spreads_its_rows_over_a_height():
    nodes = {"a": Node("a", 0), "b": Node("b", 1), "c": Node("c", 2)}
    assert wired(nodes, [], WIDE, height=300).height == pytest.approx(300)
    assert wired(nodes, [], WIDE).height < 200


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        ({"a": Node("a", 0, kind="blob")}, [], "kind of node 'a' must be one of"),
        ({"a": Node("a", 0)}, [Edge("a", "b")], "edge 'a' -> 'b': no node 'b'"),
        ({"a": Node("a", -1)}, [], "row and column must be at least 0, got -1"),
        ({"a": Node("a", 0, fill="red")}, [], "color must be one of ink, paper, none, blue"),
        ({}, [], "nodes must hold at least one node"),
    ],
)
def test_block_diagram_refuses_what_it_cannot_draw(nodes, edges, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        block_diagram(nodes, edges, alt="x")


def test_field_pyramid_tells_the_field_of_each_layer():
    picture = field_pyramid([(3, 1)] * 3)
    assert picture.alt == (
        "Receptive field in input pixels: layer 1 sees 3, jump 1; layer 2 sees 5, jump 1; "
        "layer 3 sees 7, jump 1."
    )
    assert "sees 7, jump 1" in words(picture)


def test_convolution_step_computes_the_output():
    picture = convolution_step([[1, 2], [3, 4]], [[1, -1], [0, 2]], 0)
    assert picture.alt.endswith("the output in row 1, column 1 is 7.")  # 1 - 2 + 0 + 8
    assert "= 7" in words(picture)
    with pytest.raises(ValueError, match="step must be at least 0 and below 1, got 1"):
        convolution_step([[1, 2], [3, 4]], [[1, -1], [0, 2]], 1)


def test_feature_maps_need_channels_and_sizes():
    with pytest.raises(ValueError, match="at least one feature map"):
        feature_maps([], alt="x")
    with pytest.raises(ValueError, match="channels must be an integer of at least 1, got 0"):
        feature_maps([FeatureMap(0, 1, "x")], alt="x")


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (-0.001, "0"), (1.5, "1.5"), (2.0, "2"), (1 / 3, "0.33")]
)
def test_lengths_are_short(value, text):
    assert svg.number(value) == text


def test_an_arrow_needs_two_points():
    with pytest.raises(ValueError, match="at least two points, got 1"):
        svg.arrow([(0, 0)])


def test_text_is_escaped():
    assert ">a &lt; b &amp; c<" in svg.text(0, 0, "a < b & c")


@pytest.mark.parametrize("tie", [28.225, 0.125, 1.005, -2.675])
def test_a_tie_is_rounded_alike_whatever_the_last_bits(tie):
    assert len({svg.number(tie + bits) for bits in (-1e-12, 0.0, 1e-12)}) == 1


def test_share_bars_tell_every_share_and_the_total():
    shares = share_bars(
        [("a", 1), ("b", 2999), Share("c", 0)], total_label="MACs", caption="<what>", alt=""
    )
    assert words(shares) == [
        *("3,000 MACs", "a", "<0.1% · 1", "b", "100.0% · 3.0 k", "c", "0.0% · 0")
    ]
    assert [text.words for text in texts(shares.narrow)][1:3] == ["a", "<0.1%"]
    assert shares.alt == "3,000 MACs: a <0.1%, b 100.0%, c 0.0%."
    lengths = [float(bar.get("width")) for bar in parsed(shares).iter("rect")]
    assert lengths[0] == lengths[2] == 1  # always something to see
    assert share_bars([("a", 1)], total_label="x", alt="said").alt == "said"


def test_share_bars_leave_a_row_without_a_name_empty():
    rows = [Share("a", 1, group="1"), Share("", 0, group="1"), Share("b", 2, group="2")]
    shares = share_bars(rows, total_label="MACs")
    assert shares.alt == "3 MACs: a 33.3%, b 66.7%."
    ys = {text.words: text.top for text in texts(shares.svg)}
    assert ys["b"] - ys["a"] == pytest.approx(2 * 18 + 8)  # two lines and a gap


@pytest.mark.parametrize(
    ("value", "short"), [(0, "0"), (999, "999"), (1792, "1.8 k"), (102_764_544, "103 M")]
)
def test_values_of_shares_are_short(value, short):
    shares = share_bars([("a", value), ("b", 1)], total_label="x")
    assert any(word.endswith(f"% · {short}") for word in words(shares))


def test_share_bars_draw_a_square_for_each_block_within_the_width():
    (path,) = [p.get("d") for p in parsed(PICTURES["stage shares"]).iter("path") if p.get("d")]
    assert path.count("z") == 36
    assert "1024 × 112 × 112, 36 blocks" in words(PICTURES["stage shares"])


@pytest.mark.parametrize("shares", [[], [("a", 0)], [("a", 2), ("b", -1)]])
def test_share_bars_need_something_to_share(shares):
    with pytest.raises(ValueError, match="shares must hold values of at least 0, not all 0, got"):
        share_bars(shares, total_label="MACs")
