import re

import pytest

from backbones.diagrams import Picture

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
