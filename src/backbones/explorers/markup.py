"""Figures that carry their own style, script and data: what explorers and quizzes are made of."""

import json
from importlib.resources import files
from typing import Any
from zlib import crc32


def embed(kind: str, body: str, data: dict[str, Any] | None = None) -> str:
    """A figure with its own style and script, `static/<kind>.css` and `.js`, and their data.

    Its id is a checksum of everything in it: the same figure is the same text on every machine,
    and two different ones never meet.
    """
    style, script = (_asset(f"{kind}.{end}") for end in ("css", "js"))
    stored = ""
    if data is not None:
        # Neither the end of the script nor a comment may begin inside the data.
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        text = text.replace("</", "<\\/").replace("<!--", "\\u003c!--")
        stored = f'<script type="application/json">{text}</script>'
    name = f"bb-{crc32(f'{style}{body}{stored}{script}'.encode()):08x}"
    return (
        f'<figure class="bb-{kind}" id="{name}"><style>{style}</style>{body}{stored}'
        f"<script>{script.replace('FIGURE_ID', name)}</script></figure>"
    )


def _asset(name: str) -> str:
    """A file of the package without indentation and without lines that only comment."""
    lines = (
        (files("backbones.explorers") / "static" / name).read_text(encoding="utf-8").splitlines()
    )
    bare = (line.strip() for line in lines)
    return "\n".join(line for line in bare if line and not line.startswith("//"))
