import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbones.explorers.compression import pack, unpack

LINES = st.text(st.sampled_from('<rect x="1" y="2 />ab⌊·→`#'), max_size=80)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=12))
def test_texts_come_back_as_they_were(texts):
    texts = texts + texts[::-1]
    assert unpack(json.loads(json.dumps(pack(texts)))) == texts


def test_similar_texts_become_short():
    texts = [f'<rect x="0" y="{k}" width="10" height="20" fill="blue"/>' * 20 for k in range(50)]
    assert len(json.dumps(pack(texts))) < sum(map(len, texts)) / 10


def test_what_is_very_long_or_very_far_comes_back_too():
    picture = "data:" + "".join(chr(65 + k * k % 57) for k in range(30_000))
    far = "".join(f"<text>{k}</text>" for k in range(60_000))  # more than three digits can say
    texts = [picture, picture, far, picture, "`", "``#"]
    packed = pack(texts)
    assert unpack(packed) == texts
    assert len(packed) < 2 * len(picture) + len(far)


def test_what_is_stored_is_plain_text():
    packed = pack(['<rect width="10" height="20"/>' * 3] * 20)
    assert packed.isascii()
    assert packed.replace("\n", "").isprintable()


@pytest.mark.parametrize("bad", ["a\nb", "a 𝑥 b"])
def test_what_the_script_would_read_otherwise_is_refused(bad):
    with pytest.raises(ValueError, match="texts must not hold the character"):
        pack([bad])
