import re

import pytest

from backbones.diagrams import svg
from backbones.explorers.stage import VOID, box, fitted


def sizes(drawings):
    """View boxes, and largest sizes in pixels."""
    found = [re.match(r'<svg viewBox="[^"]*" width="(\d+)" height="(\d+)"', d) for d in drawings]
    return [box(d) for d in drawings], [(int(m[1]), int(m[2])) for m in found]


def documents(*heights, width=300, letters=13):
    made = [svg.document(width, height, svg.text(9, 9, "a")) for height in heights]
    return [d.replace(f'font-size="{svg.FONT_SIZE}"', f'font-size="{letters}"', 1) for d in made]


def test_heights_that_differ_little_become_one():
    boxes, pixels = sizes(fitted(documents(100, 130, 110)))
    assert boxes == [[0, 0, 300, 130]] * 3
    assert pixels == [(390, 169)] * 3  # 1.3 times


@pytest.mark.parametrize("heights", [(100, 600), (60, 90, 120, 150, 180, 300), range(50, 700, 7)])
def test_no_drawing_leaves_much_empty_below_it(heights):
    boxes, pixels = sizes(fitted(documents(*heights)))
    for height, (*_, given), (_, high) in zip(heights, boxes, pixels, strict=True):
        assert 0 <= given - height <= VOID / 1.3
        assert high == round(1.3 * given)
    assert len({given for *_, given in boxes}) <= 2 + (max(heights) - min(heights)) * 1.3 / VOID


def test_all_drawings_keep_their_scale_and_their_place():
    small = svg.document(100, 50).replace('viewBox="0 0 100 50"', 'viewBox="20 -10 100 50"')
    boxes, _ = sizes(fitted([small, svg.document(200, 60)]))
    assert boxes == [[0, -10, 200, 70]] * 2


def test_letters_become_no_larger_than_the_text():
    _, pixels = sizes(fitted(documents(100, letters=13)))
    assert pixels == [(390, 130)]
    _, pixels = sizes(fitted(documents(100, letters=17)))
    assert pixels == [(300, 100)]


def test_impossible_states_stay_empty():
    first, second = documents(50, 60)
    assert [bool(drawing) for drawing in fitted([first, "", second])] == [True, False, True]
