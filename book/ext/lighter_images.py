"""Pictures within the pages, stored as PNG by the notebooks, take less room as lossless WebP.

A notebook keeps PNG, which every program can show. A browser gets the same pixels from WebP, often
in half the bytes.
"""

from __future__ import annotations

import base64
import io
import re
from functools import cache
from typing import Any

from PIL import Image
from sphinx.application import Sphinx

PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
# What a script reads is left alone: an explorer counts the characters of its packed drawings.
SCRIPT = re.compile(r"(<script\b.*?</script>)", re.DOTALL)


@cache
def lighter(address: str) -> str:
    """The address of the same picture, as WebP if that is shorter.

    Args:
        address: A data address of a PNG.
    """
    stored = base64.b64decode(address.partition(",")[2])
    made = io.BytesIO()
    # "exact" keeps the colours of transparent pixels, too.
    Image.open(io.BytesIO(stored)).save(made, "WEBP", lossless=True, quality=100, exact=True)
    if len(made.getvalue()) >= len(stored):
        return address
    return "data:image/webp;base64," + base64.b64encode(made.getvalue()).decode()


def page_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Replace the pictures of a page."""
    if "body" in context:
        parts = SCRIPT.split(context["body"])
        parts[::2] = [PNG.sub(lambda match: lighter(match[0]), part) for part in parts[::2]]
        context["body"] = "".join(parts)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", page_context, priority=1001)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
