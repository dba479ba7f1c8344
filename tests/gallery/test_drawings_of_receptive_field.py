"""Drawings and explorers of the chapter on receptive fields."""

import re
import xml.etree.ElementTree as ET

import pytest
import torch

from backbones.arithmetic import receptive_field
from backbones.gallery import receptive_field as gallery
from backbones.profile import profile


def words(explorer):
    return [text for text, _ in explorer.states]


def test_the_layers_of_vgg16_are_those_of_the_network():
    assert receptive_field(gallery.vgg16_layers()) == (212, 32, -90)
    followed = [row for row in profile("vgg16").rows if row.kind == "MaxPool2d"]
    counted = gallery._pools()
    assert [(row.field[0], row.jump[0], row.shape[-1]) for row in followed] == [
        (field.size, field.jump, size) for field, size in counted
    ]


def test_every_place_and_depth_has_its_own_field():
    explorer = gallery.fields_on_a_picture()
    assert len(set(words(explorer))) == len(words(explorer)) == 5 * 7 * 7


@pytest.mark.parametrize(
    ("depth", "row", "column", "said"),
    [
        (0, 0, 0, ("unit (8, 8) of 112 × 112", "rows 14 to 19, columns 14 to 19", "100%")),
        (3, 0, 6, ("unit (1, 13) of 14 × 14", "rows −26 to 73, columns 166 to 265", "43%")),
        (4, 3, 3, ("unit (3, 3) of 7 × 7", "rows 6 to 217, columns 6 to 217", "100%")),
        (4, 0, 0, ("unit (0, 0) of 7 × 7", "rows −90 to 121, columns −90 to 121", "33%")),
    ],
)
def test_what_a_unit_sees(depth, row, column, said):
    picture = gallery._seen(depth, row, column)
    assert all(part in picture.alt for part in said), picture.alt


def test_a_field_lies_inside_the_frame():
    for depth in range(5):
        for place in (0, 6):
            drawing = gallery._seen(depth, place, place).svg
            width, height = map(float, re.search(r'width="(\S+)" height="(\S+)"', drawing).groups())
            for x, y, w, h in re.findall(
                r'<rect x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"', drawing
            ):
                assert 0 <= float(x) <= float(x) + float(w) <= width
                assert 0 <= float(y) <= float(y) + float(h) <= height


def test_the_unit_can_be_dragged_over_the_map():
    _, drawing = gallery.fields_on_a_picture().states[0]
    assert 'data-drag-x="column:28" data-drag-y="row:28"' in drawing  # a seventh of the map


def test_growth_says_the_field_of_the_formula():
    explorer = gallery.field_growth()
    assert len(explorer.states) == 5 * 3 * 2 * 3
    picture = gallery._growth(layers=3, kernel_size=3, stride=2, dilation=1)
    said = ["".join(text.itertext()) for text in ET.fromstring(picture.svg).iter("text")]
    assert said[:2] == ["r = 1 + Σ (F − 1) · D · j = 15", "r = 1 + 2·1 + 2·2 + 2·4"]
    assert "layer 3 sees 15, jump 8" in picture.alt


@pytest.mark.parametrize("draw", [gallery.field_anatomy, gallery.unit_on_a_picture])
def test_static_figures(draw):
    picture = draw(caption="A caption.")
    assert picture.caption == "A caption."
    assert "field" in picture.svg


def test_tiles_in_place_are_the_picture_with_gaps():
    image = torch.arange(64, dtype=torch.uint8).view(1, 8, 8)
    sheet = gallery.cut_into_tiles(image, 4)
    assert sheet.shape == (1, 9, 9)
    assert sheet[0, 4].eq(140).all()
    assert sheet[0, :, 4].eq(140).all()
    keep = [0, 1, 2, 3, 5, 6, 7, 8]
    assert torch.equal(sheet[:, keep][:, :, keep], image)


def test_mixed_tiles_are_the_same_tiles_elsewhere():
    image = torch.arange(64, dtype=torch.uint8).view(1, 8, 8)
    mixed = gallery.cut_into_tiles(image, 2, seed=1)
    assert torch.equal(mixed, gallery.cut_into_tiles(image, 2, seed=1))
    assert not torch.equal(mixed, gallery.cut_into_tiles(image, 2))

    def tiles(sheet):
        return {tuple(sheet[0, r : r + 2, c : c + 2].flatten().tolist())
                for r in range(0, 11, 3) for c in range(0, 11, 3)}  # fmt: skip

    assert tiles(mixed) == tiles(gallery.cut_into_tiles(image, 2))


@pytest.mark.parametrize("tile", [0, 3, 16])
def test_tiles_that_do_not_fit(tile):
    with pytest.raises(ValueError, match=f"tile must divide 8 and 8, got {tile}"):
        gallery.cut_into_tiles(torch.zeros(1, 8, 8, dtype=torch.uint8), tile)
