"""What surrounds the text: the style in the page, the contents of the book."""

import pytest
from small_book import ROOT

STYLES = ROOT / "book" / "assets" / "style"


def test_every_file_of_the_style_is_joined_and_no_other():
    from shell import STYLES as NAMES

    assert sorted(NAMES) == sorted(path.stem for path in STYLES.iterdir())


def test_a_style_is_made_compact_and_nothing_else():
    from shell import compact

    style = "/* a\n note */\na :hover,\n b > c { color: red;\n  width: calc(1px + 2px); }\n"
    assert compact(style) == "a :hover, b > c{color: red;width: calc(1px + 2px)}"
    data = "a { --sign: url(\"data:image/svg+xml,%3Csvg d='M1 2 3'/%3E\"); }"
    assert "d='M1 2 3'" in compact(data)


@pytest.mark.parametrize("path", sorted(STYLES.iterdir()), ids=lambda path: path.stem)
def test_braces_of_a_style_are_closed(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("{") == text.count("}")
    assert text.count("/*") == text.count("*/")


def test_the_style_of_formulas_finds_its_fonts(tmp_path):
    import shell

    class App:
        backbones_katex_store = tmp_path

    folder = tmp_path / "static" / "katex"
    folder.mkdir(parents=True)
    (folder / "katex.min.css").write_text("@font-face{src:url(fonts/A.woff2)}")
    assert shell.style_of(App, True, "../_static/").startswith(
        "@font-face{src:url(../_static/katex/fonts/A.woff2)}"
    )
    assert "katex/fonts" not in shell.style_of(App, False, "../_static/")


def test_all_parts_of_a_short_book_are_unfolded(book):
    page = book.page("chapters/vgg")
    parts = page.select("nav.bb-nav details")
    assert [part.summary.get_text() for part in parts] == [
        "Classic networks",
        "Skip connections",
        "Reference",
    ]
    assert all(part.has_attr("open") for part in parts)
    (here,) = page.select("nav.bb-nav a[aria-current=page]")
    assert here.get_text() == "VGG: depth"


def test_in_a_long_book_only_the_part_one_is_in_is_unfolded(book, monkeypatch):
    import shell

    monkeypatch.setattr(shell, "FEW_CHAPTERS", 1)
    opened = {part["caption"]: part["open"] for part in shell.contents(book.app, "chapters/vgg")}
    # A part without chapters is short, and stays open.
    assert opened == {"Classic networks": True, "Skip connections": False, "Reference": True}
    assert not any(part["open"] for part in shell.contents(book.app, "book/index")[:2])


def test_a_chapter_says_how_tall_its_sections_will_be(book):
    (style,) = book.page("chapters/vgg").select("style")
    assert "#fields-of-a-stack{--tall:" in style.get_text()
    assert (
        "--tall" not in book.page("book/claims").select_one("style").get_text().split("@media")[-1]
    )
