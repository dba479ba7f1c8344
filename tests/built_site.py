"""Where the built site is, and what should be in it."""

import os
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "build" / "_build" / "html"


def sources():
    """Every page of the book in reading order, as ``_toc.yml`` names it; the cover comes first."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    return [contents["root"], *parts]


def page_names():
    """Every page of the site in reading order; the root of the contents is its cover."""
    return ["index.html", *(f"{name}.html" for name in sources()[1:])]


def missing(reason):
    """Skip; under CI fail, so that a test can never go missing unseen."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{reason} (under CI these tests are never skipped)", pytrace=False)
    pytest.skip(reason)


def must_be_built():
    """Skip or fail where there is no site."""
    if not (HTML / "index.html").is_file():
        missing("the site is not built: run `make book`")
