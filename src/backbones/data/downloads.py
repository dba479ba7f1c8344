"""The real data sets, which come over the network: Fashion-MNIST, CIFAR-10, flower_photos.

Nothing in the book needs them; with network, and best with a GPU, they replace the offline sets
of `backbones.data`. A file is streamed to a place beside its own, checked, and only then given
its name; whatever goes wrong, nothing is left behind.
"""

import gzip
import hashlib
import http.client
import shutil
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from tqdm.auto import tqdm

from backbones.checks import check_positive
from backbones.data.cache import cache_folder, cached_arrays
from backbones.data.imageset import ImageData, ImageSet
from backbones.data.painted import CLASSES
from backbones.files import written_aside
from backbones.progress import is_watched

# Where Debian and Ubuntu put the package dataset-fashion-mnist.
DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")

FLOWER_PHOTOS_URL = (
    "https://storage.googleapis.com/download.tensorflow.org/example_images/flower_photos.tgz"
)
# As TensorFlow Datasets lists it: 228,813,984 bytes.
FLOWER_PHOTOS_CHECKSUM = "sha256:4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c"


class DownloadError(OSError):
    """A file could not be fetched, or what came is not what should have come."""


def download(url: str, path: Path, checksum: str) -> Path:
    """Fetch a file, unless it is there and whole.

    Args:
        url: Where from.
        path: Where to. Its folder is made.
        checksum: Name of a hash function, a colon, and the file's hash: "sha256:4c54ac...".

    Returns:
        `path`.

    Raises:
        DownloadError: If there is no connection, or the file comes incomplete or changed. Nothing
            is left on disk then, as after an interrupt.
    """
    algorithm, expected = checksum.split(":")
    if path.exists() and _digest(path, algorithm) == expected:
        return path
    digest = hashlib.new(algorithm, usedforsecurity=False)
    try:
        with written_aside(path) as aside:
            request = urllib.request.Request(url, headers={"User-Agent": "backbones-book"})
            with (
                urllib.request.urlopen(request, timeout=30) as source,
                aside.open("wb") as target,
                tqdm(
                    desc=path.name,
                    total=int(source.headers.get("Content-Length", 0)) or None,
                    unit="B",
                    unit_scale=True,
                    disable=not is_watched(),
                ) as progress,
            ):
                while block := source.read(1 << 16):
                    target.write(block)
                    digest.update(block)
                    progress.update(len(block))
            if digest.hexdigest() != expected:
                raise DownloadError(
                    f"The {aside.stat().st_size:,} bytes that came have the {algorithm} "
                    f"{digest.hexdigest()} instead of {expected}: incomplete, or another file"
                )
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it holds the connection
        raise DownloadError(
            f"{path.name} could not be downloaded from {url}. {error or type(error).__name__}. "
            "Nothing was left on disk. Check the connection and try again, or put the file at "
            f"{path} yourself; flowers(), digits() and photos() need no network."
        ) from error
    return path


def _digest(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar archive into `folder`; members that point outside of it are refused."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")


def fashion_mnist() -> ImageData:
    """Fashion-MNIST: 60,000 and 10,000 grey pictures, 28 x 28, of ten kinds of clothes.

    Taken from the Debian package `dataset-fashion-mnist` where that is installed, else downloaded
    once, 31 MB.

    Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms", arXiv:1708.07747.

    Raises:
        DownloadError: If it is not here and cannot be downloaded.
    """
    from torchvision.datasets import FashionMNIST

    def read(part: str, kind: str, ndim: int) -> Tensor:
        name = f"{part}-{kind}-idx{ndim}-ubyte.gz"
        path = DEBIAN_FASHION_MNIST / name
        if not path.exists():
            md5 = dict(FashionMNIST.resources)[name]
            path = cache_folder() / "fashion-mnist" / name
            download(FashionMNIST.mirrors[0] + name, path, f"md5:{md5}")
        # Sizes as big-endian integers after four bytes of format, then one byte a value.
        content = gzip.decompress(path.read_bytes())
        sizes = np.frombuffer(content, ">i4", count=ndim, offset=4)
        values = np.frombuffer(content, np.uint8, offset=4 + 4 * ndim)
        return torch.from_numpy(values.reshape(sizes).copy())

    def image_set(part: str) -> ImageSet:
        labels = read(part, "labels", 1).long()
        return ImageSet(read(part, "images", 3)[:, None], labels, tuple(FashionMNIST.classes))

    credit = "Zalando Research, MIT licence."
    return ImageData(image_set("train"), image_set("t10k"), "Fashion-MNIST", credit)


def cifar10() -> ImageData:
    """CIFAR-10: 50,000 and 10,000 colour pictures, 32 x 32, of ten kinds of things.

    Downloaded once, 170 MB.

    Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    Raises:
        DownloadError: If it is not here and cannot be downloaded.
    """
    from torchvision.datasets import CIFAR10

    folder = cache_folder() / "cifar-10"

    def load() -> ImageData:
        parts = []
        for train in (True, False):
            part = CIFAR10(folder, train=train)  # checks each file's md5
            images = torch.from_numpy(part.data).permute(0, 3, 1, 2).contiguous()
            parts.append(ImageSet(images, torch.tensor(part.targets), tuple(part.classes)))
        return ImageData(*parts, "CIFAR-10", "Alex Krizhevsky, Vinod Nair, Geoffrey Hinton.")

    try:
        return load()
    except RuntimeError:  # missing or damaged
        shutil.rmtree(folder, ignore_errors=True)
    _download_and_unpack(CIFAR10.url, f"md5:{CIFAR10.tgz_md5}", folder)
    return load()


def flower_photos(size: int = 64, *, seed: int = 0) -> ImageData:
    """flower_photos: 3,670 photographs of the same five flowers that `flowers` paints.

    Each is scaled so that its shorter side has `size` pixels, and cropped to the middle; a fifth
    of each class is for validation. Downloaded once, 229 MB.

    The TensorFlow Team, "Flowers", 2019. The photographs are under CC BY 2.0; their authors are
    in the file LICENSE.txt that is unpacked beside them.

    Args:
        size: Pixels a side.
        seed: Of the choice for validation.

    Raises:
        DownloadError: If it is not here and cannot be downloaded.
    """
    check_positive(size=size)
    folder = cache_folder() / "flower-photos"
    # The archive's folders are called after several flowers, but for these two.
    names = [name if name in ("daisy", "dandelion") else f"{name}s" for name in CLASSES]

    def build() -> dict[str, np.ndarray]:
        if not folder.exists():
            _download_and_unpack(FLOWER_PHOTOS_URL, FLOWER_PHOTOS_CHECKSUM, folder)
        images, labels = [], []
        for label, name in enumerate(names):
            for path in sorted((folder / "flower_photos" / name).glob("*.jpg")):
                with Image.open(path) as photo:
                    small = ImageOps.fit(
                        photo.convert("RGB"), (size, size), Image.Resampling.BICUBIC
                    )
                images.append(np.asarray(small).transpose(2, 0, 1))
                labels.append(label)
        return {"images": np.stack(images), "labels": np.array(labels)}

    arrays = cached_arrays(f"flower-photos-{size}", build)
    whole = ImageSet(
        torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"]).long(), CLASSES
    )
    credit = "CC BY 2.0, by the photographers whom the archive's LICENSE.txt names."
    return ImageData(*whole.split(0.2, seed), "flower_photos", credit)


def _download_and_unpack(url: str, checksum: str, folder: Path) -> None:
    """Make `folder` out of a tar archive on the network."""
    archive = download(url, folder.with_name(url.rsplit("/", 1)[-1]), checksum)
    with written_aside(folder) as aside:
        aside.mkdir()
        unpack(archive, aside)
    archive.unlink()
