"""Explorers and quizzes on the site: one script and one style a page, however many there are.

In a notebook every output carries its own script and style. Here they are taken out of the page and
written to files, which the page links once, at the first figure that needs them: what comes before
it is painted without waiting. A file's name holds a checksum of its content, so that outputs stored
by different versions of the package do not disturb each other.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zlib import crc32

from markup import warn
from sphinx.application import Sphinx

FOLDER = "figures"
MARKED = re.compile(r'<(style|script) data-bb="(\w+)">(.*?)</\1>', re.DOTALL)
ENDS = {"style": "css", "script": "js"}
EXPLORER = re.compile(r'<figure class="bb-explorer" id="([^"]+)"')


def shared(body: str, folder: str) -> tuple[str, dict[str, str]]:
    """A page without the copies of scripts and styles.

    Args:
        body: The page's HTML.
        folder: Where the files are, as seen from the page.

    Returns:
        The HTML, in which the first copy of each became a link; and the files by name.
    """
    found: dict[str, str] = {}

    def link(match: re.Match) -> str:
        tag, kind, text = match.groups()
        name = f"{kind}-{crc32(text.encode()):08x}.{ENDS[tag]}"
        if name in found:
            return ""
        found[name] = text
        if tag == "style":
            return f'<link rel="stylesheet" href="{folder}/{name}">'
        return f'<script defer data-site src="{folder}/{name}"></script>'

    return MARKED.sub(link, body), found


def change_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Link scripts and styles once a page, and write them."""
    body = context.get("body")
    if app.builder.format != "html" or not body:
        return
    names = EXPLORER.findall(body)
    for name in sorted({name for name in names if names.count(name) > 1}):
        warn(pagename, f"Two explorers are called {name!r}: one needs another title or name")
    context["body"], found = shared(body, context["pathto"](FOLDER, 1))
    for name, text in found.items():
        path = Path(app.outdir) / FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", change_page, priority=1000)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
