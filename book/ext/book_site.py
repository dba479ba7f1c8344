"""The site's own shell: what is loaded, and what is written where.

The pages use the templates, style and script of this folder's neighbours and nothing of the theme
below them, so that a page asks for a few small files, all from the same host.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import search_index
from docutils import nodes
from sphinx.application import Sphinx

LANDING = "book/index"


def prepare_builder(app: Sphinx) -> None:
    """Serve the landing page as /index.html, and leave Sphinx's own search index out."""
    if app.builder.format != "html":
        return
    builder = app.builder
    builder.search = False
    target_uri, outfile = builder.get_target_uri, builder.get_outfilename
    builder.get_target_uri = lambda name, typ=None: (
        "index.html" if name == LANDING else target_uri(name, typ)
    )
    builder.get_outfilename = lambda name: (
        str(Path(builder.outdir) / "index.html") if name == LANDING else outfile(name)
    )


def insert_repository(app: Sphinx, docname: str, source: list[str]) -> None:
    """Pages write {{ repository }} for the address that stands in _config.yml."""
    address = app.config.html_theme_options["repository_url"]
    source[0] = source[0].replace("{{ repository }}", address)


def parts(app: Sphinx) -> list[tuple[str, list[str]]]:
    """The parts of the table of contents: caption and page names."""
    trees = app.config.external_site_map.root.subtrees
    return [(tree.caption or "", tree.files()) for tree in trees]


def page_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """What the layout needs to know of a page."""
    options = app.config.html_theme_options
    repository, branch = options["repository_url"], options["repository_branch"]
    source = Path(app.env.doc2path(pagename, base=False)) if doctree else None
    page = getattr(app.env, "backbones_pages", {}).get(pagename, {})
    context.update(
        landing=pagename == LANDING,
        repository=repository,
        page_description=" ".join(page.get("lead", "").split())[:300],
        part=next((caption for caption, names in parts(app) if pagename in names), ""),
        has_math=doctree is not None and any(doctree.findall(is_math)),
    )
    if source is not None and source.suffix == ".ipynb":
        context["notebook"] = context["sourcename"]
        context["colab"] = colab_address(app, pagename)
    if source is not None:
        context["source_url"] = f"{repository}/blob/{branch}/{source.as_posix()}"
    # A theme's or extension's files have no place in our pages: the layout names what it loads.
    context["css_files"] = []
    context["script_files"] = []


def colab_address(app: Sphinx, pagename: str) -> str:
    """Where a notebook opens in Colab."""
    options = app.config.html_theme_options
    owner = options["repository_url"].removeprefix("https://github.com/")
    path = Path(app.env.doc2path(pagename, base=False)).as_posix()
    colab = options["launch_buttons"]["colab_url"]
    return f"{colab}/github/{owner}/blob/{options['repository_branch']}/{path}"


def is_math(node: nodes.Node) -> bool:
    """Whether a node is a formula, inline or displayed."""
    return isinstance(node, nodes.math | nodes.math_block)


def search_page(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """The page that answers where the search box cannot pop up."""
    return [("search", {"title": "Search"}, "search.html")]


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write the search index, and drop the files that no page asks for."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    search_index.write(app)
    kept = {"katex", *(path.name for path in (Path(app.srcdir) / "book" / "assets").iterdir())}
    kept.discard("style")  # is written into the pages
    for path in (out / "_static").iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (out / ".nojekyll").touch()  # else GitHub Pages leaves out folders that begin with "_"
    moved = out / "book" / "index.html"
    moved.write_text('<meta http-equiv="refresh" content="0; url=../index.html">', encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    # Jupyter Book sets this one even where the extension that knows it is left out.
    app.add_config_value("comments_config", {}, "")
    app.connect("builder-inited", prepare_builder)
    app.connect("source-read", insert_repository)
    app.connect("html-page-context", page_context, priority=999)
    app.connect("html-collect-pages", search_page)
    app.connect("build-finished", finish, priority=999)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
