"""The table of a model's layers: by hand, against sums, and in its two forms."""

import math
import re
import subprocess
import sys

import pytest
import torch
from torch import nn

from backbones import create_model
from backbones.__main__ import main
from backbones.models.resnet import BasicBlock, ResNet
from backbones.profile import profile


@pytest.fixture
def table():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False),
        nn.Flatten(),
        nn.Linear(8 * 16 * 16, 10),
    )
    return profile(model, (3, 32, 32))


def test_rows_by_hand(table):
    first, relu, depthwise, flatten, dense = table.rows
    assert (first.shape, first.parameters) == ((8, 16, 16), 8 * 27 + 8)
    assert first.macs == 8 * 27 * 16 * 16
    assert first.memory == 8 * 16 * 16 * 4
    assert (first.field, first.jump) == ((3, 3), (2, 2))
    assert (relu.macs, relu.memory, relu.field) == (0, 0, (3, 3))
    assert (depthwise.parameters, depthwise.macs) == (72, 72 * 256)
    assert depthwise.field == (7, 7)
    assert flatten.memory == 0
    assert (dense.shape, dense.macs) == ((10,), 20480)
    assert math.isinf(dense.field[0])


def test_totals_are_sums(table):
    for quantity in ("parameters", "macs", "memory"):
        rows = sum(getattr(row, quantity) for row in table.rows)
        assert getattr(table, quantity) == rows


@pytest.mark.parametrize("depth", [1, 2, 3, 4, None])
def test_folding_keeps_totals(depth):
    model = create_model("resnet18")
    whole, folded = profile(model, (3, 64, 64)), profile(model, (3, 64, 64), depth)
    assert (folded.parameters, folded.macs) == (whole.parameters, whole.macs)
    assert folded.memory == whole.memory
    if depth == 1:
        assert [row.name for row in folded.rows] == ["stem", "stages", "head"]


def test_work_between_layers_has_a_row():
    table = profile(ResNet(BasicBlock, (1,), widths=(8,)), (3, 32, 32))
    assert table["stages.0.0"].memory == 8 * 8 * 8 * 4  # the sum of residual and shortcut
    with pytest.raises(KeyError, match="no row 'stages'"):
        table["stages"]


class Attention(nn.Module):
    """A parameter and matrix products of its own, outside any layer."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 3, 4))
        self.inner = nn.Identity()

    def forward(self, x):
        x = self.inner(x + self.token)
        return nn.functional.scaled_dot_product_attention(x, x, x)


def test_attention_is_counted():
    model = Attention()
    table = profile(model, (2, 3, 4))
    assert table.macs == 2 * 2 * 3 * 3 * 4  # two heads, q k' and its product with v
    assert table.parameters == 12
    assert table["(model)"].field == (math.inf, math.inf)


def test_shared_layers_are_counted_once_but_work_twice():
    layer = nn.Conv2d(3, 3, 1, bias=False)
    table = profile(nn.Sequential(layer, layer), (3, 4, 4))
    assert table.parameters == 9
    assert table.macs == 2 * 9 * 16


def test_tied_weights_are_counted_once():
    first, second = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1, bias=False)
    second.weight = first.weight
    table = profile(nn.Sequential(first, second), (3, 4, 4))
    assert [row.parameters for row in table.rows] == [12, 0]
    assert table.macs == 2 * 9 * 16


class Largest(nn.Module):
    def forward(self, x):
        return x.argmax(dim=1)


def test_integers_take_eight_bytes():
    assert profile(Largest(), (3, 4, 5)).memory == 4 * 5 * 8


def test_model_is_left_as_it_was():
    model = create_model("resnet18").train()
    model.stem.eval()
    hooks = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
    before = {key: value.clone() for key, value in model.state_dict().items()}
    profile(model, (3, 64, 64))
    assert model.training
    assert not model.stem.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    after = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
    assert hooks == after == 0


def test_model_is_left_as_it_was_after_an_error():
    model = create_model("resnet18").train()
    with pytest.raises(ValueError, match="images must have the shape"):
        profile(model, (1, 64, 64))
    assert model.training
    assert not any(m._forward_hooks for m in model.modules())


@pytest.mark.parametrize("size", [(3, 224), (3, 0, 224), (3, 2.0, 2)])
def test_wrong_sizes_are_refused(size):
    with pytest.raises(ValueError, match="input_size must be"):
        profile(nn.Identity(), size)
    with pytest.raises(ValueError, match="depth must be at least 1"):
        profile(nn.Identity(), (3, 2, 2), depth=0)


def test_a_name_is_measured_once_as_the_model_is():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    named = profile("resnet18", [3, 64, 64])
    assert torch.equal(torch.rand(1), expected)  # no weights were drawn
    assert named.rows == profile(create_model("resnet18"), (3, 64, 64)).rows
    assert profile("resnet18", (3, 64, 64)) is named
    assert len(profile("resnet18", (3, 64, 64), 1).rows) < len(named.rows)
    assert profile("resnet18", (3, 96, 64)).macs > named.macs


def test_a_named_model_has_the_images_channels():
    grey, colour = profile("lenet", (1, 28, 28)), profile("lenet", (3, 28, 28))
    assert colour.parameters - grey.parameters == 2 * 6 * 25


@pytest.mark.parametrize("name", ["resnet19", "ResNet18", ""])
def test_a_wrong_name_is_refused(name):
    with pytest.raises(ValueError, match=f"name must be a model of this book, got '{name}'"):
        profile(name)
    with pytest.raises(ValueError, match="input_size must be"):
        profile(name, (3, 224))


def test_both_renderings_hold_all_numbers(table):
    text, page = str(table), table._repr_html_()
    for form in (text, page):
        assert f"{table.macs:,}" in form
        assert "Conv2d" in form
        assert "all" in form
    assert len({len(line) for line in text.splitlines() if set(line) == {"-"}}) == 1
    assert page.count("<tr>") == len(table.rows) + 2
    heads = re.findall('<th scope="col">(.*?)</th>', page)
    assert heads[:4] == ["layer", "parameters", "MACs", "output"]  # what a narrow screen shows
    assert " <small>Conv2d</small></th><td>" in page
    assert 'role="group"' in page  # not a landmark: several tables of a page may have one name
    assert repr(table) == f"Profile(Sequential, 5 rows, {table.macs:,} MACs)"


def test_command_line(capsys):
    assert main(["profile", "resnet18", "--depth", "1"]) == 0
    assert "1,814,073,344" in capsys.readouterr().out
    assert main(["list", "wide"]) == 0
    assert capsys.readouterr().out.split() == ["wide_resnet50_2", "wide_resnet101_2"]
    assert main(["profile", "resnet19"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_runs_as_a_module():
    command = [sys.executable, "-m", "backbones", "list", "vgg11"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["vgg11", "vgg11_bn"]


def test_a_layer_that_stands_in_two_places_keeps_its_weights():
    conv = nn.Conv2d(3, 3, 3, padding=1)
    model = nn.Sequential(conv, nn.ReLU(), conv)
    x = torch.rand(1, 3, 8, 8)
    before = model(x)
    found = profile(model, (3, 8, 8))
    assert torch.equal(model(x), before)
    assert found.macs == 2 * 8 * 8 * 3 * 3 * 9
    assert found.parameters == 3 * 3 * 9 + 3


def test_weights_that_two_layers_share_are_counted_once_and_kept():
    one, other = nn.Conv2d(3, 3, 1, bias=False), nn.Conv2d(3, 3, 1, bias=False)
    other.weight = one.weight
    model = nn.Sequential(one, other)
    x = torch.rand(1, 3, 8, 8)
    before = model(x)
    found = profile(model, (3, 8, 8))
    assert torch.equal(model(x), before)
    assert other.weight is one.weight
    assert (found.macs, found.parameters) == (2 * 8 * 8 * 9, 9)
