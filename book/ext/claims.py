"""The table of a chapter's claims: kinds of evidence, links to the sections that hold it, verdicts.

A row of it:

| Depth always helps | measured here: 71.4 % against 72.0 % (*Deeper*) | **myth** it saturates |
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from docutils import nodes
from markup import body_rows, header_cells, leading_words, warn

CLAIMS_TITLE = "What the notes say, checked"
CLAIMS_HEADER = ["Claim", "Evidence", "Verdict"]
VERDICTS = {"true": "true", "true, but": "but", "myth": "myth"}
BADGES = {"true": "true", "but": "true, but …", "myth": "myth"}
KINDS = ("algebra", "measured here", "paper")
KIND = re.compile(rf"(^|;\s+)({'|'.join(KINDS)}):\s*", re.IGNORECASE)
# "(" before a name, or what stands between two names in the same brackets.
BEFORE_NAME = re.compile(r"\($")
BETWEEN_NAMES = re.compile(r"^(?:,|;|,? and)\s+$")
# A row is read on the page of all claims, too, where no cell stands below.
NO_PLACE = re.compile(r"\bcells? (?:above|below)\b")

Claim = tuple[str, str, list[nodes.entry]]


def mark_claims(section: nodes.section, document: nodes.document) -> list[Claim]:
    """Give the rows of the section's table their labels, links and badges.

    Returns:
        For each row its anchor, its kind of verdict, and copies of its cells.
    """
    tables = list(section.findall(nodes.table))
    if not tables:
        warn(section, f"No table under {CLAIMS_TITLE!r}")
    places = section_names(document)
    claims: list[Claim] = []
    for table in tables:
        if header_cells(table) != CLAIMS_HEADER:
            warn(table, f"A table of claims has the columns {CLAIMS_HEADER}")
            continue
        table["classes"].append("bb-claims")
        for row in body_rows(table):
            faults = [fault for cell in row[1:] for fault in link_sections(cell, places)]
            mark_kinds(row[1])
            if NO_PLACE.search(" ".join(cell.astext() for cell in row)):
                faults.append("its evidence names a section, not a cell above or below")
            kind = mark_verdict(row[2])
            if kind is None:
                faults.append(f"its verdict begins with one of {list(VERDICTS)}, in bold")
            for fault in faults:
                warn(table, f"The claim {row[0].astext()!r}: {fault}")
            if kind is not None:
                anchor = f"claim-{len(claims) + 1}"
                row[0]["ids"].append(anchor)
                claims.append((anchor, kind, [cell.deepcopy() for cell in row]))
    return claims


def section_names(document: nodes.document) -> dict[str, str]:
    """Anchors of the sections by their titles; an exercise goes by its number as well."""
    places: dict[str, str] = {}
    for section in document.findall(nodes.section):
        title = plain(section[0].astext())
        if title in places:
            warn(section, f"Two sections have the title {section[0].astext()!r}")
        anchor = section["ids"][0]
        places[title] = anchor
        if exercise := re.match(r"exercise \d+(?=:)", title):
            places[exercise[0]] = anchor
            places[re.sub(r" \(\w+\)$", "", title)] = anchor
    return places


def plain(title: str) -> str:
    """A title as it is compared: without regard to case and line breaks."""
    return " ".join(title.split()).casefold()


def link_sections(cell: nodes.entry, places: dict[str, str]) -> Iterator[str]:
    """A section's title in italics and brackets becomes a link; yields what is no title."""
    for paragraph in cell.findall(nodes.paragraph):
        before, named = "", False
        for child in list(paragraph):
            if isinstance(child, nodes.emphasis):
                named = bool(BEFORE_NAME.search(before) or (named and BETWEEN_NAMES.match(before)))
                if named and plain(child.astext()) not in places:
                    yield f"the chapter has no section {child.astext()!r}"
                elif named:
                    link(child, places[plain(child.astext())])
            before = child.astext()
            named = named and isinstance(child, nodes.Text | nodes.emphasis)


def link(name: nodes.emphasis, anchor: str) -> None:
    """Put a link around the name of a section."""
    reference = nodes.reference("", "", refid=anchor, internal=True, classes=["bb-where"])
    name.replace_self(reference)
    reference += name


def mark_kinds(cell: nodes.entry) -> None:
    """The kind of evidence, where a cell names it, becomes a label."""
    for paragraph in cell.findall(nodes.paragraph):
        for number, child in enumerate(list(paragraph)):
            if not isinstance(child, nodes.Text):
                continue
            pieces: list[nodes.Node] = []
            text, end = str(child), 0
            for match in KIND.finditer(text):
                if match[1] == "" and number > 0:
                    continue  # a colon after a link or the like, in mid-sentence
                pieces += [nodes.Text(text[end : match.start()] + match[1])] if match[1] else []
                pieces += [nodes.inline("", match[2].lower(), classes=["bb-kind"]), nodes.Text(" ")]
                end = match.end()
            if pieces:
                child.parent.replace(child, [*pieces, nodes.Text(text[end:])])


def mark_verdict(cell: nodes.entry) -> str | None:
    """Give a verdict its badge; returns its kind, or None where it is no verdict."""
    strong = cell.next_node(nodes.strong)
    kind = VERDICTS.get(leading_words(strong.astext())) if strong else None
    if kind is None:
        return None
    badge = nodes.inline(classes=["bb-verdict", f"bb-verdict-{kind}"])
    badge += nodes.Text(BADGES[kind])
    after = strong.next_node(nodes.Text, descend=False, siblings=True)
    if after is not None:
        after.parent.replace(after, nodes.Text(re.sub(r"^[\s,;:.…—-]+", " ", after)))
    strong.replace_self(badge)
    return kind
