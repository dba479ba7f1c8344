"""Build the gallery: a page with everything that a page of the book can show.

    python tools/build_gallery.py               the page, in build/gallery/_build/html
    python tools/build_gallery.py --pictures    and pictures of it, in build/gallery/pictures

It is built by the site's own settings, templates, styles and extensions from the specimens of
``specimens/``, so that a change of any of them is seen at once. The pictures are taken at 1280 and
390 pixels, light and dark, where there is a Chromium; ``index.html`` shows them side by side.
"""

from __future__ import annotations

import argparse
import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import specimens
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from running import run_notebook
from specimens import Specimen
from storing import ROOT, ChapterError, normalise

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Page

GALLERY = ROOT / "build" / "gallery"
HTML = GALLERY / "_build" / "html"
NAME = "book/specimens"  # of the page
PAGE = HTML / f"{NAME}.html"
MARGIN = 16  # pixels beside a section on its picture
OF_THE_BOOK = ("_config.yml", "book/assets", "book/ext", "book/templates", "book/references.bib")
COVER = "# The gallery\n\nThe drawings of the first page.\n\n```{hero}\n```\n\n```{timeline}\n```\n"
CONTENTS = {
    "format": "jb-book",
    "root": "book/index",
    "parts": [{"caption": "For authors", "chapters": [{"file": NAME}]}],
}
WIDTHS, THEMES = (1280, 390), ("light", "dark")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACE = re.compile(r"\{\{ ([\w.]+) \}\}")  # in page.md, where specimens of a kind come


# -- the page as a notebook --------------------------------------------------


def notebook() -> NotebookNode:
    """The gallery's page, not yet run.

    Raises:
        ChapterError: something has no specimen, or the page does not show one.
    """
    if lost := specimens.missing():
        raise ChapterError(
            f"These have no specimen in tools/specimens/ yet: {', '.join(lost)}. Write a function "
            "there that shows one; its docstring is the title."
        )
    left = specimens.specimens()
    text = (Path(specimens.__file__).parent / "page.md").read_text(encoding="utf-8")
    pieces = PLACE.split(text)
    cells = [new_markdown_cell(pieces[0])]
    for name, words in zip(pieces[1::2], pieces[2::2], strict=True):
        cells += cells_at(name, left)
        cells += [new_markdown_cell(words)] if words.strip() else []
    if unseen := [f"{kind}.{name}" for kind, members in left.items() for name in members]:
        raise ChapterError(f"page.md has no place for {', '.join(unseen)}")
    for number, cell in enumerate(cells):
        cell.id = cell.get("id") if cell.cell_type == "code" else f"text-{number}"
    return new_notebook(cells=cells)


def cells_at(place: str, left: dict[str, dict[str, Specimen]]) -> Iterator[NotebookNode]:
    """The cells of a place in the page: those of a kind under their titles, or a single one.

    What is put into the page is taken out of ``left``.
    """
    kind, _, single = place.partition(".")
    kinds = [kind] if kind in left else [name for name in left if name.startswith(f"{kind}.")]
    if not kinds or (single and single not in left[kind]):
        raise ChapterError(f"page.md has a place for {place!r}, of which there is no specimen")
    for each in kinds:
        if each in specimens.KINDS:  # the imports of the module, and what it keeps to itself
            update = "globals().update({k: v for k, v in vars(module).items() if k[:2] != '__'})"
            source = f"import specimens.{each} as module\n\n{update}"
            yield code_cell(f"names-for-{place}", source, "remove-cell")
        names = [single] if single else list(left[each])
        for name in names:
            one = left[each].pop(name)
            if not single:
                yield new_markdown_cell(f"### {one.title}" + with_module(each))
            folded = {"hide-input", "hide-cell"} & set(one.tags)
            source = ("# @title How it is made\n" if folded else "") + one.code
            yield code_cell(f"{each}-{name}", source, *one.tags)


def with_module(kind: str) -> str:
    """What follows the title of a drawing that belongs to a chapter."""
    chapter = kind.partition(".")[2]
    return f"\n\nFrom `backbones.gallery.{chapter}`." if chapter else ""


def code_cell(name: str, source: str, *tags: str) -> NotebookNode:
    """A code cell; its id says which specimen it is."""
    return new_code_cell(source, id=name.replace(".", "-"), metadata={"tags": list(tags)})


def failures(ran: NotebookNode) -> list[str]:
    """What went wrong in cells that should not fail: which specimen, and its error."""
    return [
        f"{cell.id}: {output.ename}: {output.evalue}"
        for cell in ran.cells
        if cell.cell_type == "code" and "raises-exception" not in cell.metadata.tags
        for output in cell.outputs
        if output.output_type == "error"
    ]


# -- building ----------------------------------------------------------------


def build(folder: Path = GALLERY) -> list[str]:
    """Run the notebook, and build the page from it; returns which specimens failed, and how.

    Raises:
        ChapterError: something has no specimen, or the build has a warning.
    """
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    for name in OF_THE_BOOK:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    (source / "_toc.yml").write_text(yaml.safe_dump(CONTENTS), encoding="utf-8")
    (source / "book" / "index.md").write_text(COVER, encoding="utf-8")
    page = notebook()
    # In this folder, so that the cells can import the specimens.
    run_notebook(page, ROOT / "tools" / "specimens.ipynb", timeout=120, allow_errors=True)
    nbformat.write(normalise(page), source / f"{NAME}.ipynb")
    made = folder / "_build"
    for old in (made / "html", made / ".doctrees"):
        shutil.rmtree(old, ignore_errors=True)
    katex = ROOT / "build" / "_build" / ".katex"  # which the book has fetched already
    if katex.is_dir() and not (made / ".katex").exists():
        shutil.copytree(katex, made / ".katex")
    command = [sys.executable, str(Path(sys.executable).with_name("jupyter-book")), "build"]
    command += [str(source), "--path-output", str(folder), "--warningiserror", "--keep-going"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        faults = re.findall(r"^.*\b(?:WARNING|ERROR|error)\b.*(?:\n.+)?$", said, re.MULTILINE)
        raise ChapterError("\n".join(["The gallery could not be built.", *(faults or [said])]))
    return failures(page)


# -- pictures ----------------------------------------------------------------


def take_pictures(folder: Path = GALLERY / "pictures") -> bool:
    """Pictures of every section of the page; False where there is no browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    taken: dict[str, list[str]] = {}
    with sync_playwright() as runner:
        found = [path for name in BROWSERS if (path := shutil.which(name))]
        program = found[0] if found else runner.chromium.executable_path
        if not Path(program).exists():
            return False
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        browser = runner.chromium.launch(
            executable_path=program, args=["--no-sandbox"] if is_root else []
        )
        for theme in THEMES:
            for width in WIDTHS:
                page = browser.new_page(
                    viewport={"width": width, "height": 900},
                    color_scheme=theme,
                    reduced_motion="reduce",
                )
                page.goto(PAGE.as_uri())
                page.evaluate("document.fonts.ready")
                for anchor, box in sections(page):
                    name = f"{anchor}-{width}-{theme}.png"
                    # Not of the element, over which the top of the page would lie.
                    page.screenshot(path=folder / name, clip=box, full_page=True)
                    taken.setdefault(anchor, []).append(name)
                page.close()
        browser.close()
    (folder / "index.html").write_text(contact_sheet(taken), encoding="utf-8")
    return True


def sections(page: Page) -> Iterator[tuple[str, FloatRect]]:
    """Name and place of each section of the page, and before them of what it begins with."""
    parts = page.locator("article > section > section").all()
    boxes = {part.get_attribute("id"): part.bounding_box() for part in parts}
    whole, first = page.locator("article").bounding_box(), next(iter(boxes.values()))
    boxes = {"opening": {**whole, "height": first["y"] - whole["y"]}, **boxes}
    for name, box in boxes.items():
        left = min(MARGIN, box["x"])
        yield name, {**box, "x": box["x"] - left, "width": box["width"] + 2 * left}


def contact_sheet(taken: dict[str, list[str]]) -> str:
    """A page with the pictures of each section side by side."""
    rows = []
    for anchor, names in taken.items():
        pictures = "".join(
            f'<a href="{html.escape(name)}"><img loading="lazy" src="{html.escape(name)}" '
            f'alt="{html.escape(name.removesuffix(".png"))}"></a>'
            for name in names
        )
        rows.append(f"<h2>{html.escape(anchor)}</h2><div>{pictures}</div>")
    style = "div{display:grid;grid-template-columns:2fr 1fr 2fr 1fr;gap:8px;align-items:start}"
    style += "img{width:100%;border:1px solid #888}body{font-family:sans-serif}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gallery</title>'
        f"<style>{style}</style>{''.join(rows)}"
    )


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", action="store_true", help="take pictures of it, too")
    arguments = parser.parse_args(argv)
    try:
        failed = build()
    except ChapterError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The gallery is in {PAGE.relative_to(ROOT)}")
    if arguments.pictures:
        sheet = (GALLERY / "pictures" / "index.html").relative_to(ROOT)
        taken = take_pictures()
        print(f"Pictures of it are in {sheet}" if taken else "No pictures: there is no Chromium")
    for failure in failed:
        print(f"This specimen failed: {failure}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
