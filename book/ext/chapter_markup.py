"""Chapters are plain Markdown; this turns their recurring parts into the site's own elements.

A chapter is read in four places: this site, JupyterLab, Colab and the notebook view of a code
host. MyST directives would show as code blocks in three of them. So chapters use what reads well
everywhere (block quotes that begin with a bold word, tables, headings, <details>) and the site
recognises the patterns:

- the paragraph after the title is the one-line answer;
- a table headed "At a glance" is the chapter's card;
- a block quote beginning with one of the words in ``CALLOUTS`` is a callout;
- the table under "What the notes say, checked" holds the chapter's claims (`claims.py`);
- a section titled "Exercise 1: ..." is an exercise;
- a code cell beginning with ``# @title Some title`` is folded under that title;
- a link to a paper of the bibliography gets the paper's full title, and is listed there.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

from claims import CLAIMS_TITLE, mark_claims
from docutils import nodes
from markup import body_rows, header_cells, leading_words, warn
from outline import is_chapter, planned
from papers import Papers
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

CALLOUTS = {
    "predict first": "predict",
    "pitfall": "pitfall",
    "key idea": "idea",
    "you will learn": "goals",
    "know first": "know",
    "try it": "try",
    "note": "note",
}
GLOSSARY_HEADER = ["Term", "中文", "Meaning", "Chapter"]
# Titles that a chapter's sections have in this order; the sections between them are its own.
FIXED_TITLES = (
    "Why it mattered",
    CLAIMS_TITLE,
    "Using it today",
    "Pitfalls",
    "Live lab",
    "Exercises",
    "Quiz",
    "Summary",
    "References",
)
ONLY_OF_PAPERS = ("Why it mattered", "Using it today")
IMPORTS_TITLE = "Set-up: imports"
# What is as short stands in one line with others on the card.
SHORT = 28
LEVELS = ("easy", "medium", "hard", "research")


class ChapterMarkup(SphinxTransform):
    """Recognise the patterns in every page, right after it is parsed."""

    default_priority = 800

    def apply(self, **kwargs: Any) -> None:
        """Transform the document, and note what other pages gather from it."""
        facts: dict[str, Any] = {"claims": [], "glance": {}, "lead": ""}
        self.mark_lead(facts)
        for table in list(self.document.findall(nodes.table)):
            if header_cells(table)[:1] == ["At a glance"]:
                self.mark_glance(table, facts)
            if header_cells(table) == GLOSSARY_HEADER:
                self.mark_glossary(table)
        for quote in list(self.document.findall(nodes.block_quote)):
            self.mark_callout(quote)
        if is_chapter(self.env.docname):
            self.check_chapter(facts)
        sections = list(self.document.findall(nodes.section))
        for section in sections:
            if section[0].astext() == CLAIMS_TITLE:
                facts["claims"] += mark_claims(section, self.document)
        for section in sections:  # which changes titles, by which claims name their evidence
            if re.match(r"Exercise \d+: ", section[0].astext()):
                self.mark_exercise(section, section[0])
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") == "cell_code":
                self.mark_title(cell)
        self.mark_papers(facts)
        if not hasattr(self.env, "backbones_pages"):
            self.env.backbones_pages = {}
        self.env.backbones_pages[self.env.docname] = facts

    def mark_lead(self, facts: dict[str, Any]) -> None:
        """The first paragraph after the page's title."""
        page = self.document.next_node(nodes.section)
        if page is not None and len(page) > 1 and isinstance(page[1], nodes.paragraph):
            page[1]["classes"].append("bb-lead")
            facts["lead"] = page[1].astext()

    def check_chapter(self, facts: dict[str, Any]) -> None:
        """A chapter has what the first page shows of it, and its fixed sections in their order."""
        page = self.document.next_node(nodes.section)
        if page is None:
            warn(self.document, "A chapter begins with its title")
            return
        if not facts["lead"]:
            warn(page, "A chapter's title is followed by a paragraph, its one-line answer")
        if "Year" not in facts["glance"]:
            warn(page, "A chapter has a table headed 'At a glance' with a row 'Year'")
        sections = [part for part in page if isinstance(part, nodes.section)]
        titles = [section[0].astext() for section in sections]
        needed = [
            title
            for title in FIXED_TITLES
            if "Paper" in facts["glance"] or title not in ONLY_OF_PAPERS
        ]
        for title in needed:
            if title not in titles:
                warn(page, f"A chapter has a section {title!r}")
        found = [title for title in titles if title in FIXED_TITLES]
        if found != sorted(found, key=FIXED_TITLES.index):
            warn(page, f"The sections {found} come in the order {list(FIXED_TITLES)}")

    def mark_glance(self, table: nodes.table, facts: dict[str, Any]) -> None:
        """Rows of name and value become a card: a list of facts under a title."""
        card = nodes.container(classes=["bb-glance"])
        card += nodes.paragraph("", table.next_node(nodes.thead).astext().strip())
        short, long = nodes.definition_list(classes=["bb-facts"]), nodes.definition_list()
        for name, *values in body_rows(table):
            value = values[0]
            facts["glance"][name.astext()] = value.astext()
            if name.astext() == "ImageNet" and not value.next_node(nodes.reference):
                warn(value, "The accuracy on ImageNet links to where it was published")
            term = nodes.term("", "", *name.next_node(nodes.paragraph).children)
            item = nodes.definition_list_item("", term, nodes.definition("", *value.children))
            (short if len(value.astext()) <= SHORT else long).append(item)
        card += [facts_of for facts_of in (short, long) if len(facts_of)]
        table.parent.replace(table, card)

    def mark_glossary(self, table: nodes.table) -> None:
        """An anchor for each term, and a place for the link to its chapter."""
        table["classes"].append("bb-glossary")
        rows = body_rows(table)
        names = [row[0].astext().lower() for row in rows]
        for before, after in pairwise(names):
            if before > after:
                warn(table, f"The glossary is alphabetical: {after!r} belongs before {before!r}")
        for term, chinese, _, chapter in rows:
            term["ids"].append("term-" + nodes.make_id(term.astext()))
            chinese["classes"].append("language-zh")  # becomes the attribute lang
            chapter["chapter"] = re.sub("[ -]", "_", chapter.astext().lower())
            if chapter["chapter"] and not planned(chapter["chapter"]):
                warn(chapter, f"The outline of the book has no chapter {chapter.astext()!r}")

    def mark_callout(self, quote: nodes.block_quote) -> None:
        """A quote that begins with **Pitfall.** becomes a titled box."""
        first = quote[0] if len(quote) else None
        if not isinstance(first, nodes.paragraph):
            return
        while isinstance(first[0], nodes.Text) and not first[0].strip():
            first.pop(0)  # the parser leaves an empty text before the bold word
        if not isinstance(first[0], nodes.strong):
            return
        words = leading_words(first[0].astext())
        kind = CALLOUTS.get(words) or CALLOUTS.get(words.split(":")[0])
        if kind is None:
            warn(quote, f"A quote that begins in bold begins with one of {list(CALLOUTS)}")
            return
        label = first.pop(0)
        if len(first) and isinstance(first[0], nodes.Text):
            first[0] = nodes.Text(first[0].astext().lstrip())
        if not first.astext().strip() and not first.next_node(nodes.image):
            quote.remove(first)
        head = nodes.paragraph(classes=["bb-callout-title"])
        head += nodes.Text(label.astext().strip().rstrip(".:"))
        box = nodes.container(classes=["bb-callout", f"bb-{kind}"])
        box += [head, *quote.children]
        quote.replace_self(box)

    def mark_exercise(self, section: nodes.section, title: nodes.title) -> None:
        """'Exercise 1: Title (easy)': a card with its level."""
        section["classes"].append("bb-exercise")
        match = re.search(r" \((\w+)\)$", title.astext())
        if not match or match[1] not in LEVELS:
            warn(section, f"An exercise's title ends with its level, one of {LEVELS}, in brackets")
            return
        last = title[-1]
        title.replace(last, nodes.Text(last.astext().removesuffix(match[0]) + " "))
        title += nodes.inline(match[1], match[1], classes=["bb-level"])

    def mark_title(self, cell: nodes.container) -> None:
        """`# @title` names a folded cell in Colab; here it is the label of the fold."""
        block = cell.next_node(nodes.literal_block)
        match = re.match(r"# ?@title (.+)\n*", block.astext()) if block else None
        if not match:
            return
        code = block.astext()[match.end() :]
        block.children = [nodes.Text(code)]
        block.rawsource = code
        title = cell["prompt_show"] = match[1].strip()
        cell["titled"] = True
        if cell.get("hide_mode") not in ("input", "all"):
            warn(cell, f"The cell titled {title!r} is tagged hide-input or hide-cell")
        elif title == IMPORTS_TITLE and cell["hide_mode"] != "all":
            warn(cell, f"The cell titled {title!r} is tagged hide-cell")

    def mark_papers(self, facts: dict[str, Any]) -> None:
        """Links to papers: title on hover, and an entry in the bibliography's "cited in"."""
        papers = Papers.of(self.app)
        facts["cites"] = set()
        for link in self.document.findall(nodes.reference):
            address = link.get("refuri", "")
            key = papers.key(address)
            if key:
                facts["cites"].add(key)
                link["classes"].append("bb-paper")
                link["reftitle"] = papers.title(key)
            elif papers.is_paper(address):
                warn(link, f"{address} is not in book/references.bib")


def purge(app: Sphinx, env: Any, docname: str) -> None:
    """Forget a page that changed or went away."""
    getattr(env, "backbones_pages", {}).pop(docname, None)


def merge(app: Sphinx, env: Any, docnames: set[str], other: Any) -> None:
    """Collect the facts that a parallel reader gathered."""
    env.backbones_pages = getattr(env, "backbones_pages", {}) | {
        name: facts for name, facts in other.backbones_pages.items() if name in docnames
    }


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_transform(ChapterMarkup)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    # What is cached of a page depends on this code: a change of it has all pages read again.
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return {"version": "1", "env_version": crc32(code), "parallel_read_safe": True}
