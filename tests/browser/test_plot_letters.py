"""Plots in a browser: their letters in the reader's own font, and curves that light up."""

import math

import numpy as np
import pytest
from layout import layout_faults

from backbones import plots

pytestmark = pytest.mark.browser

# Wider letters than DejaVu Sans, of which a letter is about 0.6 of its size wide, by an eighth.
FONTS = {
    "of the site": "",
    "DejaVu Sans": "svg text { font-family: 'DejaVu Sans' }",
    "wider": "svg text { font-family: 'DejaVu Sans'; letter-spacing: .07em }",
}
PAGE = """<!doctype html><html lang="en"><style>
body {{ font: 16px -apple-system, "Segoe UI", Roboto, "Liberation Sans", system-ui, sans-serif;
  color: #1f262d; background: #fff; margin: 0 }}
main {{ max-width: 700px; margin: auto }} figure {{ margin: 0 }} {}</style><main>{}</main>"""
LONG = (
    "ResNet-20, as in the paper",
    "ResNet-20 without batch normalisation",
    "plain-20",
    "plain-8",
)


def some_plots():
    """Plots of each kind, with names that are long and ends that meet."""
    epochs = np.arange(1, 21)
    curves = {name: 0.3 + 0.01 * k + 2 * np.exp(-epochs / 4) for k, name in enumerate(LONG)}
    series = {name: (epochs, values) for name, values in curves.items()}
    stopped = {**series, LONG[0]: (epochs, np.where(epochs < 9, curves[LONG[0]], math.nan))}
    seeds = {name: [values, 1.1 * values] for name, values in curves.items()}
    rows = {name: [60 + k, 62.5 + k] for k, name in enumerate(LONG)}
    points = {name: (10.0**k, 70 + k / 9) for k, name in enumerate(LONG)}
    levels = {"a linear model": 0.31, "nearest mean of a class": 0.33}
    return [
        plots.lines(stopped, "epoch", "training loss (nats)", log_y=True, markers=True),
        plots.seed_curves(seeds, y_label="loss", chance=0.32, baselines=levels, emphasis=LONG[:1]),
        plots.compare_runs(rows, chance=61, baselines={"a linear model": 61.5}),
        plots.bars({name: 2e7 + k for k, name in enumerate(LONG)}, "n", write="{:,.0f}".format),
        plots.scatter(points, "MACs", "accuracy (%)", log_x=True),
        plots.gradient_norms({name: 10 ** (-values) for name, values in curves.items()}),
        plots.panels(*(plots.lines(series, "epoch", "loss", y_range=r) for r in ((0, 3), (0, 1)))),
    ]


@pytest.fixture(scope="module")
def shown():
    return "".join(plot._repr_html_() for plot in some_plots())


@pytest.mark.parametrize("font", FONTS)
def test_letters_of_plots_in_any_font(browser, shown, font):
    """Guards readers whose font is another one than was measured, on a desktop and a phone."""
    page = browser.new_page()
    try:
        page.set_content(PAGE.format(FONTS[font], shown))
        assert page.locator("svg:visible text").count() > 100
        faults = [fault for width in (1280, 334) for fault in layout_faults(page, width)]
        assert faults == []
    finally:
        page.close()


def test_a_phone_is_shown_the_drawing_for_phones(browser):
    """Guards the choice between the two drawings, and print, which takes the wide one."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    try:
        page.set_content(PAGE.format("", plots.bars({"a": 1, "b": 2}, "cost")._repr_html_()))

        def width():
            return page.locator("svg:visible").get_attribute("width")

        assert width() == "660"
        page.set_viewport_size({"width": 390, "height": 800})
        assert width() == "330"
    finally:
        page.close()


def test_a_curve_lights_up_with_its_name(browser):
    """Guards reading a crowded plot: pointing at a name fades the other curves."""
    page = browser.new_page(viewport={"width": 1000, "height": 800}, reduced_motion="reduce")
    series = {"one": ([0, 1], [0, 1]), "other": ([0, 1], [0, 2])}
    try:
        page.set_content(PAGE.format("", plots.lines(series, "x", "y")._repr_html_()))

        def opacity(part):
            curve = page.locator(f"svg:visible [data-part='{part}'] path").first
            return curve.evaluate("(e) => Number(getComputedStyle(e.parentElement).opacity)")

        assert (opacity(1), opacity(2)) == (1, 1)
        page.locator("svg:visible text", has_text="other").hover()
        assert opacity(1) < 0.5
        assert opacity(2) == 1
    finally:
        page.close()
