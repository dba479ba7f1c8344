"""What the site makes of a notebook's cells.

- A folded cell gets its title as its label; a figure comes before the folded code that draws it.
- A long listing of the package's source folds behind the names that it defines.
- A live lab says that it needs a kernel, and where there is one.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from book_site import colab_address
from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

# A listing of the package begins with its module; one with more lines than this is folded.
LISTING = re.compile(r"# (backbones(?:\.\w+)+)\n+")
LONG = 30
DEFINED = re.compile(r"^(class|def) (\w+)", re.MULTILINE)
NEEDS_KERNEL = 'class="bb-kernel"'
HOW_TO = "book/how-to-use"


def open_fold(translator: HTML5Translator, node: HideCodeCellNode) -> None:
    """A folded cell, with one label for both states and as its name for screen readers."""
    classes, label = " ".join(node["classes"]), node.get("label") or escape(node["prompt_show"])
    translator.body.append(f'<details class="hide {classes}"><summary>{label}</summary>\n')


def close_fold(translator: HTML5Translator, node: HideCodeCellNode) -> None:
    """End of a folded cell."""
    translator.body.append("</details>\n")


def fold_listing(block: nodes.literal_block) -> None:
    """Put a long listing of the package behind what it defines, with a word on its length."""
    match = LISTING.match(block.astext())
    code = block.astext()[match.end() :].rstrip() if match else ""
    lines = code.count("\n") + 1
    if lines <= LONG:
        return
    names = [f"{kind} {name}" for kind, name in DEFINED.findall(code)]
    shown = ", ".join(f"<code>{escape(name)}</code>" for name in names[:4])
    others = f" and {len(names) - 4} more" if len(names) > 4 else ""
    label = f"{shown}{others} <small>· {lines} lines of {escape(match[1])}</small>"
    fold = HideCodeCellNode(classes=["bb-listing"], label=label)
    block.replace_self(fold)
    fold += block


class Cells(SphinxPostTransform):
    """Arrange the cells of a page."""

    default_priority = 210  # after the notebook extension wrapped the folded code
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Label the folds, swap code and figure, fold listings, announce labs."""
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("nb_element") != "cell_code":
                continue
            for fold in cell.children:
                if isinstance(fold, HideCodeCellNode) and cell.get("titled"):
                    only_code = cell["hide_mode"] == "input"
                    fold["prompt_show"] = ("Code: " if only_code else "") + cell["prompt_show"]
            if cell.get("hide_mode") == "input" and len(cell) == 2:
                cell["classes"].append("bb-code-below")
                cell.children.reverse()
            self.arrange_outputs(cell)

    def arrange_outputs(self, cell: nodes.container) -> None:
        """Fold long listings; put the note on a lab's kernel before the cell."""
        for output in list(cell.findall(nodes.container)):
            if output.get("nb_element") != "cell_code_output":
                continue
            for block in list(output.findall(nodes.literal_block)):
                fold_listing(block)
            for raw in list(output.findall(nodes.raw)):
                if NEEDS_KERNEL in raw.astext():
                    raw.parent.remove(raw)
                    cell.parent.insert(cell.parent.index(cell), self.lab())

    def lab(self) -> nodes.container:
        """A word on the kernel, and the ways to one."""
        words = nodes.paragraph("", "This lab computes while you change it, so it needs a kernel: ")
        words += nodes.Text("here you see its first result. ")
        if HOW_TO in self.env.found_docs:
            here = self.app.builder.get_relative_uri(self.env.docname, HOW_TO)
            address = f"{here}#run-on-your-machine"
            words += nodes.reference("", "How to run it yourself", refuri=address, internal=True)
        button = nodes.reference(
            "",
            "Run in Colab",
            refuri=colab_address(self.app, self.env.docname),
            classes=["bb-button", "bb-colab"],
        )
        box = nodes.container(classes=["bb-lab"])
        box += [words, nodes.paragraph("", "", button, classes=["bb-lab-run"])]
        return box


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(HideCodeCellNode, override=True, html=(open_fold, close_fold))
    app.add_post_transform(Cells)
    return {"version": "1", "parallel_read_safe": True}
