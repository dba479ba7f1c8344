"""The bridge to d2l: its data modules hold our pictures, and its trainer takes them."""

import builtins
import subprocess
import sys

import pytest
import torch
from torch import nn

from backbones.data import ImageData, ImageSet, bridge, d2l_data, import_d2l


def some_data(channels=1, train=30, validation=11):
    generator = torch.Generator().manual_seed(0)

    def image_set(count):
        images = torch.randint(
            0, 256, (count, channels, 8, 8), dtype=torch.uint8, generator=generator
        )
        return ImageSet(images, torch.arange(count) % 3, ("a", "b", "c"))

    return ImageData(image_set(train), image_set(validation), "noise")


@pytest.fixture
def d2l():
    pytest.importorskip("d2l")
    return import_d2l()


@pytest.fixture
def no_d2l(monkeypatch):
    """As if d2l were not installed."""
    found = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.partition(".")[0] == "d2l":
            raise ModuleNotFoundError("No module named 'd2l'", name="d2l")
        return found(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    bridge._module_class.cache_clear()


def test_the_package_does_not_import_d2l():
    lines = "import sys, backbones.data, backbones.train; sys.exit('d2l' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", lines], check=False).returncode == 0


def test_without_d2l_the_error_says_how_to_install_it(no_d2l):
    with pytest.raises(ImportError, match=r"pip install d2l==1\.0\.0a1\.post0.*backbones\.train"):
        d2l_data(some_data())


def test_the_version_is_that_of_the_requirements(request):
    pinned = (request.config.rootpath / "requirements.txt").read_text().splitlines()
    assert f"d2l=={bridge.D2L_VERSION}" in pinned


def test_a_batch_below_one_is_refused():
    with pytest.raises(ValueError, match="batch_size must be"):
        d2l_data(some_data(), batch_size=0)


def test_pictures_and_labels_are_ours(d2l):
    data = some_data()
    module = d2l_data(data, batch_size=4)
    assert isinstance(module, d2l.DataModule)
    batches = list(module.val_dataloader())
    assert [len(images) for images, _ in batches] == [4, 4, 3]
    images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    assert images.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert torch.equal(images, data.validation.images / 255)
    assert torch.equal(labels, data.validation.labels)


def test_normalized_pictures_are_those_of_fit(d2l):
    data = some_data(channels=3)
    (images, _), *_ = d2l_data(data, batch_size=11, normalized=True).val_dataloader()
    assert torch.equal(images, data.normalize(data.validation.images).contiguous())
    assert images.is_contiguous()


def test_an_epoch_holds_each_training_picture_once_in_an_order_that_the_seed_decides(d2l):
    data = some_data()
    data.train.images[:, 0, 0, 0] = torch.arange(30, dtype=torch.uint8)
    loader = d2l_data(data, batch_size=7).train_dataloader()

    def order(seed):
        torch.manual_seed(seed)
        return [round(255 * image[0, 0, 0].item()) for images, _ in loader for image in images]

    first = order(0)
    assert sorted(first) == list(range(30))
    assert first == order(0) != order(1)


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_classes_have_names_and_a_batch_is_shown(d2l, monkeypatch, channels, normalized):
    shown = []
    monkeypatch.setattr(d2l, "show_images", lambda *args, **kwargs: shown.append((args, kwargs)))
    data = some_data(channels)
    module = d2l_data(data, batch_size=8, normalized=normalized)
    batch = next(iter(module.val_dataloader()))
    module.visualize(batch, nrows=2, ncols=3)
    ((images, rows, columns), titles), *_ = shown
    expected = (data.validation.images[:6] / 255).movedim(1, -1).squeeze(-1)
    assert torch.allclose(images, expected, atol=1e-5)
    assert (rows, columns) == (2, 3)
    assert titles["titles"] == module.text_labels(batch[1]) == list("abcabcab")


def test_the_trainer_trains_on_it(d2l):
    torch.manual_seed(0)
    model = d2l.Classifier()
    model.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    model.lr = 0.1
    model.board.display = False
    module = d2l_data(some_data(), batch_size=10)
    model.apply_init([next(iter(module.get_dataloader(True)))[0]], d2l.init_cnn)
    d2l.Trainer(max_epochs=40).fit(model, module)
    losses = [float(point.y) for point in model.board.data["train_loss"]]
    assert losses[-1] < losses[0] / 2
    assert len(model.board.data["val_acc"]) == 40
