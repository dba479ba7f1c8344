"""The gallery of checkpoints: files as torch writes them, journeys as torch.load makes them."""

import pytest
import torch
from torch import nn

from backbones.gallery import checkpoints as gallery
from backbones.train.pretend import tagged


def small_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))


def test_entries_are_what_the_state_dict_holds(tmp_path):
    state = small_model().state_dict()
    tagged(state, tmp_path / "model.pt", "cuda:1")
    listed = gallery.entries(tmp_path / "model.pt")
    assert [entry.name for entry in listed] == list(state)
    assert [entry.shape for entry in listed] == [tuple(value.shape) for value in state.values()]
    assert [f"torch.{entry.dtype}" for entry in listed] == [str(v.dtype) for v in state.values()]
    assert [entry.key for entry in listed] == [str(k) for k in range(7)]
    assert {entry.tag for entry in listed} == {"cuda:1"}


def test_the_anatomy_names_what_is_in_the_file_and_what_is_not():
    picture = gallery.anatomy()
    for drawing in (picture.svg, picture.narrow):
        assert drawing.count(">cuda:0<") == 7
        assert ">1.num_batches_tracked<" in drawing
        assert "the optimizer" in drawing
    assert "data/0: 216 × float32" in picture.svg
    assert "data/6: 1 × int64" in picture.svg


# By tag, map_location and GPUs: the rule, written down without torch.
def expected(tag, words, gpus):
    if words == "lambda s, tag: s":
        return "cpu"
    asked = {"None": tag, "'cpu'": "cpu", "'cuda:0'": "cuda:0"}.get(words)
    if words == "{'cuda:1': 'cuda:0'}":
        asked = "cuda:0" if tag == "cuda:1" else tag
    asked = asked or "cuda:1"
    return asked if asked == "cpu" or int(asked[-1]) < gpus else ""


def test_every_journey_ends_where_the_rule_says():
    found = gallery.outcomes()
    assert len(found) == 3 * 6 * 3
    for (tag, words, gpus), outcome in found.items():
        assert outcome.device == expected(tag, words, gpus), (tag, words, gpus)
        assert bool(outcome.error) == (not outcome.device)


def test_the_error_of_the_notes_is_among_the_journeys():
    error = gallery.outcomes()["cuda:0", "None", 0].error
    assert error.startswith("Attempting to deserialize object on a CUDA device but")
    assert "device_count() is 1" in gallery.outcomes()["cuda:1", "None", 1].error


def test_the_explorer_says_where_each_tensor_ends():
    words = [words for words, _ in gallery.journeys().states]
    assert len(words) == 54
    start = "Saved on cuda:1, map_location=None, loaded with 1 GPU: nowhere: an error."
    assert any(w.startswith(start) for w in words)
    there = "Saved on cuda:1, map_location={'cuda:1': 'cuda:0'}, loaded with 1 GPU: to GPU 0."
    assert there in words


@pytest.mark.parametrize(
    ("value", "name", "pattern"),
    [
        (1.0, "float32", "0" + "01111111" + "0" * 23),
        (1.0, "bfloat16", "0" + "01111111" + "0" * 7),
        (1.0, "float16", "0" + "01111" + "0" * 10),
        (-2.0, "bfloat16", "1" + "10000000" + "0" * 7),
        (1.5, "float16", "0" + "01111" + "1" + "0" * 9),
        (70_000.0, "float16", "0" + "11111" + "0" * 10),  # infinity
    ],
)
def test_bits_are_sign_exponent_and_fraction(value, name, pattern):
    assert gallery.bits(value, name) == pattern


def test_formats_have_the_bits_that_torch_says():
    for name, chosen in gallery.FORMATS.items():
        about = torch.finfo(getattr(torch, name))
        assert chosen.bits == about.bits
        assert 2.0**-chosen.fraction == about.eps


def test_the_explorer_of_formats_says_what_rounding_does():
    words = [words for words, _ in gallery.formats().states]
    assert "257: float32 257: exact; bfloat16 256: off by 1 in 257; float16 257: exact." in words
    (large,) = (w for w in words if w.startswith("70,000"))
    assert "float16 inf: too large" in large
    (small,) = (w for w in words if w.startswith("10⁻⁸"))
    assert "float16 0: too small" in small
