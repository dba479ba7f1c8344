import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbones.explorers.compression import pack, unpack

LINES = st.text(st.sampled_from('<rect x="1" y="2 />ab⌊·→'), max_size=80)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=12))
def test_texts_come_back_as_they_were(texts):
    texts = texts + texts[::-1]
    assert unpack(json.loads(json.dumps(pack(texts)))) == texts


def test_similar_texts_become_short():
    texts = [f'<rect x="0" y="{k}" width="10" height="20" fill="blue"/>' * 20 for k in range(50)]
    assert len(json.dumps(pack(texts))) < sum(map(len, texts)) / 10


@pytest.mark.parametrize("bad", ["a\nb", "a 𝑥 b"])
def test_what_the_script_would_read_otherwise_is_refused(bad):
    with pytest.raises(ValueError, match="texts must not hold the character"):
        pack([bad])
