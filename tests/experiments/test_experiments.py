"""What the chapters' experiments compare: equal cost where said, and parts that do their work."""

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from backbones import experiments
from backbones.data import ImageData, ImageSet, digits
from backbones.experiments import (
    activations,
    alexnet,
    batch_norm,
    checkpoints,
    densenet,
    efficientnet,
    ghostnet,
    googlenet,
    grouped_convolution,
    inception,
    inception_v4,
    lenet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    nin,
    normalization,
    regnet,
    resnet_variants,
    resnext,
    senet,
    shipped,
    shufflenet,
    training,
    vovnet,
)
from backbones.experiments.recording import build
from backbones.layers import SqueezeExcitation
from backbones.profile import profile
from backbones.train.evaluation import evaluate

MODULES = (
    activations,
    alexnet,
    batch_norm,
    checkpoints,
    densenet,
    efficientnet,
    ghostnet,
    googlenet,
    grouped_convolution,
    inception,
    inception_v4,
    lenet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    nin,
    normalization,
    regnet,
    resnet_variants,
    resnext,
    senet,
    shufflenet,
    training,
    vovnet,
)
ALL = {e.name: e for module in MODULES for e in module.EXPERIMENTS}


def pictures(channels, size, classes=5, count=20):
    """Pictures that nothing can be learned from, of the size that an experiment wants."""
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, size, size)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    part = ImageSet(images, torch.arange(count) % classes, tuple(map(str, range(classes))))
    return ImageData(part, part, "noise")


def noise_for(experiment):
    """Such pictures for a network of the experiment, found without loading its data."""
    name = next(iter(experiment.data))
    if name == "digits":
        return pictures(1, 28, classes=10)
    large = (
        "alexnet_parts",
        "resnet_variants",
        "mobilenet_v1_multipliers",
        "efficientnet_scaling",
    )
    return pictures(3, 64 if experiment.name in large else 32)


# Largest deviation from the first network's MACs, and networks that are not meant to cost as much.
EQUAL_COST = {
    "groups": (
        0.04,
        (
            "4 groups, alone, equal width",
            "depthwise, alone, equal width",
            "depthwise, with 1×1, equal width",
        ),
    ),
    "activations_deep": (0, ()),
    "norm_batches": (0, ()),
    "norm_sequences": (0, ()),
    "lenet_sigmoids": (0, ()),
    "alexnet_parts": (0, ("one middle layer less",)),
    "nin_parts": (0.02, ("mlpconv, two dense",)),
    "googlenet_sizes": (0.02, ()),
    "googlenet_heads": (0, ()),
    "inception_factors": (0.015, ()),
    "inception_reduction": (0.01, ("pool first, narrow",)),
    "inception_v4_scales": (0, ()),
    "resnext_cardinality": (
        0.12,
        ("1 path, wider", "1 path, twice as deep", "32 paths, wider"),
    ),
    "senet_gates": (0.004, ()),
    "densenet_connections": (0.013, ()),
    "vovnet_parts": (0.03, ()),
    "mobilenet_v1_layers": (
        0.015,
        ("separable, equal width", "full, as cheap as separable"),
    ),
    "mobilenet_v2_bottleneck": (0.075, ()),
    "mobilenet_v3_parts": (0.015, ()),
    "regnet_depth": (
        0.12,  # a plain network has no projections
        ("2 a stage, half as wide", "2 a stage, twice as wide"),
    ),
    "shufflenet_groups": (0.02, ()),
    "training_inputs": (0, ()),
    "training_decay": (0, ()),
}


@pytest.mark.parametrize("name", EQUAL_COST)
def test_networks_cost_what_is_said(name):
    experiment = ALL[name]
    tolerance, others = EQUAL_COST[name]
    data = noise_for(experiment)
    shape = tuple(data.train.images.shape[1:])
    macs = {v: profile(build(experiment, v, data, 0), shape).macs for v in experiment.models}
    first = next(iter(macs.values()))
    for variant, count in macs.items():
        if variant not in others:
            assert abs(count / first - 1) <= tolerance, variant
        elif tolerance == 0:
            assert count != first  # else it need not be excepted


@pytest.mark.parametrize("name", ALL)
def test_every_variant_of_the_options_exists(name):
    experiment = ALL[name]
    assert set(experiment.options) <= set(experiment.models)
    for variant in experiment.models:
        assert experiment.settings(variant)["epochs"] == experiment.recipe["epochs"]


def test_records_beside_the_first_data_set_are_whole():
    folder = Path(experiments.__file__).parent / "results"
    for path in folder.glob("*.csv"):
        name, _, data = path.stem.partition("-")
        record = experiments.load(name, data=data or None)
        assert record.all_runs, path.name


# Grouped convolution


def reached(layers, channel):
    """Which input channels an output channel depends on."""
    x = torch.rand(1, 8, 6, 6, requires_grad=True)
    model = nn.Sequential(*layers).eval()
    model(x)[0, channel].sum().backward()
    return x.grad.abs().sum((0, 2, 3)).nonzero().flatten().tolist()


@pytest.mark.parametrize(
    ("unit", "channels"),
    [
        (grouped_convolution.alone, [0, 1]),
        (grouped_convolution.shuffled, [0, 1, 2, 3]),
        (grouped_convolution.with_1x1, list(range(8))),
    ],
)
def test_what_two_grouped_units_see(unit, channels):
    """Alone a group keeps to itself; a shuffle doubles what is seen; a 1x1 shows everything."""
    torch.manual_seed(0)
    layers = [*unit(8, 8, 4), *unit(8, 8, 4)]
    for layer in layers:
        if hasattr(layer, "act"):
            layer.act = nn.Identity()  # else a dead unit hides what it sees
    assert len(reached(layers, 0)) == len(channels)
    if unit is not grouped_convolution.shuffled:
        assert reached(layers, 0) == channels


# Activations


def test_quantising_by_hand():
    x = torch.tensor([-1.0, 0.0, 0.4, 0.6, 2.9, 7.0])
    low, high = torch.tensor(0.0), torch.tensor(3.0)
    assert activations.quantize(x, low, high, 2).tolist() == [0, 0, 0, 1, 3, 3]


def test_many_bits_change_nothing_and_the_network_is_left_as_it_was():
    torch.manual_seed(0)
    data = pictures(1, 28, classes=10, count=40)
    model = activations.deep_network(10, nn.ReLU, 2**0.5, batch_norm=True)
    before = evaluate(model, data)
    measured = activations.accuracy_in_few_bits(model, data)
    after = evaluate(model, data)
    assert torch.equal(before.probabilities, after.probabilities)
    assert measured["accuracy in 8 bits, whole range"] == pytest.approx(before.accuracy, abs=0.05)
    with activations.every_activation(model, lambda layer, y: torch.zeros_like(y)):
        scores = model(torch.rand(2, 1, 28, 28))
    assert torch.equal(scores[0], scores[1])  # nothing of the picture gets through


def test_every_activation_of_the_deep_network_is_found():
    for act, gain in activations._ACTIVATIONS.values():
        model = activations.deep_network(10, act, gain, batch_norm=False)
        with activations.every_activation(model, lambda layer, y: y + math.nan):
            assert model(torch.rand(1, 1, 28, 28)).isnan().all(), act


# Batch norm and normalisation


def test_drift_is_of_training_alone_and_differs_by_channel():
    torch.manual_seed(0)
    drift, x = batch_norm.Drift(), torch.randn(4, 3, 5, 5)
    assert torch.equal(drift.eval()(x), x)
    y = drift.train()(x)
    scale = y.std((0, 2, 3)) / x.std((0, 2, 3))
    assert ((scale > 0.5) & (scale < 1.5)).all()
    assert len(scale.unique()) == 3
    assert not torch.equal(y, drift(x))


def test_one_layer_is_scaled_or_all_are():
    plain, one, every = (
        experiments.recording.seeded(
            lambda options=options: batch_norm.small_network(10, False, **options), 0
        )
        for options in ({}, {"scale": 100.0, "only": 2}, {"scale": 3.0})
    )
    factors = [
        [
            (b.conv.weight / a.conv.weight).mean().item()
            for a, b in zip(plain[:6], m[:6], strict=True)
        ]
        for m in (one, every)
    ]
    assert factors[0] == pytest.approx([1, 1, 100, 1, 1, 1])
    assert factors[1] == pytest.approx([3] * 6)


def test_a_row_reader_takes_any_number_of_rows():
    torch.manual_seed(0)
    x = torch.randn(3, 1, 31, 28)
    for name, build_ in normalization.SEQUENCES.models.items():
        model = build_(10).eval()
        assert model(x).shape == (3, 10), name
        # The last rows count, beyond those that there are norms for, too.
        assert not torch.equal(model(x), model(x[:, :, :30])), name


def test_norms_look_at_the_pictures_they_should():
    """Only batch norm lets one picture's answer depend on the others of its batch."""
    x = torch.randn(4, 3, 32, 32)
    for name, norm in normalization._NORMS.items():
        torch.manual_seed(0)
        model = normalization.normed_network(5, norm).train()
        with torch.no_grad():
            alone, together = model(x[:2])[0], model(x)[0]
        assert torch.allclose(alone, together, atol=1e-5) == (name != "BN"), name


# Training


def test_rescaled_undoes_what_it_says():
    x = torch.randn(2, 3, 4, 4)
    y = training.Rescaled((1.0, 1.0, 100.0), (0.0, 0.5, 0.0))(x)
    assert torch.equal(y[:, 0], x[:, 0])
    assert torch.equal(y[:, 1], x[:, 1] + 0.5)
    assert torch.equal(y[:, 2], x[:, 2] * 100)


def test_l2_in_adam_is_no_decay():
    """After one step from a large gradient, Adam has lost the penalty and AdamW has not."""
    ends = {}
    for name, build_ in {"L2": training.adam_with_l2, "decay": torch.optim.AdamW}.items():
        weight = nn.Parameter(torch.tensor([[2.0]]))
        optimizer = build_([{"params": [weight], "lr": 0.1, "weight_decay": 0.5}])
        weight.grad = torch.tensor([[100.0]])
        optimizer.step()
        ends[name] = weight.item()
    assert ends["L2"] == pytest.approx(2 - 0.1)
    assert ends["decay"] == pytest.approx(2 - 0.1 * 0.5 * 2 - 0.1)


def test_many_options_are_told_by_their_values():
    told = experiments.load("training_inputs")._repr_html_()
    assert "optimizer sgd, adamw; lr 0.0001, 0.001, 0.01, 0.1<" in told
    assert "weight decay 0.001, optimizer adam_with_l2;" in (
        experiments.load("training_decay")._repr_html_()
    )


# LeNet, AlexNet, GoogLeNet, Inception


def test_pixels_as_they_are():
    data = pictures(1, 28)
    raw = lenet.PixelsAsTheyAre(data.train, data.validation, "raw")
    x = raw.normalize(raw.train.images)
    assert x.min() == 0
    assert x.max() == 1


@pytest.mark.parametrize("name", lenet.LAYERS.models)
def test_layers_of_a_lenet_are_what_its_name_says(name):
    kinds = {type(m) for m in lenet.LAYERS.models[name](10).modules()}
    assert (nn.ReLU in kinds) == ("ReLU" in name)
    assert (nn.Sigmoid in kinds) == ("ReLU" not in name)
    assert (nn.MaxPool2d in kinds) == ("max" in name)
    assert (nn.AvgPool2d in kinds) == ("max" not in name)
    assert (nn.BatchNorm2d in kinds) == ("BN" in name)


def test_sigmoids_are_centred_and_steep_where_they_say_so():
    x = torch.zeros(1, requires_grad=True)
    found = {}
    for name in ("sigmoid", "sigmoid, centred", "sigmoid, steep", "sigmoid, centred and steep"):
        model = lenet.SIGMOIDS.models[name](10)
        act = model.stages[0][0].act
        value = act(x)
        (slope,) = torch.autograd.grad(value.sum(), x)
        found[name] = (value.item(), slope.item())
    assert list(found.values()) == [(0.5, 0.25), (0, 0.25), (2, 1), (0, 1)]
    ends = torch.tensor([-1.0, 1.0])
    assert torch.allclose(lenet.LeCunTanh()(ends), ends, atol=1e-4)


def test_the_lenet_that_ships_has_learned():
    data, model = digits(), lenet.trained_lenet()
    mean, std = data.mean, data.std
    assert not model.training
    assert evaluate(model, data.validation, mean=mean, std=std).accuracy > 0.95


def test_the_filters_that_ship_were_learned():
    """What was learned is smooth: neighbouring weights agree, which random ones do not."""

    def likeness_of_neighbours(kernels):
        left, right = kernels[..., :-1].flatten(), kernels[..., 1:].flatten()
        return torch.cosine_similarity(left, right, dim=0).item()

    filters = alexnet.first_layer_filters()
    start = alexnet.small_alexnet(5)[0].conv.weight.detach()
    assert filters.shape == start.shape == (24, 3, 11, 11)
    assert likeness_of_neighbours(filters) > 0.8
    assert abs(likeness_of_neighbours(start)) < 0.2


def test_auxiliary_heads_answer_in_training_only():
    x = torch.randn(2, 3, 32, 32)
    model = googlenet.DeepInception(5, auxiliary=True, batch_norm=False)
    assert [y.shape for y in model.train()(x)] == [(2, 5)] * 3
    assert model.eval()(x).shape == (2, 5)
    assert googlenet.DeepInception(5, auxiliary=False, batch_norm=True).train()(x).shape == (2, 5)


@pytest.mark.parametrize("module", [googlenet.unreduced, googlenet.inception])
@pytest.mark.parametrize("width", [24, 41, 82])
def test_modules_have_the_width_that_is_asked_for(module, width):
    assert module(16, width)(torch.randn(2, 16, 8, 8)).shape == (2, width, 8, 8)


@pytest.mark.parametrize(
    "reduction", [r for r, _ in inception._REDUCTIONS.values()], ids=inception._REDUCTIONS
)
def test_reductions_halve_and_widen(reduction):
    layers = nn.Sequential(*reduction(8, 20))
    assert layers(torch.randn(2, 8, 16, 16)).shape == (2, 20, 8, 8)


def test_a_module_without_its_sum_forgets_its_input():
    x = torch.randn(2, 64, 8, 8)
    for kind, kept in ((inception_v4.ScaledResidual, True), (inception_v4.NoResidual, False)):
        module = kind(64, 1.0, inception_v4._BRANCHES, 0.1).eval()
        nn.init.zeros_(module.expand.weight)
        nn.init.zeros_(module.expand.bias)
        assert torch.equal(module(x), x.relu() if kept else torch.zeros_like(x))


# ResNet's variants, ResNeXt, SENet, DenseNet


def test_doubled_costs_are_equal_too():
    data = pictures(3, 32)
    for name, variants, tolerance in (
        ("resnext_cardinality", ("1 path, wider", "1 path, twice as deep"), 0.03),
        ("resnet_variants", ("twice as wide inside", "three times as deep"), 0.04),
    ):
        large = pictures(3, 64) if name == "resnet_variants" else data
        macs = [
            profile(build(ALL[name], v, large, 0), tuple(large.train.images.shape[1:])).macs
            for v in variants
        ]
        assert macs[0] == pytest.approx(macs[1], rel=tolerance)


@pytest.mark.parametrize(("cardinality", "path_widths"), [(1, (16, 32, 64)), (8, (3, 7, 14))])
def test_blocks_have_the_paths_that_are_asked_for(cardinality, path_widths):
    model = resnext.small_resnext(5, cardinality, path_widths)
    convs = [m for m in model.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    grouped = convs[1:]  # after the stem
    assert [c.groups for c in grouped] == [cardinality] * 3
    assert [c.out_channels // c.groups for c in grouped] == list(path_widths)


def test_constant_gates_do_not_look_and_others_do():
    x = torch.randn(4, 8, 5, 5).relu()
    constant, squeezed = senet.ConstantGates(8), senet.squeezed(8, 4)
    with torch.no_grad():
        constant.scores.copy_(torch.arange(8.0)[:, None, None])
    assert torch.allclose(constant(x), x * torch.arange(8.0).sigmoid()[:, None, None])
    gates = squeezed.excite(squeezed.squeeze(x))
    assert (gates[0] - gates[1]).abs().max() > 1e-4
    assert senet.squeezed(8, 16).excite[0].out_channels == 1


def test_mean_gates_are_the_same_for_every_picture_and_leave_the_network_alone():
    data = pictures(3, 32)
    model = senet.gated_resnet(5, gates=lambda channels: senet.squeezed(channels, 4)).eval()
    x = torch.randn(3, 3, 32, 32)
    before = model(x)
    fixed = senet.with_mean_gates(model, data).eval()
    assert torch.equal(model(x), before)
    for module in fixed.modules():
        if isinstance(module, SqueezeExcitation):
            gates = module.excite(torch.randn(3, 8, 1, 1))
            assert torch.equal(gates[0], gates[2])
            assert 0 < gates.min() <= gates.max() < 1
    assert senet.accuracy_with_mean_gates(senet.gated_resnet(5), data) == {}
    found = senet.accuracy_with_mean_gates(model, data)
    expected = evaluate(fixed, data.validation, mean=data.mean, std=data.std).accuracy
    assert found == {"accuracy with mean gates": expected}


def test_mean_gates_are_means():
    model = nn.Sequential(SqueezeExcitation(3, 2), nn.Flatten(), nn.Linear(3 * 32 * 32, 5)).eval()
    data = pictures(3, 32)
    fixed = senet.with_mean_gates(model, data)
    images = data.train.images.float() / 255
    mean, std = torch.tensor(data.mean), torch.tensor(data.std)
    images = (images - mean[:, None, None]) / std[:, None, None]
    gates = model[0].excite(model[0].squeeze(images)).mean(0)
    assert torch.allclose(fixed[0].excite(torch.zeros(1, 3, 1, 1))[0], gates, atol=1e-6)


@pytest.mark.parametrize("memory", [None, 2])
def test_layers_see_the_maps_that_are_said(memory):
    block = densenet.ConnectedBlock(6, 4, 3, memory)
    last = 4 if memory is None else memory
    maps = [6, 3, 3, 3]
    seen = [sum(maps[: i + 1][-last:]) for i in range(4)]
    assert [layer.conv.in_channels for layer in block] == seen
    y = block(torch.randn(2, 6, 5, 5))
    assert y.shape == (2, 6 + 4 * 3, 5, 5)


def test_all_concatenated_is_a_dense_block():
    torch.manual_seed(1)
    block = densenet.ConnectedBlock(4, 3, 2).eval()
    x = torch.randn(1, 4, 6, 6)
    maps = x
    for layer in block:
        maps = torch.cat((maps, layer(maps)), dim=1)
    assert torch.allclose(block(x), maps, atol=1e-6)


def test_a_map_that_is_cut_is_not_read():
    torch.manual_seed(2)
    model = densenet.connected_network(5, (3, 3, 3)).eval()
    for number, (name, hurt) in enumerate(densenet.cut(model), 1):
        assert name == f"without distance {number}"
        block = next(m for m in reversed(hurt) if isinstance(m, densenet.ConnectedBlock))
        layer = block[-1]
        maps = torch.randn(1, sum(block.sizes[:-1]), 4, 4)
        changed = maps.clone()
        parts = list(changed.split(block.sizes[:-1], dim=1))
        parts[-number] += 1
        assert torch.equal(layer(maps), layer(changed))
        assert not torch.equal(layer(maps), layer(maps + 1))
    assert number == 4
    assert list(densenet.cut(densenet.even_network(5, densenet.AddedBlock, (4, 4, 4)))) == []


def test_weights_by_source_are_those_of_the_layer():
    block = densenet.ConnectedBlock(2, 2, 3)
    with torch.no_grad():
        block[1].conv.weight[:, :2] = 4.0
        block[1].conv.weight[:, 2:] = -0.5
        block[1].norm.weight[:2] = -2.0
    assert densenet.source_weights(block)[1] == pytest.approx([8.0, 0.5])


def test_weights_that_are_kept_come_back_with_their_statistics(tmp_path, monkeypatch):
    torch.manual_seed(3)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).half().float()
    model(torch.randn(4, 1, 5, 5))  # moves the running statistics
    (tmp_path / "results").mkdir()
    shipped.keep_weights(model, tmp_path / "results" / "some.npy")
    monkeypatch.setattr(shipped, "files", lambda package: tmp_path)
    other = shipped.load_weights(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), "some.npy")
    assert not other.training
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            assert torch.equal(other.state_dict()[name], tensor.half().float()), name
    with pytest.raises(RuntimeError):
        shipped.load_weights(nn.Conv2d(1, 3, 3), "some.npy")
