"""What surrounds the text of every page: the style, written into it, and the contents of the book.

The style stands in the page itself: nothing has to be fetched before the first line can be painted.
It is written in several files, which are joined in the order of ``STYLES``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from book_site import parts
from heights import heights
from outline import is_chapter
from sphinx.application import Sphinx

STYLES = (
    "values",
    "ground",
    "shell",
    "search",
    "article",
    "tables",
    "code",
    "chapter",
    "pages",
    "landing",
    "print",
)
# With more chapters than this the parts of the contents that one is not in are folded.
FEW_CHAPTERS = 12
FONTS = re.compile(r"url\(fonts/")


def compact(style: str) -> str:
    """A style without comments and the blanks that nobody needs."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    style = re.sub(r"\s+", " ", style)
    return re.sub(r" ?([{};]) ?", r"\1", style).replace(";}", "}").strip()


def style_of(app: Sphinx, math: bool, static: str) -> str:
    """The style of a page.

    Args:
        app: The site being built.
        math: Whether formulas are on the page.
        static: The folder of static files as seen from the page, with a slash at its end.
    """
    if not hasattr(app, "backbones_style"):
        folder = Path(__file__).parents[1] / "assets" / "style"
        texts = [(folder / f"{name}.css").read_text(encoding="utf-8") for name in STYLES]
        app.backbones_style = compact("\n".join(texts))
    katex = ""
    if math and hasattr(app, "backbones_katex_store"):
        path = app.backbones_katex_store / "static" / "katex" / "katex.min.css"
        katex = FONTS.sub(f"url({static}katex/fonts/", path.read_text(encoding="utf-8"))
    return katex + app.backbones_style


def contents(app: Sphinx, pagename: str) -> list[dict[str, Any]]:
    """The parts of the book with their pages; ``open`` says whether a part is unfolded."""
    site_map = app.config.external_site_map
    found = []
    for caption, names in parts(app):
        pages = [
            {
                "name": name,
                "title": site_map[name].title or app.env.titles[name].astext(),
                "here": name == pagename,
            }
            for name in names
            if name in app.env.found_docs
        ]
        if pages:
            found.append({"caption": caption, "pages": pages})
    chapters = sum(is_chapter(page["name"]) for part in found for page in part["pages"])
    for part in found:
        part["open"] = (
            chapters <= FEW_CHAPTERS
            or any(page["here"] for page in part["pages"])
            or not any(is_chapter(page["name"]) for page in part["pages"])
        )
    return found


def page_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """What the layout needs to know of a page; runs after `book_site.page_context`."""
    static = context["pathto"]("_static/", 1)
    context["style"] = style_of(app, context.get("has_math", False), static)
    if doctree is not None and is_chapter(pagename):
        context["style"] += heights(doctree)
    context["contents"] = contents(app, pagename)
    context["chapter"] = is_chapter(pagename)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", page_context, priority=1000)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
