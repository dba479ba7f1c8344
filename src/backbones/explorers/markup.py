"""Figures that carry their own style, script and data: what explorers and quizzes are made of."""

import html
import json
from functools import cache
from importlib.resources import files
from typing import Any


def embed(kind: str, body: str, data: dict[str, Any] | None = None, **attributes: str) -> str:
    """A figure with its own style and script, `static/<kind>.css` and `.js`, and their data.

    Style and script are the same in all figures of a kind. In a notebook each output has them; the
    site's extension finds them by `data-bb` and links them once a page.

    Args:
        kind: "explorer" or "quiz".
        body: HTML inside the figure.
        data: What the script reads, as lists and dictionaries that JSON knows.
        **attributes: Of the figure, with `_` for `-`.
    """
    style, script = (_asset(f"{kind}.{end}") for end in ("css", "js"))
    stored = ""
    if data is not None:
        # Neither the end of the script nor a comment may begin inside the data.
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        text = text.replace("</", "<\\/").replace("<!--", "\\u003c!--")
        stored = f'<script type="application/json">{text}</script>'
    named = "".join(
        f' {name.replace("_", "-")}="{html.escape(value)}"' for name, value in attributes.items()
    )
    return (
        f'<figure class="bb-{kind}"{named}><style data-bb="{kind}">{style}</style>{body}{stored}'
        f'<script data-bb="{kind}">{script}</script></figure>'
    )


@cache
def _asset(name: str) -> str:
    """A file of the package without indentation and without lines that only comment."""
    text = (files("backbones.explorers") / "static" / name).read_text(encoding="utf-8")
    bare = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in bare if line and not line.startswith("//"))
