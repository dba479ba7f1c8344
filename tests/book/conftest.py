"""The site's extensions can be imported, and a small book that they built is at hand."""

import sys
import warnings
from pathlib import Path

import pytest
from small_book import SmallBook
from sphinx.util.docutils import docutils_namespace, patch_docutils

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "ext"))


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    with patch_docutils(), docutils_namespace(), warnings.catch_warnings():
        # One of Sphinx's extensions looks at every object there is, and wakes torch's old ones.
        warnings.simplefilter("ignore")
        yield SmallBook(tmp_path_factory.mktemp("book"))
