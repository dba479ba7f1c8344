"""Machines that are pretended: tags that torch.load reads, and GPUs that it believes in."""

import pytest
import torch
from torch._subclasses import FakeTensorMode

from backbones.gallery.checkpoints import entries
from backbones.train.pretend import outcome, pretend_gpus, tagged


@pytest.fixture
def file(tmp_path):
    def write(device):
        tagged({"weight": torch.arange(3.0), "step": torch.tensor(7)}, tmp_path / "x.pt", device)
        return tmp_path / "x.pt"

    return write


def test_a_tagged_file_keeps_its_numbers(file):
    state = torch.load(file("cuda:3"), map_location="cpu")
    assert torch.equal(state["weight"], torch.arange(3.0))
    assert state["step"].item() == 7


def test_a_tagged_file_says_what_torch_writes_of_tensors_on_that_device(tmp_path):
    shape = {"weight": (2, 3), "bias": (2,)}
    tagged({name: torch.zeros(size) for name, size in shape.items()}, tmp_path / "a.pt", "cuda:1")
    with FakeTensorMode(), torch.serialization.skip_data(materialize_fake_tensors=True):
        there = {name: torch.zeros(size, device="cuda:1") for name, size in shape.items()}
        torch.save(there, tmp_path / "b.pt")
    assert entries(tmp_path / "a.pt") == entries(tmp_path / "b.pt")


def test_the_tag_is_what_a_function_is_told(file):
    tags = []
    torch.load(file("cuda:3"), map_location=lambda storage, tag: tags.append(tag) or storage)
    assert tags == ["cuda:3", "cuda:3"]


def test_moves_to_pretended_gpus_are_noted(file):
    with pretend_gpus(2) as moves:
        torch.load(file("cuda:1"))
        torch.load(file("cuda:1"), map_location="cuda:0")
        torch.load(file("cpu"), map_location=lambda storage, tag: storage.cuda(1))
    assert moves == ["cuda:1"] * 2 + ["cuda:0"] * 2 + ["cuda:1"] * 2


def test_a_gpu_that_is_not_there_is_refused(file):
    assert "device_count() is 1" in outcome(file("cuda:1"), None, 1).error
    assert "is_available() is False" in outcome(file("cuda:0"), None, 0).error
    assert outcome(file("cuda:0"), lambda storage, tag: storage.cuda(1), 1) == (
        "",
        "this machine has no GPU 1 (said by pretend_gpus)",
    )


def test_torch_is_itself_again_afterwards():
    before = torch.cuda.is_available(), torch.cuda.device_count(), torch.UntypedStorage.to
    with pretend_gpus(8):
        assert torch.cuda.device_count() == 8
    assert before == (
        torch.cuda.is_available(),
        torch.cuda.device_count(),
        torch.UntypedStorage.to,
    )
