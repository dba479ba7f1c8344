from dataclasses import FrozenInstanceError, asdict, replace
from functools import partial

import pytest
import torch

from backbones.data import ImageData, ImageSet
from backbones.train.augmentation import random_crop, standard_augment
from backbones.train.settings import Settings, describe, name_of

SETTINGS = Settings(
    epochs=2,
    lr=1,
    batch_size=32,
    weight_decay=0,
    optimizer="sgd",
    schedule="cosine",
    label_smoothing=0,
    augment=None,
    clip_norm=None,
    auxiliary_weight=1,
    mixed_precision=None,
    seed=0,
)


def test_settings_are_written_once_and_with_floats():
    assert replace(SETTINGS, lr=1.0, weight_decay=0.0) == SETTINGS
    for name in ("lr", "weight_decay", "label_smoothing", "auxiliary_weight"):
        assert type(getattr(SETTINGS, name)) is float
    assert SETTINGS.clip_norm is None
    assert type(replace(SETTINGS, clip_norm=2).clip_norm) is float
    with pytest.raises(FrozenInstanceError):
        SETTINGS.lr = 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", 2.0),
        ("lr", 0),
        ("lr", "0.1"),
        ("weight_decay", float("inf")),
        ("label_smoothing", 1.0),
        ("clip_norm", -1.0),
        ("auxiliary_weight", float("nan")),
        ("mixed_precision", "fp8"),
        ("seed", None),
    ],
)
def test_a_setting_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be .* got {value!r}$"):
        replace(SETTINGS, **{name: value})


def test_what_is_written_tells_the_data_apart():
    def data(last: int) -> ImageData:
        images = torch.zeros(2, 1, 2, 2, dtype=torch.uint8)
        images[-1, -1, -1, -1] = last
        image_set = ImageSet(images, torch.tensor([0, 1]), ("a", "b"))
        return ImageData(image_set, image_set, "zeros")

    written = SETTINGS.written(data(0))
    assert written == {**asdict(SETTINGS), "data": describe(data(0))}
    assert written["data"].startswith("zeros: (2, 1, 2, 2), checksum ")
    assert written == SETTINGS.written(data(0))
    assert written != SETTINGS.written(data(1))


def test_names_of_functions_are_those_of_the_source():
    assert name_of(standard_augment) == "standard_augment"
    assert name_of(partial(random_crop, padding=2)) == "random_crop(padding=2)"
    assert name_of("sgd") == "sgd"
    assert name_of(None) is None
    assert name_of(torch.optim.AdamW) == "AdamW"
