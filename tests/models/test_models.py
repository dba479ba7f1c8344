"""What holds for every model by its name, and for a tiny network of every family."""

import copy
import io
import pickle
import re

import pytest
import torch
from families import FAMILIES
from parity import random_small, uninitialised
from rounding import close, terms_of
from torch import nn

from backbones import create_model, list_models
from backbones.models.resnet import BasicBlock, ResNet
from backbones.models.vgg import VGG


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"'resent50'; did you mean resnet50"):
        create_model("resent50")
    with pytest.raises(ValueError, match="see list_models"):
        create_model("qqqq")


def test_unknown_options_are_refused_by_name():
    with pytest.raises(ValueError, match="resnet18 has no option depth; it takes num_classes"):
        create_model("resnet18", depth=3)


def test_list_models_filters():
    assert list_models("wide") == ["wide_resnet50_2", "wide_resnet101_2"]
    assert len(set(list_models())) == len(list_models())


@pytest.mark.parametrize("name", list_models())
def test_any_number_of_classes_and_channels(name):
    with uninitialised(), torch.device("meta"):
        model = create_model(name, 7, in_channels=2).eval()
        size = getattr(model, "image_size", 224)
        assert model(torch.zeros(2, 2, size, size)).shape == (2, 7)


@pytest.mark.parametrize("argument", ["num_classes", "in_channels"])
@pytest.mark.parametrize("name", list_models())
def test_sizes_that_no_network_has_are_refused(name, argument):
    for wrong in (0, -1, 2.5, True):
        message = f"{argument} must be an integer of at least 1, got {wrong}"
        with (
            uninitialised(),
            torch.device("meta"),
            pytest.raises(ValueError, match=re.escape(message)),
        ):
            create_model(name, **{argument: wrong})


@pytest.fixture(params=FAMILIES)
def family(request):
    return FAMILIES[request.param]


@pytest.fixture
def model(family):
    return family.build(4, 3).eval()


@pytest.fixture
def images(family):
    return torch.randn(2, 3, family.size, family.size)


def test_other_sizes_also_odd_ones(family, model):
    for size in family.other_sizes:
        assert model(torch.randn(1, 3, size, size)).shape == (1, 4)


def test_feature_maps(family, model, images):
    if family.maps is None:
        assert not hasattr(model, "forward_features")
        return
    maps = model.forward_features(images)
    assert [m.shape[0] for m in maps] == [2] * len(family.maps)
    assert tuple(m.shape[2] for m in maps) == family.maps


def test_every_parameter_gets_a_gradient(model, images):
    model.train()(images).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_wrong_images_are_refused(model, images):
    for wrong in (images[0], images[:, :2]):
        with pytest.raises(ValueError, match=r"images must have the shape \(B, 3, H, W\)"):
            model(wrong)


def test_copies_pickles_and_state(family, model, images):
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    again = family.build(4, 3).eval()
    again.load_state_dict(torch.load(file, weights_only=True))
    expected = model(images)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), again):
        assert torch.equal(twin(images), expected)


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
# torch's own norms check in Python that there are values to take a mean of.
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning:torch.nn.functional")
def test_traced_and_exported(model, images):
    expected = model(images)
    close(torch.jit.trace(model, images)(images), expected, terms_of(model))
    exported = torch.export.export(model, (images,)).module()
    close(exported(images), expected, terms_of(model))


@pytest.mark.slow  # a family's tiny network stands for its names; this is the proof
@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning:torch.nn.functional")
@pytest.mark.parametrize("name", list_models())
def test_every_name_is_traced_and_exported(name):
    model, images = random_small(name)
    with torch.no_grad():
        expected = model(images)
        traced = torch.jit.trace(model, images, check_trace=False)
        close(traced(images), expected, terms_of(model))
        exported = torch.export.export(model, (images,)).module()
        close(exported(images), expected, terms_of(model))


def test_one_batch_can_be_learned_by_heart(family):
    model = family.build(4, 3)
    images, labels = torch.randn(8, 3, family.size, family.size), torch.arange(8) % 4
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(150):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.1:
            return
    pytest.fail(f"loss is still {loss.item():.2f} after 150 steps")


def test_a_plain_network_is_a_residual_one_without_shortcuts():
    networks = [FAMILIES[name].build(4, 3) for name in ("plain", "resnet")]
    convs = [sum(isinstance(m, nn.Conv2d) for m in network.modules()) for network in networks]
    assert convs == [5, 6]  # the projection shortcut is the one convolution more


def test_configurations_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="depths must name 5 stages"):
        VGG((1, 1))
    with pytest.raises(ValueError, match="depths must name 1 to 4 stages"):
        ResNet(BasicBlock, (1, 1, 1, 1, 1))
    with pytest.raises(ValueError, match="depth must be an integer of at least 1, got 0"):
        ResNet(BasicBlock, (1, 0))
    with pytest.raises(ValueError, match="hidden must be"):
        VGG((1, 1, 1, 1, 1), hidden=0)
