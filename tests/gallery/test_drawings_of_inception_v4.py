"""The gallery of Inception v4: parts of networks as profiled, modules as the models have them."""

import pytest
import torch

from backbones import create_model
from backbones.gallery import inception_v4 as gallery
from backbones.profile import profile


def words_of(start):
    return [words for words, _ in gallery.plan().states if words.startswith(start)]


@pytest.mark.parametrize("name", gallery.NETWORKS.values())
def test_parts_are_the_whole_network_without_its_head(name):
    table = profile(name, (3, 299, 299))
    head = sum(p.numel() for p in create_model(name).head.parameters())
    costs = gallery.costs(name).values()
    assert sum(cost.parameters for cost in costs) == table.parameters - head
    assert sum(cost.macs for cost in costs) == table.macs - (head - 1000)  # but the biases


def test_modules_are_counted_as_in_the_paper():
    counted = {
        network: [gallery.costs(name)[part].modules for part in ("35×35", "17×17", "8×8")]
        for network, name in gallery.NETWORKS.items()
    }
    assert counted["v4"] == [4, 7, 3]
    assert counted["Inception-ResNet-v1"] == [5, 10, 5]
    # Google's code: one module without a sum in front, one 1x1 behind.
    assert counted["Inception-ResNet-v2"] == [11, 20, 11]


def test_a_module_of_v4_is_drawn_as_figure_4_has_it():
    branches = gallery.drawn("inception_v4", "35×35").steps[0]
    words = [[(box.words, box.channels) for box in branch] for branch in branches]
    assert words == [
        [("1×1", 96)],
        [("1×1", 64), ("3×3", 96)],
        [("1×1", 64), ("3×3", 96), ("3×3", 96)],
        [("mean pool", None), ("1×1", 96)],
    ]
    assert gallery.drawn("inception_v4", "35×35").scale is None


def test_a_residual_module_ends_in_a_linear_1x1_and_a_scale():
    what = gallery.drawn("inception_resnet_v2", "8×8")
    assert what.scale == 0.2
    assert what.steps[-1].channels == 2080
    assert what.labels[3] == "the linear 1×1: 933,920 parameters"  # 448 · 2080 + 2080


def test_a_branch_that_splits_is_drawn_as_one():
    branch = gallery.drawn("inception_v4", "8×8").steps[0][1]
    assert isinstance(branch[1], list)
    assert gallery._extent(gallery.drawn("inception_v4", "8×8").steps) == (6, 5)


def test_labels_hold_all_parameters_of_what_is_drawn():
    for part in ("stem", "35 to 17", "17×17"):
        what = gallery.drawn("inception_v4", part)
        said = sum(int(label.split()[-2].replace(",", "")) for label in what.labels.values())
        cost = gallery.costs("inception_v4")[part]
        assert said * cost.modules == cost.parameters


def test_the_plan_says_what_a_part_costs():
    assert len(gallery.plan().states) == 4 * 6 * 2
    (words,) = [w for w in words_of("v4, stem") if "of the parameters" in w]
    assert "605,728 parameters and 2,289,943,648 MACs" in words
    assert any("Residual, scaled by 0.17" in w for w in words_of("Inception-ResNet-v1, 35×35"))


def test_the_two_modules_are_drawn_for_both_widths():
    picture = gallery.two_modules()
    for drawing in (picture.svg, picture.narrow):
        assert "× 0.17" in drawing
        assert "Inception-ResNet-v1" in drawing


def test_models_stay_without_numbers():
    assert next(gallery._network("inception_v4").parameters()).device == torch.device("meta")
