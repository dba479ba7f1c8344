"""What readers can search: an index of weighted words, and the texts from which results quote.

One entry a section, a glossary term and a paper. The index is small because it holds, for each
entry, only the words that tell it from others; it comes when the search field gets the focus, and
the text of a page when one of its entries is found.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from typing import Any

from docutils import nodes
from outline import is_chapter
from papers import Papers
from search_words import CHINESE, GREEK, RULES, STOPPED, words
from sphinx.application import Sphinx

# How much a word counts by the place where it stands; in a title it counts by itself.
FIELDS = {"marked": 2.0, "text": 1.0, "card": 1.0, "context": 0.5, "code": 0.3}
IN_TITLE, IN_NAMES, INTRODUCED = 2.0, 1.2, 0.4
# Sections that every chapter has say less than those of its own.
WORTH = {
    "What the notes say, checked": 0.6,
    "Pitfalls": 0.8,
    "Live lab": 0.5,
    "Exercises": 0.5,
    "Quiz": 0.5,
    "Summary": 0.5,
    "References": 0.5,
}
WORTH_OF_CHAPTER, WORTH_OF_PROSE = 0.65, 0.7
WORTH_OF_EXERCISE, WORTH_OF_TERM, WORTH_OF_PAPER = 0.6, 0.4, 0.25
KEPT = 150  # words an entry
SATURATION, LENGTH_COUNTS = 1.2, 0.4  # k and b of BM25
STEPS = 26  # a weight's root is a letter from A to Z


@dataclass
class Entry:
    """A place of the book: what it says, field by field, and how much it is worth."""

    page: str
    anchor: str
    title: str
    worth: float = 1.0
    said: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    names: list[str] = field(default_factory=list)
    chinese: list[str] = field(default_factory=list)

    @property
    def quoted(self) -> str:
        """The text from which a result quotes."""
        return " ".join(" ".join(self.said["text"]).split())

    def counts(self) -> Counter[str]:
        """How often each word is said, weighted by where; without what code says in passing."""
        counts: Counter[str] = Counter()
        told: set[str] = set()
        for place, texts in self.said.items():
            heard = words(" ".join(texts))
            for word in heard:
                counts[word] += FIELDS[place]
            if place != "code":
                told.update(heard)
        kept = (w for w, n in counts.items() if (w in told or n > 1) and not w.isdigit())
        return Counter({word: counts[word] for word in kept})

    def called(self) -> dict[str, float]:
        """What a word counts for being in its title, in a name, or in a term it introduces.

        The longer the title, the less each of its words.
        """
        named = [(self.title, IN_TITLE), *((name, IN_NAMES) for name in self.names)]
        bonus: dict[str, float] = {}
        for name, worth in [*named, *((text, INTRODUCED) for text in self.said["marked"])]:
            heard = words(name)
            for word in heard if worth > INTRODUCED or len(heard) < 4 else ():
                bonus[word] = max(bonus.get(word, 0), worth * len(heard) ** -0.5)
        return bonus


# ------------------------------------------------------------------------------------- reading

SIGNS = {"cdot": "·", "times": "×", "to": "→", "leftarrow": "←", "approx": "≈", "sqrt": "√"}
SIGNS |= {name: sign for sign, name in GREEK.items()} | {"varepsilon": "ε", "varphi": "φ"}
RAISED = str.maketrans("-0123456789n", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ")


def readable(node: nodes.Node) -> str:
    """A node's text; of a formula what a line of text can show: $10^{-3}$ -> 10⁻³."""
    if isinstance(node, nodes.Text):
        return node.astext()
    if not isinstance(node, nodes.math):
        return "".join(map(readable, node.children))

    def sign(command: re.Match) -> str:
        return SIGNS[command[1]] + command[2] if command[1] in SIGNS else ""

    def raised(power: re.Match) -> str:
        return (power[1] or power[2]).translate(RAISED)

    text = re.sub(r"\\([a-z]+)( ?)", sign, node.astext())
    text = re.sub(r"\^(?:\{([-0-9n]+)\}|([0-9n]))", raised, text)
    return re.sub(r"\\[,;!]|[{}\\]", "", text)


def listen(node: nodes.Node, said: dict[str, list[str]]) -> None:
    """Sort what a node says into fields; raw HTML, outputs and the glossary's table say nothing."""
    silent = (
        nodes.raw | nodes.comment | nodes.math_block | nodes.section | nodes.title | nodes.thead
    )
    if isinstance(node, silent) or node.get("nb_element") == "cell_code_output":
        return
    if "bb-glossary" in node["classes"]:
        return
    if "bb-glance" in node["classes"]:
        said["card"].append(" ".join(node.astext().split()))
        return
    if isinstance(node, nodes.literal_block):
        said["code"].append(node.astext())
        return
    if node.get("prompt_show"):
        said["marked"].append(node["prompt_show"])
    if isinstance(node, nodes.row):
        said["text"].append(" · ".join(" ".join(map(readable, cell)) for cell in node) + ".")
        said["marked"] += [part.astext() for part in node.findall(introduces)]
        return
    if not isinstance(node, nodes.TextElement):
        for child in node.children:
            if isinstance(child, nodes.Element):
                listen(child, said)
        return
    said["text"].append(readable(node))
    said["marked"] += [part.astext() for part in node.findall(introduces)]
    if "bb-callout-title" in node["classes"]:
        said["marked"].append(node.astext())


def introduces(node: nodes.Node) -> bool:
    """Whether a part of a sentence introduces its words: bold, italics, a link to the glossary."""
    if isinstance(node, nodes.strong | nodes.emphasis):
        return True
    to = node.get("refuri", node.get("reftarget", "")) if isinstance(node, nodes.Element) else ""
    return "glossary" in (to or "")


def title_of(section: nodes.section) -> str:
    """A section's title, without an exercise's level."""
    kept = [
        part
        for part in section[0]
        if "bb-level" not in getattr(part, "attributes", {}).get("classes", ())
    ]
    return "".join(part.astext() for part in kept).strip()


def sections(page: str, tree: nodes.document) -> Iterator[Entry]:
    """An entry for each section of a page; the first one stands for the page."""
    for section in tree.findall(nodes.section):
        title = title_of(section)
        worth = WORTH.get(title, WORTH_OF_EXERCISE if title.startswith("Exercise ") else 1.0)
        top = section.parent is tree
        entry = Entry(page, "" if top else section["ids"][0], title, worth)
        if not is_chapter(page):
            entry.worth *= WORTH_OF_PROSE
        if title != "References":  # these are papers, which have entries of their own
            for child in section:
                listen(child, entry.said)
        above = section.parent
        while isinstance(above, nodes.section):
            entry.said["context"].append(title_of(above))
            above = above.parent
        below = (child for child in section if isinstance(child, nodes.section))
        entry.said["context"] += map(title_of, below)
        if top and is_chapter(page):
            entry.worth = WORTH_OF_CHAPTER
            # "VGG" is a name of "VGG: depth from small filters", and of the file vgg.
            entry.names += [title.split(":")[0], page.split("/")[-1].replace("_", " ")]
        yield entry


def terms(page: str, tree: nodes.document) -> Iterator[tuple[Entry, str]]:
    """An entry for each row of the glossary, and the chapter that explains it."""
    for row in tree.findall(nodes.row):
        if row[0]["ids"] and row[0]["ids"][0].startswith("term-"):
            term, chinese, meaning, chapter = (cell.astext() for cell in row)
            entry = Entry(page, row[0]["ids"][0], term, WORTH_OF_TERM)
            entry.said["text"] = [f"{chinese} · {meaning}"]
            # "shortcut, skip connection" and "batch normalization (BN)" are two names each.
            entry.names = [name for name in re.split(r", | \(|\)", term) if name]
            entry.chinese = [name for name in re.split("[,;] ", chinese) if name]
            yield entry, f"chapters/{chapter.lower().replace(' ', '_')}"


def papers(app: Sphinx) -> Iterator[Entry]:
    """An entry for each paper of the bibliography."""
    known = Papers.of(app)
    domain = app.env.get_domain("cite") if "cite" in app.env.domains else None
    for citation in domain.citations if domain else ():
        line = known.title(citation.key)
        authors, title = line.split(": ", 1)
        entry = Entry(
            citation.bibliography_key.docname, citation.citation_id, title, WORTH_OF_PAPER
        )
        entry.said["text"] = [authors]
        yield entry


def home(term: Entry, chapter: list[Entry]) -> Entry | None:
    """The section of its chapter where a term is explained, or none.

    It is the chapter itself if its title has the term; else a section whose title is the term, the
    first that introduces it (bold, italics, a link to the glossary), the first whose title has it,
    or the one that says it most.
    """
    own = [entry for entry in chapter if not entry.anchor or entry.worth == 1.0]
    names = [words(name) for name in term.names]
    tests = (
        lambda entry: not entry.anchor and any(times(words(entry.title), name) for name in names),
        lambda entry: words(entry.title) in names,
        lambda entry: any(words(text) in names for text in entry.said["marked"]),
        lambda entry: any(times(words(entry.title), name) for name in names),
    )
    found = next((entry for test in tests for entry in own if test(entry)), None)
    if found or not own:
        return found

    def said(entry: Entry) -> int:
        return max(times(words(entry.quoted), name) for name in names)

    most = max(own, key=said)
    return most if said(most) > 1 else None


def times(text: list[str], phrase: list[str]) -> int:
    """How often words stand in a text one after the other."""
    span = len(phrase)
    return sum(text[i : i + span] == phrase for i in range(len(text) - span + 1))


def gather(app: Sphinx) -> list[Entry]:
    """All entries, page by page in the order of the book."""
    entries, explained = [], []
    for page in sorted(app.env.found_docs):
        tree = app.env.get_doctree(page)
        if page == app.config.external_site_map.root.docname:
            continue
        entries += sections(page, tree)
        for term, chapter in terms(page, tree):
            entries.append(term)
            explained.append((term, chapter))
    entries += papers(app)
    for term, chapter in explained:
        place = home(term, [entry for entry in entries if entry.page == chapter])
        if place:
            place.names += term.names
    return sorted(entries, key=lambda entry: entry.page)


# ------------------------------------------------------------------------------------ weighing


def weigh(entries: list[Entry]) -> list[dict[str, float]]:
    """For each entry the words that tell it from others, with weights.

    A word's weight is BM25's (rare words count more, the tenth time less than the first, and less
    in a long text), more if it is in the title, times what the entry is worth.
    """
    counts = [entry.counts() for entry in entries]
    titles = [entry.called() for entry in entries]
    lengths = [sum(one.values()) for one in counts]
    mean = sum(lengths) / len(lengths)
    holders = Counter(
        word for pair in zip(counts, titles, strict=True) for word in {**pair[0], **pair[1]}
    )
    weights = []
    for entry, count, title, length in zip(entries, counts, titles, lengths, strict=True):
        half = SATURATION * (1 - LENGTH_COUNTS + LENGTH_COUNTS * length / mean)
        weight = {}
        for word in {**count, **title}:
            rarity = log(1 + (len(entries) - holders[word] + 0.5) / (holders[word] + 0.5))
            said = count[word] / (count[word] + half) + title.get(word, 0)
            weight[word] = entry.worth * rarity * said
        kept = sorted(weight, key=lambda word: (word not in title, -weight[word], word))[:KEPT]
        weights.append({word: weight[word] for word in kept})
    return weights


def postings(weights: list[dict[str, float]]) -> str:
    """Line by line a word and its entries: 'stride 3K1B' is in entry 3 and the next, K beats B.

    An entry is given as the distance from the one before, in base 36, its weight as a letter.
    """
    heaviest = max(max(one.values(), default=0) for one in weights)
    found: dict[str, list[str]] = defaultdict(list)
    last: dict[str, int] = {}
    for number, one in enumerate(weights):
        for word, weight in one.items():
            step = min(STEPS - 1, int(STEPS * (weight / heaviest) ** 0.5))
            found[word].append(base36(number - last.get(word, 0)) + chr(ord("A") + step))
            last[word] = number
    return "\n".join(f"{word} {''.join(found[word])}" for word in sorted(found))


def base36(number: int) -> str:
    """A number in digits and small letters."""
    digits = ""
    while number or not digits:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


def slug(title: str) -> str:
    """The anchor that most titles have; others are written into the index."""
    return re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")


def index_of(entries: list[Entry], uri: dict[str, str], title: dict[str, str]) -> dict[str, Any]:
    """The index as it is written.

    Args:
        entries: All entries, those of a page together.
        uri: Address of each page from the site's root.
        title: Title of each page.
    """
    pages = list(dict.fromkeys(entry.page for entry in entries))
    first = {page: [entry.page for entry in entries].index(page) for page in pages}
    chinese = {name: entry.names[0] for entry in entries for name in entry.chinese}
    rows = []
    for number, entry in enumerate(entries):
        usual = "" if number == first[entry.page] else slug(entry.title)
        row = [entry.title, "" if entry.anchor == usual else entry.anchor]
        row.append(", ".join(dict.fromkeys(entry.names)))
        while not row[-1]:
            row.pop()
        rows.append(row)
    return {
        "rules": RULES,
        "stop": " ".join(sorted(STOPPED)),
        "chinese": CHINESE | chinese,
        "pages": [[uri[page], title[page], first[page]] for page in pages],
        "entries": rows,
        "words": postings(weigh(entries)),
    }


def write(app: Sphinx) -> None:
    """Write the index, and beside it the texts of each page.

    They are scripts and not JSON: pages opened from disk may not fetch.
    """
    out, entries = Path(app.outdir), gather(app)
    pages = dict.fromkeys(entry.page for entry in entries)
    uri = {page: app.builder.get_target_uri(page) for page in pages}
    title = {page: app.env.titles[page].astext() for page in pages}
    index = compact(index_of(entries, uri, title))
    (out / "search-index.js").write_text(f"backbonesIndex={index}", encoding="utf-8")
    for page in pages:
        texts = compact([entry.quoted for entry in entries if entry.page == page])
        path = out / "search" / f"{page}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        script = f"(self.backbonesTexts??={{}})[{json.dumps(uri[page])}]={texts}"
        path.write_text(script, encoding="utf-8")


def compact(value: Any) -> str:
    """JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
