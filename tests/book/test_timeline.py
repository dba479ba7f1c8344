"""The timeline: who is where, what came from what, which dots are filled."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

# Months of first publication that no arXiv number gives.
MONTHS = {"LeNet": (1998, 11), "AlexNet": (2012, 12)}
ARXIV = {
    "NiN": "1312.4400",
    "VGG": "1409.1556",
    "GoogLeNet": "1409.4842",
    "BN-Inception": "1502.03167",
    "Inception v3": "1512.00567",
    "Inception v4": "1602.07261",
    "ResNet": "1512.03385",
    "Pre-activation": "1603.05027",
    "DenseNet": "1608.06993",
    "ResNeXt": "1611.05431",
    "SENet": "1709.01507",
    "VoVNet": "1904.09730",
    "MobileNet": "1704.04861",
    "MobileNetV2": "1801.04381",
    "MobileNetV3": "1905.02244",
    "ShuffleNet": "1707.01083",
    "ShuffleNetV2": "1807.11164",
    "EfficientNet": "1905.11946",
    "GhostNet": "1911.11907",
    "RegNet": "2003.13678",
    "Transformer": "1706.03762",
    "ViT": "2010.11929",
    "Hybrid ViT": "2010.11929",
}


def networks():
    from timeline import NETWORKS

    return {network.name: network for network in NETWORKS}


def month(name):
    """Year and month of a network's first publication; an arXiv number begins with them."""
    if name in MONTHS:
        return MONTHS[name]
    return 2000 + int(ARXIV[name][:2]), int(ARXIV[name][2:4])


def drawings(links):
    """The two drawings, for wide and for narrow screens, as elements."""
    from timeline import timeline

    figure = ElementTree.fromstring(timeline(links))
    return {drawing.get("class"): drawing for drawing in figure.findall("svg")}


def dots(drawing):
    """Each network's group and dot."""
    groups = [e for e in drawing if e.tag == "a" or e.get("class") == "bb-later"]
    return {group.find("text").text: (group, group.find("circle")) for group in groups}


def place(dot):
    return float(dot.get("cx")), float(dot.get("cy"))


def test_dates_are_those_of_the_papers():
    assert networks().keys() == MONTHS.keys() | ARXIV.keys()
    for name, network in networks().items():
        year, number = month(name)
        assert network.date == pytest.approx(year + (number - 0.5) / 12), name


def test_parents_are_on_the_timeline_and_not_younger():
    for network in networks().values():
        for parent in network.parents:
            assert networks()[parent].date <= network.date, f"{parent} -> {network.name}"


def test_every_network_has_a_lane_and_a_row_and_a_chapter_of_that_part():
    from outline import OUTLINE
    from timeline import LANES

    for network in networks().values():
        lane = LANES[network.lane]
        assert network.row < lane.rows, network.name
        (part,) = (part for part in OUTLINE if part.startswith(lane.name))
        assert network.chapter in OUTLINE[part], network.name


def test_every_chapter_on_a_network_is_on_the_timeline():
    from outline import OUTLINE
    from timeline import LANES

    shown = {network.chapter for network in networks().values()}
    for part, chapters in OUTLINE.items():
        if any(part.startswith(lane.name) for lane in LANES):
            assert set(chapters) - shown <= {"self_attention"}, part


@pytest.mark.parametrize("kind", ["bb-flat", "bb-tall"])
def test_a_dot_is_filled_and_a_link_where_the_chapter_exists(kind):
    found = dots(drawings({"vgg": "vgg.html", "inception": "i.html"})[kind])
    assert found.keys() == networks().keys()
    addresses = {"VGG": "vgg.html", "BN-Inception": "i.html", "Inception v3": "i.html"}
    for name, (group, dot) in found.items():
        assert group.get("href") == addresses.get(name), name
        filled = dot.get("fill") == dot.get("stroke")
        assert filled == (name in addresses), name
        assert filled or dot.get("fill") == "var(--page)", name


@pytest.mark.parametrize("kind", ["bb-flat", "bb-tall"])
def test_dots_have_the_colour_of_their_lane_and_stand_on_it(kind):
    from timeline import LANES

    drawing = drawings({})[kind]
    bands = drawing.findall("rect")
    for name, (_, dot) in dots(drawing).items():
        lane = networks()[name].lane
        x, y = place(dot)
        left, top = float(bands[lane].get("x")), float(bands[lane].get("y"))
        assert left < x < left + float(bands[lane].get("width")), name
        assert top < y < top + float(bands[lane].get("height")), name
        assert dot.get("stroke") == LANES[lane].colour
        assert LANES[lane].colour in bands[lane].get("fill")


def test_time_runs_to_the_right_evenly_and_years_stand_where_they_begin():
    drawing = drawings({})["bb-flat"]
    across = {name: place(dot)[0] for name, (_, dot) in dots(drawing).items()}
    recent = {name: x for name, x in across.items() if name != "LeNet"}
    first, last = networks()["AlexNet"].date, networks()["ViT"].date
    scale = (across["ViT"] - across["AlexNet"]) / (last - first)
    for name, x in recent.items():
        expected = across["AlexNet"] + scale * (networks()[name].date - first)
        assert x == pytest.approx(expected, abs=1.1), name
    assert across["LeNet"] < min(recent.values())
    years = {t.text: float(t.get("x")) for t in drawing if t.get("class") == "bb-year"}
    assert list(years) == ["1998", *map(str, range(2013, 2022))]
    for year in range(2013, 2022):
        expected = across["AlexNet"] + scale * (year - first)
        assert years[str(year)] == pytest.approx(expected, abs=1.1)


def test_time_runs_down_on_narrow_screens_a_line_for_each_network():
    found = dots(drawings({})["bb-tall"])
    names = sorted(found, key=lambda name: networks()[name].date)
    heights = [place(found[name][1])[1] for name in names]
    assert all(after - before >= 20 for before, after in pairwise(heights))


def test_names_stand_in_a_column_of_their_own_on_narrow_screens():
    drawing = drawings({})["bb-tall"]
    bands = drawing.findall("rect")
    (start,) = {float(group.find("text").get("x")) for group, _ in dots(drawing).values()}
    assert start > max(float(b.get("x")) + float(b.get("width")) for b in bands)
    width = float(drawing.get("viewBox").split()[2])
    longest = max(map(len, networks()))
    assert start + longest * 8.5 < width  # 8.5 units a letter: more than any font needs
    years = [t.text for t in drawing.iter("text") if t.get("class") == "bb-year"]
    assert years == sorted({str(int(network.date)) for network in networks().values()})


@pytest.mark.parametrize("kind", ["bb-flat", "bb-tall"])
def test_lines_lead_from_parents_to_children(kind):
    drawing = drawings({})[kind]
    places = {name: place(dot) for name, (_, dot) in dots(drawing).items()}
    (group,) = (g for g in drawing if g.get("class") == "bb-edges")
    drawn = []
    for path in group:
        x0, y0, *_, x1, y1 = map(float, re.findall(r"-?\d+", path.get("d")))
        drawn.append(((x0, y0), (x1, y1)))
    expected = [
        (places[parent], places[network.name])
        for network in networks().values()
        for parent in network.parents
    ]
    assert drawn == expected


@pytest.mark.parametrize("kind", ["bb-flat", "bb-tall"])
def test_everything_is_inside_the_drawing(kind):
    drawing = drawings({})[kind]
    _, _, width, height = map(float, drawing.get("viewBox").split())
    for _, dot in dots(drawing).values():
        x, y = place(dot)
        assert 5 <= x <= width - 5
        assert 5 <= y <= height - 5
    assert "Vision Transformer" in drawing.get("aria-label")


def test_lines_swing_around_the_networks_in_between():
    drawing = drawings({})["bb-tall"]
    places = {name: place(dot) for name, (_, dot) in dots(drawing).items()}
    (group,) = (g for g in drawing if g.get("class") == "bb-edges")
    ends = [(p, network.name) for network in networks().values() for p in network.parents]
    for (parent, child), path in zip(ends, group, strict=True):
        (x0, y0), (x1, y1) = places[parent], places[child]
        if x0 != x1:
            continue
        between = [name for name, (x, y) in places.items() if x == x0 and y0 < y < y1]
        bend = float(re.findall(r"-?\d+", path.get("d"))[2])
        assert (bend < x0 - 5) == bool(between), (parent, child, between)
