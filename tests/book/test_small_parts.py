"""The outline, the bibliography's addresses, and the drawing on the first page."""

import re
from xml.etree import ElementTree

import pytest
import yaml
from small_book import BIBLIOGRAPHY, ROOT

# -- outline ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        ([("Foundations", ["chapters/convolution"])], None),
        ([("Reference", ["book/glossary"]), ("Attention", ["chapters/vit"])], None),
        ([("Attention", ["chapters/resnet"])], "no chapter 'resnet' in 'Attention'"),
        ([("Attention", ["chapters/vitt"])], "no chapter 'vitt'"),
        ([("Beginnings", ["chapters/convolution"])], "in 'Beginnings'"),
        ([("Attention", ["chapters/vit", "chapters/transformer"])], "in another order"),
        (
            [("Attention", ["chapters/vit"]), ("Foundations", ["chapters/training"])],
            "in another order",
        ),
    ],
)
def test_a_table_of_contents_is_held_against_the_outline(contents, complaint):
    from outline import disorder

    found = disorder(contents)
    assert len(found) == (complaint is not None)
    assert complaint is None or complaint in found[0]


def test_the_books_own_contents_are_the_outlines():
    from outline import disorder

    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [
        (part["caption"], [entry["file"] for entry in part["chapters"]])
        for part in contents["parts"]
    ]
    assert disorder(parts) == []


def test_no_chapter_is_in_two_parts():
    from outline import OUTLINE, planned

    names = [name for chapters in OUTLINE.values() for name in chapters]
    assert len(set(names)) == len(names)
    assert all(planned(name) for name in names)
    assert not planned("lenett")


# -- papers ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    from papers import Papers

    path = tmp_path_factory.mktemp("papers") / "references.bib"
    path.write_text(BIBLIOGRAPHY, encoding="utf-8")
    return Papers(path)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://arxiv.org/abs/1409.1556", "vgg"),
        ("http://arxiv.org/abs/1409.1556v6", "vgg"),
        ("https://arxiv.org/pdf/1409.1556", "vgg"),
        ("https://arxiv.org/pdf/1409.1556v2.pdf", "vgg"),
        ("https://doi.org/10.1000/182", "unread"),
        ("http://dx.doi.org/10.1000/182", "unread"),
        ("https://arxiv.org/abs/1409.1557", None),
        ("https://example.org/abs/1409.1556", None),
    ],
)
def test_a_paper_is_known_by_each_of_its_addresses(papers, address, key):
    assert papers.key(address) == key


def test_what_must_be_in_the_bibliography(papers):
    assert papers.is_paper("https://arxiv.org/abs/2010.11929")
    assert papers.is_paper("https://doi.org/10.1000/9")
    assert not papers.is_paper("https://github.com/pytorch/vision")


def test_three_authors_are_named_and_more_are_not(papers):
    assert papers.title("vgg") == "Simonyan, Zisserman: Very deep convolutional networks (2015)"
    assert papers.title("resnet") == "He et al.: Deep residual learning (2016)"


def test_titles_are_without_tex():
    from papers import plain

    assert plain(r"{ImageNet} by {\"O}zt{\"u}rk") == "ImageNet by Öztürk"


def test_every_paper_of_the_book_can_be_found_by_its_address():
    from papers import Papers

    book = Papers(ROOT / "book" / "references.bib")
    for key, entry in book.entries.items():
        assert "url" in entry.fields, f"{key} has no url, to which its title would be linked"
        assert book.key(entry.fields["url"]) == key, f"{key} has the address of another entry"
        assert book.title(key)


# -- the drawing on the first page -----------------------------------------------------------------


@pytest.fixture(scope="module", params=["bb-hero-wide", "bb-hero-small"])
def drawing(request):
    from hero import hero

    (found,) = ElementTree.fromstring(hero()).findall(f"svg[@class='{request.param}']")
    return found


def test_volumes_shrink_and_deepen_as_vggs_do(drawing):
    words = [text.text for text in drawing.findall("text")]
    assert words[:10:2] == ["224²", "112²", "56²", "28²", "14²"]
    assert words[1:10:2] == [f"×\u2009{n}" for n in (64, 128, 256, 512, 512)]
    faces = [
        group.findall("path") for group in drawing.findall("g") if group.find("path") is not None
    ]
    fronts = [re.findall(r"-?\d+", f[1].get("d")) for f in faces]
    depths, heights = ([abs(int(front[i])) for front in fronts] for i in (2, 3))
    assert heights == sorted(heights, reverse=True)
    assert depths == sorted(depths)
    assert len(fronts) == 5


def test_scores_are_as_long_as_they_are_high(drawing):
    from hero import CLASSES

    bars = drawing.findall("rect")
    lengths = [float(bar.get("width")) for bar in bars]
    shares = [share for _, share in CLASSES]
    assert lengths == pytest.approx([lengths[0] * s / shares[0] for s in shares], abs=1)
    assert [text.text for text in drawing.findall("text")][10:] == [name for name, _ in CLASSES]
    heights = [float(bar.get("y")) + float(bar.get("height")) / 2 for bar in bars]
    (spine,) = (path for path in drawing.findall("path"))
    axis = float(re.match(r"M\d+ (\d+)H", spine.get("d"))[1])
    assert sum(heights) / len(heights) == pytest.approx(axis, abs=5)


def test_nothing_leaves_the_drawing(drawing):
    _, _, width, height = map(float, drawing.get("viewBox").split())
    for element in drawing:
        for name, limit in (("x", width), ("y", height)):
            if element.get(name):
                assert 0 <= float(element.get(name)) <= limit
    (flower,) = (group for group in drawing.findall("g") if group.get("transform"))
    x, y, scale = map(float, re.findall(r"[\d.]+", flower.get("transform")))
    assert 34 * scale <= x <= width - 34 * scale
    assert 34 * scale <= y <= height - 34 * scale
    for bar in drawing.findall("rect"):
        assert float(bar.get("x")) + float(bar.get("width")) <= width
    assert "daisy" in drawing.get("aria-label")
