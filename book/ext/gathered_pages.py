"""Pages that gather from the chapters: all claims, the map of the book, who cites which paper.

The chapters are the single source: nothing of this is written down twice.
"""

from __future__ import annotations

import html
from collections import Counter
from typing import Any

from book_site import parts
from claims import BADGES, CLAIMS_HEADER
from docutils import nodes
from hero import hero
from markup import warn
from outline import disorder, is_chapter, planned
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from timeline import NETWORKS, timeline

# Before the first picture of the page is painted, so that nothing moves.
FOLD_PARTS = (
    '<script>if (matchMedia("(max-width: 56rem)").matches) '
    'for (const part of document.querySelectorAll(".bb-map details")) part.open = false</script>'
)


class Gathered(nodes.General, nodes.Element):
    """A place that is filled when all pages are read."""


class GatherDirective(SphinxDirective):
    """Leave a place to be filled: ```` ```{claims} ````, ```` ```{book-map} ```` and so on."""

    def run(self) -> list[nodes.Node]:
        """Note which pages must be written again when another page changes."""
        if not hasattr(self.env, "backbones_gathering"):
            self.env.backbones_gathering = set()
        self.env.backbones_gathering.add(self.env.docname)
        return [Gathered(what=self.name)]


def chapters(app: Sphinx) -> list[tuple[str, list[str]]]:
    """The parts that hold chapters: caption and names of the pages there are."""
    found = [
        (caption, [n for n in names if is_chapter(n) and n in app.env.found_docs])
        for caption, names in parts(app)
    ]
    return [(caption, names) for caption, names in found if names]


def raw(text: str) -> nodes.raw:
    """HTML of our own."""
    return nodes.raw("", text, format="html")


def claims_filter(counts: Counter[str], titles: dict[str, str]) -> str:
    """Controls that leave the claims of one verdict, or of one chapter; the script moves them.

    Args:
        counts: How many claims got each kind of verdict.
        titles: Title of each chapter with claims, by its anchor on the page.
    """
    choices = [("", "all", counts.total())]
    choices += [(kind, badge(kind), counts[kind]) for kind in BADGES]
    radios = "".join(
        f'<label><input type="radio" name="verdict" value="{kind}"'
        f'{"" if kind else " checked"} autocomplete="off">{words} {count}</label>'
        for kind, words, count in choices
    )
    options = "".join(f'<option value="{name}">{title}</option>' for name, title in titles.items())
    return (
        f'<form class="bb-filter bb-js"><fieldset aria-label="Verdict">{radios}</fieldset>'
        '<label>Chapter <select name="chapter" autocomplete="off">'
        f'<option value="">all</option>{options}</select></label><p role="status"></p></form>'
    )


def badge(kind: str) -> str:
    """A verdict's badge."""
    return f'<span class="bb-verdict bb-verdict-{kind}">{BADGES[kind]}</span>'


class FillGathered(SphinxPostTransform):
    """Replace the places by what the chapters hold."""

    default_priority = 5
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Fill every place of the page."""
        for entry in self.document.findall(nodes.entry):
            if "chapter" in entry:
                self.link_chapter(entry)
        for place in list(self.document.findall(Gathered)):
            fill = {
                "claims": self.claims,
                "book-map": self.book_map,
                "timeline": self.timeline,
                "hero": lambda: [raw(hero())],
            }
            place.replace_self(fill[place["what"]]())

    def link_chapter(self, entry: nodes.entry) -> None:
        """A glossary entry's chapter, as a link where the chapter exists."""
        name = f"chapters/{entry['chapter']}"
        if name in self.env.found_docs:
            paragraph = entry.next_node(nodes.paragraph)
            link = nodes.reference("", "", refuri=self.uri(name), internal=True)
            link += paragraph.children
            paragraph.children = []
            paragraph += link

    def pages(self) -> dict[str, dict[str, Any]]:
        """What each page told of itself."""
        return getattr(self.env, "backbones_pages", {})

    def title(self, name: str) -> str:
        """A page's title."""
        return self.env.titles[name].astext()

    def uri(self, name: str) -> str:
        """Address of a page as seen from this one."""
        return self.app.builder.get_relative_uri(self.env.docname, name)

    def claims(self) -> list[nodes.Node]:
        """One table a chapter."""
        out: list[nodes.Node] = []
        counts: Counter[str] = Counter()
        for _, names in chapters(self.app):
            for name in names:
                claims = self.pages().get(name, {}).get("claims", [])
                if claims:
                    counts.update(kind for _, kind, _ in claims)
                    out.append(self.claims_of(name, claims))
        if not out:
            return [nodes.paragraph("", "No chapter has made a claim yet.")]
        badges = "".join(f"<li>{badge(kind)} {counts[kind]}</li>" for kind in BADGES)
        titles = {section["ids"][0]: html.escape(section[0].astext()) for section in out}
        jumps = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title in titles.items())
        return [
            raw(claims_filter(counts, titles)),
            raw(f'<ul class="bb-tally">{badges}</ul><ul class="bb-jump">{jumps}</ul>'),
            *out,
        ]

    def claims_of(self, name: str, claims: list[tuple[str, str, list[nodes.entry]]]) -> nodes.Node:
        """A chapter's claims, each with a link to the place where it is checked."""
        section = nodes.section(ids=[name.split("/")[-1]], classes=["bb-of-chapter"])
        heading = nodes.title()
        heading += nodes.reference("", self.title(name), refuri=self.uri(name), internal=True)
        section += heading
        body = nodes.tbody()
        for anchor, _, cells in claims:
            row = nodes.row()
            for cell in cells:
                copy = cell.deepcopy()
                copy["ids"] = []
                self.loosen(copy, self.uri(name))
                row += copy
            target = f"{self.uri(name)}#{anchor}"
            link = nodes.reference("", "see it checked", refuri=target, internal=True)
            row[1].append(nodes.paragraph("", "", link, classes=["bb-more"]))
            body += row
        head = nodes.thead("", nodes.row())
        for text in CLAIMS_HEADER:
            head[0] += nodes.entry("", nodes.paragraph("", text))
        group = nodes.tgroup("", cols=3)
        group += [nodes.colspec(colwidth=width) for width in (36, 34, 30)]
        group += [head, body]
        section += nodes.table("", group, classes=["bb-claims"])
        return section

    @staticmethod
    def loosen(cell: nodes.entry, chapter: str) -> None:
        """Links to sections lead to their chapter; others that hold only there become plain text.

        Args:
            cell: A cell of the chapter's table.
            chapter: The chapter's address as seen from this page.
        """
        for link in list(cell.findall(nodes.Element)):
            inner = isinstance(link, nodes.reference) and "://" not in link.get("refuri", "")
            if inner and "bb-where" in link["classes"]:
                link["refuri"] = f"{chapter}#{link.attributes.pop('refid')}"
            elif inner or link.tagname == "pending_xref":
                link.replace_self(link.children)

    def book_map(self) -> list[nodes.Node]:
        """The chapters, part by part; on a narrow screen each part is folded."""
        out = []
        for caption, names in chapters(self.app):
            cards = "".join(self.card(name) for name in names)
            count = f"{len(names)} chapter{'s' if len(names) > 1 else ''}"
            out.append(
                f'<details open data-part="{nodes.make_id(caption)}">'
                f"<summary><h3>{html.escape(caption)}</h3> {count}</summary>"
                f'<ul class="bb-cards">{cards}</ul></details>'
            )
        return [raw(f'<div class="bb-map">{"".join(out)}</div>{FOLD_PARTS}')]

    def card(self, name: str) -> str:
        """A chapter's title, year and one-line answer."""
        page = self.pages().get(name, {})
        year = html.escape(page.get("glance", {}).get("Year", ""))
        return (
            f'<li><a class="bb-card" href="{self.uri(name)}">'
            f'<span class="bb-card-title">{html.escape(self.title(name))}</span>'
            + (f'<span class="bb-card-year">{year}</span>' if year else "")
            + f'<span class="bb-card-text">{html.escape(page.get("lead", ""))}</span></a></li>'
        )

    def timeline(self) -> list[nodes.Node]:
        """The picture of the family, with links to the chapters there are."""
        for network in NETWORKS:
            if not planned(network.chapter):
                message = f"The timeline leads {network.name} to no chapter: {network.chapter!r}"
                warn(self.env.docname, message)
        links = {
            name.removeprefix("chapters/"): self.uri(name)
            for _, names in chapters(self.app)
            for name in names
        }
        return [raw(timeline(links))]


class Bibliography(SphinxPostTransform):
    """The bibliography as a plain list, each paper with the chapters that link to it."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Replace the citations of this page."""
        keys = {c.citation_id: c.key for c in self.env.get_domain("cite").citations}
        papers = nodes.bullet_list(classes=["bb-papers"])
        for citation in list(self.document.findall(nodes.citation)):
            if not len(papers):
                citation.parent.insert(citation.parent.index(citation), papers)
            citation.parent.remove(citation)
            text = [child for child in citation if not isinstance(child, nodes.label)]
            paper = nodes.list_item("", *text, ids=citation["ids"])
            paper += self.cited_in(next((keys[i] for i in citation["ids"] if i in keys), ""))
            papers += paper

    def cited_in(self, key: str) -> list[nodes.Node]:
        """A line of links."""
        pages = getattr(self.env, "backbones_pages", {})
        names = sorted(name for name, facts in pages.items() if key in facts.get("cites", ()))
        line = nodes.paragraph("", "In ", classes=["bb-cited"])
        for name in names:
            uri = self.app.builder.get_relative_uri(self.env.docname, name)
            line += nodes.reference("", self.env.titles[name].astext(), refuri=uri, internal=True)
            line += nodes.Text(", " if name != names[-1] else "")
        return [line] if names else []


def changed(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Gathering pages are written again whenever any page changed."""
    return sorted(getattr(env, "backbones_gathering", set()) & env.found_docs)


def check_contents(app: Sphinx, env: BuildEnvironment) -> None:
    """The table of contents is the outline's, so that a chapter is where the timeline has it."""
    for message in disorder(parts(app)):
        warn(None, f"_toc.yml: {message}")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(Gathered)
    for name in ("claims", "book-map", "timeline", "hero"):
        app.add_directive(name, GatherDirective)
    app.add_post_transform(FillGathered)
    app.add_post_transform(Bibliography)
    app.connect("env-updated", changed)
    app.connect("env-check-consistency", check_contents)
    return {"version": "1", "parallel_read_safe": True}
