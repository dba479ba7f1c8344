"""Pages that gather from the chapters."""

from itertools import chain

import pytest
from small_book import chapter, notebook, opening


def words(element):
    return " ".join(element.get_text(" ", strip=True).split())


# -- claims ----------------------------------------------------------------------------------------


def test_all_claims_are_counted_by_their_verdict(book):
    tally = book.page("book/claims").select("ul.bb-tally li")
    assert [words(item) for item in tally] == ["true 3", "true, but … 1", "myth 1"]
    assert [item.span["class"][1] for item in tally] == [
        "bb-verdict-true",
        "bb-verdict-but",
        "bb-verdict-myth",
    ]


def test_claims_stand_under_their_chapter_in_the_order_of_the_book(book):
    page = book.page("book/claims")
    sections = page.select("article section section")
    assert [section["id"] for section in sections] == ["vgg", "resnet"]
    assert [section.h2.a["href"] for section in sections] == [
        "../chapters/vgg.html",
        "../chapters/resnet.html",
    ]
    assert [a["href"] for a in page.select(".bb-jump a")] == ["#vgg", "#resnet"]
    (row,) = sections[1].select("tbody tr")
    assert [words(cell) for cell in row.select("td")] == [
        "Shortcuts help",
        "measured here more see it checked",
        "true",
    ]


def test_a_claim_leads_to_where_it_is_checked(book):
    rows = book.page("book/claims").select("#vgg tbody tr")
    links = [[a["href"].removeprefix("../chapters/vgg.html") for a in r.select("a")] for r in rows]
    assert links == [
        ["#fields-of-a-stack", "#claim-1"],
        ["#fields-of-a-stack", "#exercise-1-count-easy", "#claim-2"],
        ["https://arxiv.org/abs/1512.03385", "#claim-3"],
        ["#claim-4"],
    ]
    anchors = {element["id"] for element in book.page("chapters/vgg").select("[id]")}
    for href in chain.from_iterable(links):
        assert href.startswith("https:") or href.removeprefix("#") in anchors
    here = book.page("chapters/vgg").select("table.bb-claims a.bb-where")
    assert [a["href"] for a in here] == [
        "#fields-of-a-stack",
        "#fields-of-a-stack",
        "#exercise-1-count-easy",
    ]


def test_anchors_stay_in_the_chapter(book):
    assert book.page("book/claims").select("td[id]") == []


def test_claims_can_be_sifted_by_verdict_and_chapter_where_scripts_run(book):
    page = book.page("book/claims")
    (form,) = page.select("form.bb-filter.bb-js")  # hidden without scripts
    choices = {radio["value"]: words(radio.parent) for radio in form.select("[name=verdict]")}
    assert choices == {"": "all 5", "true": "true 3", "but": "true, but … 1", "myth": "myth 1"}
    options = {option["value"]: words(option) for option in form.select("option")}
    assert options == {"": "all", "vgg": "VGG: depth", "resnet": "ResNet"}
    sections = page.select("section.bb-of-chapter")
    assert [section["id"] for section in sections] == ["vgg", "resnet"]
    for row in page.select("tbody tr"):  # the script finds the verdict of a row by its badge
        assert len(row.select(".bb-verdict")) == 1


# -- the map ---------------------------------------------------------------------------------------


def test_the_map_has_a_card_for_each_chapter_by_parts(book):
    parts = book.page("index").select(".bb-map > details")
    assert [(p["data-part"], words(p.summary.h3)) for p in parts] == [
        ("classic-networks", "Classic networks"),
        ("skip-connections", "Skip connections"),
    ]
    assert all(part.has_attr("open") for part in parts)  # without a script all of them can be read
    cards = book.page("index").select("a.bb-card")
    assert [(card["href"], words(card)) for card in cards] == [
        ("chapters/vgg.html", "VGG: depth 2014 Small filters, stacked."),
        ("chapters/resnet.html", "ResNet 2015 Add the input."),
    ]


def test_what_a_chapter_says_is_text_and_not_html(book):
    import gathered_pages

    text = notebook(opening("A < B", "Less & more.", "| Year | <2015 |"))
    book.read("chapters/resnet", text)
    facts = dict(book.app.env.backbones_pages["chapters/resnet"])
    assert facts["lead"] == "Less & more."

    class Fill(gathered_pages.FillGathered):
        def __init__(self):
            pass

        def pages(self):
            return {"chapters/resnet": facts}

        def title(self, name):
            return "A < B"

        def uri(self, name):
            return "x.html"

    assert "A &lt; B" in Fill().card("chapters/resnet")
    assert "Less &amp; more." in Fill().card("chapters/resnet")


# -- the timeline ----------------------------------------------------------------------------------


def test_the_timeline_leads_to_the_chapters_there_are(book):
    for kind in ("bb-flat", "bb-tall"):
        (drawing,) = book.page("index").select(f"svg.{kind}")
        links = {words(a): a["href"] for a in drawing.select("a")}
        assert links == {"VGG": "chapters/vgg.html", "ResNet": "chapters/resnet.html"}


def test_a_network_that_leads_to_no_chapter_is_a_warning(book, monkeypatch):
    import gathered_pages
    from timeline import NETWORKS

    slip = NETWORKS[3]._replace(chapter="vvg")
    monkeypatch.setattr(gathered_pages, "NETWORKS", (*NETWORKS[:3], slip, *NETWORKS[4:]))
    book.said.truncate(0)
    book.app.env.get_and_resolve_doctree("book/index", book.app.builder)
    assert "The timeline leads VGG to no chapter: 'vvg'" in book.said.getvalue()


def test_contents_that_are_not_the_outlines_are_a_warning(book, monkeypatch):
    import gathered_pages

    wrong = [("Skip connections", ["chapters/vgg"])]
    monkeypatch.setattr(gathered_pages, "parts", lambda app: wrong)
    book.said.truncate(0)
    gathered_pages.check_contents(book.app, book.app.env)
    assert "_toc.yml: The outline" in book.said.getvalue()


# -- the glossary and the bibliography -------------------------------------------------------------


def test_a_term_leads_to_its_chapter_where_there_is_one(book):
    rows = book.page("book/glossary").select("table.bb-glossary tbody tr")
    found = [(words(r.select("td")[3]), [a["href"] for a in r.select("a")]) for r in rows]
    assert found == [
        ("ResNet", ["../chapters/resnet.html"]),
        ("VGG", ["../chapters/vgg.html"]),
        ("ViT", []),
    ]


def test_a_paper_names_the_chapters_that_link_to_it(book):
    papers = book.page("book/bibliography").select("ul.bb-papers > li")
    found = {}
    for paper in papers:
        title = next(a for a in paper.select("a") if a["href"].startswith("https:"))
        found[words(title)] = [
            (words(a), a["href"]) for line in paper.select(".bb-cited") for a in line.select("a")
        ]
    vgg = ("VGG: depth", "../chapters/vgg.html")
    assert found == {
        "Very deep convolutional networks": [vgg],
        "Deep residual learning": [("ResNet", "../chapters/resnet.html"), vgg],
        "A paper that no chapter names": [],
    }
    lines = [words(line) for line in book.page("book/bibliography").select(".bb-cited")]
    assert lines == ["In ResNet , VGG: depth", "In VGG: depth"]


def test_gathering_pages_are_written_again_when_a_chapter_changed(book):
    import gathered_pages

    again = gathered_pages.changed(book.app, book.app.env)
    assert again == ["book/claims", "book/index"]


@pytest.mark.parametrize("name", ["chapters/vgg", "chapters/resnet"])
def test_a_page_that_went_away_is_forgotten(book, name):
    import chapter_markup

    book.read(name, chapter())
    chapter_markup.purge(book.app, book.app.env, name)
    assert name not in book.app.env.backbones_pages
