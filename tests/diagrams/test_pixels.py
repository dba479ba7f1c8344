"""Pictures in the form of an address hold the pixels that they were given."""

import base64
import io

import numpy as np
import torch
from PIL import Image

from backbones.diagrams.pixels import packed, packed_exactly, packed_greys


def unpacked(address, kind):
    head, data = address.split(",")
    assert head == f"data:image/{kind};base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    return torch.from_numpy(np.array(picture)).long()


def test_no_pixel_changes():
    pixels = torch.randint(0, 256, (3, 5, 3))
    assert torch.equal(unpacked(packed_exactly(pixels), "webp"), pixels)


def test_greys_go_from_black_to_white_and_the_last_level_is_transparent():
    seen = unpacked(packed_greys(torch.tensor([[0, 1, 4, 5]]), 5), "webp")
    assert seen[0, :3].tolist() == [[0, 0, 0, 255], [64, 64, 64, 255], [255, 255, 255, 255]]
    assert seen[0, 3, 3] == 0


def test_the_format_is_the_one_that_is_asked_for():
    assert unpacked(packed(Image.new("RGB", (2, 2)), "png"), "png").shape == (2, 2, 3)
