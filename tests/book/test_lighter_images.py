"""Pictures of the pages: the same pixels in fewer bytes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image


def address(picture, kind="PNG"):
    made = io.BytesIO()
    picture.save(made, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(made.getvalue()).decode()}"


def pixels(of):
    picture = Image.open(io.BytesIO(base64.b64decode(of.partition(",")[2])))
    return np.asarray(picture.convert("RGBA"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_every_pixel_stays_as_it_was(mode):
    from lighter_images import lighter

    values = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    before = address(Image.fromarray(values).convert(mode))
    after = lighter(before)
    assert after.startswith("data:image/webp;base64,")
    assert len(after) < len(before)
    assert (pixels(after) == pixels(before)).all()


def test_a_picture_that_would_not_gain_stays():
    from lighter_images import lighter

    tiny = address(Image.new("1", (1, 1)))
    assert len(lighter(tiny)) <= len(tiny)


def test_pictures_are_found_wherever_they_are_in_a_page():
    from lighter_images import page_context

    picture = address(Image.linear_gradient("L"))
    jpeg = address(Image.linear_gradient("L"), "JPEG")
    context = {"body": f'<image href="{picture}"/><img src="{picture}"><img src="{jpeg}">'}
    page_context(None, "", "", context, None)
    assert context["body"].count("data:image/webp;base64,") == 2
    assert jpeg in context["body"]
    page_context(None, "search", "", {}, None)  # a page without a text of its own


def test_what_a_script_reads_is_left_alone():
    from lighter_images import page_context

    picture = address(Image.linear_gradient("L"))
    data = f'<script type="application/json">["{picture}"]</script>'
    context = {"body": f'{data}\n<img src="{picture}">{data}'}
    page_context(None, "", "", context, None)
    assert context["body"].count(data) == 2
    assert context["body"].count("data:image/webp;base64,") == 1
