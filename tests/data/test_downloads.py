import gzip
import hashlib
import io
import pickle
import socket
import tarfile
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import CIFAR10, FashionMNIST

from backbones.data import cifar10, downloads, fashion_mnist, flower_photos
from backbones.data.downloads import DEBIAN_FASHION_MNIST, DownloadError, download, unpack

CONTENT = bytes(range(256)) * 1000


def checksum(content, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


class Handler(BaseHTTPRequestHandler):
    """Serves the server's `files`; some in ways that real servers have."""

    def do_GET(self):
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", content)
            self.end_headers()
            return
        self.send_response(200)
        if not self.path.startswith("/unmeasured"):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2 if "truncated" in self.path else None])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked = {}, []
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("BACKBONES_CACHE", str(folder))
    monkeypatch.setattr(downloads, "DEBIAN_FASHION_MNIST", tmp_path / "not installed")
    return folder


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# -- one file ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["/file", "/unmeasured", "/moved"])
def test_a_file_arrives(server, tmp_path, name):
    server.files = {"/file": CONTENT, "/unmeasured": CONTENT, "/moved": "/file"}
    path = tmp_path / "new" / "file"
    assert download(server.address + name, path, checksum(CONTENT)) == path
    assert path.read_bytes() == CONTENT
    assert files_in(tmp_path) == ["new/file"]


def test_a_file_from_disk(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    path = download(source.as_uri(), tmp_path / "file", checksum(CONTENT, "md5"))
    assert path.read_bytes() == CONTENT


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    download(server.address + "/file", path, checksum(CONTENT))
    assert server.asked == []


def test_what_is_there_but_damaged_is_fetched_again(server, tmp_path):
    server.files["/file"] = CONTENT
    path = tmp_path / "file"
    path.write_bytes(CONTENT[:-1])
    download(server.address + "/file", path, checksum(CONTENT))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "expected", "message"),
    [
        ("/truncated", CONTENT, "The 128,000 bytes that came have the sha256"),
        ("/unmeasured-truncated", CONTENT, "The 128,000 bytes that came have the sha256"),
        ("/file", CONTENT[::-1], "incomplete, or another file"),
        ("/nothing", CONTENT, "HTTP Error 404"),
    ],
)
def test_a_bad_download_leaves_nothing_and_says_what_to_do(
    server, tmp_path, name, expected, message
):
    server.files = {"/file": CONTENT, "/truncated": CONTENT, "/unmeasured-truncated": CONTENT}
    path = tmp_path / "set.tgz"
    with pytest.raises(DownloadError, match=message) as caught:
        download(server.address + name, path, checksum(expected))
    assert files_in(tmp_path) == []
    for part in (server.address + name, str(path), "Nothing was left on disk", "try again"):
        assert part in str(caught.value)


def test_no_connection(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/set.tgz"
    with pytest.raises(DownloadError, match=r"flowers\(\), digits\(\) and photos\(\)"):
        download(address, tmp_path / "set.tgz", checksum(CONTENT))
    assert files_in(tmp_path) == []


def test_a_failed_download_keeps_the_damaged_file_that_was_there(server, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"older")
    with pytest.raises(DownloadError):
        download(server.address + "/nothing", path, checksum(CONTENT))
    assert path.read_bytes() == b"older"
    assert files_in(tmp_path) == ["file"]


def test_an_interrupted_download_leaves_nothing(server, tmp_path, monkeypatch):
    server.files["/file"] = CONTENT
    seen = []

    class Interrupt(downloads.tqdm):
        def update(self, n=1):
            seen.extend(files_in(tmp_path))
            raise KeyboardInterrupt

    monkeypatch.setattr(downloads, "tqdm", Interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(server.address + "/file", tmp_path / "file", checksum(CONTENT))
    assert len(seen) == 1  # it was on its way, under another name in the same folder
    assert seen[0].endswith(".part")
    assert files_in(tmp_path) == []


def test_progress_is_shown_where_somebody_looks(server, tmp_path, monkeypatch, capsys):
    server.files["/file"] = CONTENT
    monkeypatch.setattr(downloads, "is_watched", lambda: True)
    download(server.address + "/file", tmp_path / "set.tgz", checksum(CONTENT))
    shown = capsys.readouterr().err
    assert "set.tgz" in shown
    assert "256k/256k" in shown
    monkeypatch.setattr(downloads, "is_watched", lambda: False)
    download(server.address + "/file", tmp_path / "other.tgz", checksum(CONTENT))
    assert capsys.readouterr() == ("", "")


# -- archives ------------------------------------------------------------------


def archive(files, links=()):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("files", "links"),
    [
        ({"../outside": b"x"}, ()),
        ({}, [("link", "/etc/passwd")]),
        ({}, [("link", "../../outside")]),
    ],
)
def test_an_archive_cannot_write_outside_of_its_folder(tmp_path, files, links):
    path = tmp_path / "set.tgz"
    path.write_bytes(archive(files, links))
    (tmp_path / "inside").mkdir()
    with pytest.raises(tarfile.FilterError):
        unpack(path, tmp_path / "inside")
    assert files_in(tmp_path) == ["set.tgz"]


# -- flower_photos -------------------------------------------------------------


FLOWER_FOLDERS = ("daisy", "dandelion", "roses", "sunflowers", "tulips")


def photo(colour, size):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.fixture
def flower_server(server, monkeypatch):
    """Ten photographs of each class, all of one colour: brighter from class to class."""
    files = {"flower_photos/LICENSE.txt": b"CC BY"}
    for label, folder in enumerate(FLOWER_FOLDERS):
        for number in range(10):
            size = (40 + number, 30) if number % 2 else (30, 50)
            name = f"flower_photos/{folder}/{number}.jpg"
            files[name] = photo((50 * label, number, 20), size)
    server.files["/flower_photos.tgz"] = archive(files)
    url = server.address + "/flower_photos.tgz"
    monkeypatch.setattr(downloads, "FLOWER_PHOTOS_URL", url)
    content = checksum(server.files["/flower_photos.tgz"])
    monkeypatch.setattr(downloads, "FLOWER_PHOTOS_CHECKSUM", content)
    return server


def test_flower_photos(flower_server, cache):
    data = flower_photos(24)
    assert data.classes == ("daisy", "dandelion", "rose", "sunflower", "tulip")
    assert data.train.images.shape == (40, 3, 24, 24)
    assert data.validation.images.shape == (10, 3, 24, 24)
    assert data.validation.labels.bincount().tolist() == [2] * 5
    for image, label in data.train:
        assert (image[0].float() - 50 * label).abs().max() < 8
    assert "CC BY 2.0" in data.credit
    assert len([name for name in files_in(cache) if name.endswith(".jpg")]) == 50
    assert "flower-photos/flower_photos/LICENSE.txt" in files_in(cache)
    assert not [name for name in files_in(cache) if name.endswith((".part", ".tgz"))]
    assert torch.equal(flower_photos(24).train.images, data.train.images)
    assert flower_photos(16, seed=1).train.images.shape == (40, 3, 16, 16)
    assert flower_server.asked == ["/flower_photos.tgz"]
    with pytest.raises(ValueError, match="size must be"):
        flower_photos(0)


def test_flower_photos_are_cropped_and_in_the_order_of_their_names(cache, monkeypatch):
    # Black, but for a white square in the middle: squashed, it would be no square.
    folder = cache / "flower-photos" / "flower_photos"
    for name in FLOWER_FOLDERS:
        (folder / name).mkdir(parents=True)
        for number in range(5):
            picture = Image.new("RGB", (96, 48))
            picture.paste((255, 255, 50 * number), (36, 12, 60, 36))
            picture.save(folder / name / f"{number}.jpg", quality=100, subsampling=0)
    listed = Path.glob
    monkeypatch.setattr(  # a disk may list them in any order
        Path, "glob", lambda *arguments: sorted(listed(*arguments), reverse=True)
    )
    data = flower_photos(24)
    for image, _ in [*data.train, *data.validation]:
        white = image[0] > 128
        assert white.any(0).nonzero().flatten().tolist() == list(range(6, 18))
        assert white.any(1).nonzero().flatten().tolist() == list(range(6, 18))
    with np.load(cache / "flower-photos-24.npz") as arrays:
        blue = arrays["images"][:, 2, 12, 12].reshape(5, 5)
        assert (np.diff(blue.astype(int), axis=1) > 30).all()
        assert arrays["labels"].tolist() == [label for label in range(5) for _ in range(5)]


@pytest.mark.parametrize("wrong", ["checksum", "archive"])
def test_a_failed_flower_photos_leaves_nothing(flower_server, cache, monkeypatch, wrong):
    if wrong == "checksum":
        monkeypatch.setattr(downloads, "FLOWER_PHOTOS_CHECKSUM", checksum(b"other"))
    else:
        bad = archive({"../outside": b"x"})
        flower_server.files["/flower_photos.tgz"] = bad
        monkeypatch.setattr(downloads, "FLOWER_PHOTOS_CHECKSUM", checksum(bad))
    with pytest.raises((DownloadError, tarfile.FilterError)):
        flower_photos(24)
    assert [name for name in files_in(cache) if name != "flower_photos.tgz"] == []
    assert files_in(cache.parent) == [f"cache/{name}" for name in files_in(cache)]


def test_an_interrupt_while_unpacking_leaves_no_half_folder(flower_server, cache, monkeypatch):
    def interrupted(path, folder):
        (folder / "half").write_text("of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads, "unpack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        flower_photos(24)
    assert files_in(cache) == ["flower_photos.tgz"]  # whole and checked: the next try uses it


# -- Fashion-MNIST -------------------------------------------------------------


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    return gzip.compress(header + array.tobytes())


@pytest.fixture
def fashion(server, monkeypatch):
    """Three and two pictures in Fashion-MNIST's format."""
    contents = {}
    for part, count in {"train": 3, "t10k": 2}.items():
        images = np.arange(count * 28 * 28).reshape(count, 28, 28).astype(np.uint8)
        contents[f"{part}-images-idx3-ubyte.gz"] = idx(images)
        contents[f"{part}-labels-idx1-ubyte.gz"] = idx(np.arange(count, dtype=np.uint8))
    server.files = {f"/{name}": content for name, content in contents.items()}
    resources = [(name, checksum(content, "md5")[4:]) for name, content in contents.items()]
    monkeypatch.setattr(FashionMNIST, "resources", resources)
    monkeypatch.setattr(FashionMNIST, "mirrors", [server.address + "/"])
    return contents


def check_fashion(data):
    assert data.train.images.shape == (3, 1, 28, 28)
    assert data.train.images.flatten().tolist() == [i % 256 for i in range(3 * 28 * 28)]
    assert data.train.labels.tolist() == [0, 1, 2]
    assert len(data.validation) == 2
    assert data.classes[0] == "T-shirt/top"


def test_fashion_mnist_is_downloaded_once(server, fashion, cache):
    check_fashion(fashion_mnist())
    assert len(server.asked) == 4
    check_fashion(fashion_mnist())
    assert len(server.asked) == 4
    assert files_in(cache) == sorted(f"fashion-mnist/{name}" for name in fashion)


def test_fashion_mnist_from_debians_package(server, fashion, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "DEBIAN_FASHION_MNIST", tmp_path / "share")
    (tmp_path / "share").mkdir()
    for name, content in fashion.items():
        # Debian packs them anew: the same content, another checksum.
        repacked = gzip.compress(gzip.decompress(content), compresslevel=1)
        (tmp_path / "share" / name).write_bytes(repacked)
    check_fashion(fashion_mnist())
    assert server.asked == []
    assert not cache.exists()


@pytest.mark.skipif(not DEBIAN_FASHION_MNIST.exists(), reason="dataset-fashion-mnist not installed")
def test_the_real_fashion_mnist():
    data = fashion_mnist()
    assert len(data.train) == 60_000
    assert data.validation.labels.bincount().tolist() == [1000] * 10
    assert data.mean == pytest.approx([0.2860], abs=1e-4)
    assert data.std == pytest.approx([0.3530], abs=1e-4)


# -- CIFAR-10 ------------------------------------------------------------------


@pytest.fixture
def cifar(server, monkeypatch):
    """Two pictures a file in CIFAR-10's format."""
    files = {}

    def listed(name, content):
        files[f"cifar-10-batches-py/{name}"] = pickle.dumps(content)
        return [name, checksum(files[f"cifar-10-batches-py/{name}"], "md5")[4:]]

    batches = []
    for number in range(6):
        data = np.full((2, 3072), 10 * number, dtype=np.uint8)
        data[:, :1024] = 200  # red comes first
        batches.append(listed(f"batch_{number}", {"data": data, "labels": [number, 9]}))
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship"]
    meta = listed("batches.meta", {"label_names": [*names, "truck"]})
    content = archive(files)
    server.files["/cifar-10-python.tar.gz"] = content
    monkeypatch.setattr(CIFAR10, "url", server.address + "/cifar-10-python.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", checksum(content, "md5")[4:])
    monkeypatch.setattr(CIFAR10, "train_list", batches[:5])
    monkeypatch.setattr(CIFAR10, "test_list", batches[5:])
    monkeypatch.setattr(
        CIFAR10, "meta", {"filename": meta[0], "key": "label_names", "md5": meta[1]}
    )


def test_cifar10(server, cifar, cache):
    data = cifar10()
    assert data.train.images.shape == (10, 3, 32, 32)
    assert data.train.labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert (data.train.images[:, 0] == 200).all()
    assert (data.train.images[2:4, 1:] == 10).all()
    assert data.validation.labels.tolist() == [5, 9]
    assert data.classes[9] == "truck"
    cifar10()
    assert len(server.asked) == 1
    assert all(name.startswith("cifar-10/") for name in files_in(cache))

    # a damaged file is noticed, and all is fetched anew
    (cache / "cifar-10" / "cifar-10-batches-py" / "batch_3").write_bytes(b"damaged")
    assert torch.equal(cifar10().train.images, data.train.images)
    assert len(server.asked) == 2


def test_a_failed_cifar10_leaves_nothing(server, cifar, cache):
    server.files["/cifar-10-python.tar.gz"] += b"more"
    with pytest.raises(DownloadError, match=r"cifar-10-python.tar.gz could not be downloaded"):
        cifar10()
    assert files_in(cache) == []
