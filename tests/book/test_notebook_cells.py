"""Cells of a chapter on the site: long listings are folded, live labs say what they need."""

import pytest
from docutils import nodes
from small_book import chapter, code

VGG = "chapters/vgg"


def listing(lines, module="backbones.models.vgg", names=("def vgg16", "class VGG")):
    """Markdown as `Source` puts it out."""
    head = [f"{name}():" for name in names]
    return "\n".join(["```python", f"# {module}", "", *head, *["    pass"] * (lines - 2), "```"])


def resolved(book, *cells):
    """The page as the writer gets it."""
    book.read(VGG, chapter(*cells))
    return book.app.env.get_and_resolve_doctree(VGG, book.app.builder)


def of_class(doctree, name):
    return [node for node in doctree.findall(nodes.Element) if name in node.get("classes", ())]


def folds(doctree):
    from myst_nb.sphinx_ import HideCodeCellNode

    return [fold for fold in doctree.findall(HideCodeCellNode) if "bb-listing" in fold["classes"]]


@pytest.mark.parametrize(("lines", "folded"), [(30, False), (31, True), (80, True)])
def test_a_long_listing_folds_behind_what_it_defines(book, lines, folded):
    found = folds(resolved(book, code("Source(VGG)", markdown=listing(lines))))
    assert len(found) == folded
    if folded:
        assert "<code>def vgg16</code>, <code>class VGG</code>" in found[0]["label"]
        assert f"{lines} lines of backbones.models.vgg" in found[0]["label"]
        assert "class VGG():" in found[0].astext()


def test_a_listing_of_many_things_names_the_first_four(book):
    names = [f"def part_{number}" for number in range(6)]
    (fold,) = folds(resolved(book, code("Source()", markdown=listing(60, names=names))))
    assert "part_3</code> and 2 more" in fold["label"]
    assert "part_4" not in fold["label"]


def test_code_that_is_not_the_packages_is_never_folded(book):
    long = "```python\n" + "x = 1\n" * 60 + "```"
    assert folds(resolved(book, code("show()", markdown=long))) == []
    assert folds(resolved(book, code("\n".join(["x = 1"] * 60), html="<p>1</p>"))) == []


NOTE = '<p class="bb-kernel"><em>The controls appear where a kernel runs.</em></p>'


def test_a_live_lab_says_that_it_needs_a_kernel_and_where_there_is_one(book):
    doctree = resolved(book, code("lab(run)", html=NOTE))
    (box,) = of_class(doctree, "bb-lab")
    assert "needs a kernel" in box.astext()
    (button,) = of_class(box, "bb-colab")
    assert button["refuri"].endswith("/blob/main/chapters/vgg.ipynb")
    assert button["refuri"].startswith("https://colab.research.google.com/")
    after = box.next_node(descend=False, siblings=True)
    assert "lab(run)" in after.astext()
    assert "bb-kernel" not in after.astext()  # said once
