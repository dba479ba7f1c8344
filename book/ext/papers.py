"""The bibliography as a table of addresses: which paper does a link point to?"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any

import latexcodec  # noqa: F401  registers the codec "ulatex"
from pybtex.database import Entry, parse_file
from pybtex.plugin import register_plugin
from pybtex.richtext import HRef
from pybtex.style.formatting.unsrt import Style
from pybtex.style.template import field, join, optional, sentence
from sphinx.application import Sphinx

ARXIV = re.compile(r"https?://arxiv\.org/(?:abs|pdf)/([\w.\-/]+?)(?:v\d+)?(?:\.pdf)?$")
DOI = re.compile(r"https?://(?:dx\.)?doi\.org/(.+)$")


def plain(text: str) -> str:
    """Text without TeX's accents and braces."""
    return re.sub(r"[{}]", "", codecs.decode(text, "ulatex"))


class LinkedTitles(Style):
    """The usual form of references, but the title is the link, and no address is spelled out."""

    default_sorting_style = "author_year_title"

    def format_title(self, e: Entry, which_field: str, as_sentence: bool = True) -> Any:
        """The title, linked to where the paper can be read."""
        url = e.fields["url"]
        title = field(which_field, apply_func=lambda text: HRef(url, text))
        return sentence[title] if as_sentence else title

    def format_btitle(self, e: Entry, which_field: str, as_sentence: bool = True) -> Any:
        """The title of a book likewise, but not the name of a volume that holds the paper."""
        if which_field == "title":
            return self.format_title(e, which_field, as_sentence)
        return super().format_btitle(e, which_field, as_sentence)

    def format_web_refs(self, e: Entry) -> Any:
        """Just the number on arXiv."""
        return sentence[optional[join["arXiv:", field("eprint", raw=True)]]]


register_plugin("pybtex.style.formatting", "linked-titles", LinkedTitles)


class Papers:
    """References by address, read once for a build."""

    def __init__(self, path: Path) -> None:
        self.entries: dict[str, Entry] = dict(parse_file(str(path)).entries)
        self.by_address: dict[str, str] = {}
        for key, entry in self.entries.items():
            for name in ("eprint", "doi", "url"):
                if name in entry.fields:
                    self.by_address[self.normal(entry.fields[name])] = key

    @classmethod
    def of(cls, app: Sphinx) -> Papers:
        """The bibliography of the book being built."""
        if not hasattr(app, "backbones_papers"):
            app.backbones_papers = cls(Path(app.srcdir) / app.config.bibtex_bibfiles[0])
        return app.backbones_papers

    @staticmethod
    def normal(address: str) -> str:
        """One form for the several addresses of a paper."""
        for pattern in (ARXIV, DOI):
            if match := pattern.match(address):
                return match[1].lower()
        return address.rstrip("/").lower()

    def key(self, address: str) -> str | None:
        """The entry that an address belongs to."""
        return self.by_address.get(self.normal(address))

    @staticmethod
    def is_paper(address: str) -> bool:
        """Whether an address must be in the bibliography."""
        return bool(ARXIV.match(address) or DOI.match(address))

    def title(self, key: str) -> str:
        """Authors, title and year in one line."""
        entry = self.entries[key]
        people = [plain(" ".join(person.last_names)) for person in entry.persons.get("author", [])]
        authors = ", ".join(people) if len(people) <= 3 else f"{people[0]} et al."
        title, year = plain(entry.fields["title"]), entry.fields.get("year", "")
        return f"{authors}: {title}" + (f" ({year})" if year else "")
