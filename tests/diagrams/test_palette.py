import re
from pathlib import Path

import pytest

from backbones.diagrams import svg
from backbones.diagrams.palette import PALETTE, css
from backbones.plots.style import COLORS

ROOT = Path(__file__).resolve().parents[2]
SHEETS = [
    ROOT / "book" / "assets" / "style" / "values.css",
    *sorted((ROOT / "src" / "backbones" / "explorers" / "static").glob("*.css")),
]
NO_COLORS = {"sans", "serif", "mono", "ink", "paper"}  # variables of the site besides the palette


def text_of(sheet):
    return re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)


def same(colour, tone):
    return colour.strip().lower() == tone.lower()


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_style_sheets_have_the_tones_of_the_palette(sheet):
    text = text_of(sheet)
    defined = re.findall(r"--bb-([a-z]+):\s*([^;}]+)[;}]", text)
    if sheet.name == "values.css":
        assert set(PALETTE) | NO_COLORS == {name for name, _ in defined}
    for name, value in defined:
        if name in NO_COLORS:
            continue
        both = re.fullmatch(r"light-dark\(([^,]+),([^)]+)\)", value)
        light, dark = both.groups() if both else (PALETTE[name].light, value)  # figures: dark only
        assert same(light, PALETTE[name].light), name
        assert same(dark, PALETTE[name].dark), name


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_style_sheets_fall_back_on_the_light_tone_and_name_no_other_colour(sheet):
    for name, fallback in re.findall(r"var\(--bb-([a-z]+)(?:,([^)]*))?\)", text_of(sheet)):
        assert name in PALETTE or name in NO_COLORS
        assert not fallback or same(fallback, PALETTE[name].light), name


def test_figures_outside_the_site_know_every_dark_tone_they_use():
    """In JupyterLab and Colab nothing but the figure's own sheet defines a colour."""
    for sheet in SHEETS[1:]:
        text = text_of(sheet)
        used = set(re.findall(r"var\(--bb-([a-z]+)", text))
        if sheet.name == "explorer.css":
            used |= set(PALETTE)  # by its drawings
        assert used == set(re.findall(r"--bb-([a-z]+):", text)), sheet.name


def test_drawings_and_plots_take_their_colours_from_the_palette():
    assert svg.color("blue") == css("blue") == "var(--bb-blue,#0072B2)"
    assert set(svg.COLORS) == {"ink", "paper", "none", *PALETTE}
    assert COLORS["resnet"] == PALETTE["blue"].light.lower()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tones_are_hex_and_no_two_are_the_same(theme):
    tones = [getattr(tone, theme).lower() for tone in PALETTE.values()]
    assert all(re.fullmatch("#[0-9a-f]{6}", tone) for tone in tones)
    assert len(set(tones)) == len(tones)
