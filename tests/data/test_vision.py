"""Published data sets: what is read, what is refused, what is said. Small false files stand in for the real ones."""

import gzip
import hashlib
import pickle
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import CIFAR10, CIFAR100, MNIST, FashionMNIST

from lth.catalog.datasets import SOURCES
from lth.data import vision
from lth.errors import UserError


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx(array: np.ndarray) -> bytes:
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.astype(np.uint8).tobytes()


@pytest.fixture
def false_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with an MNIST of 3 + 2 images of 4x4, which counts as the published one."""
    arrays = [np.arange(48).reshape(3, 4, 4), np.array([7, 0, 9]), np.arange(32).reshape(2, 4, 4), np.array([1, 2])]
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, array in zip(vision.IDX_FILES, arrays, strict=True):
        (folder / name).write_bytes(idx(array))
    monkeypatch.setitem(vision.IDX_MD5, "MNIST", tuple(md5(idx(array)) for array in arrays))
    return tmp_path


@pytest.fixture
def false_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a CIFAR-10 of two images a batch, which counts as the published one."""
    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()
    for number, name in enumerate([*vision.CIFAR_MD5]):
        pixels = np.full((2, 3072), number, np.uint8)
        pixels[:, :1024] = 100 + number  # red comes first
        content = pickle.dumps({"data": pixels, "labels": [number, 9]})
        (folder / name).write_bytes(content)
        monkeypatch.setitem(vision.CIFAR_MD5, name, md5(content))
    return tmp_path


@pytest.fixture
def false_cifar100(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a CIFAR-100 of three training images and two test images, which counts as the published one."""
    folder = tmp_path / CIFAR100.base_folder
    folder.mkdir()
    entries: dict[str, object] = {
        "train": {"data": np.full((3, 3072), 7, np.uint8), "fine_labels": [99, 0, 5], "coarse_labels": [19, 0, 1]},
        "test": {"data": np.full((2, 3072), 9, np.uint8), "fine_labels": [1, 2], "coarse_labels": [3, 4]},
        "meta": {
            "fine_label_names": [f"fine {n}" for n in range(100)],
            "coarse_label_names": [f"coarse {n}" for n in range(20)],
        },
    }
    for name, entry in entries.items():
        content = pickle.dumps(entry)
        (folder / name).write_bytes(content)
        monkeypatch.setitem(vision.CIFAR100_MD5, name, md5(content))
    return tmp_path


def test_names_and_sums_are_those_of_torchvision() -> None:
    assert [[*pair] for pair in vision.CIFAR_MD5.items()] == [*CIFAR10.train_list, *CIFAR10.test_list]
    assert CIFAR10.base_folder == vision.CIFAR_FOLDER
    meta = [CIFAR100.meta["filename"], CIFAR100.meta["md5"]]
    assert [[*pair] for pair in vision.CIFAR100_MD5.items()] == [*CIFAR100.train_list, *CIFAR100.test_list, meta]
    assert CIFAR100.base_folder == vision.CIFAR100_FOLDER
    for kind in (MNIST, FashionMNIST):
        assert vision.CLASSES[kind.__name__] == tuple(kind.classes)


def test_idx_files_are_read_as_they_are(false_mnist: Path, offline: list[str]) -> None:
    raw = vision.mnist(false_mnist, 0)
    np.testing.assert_array_equal(raw.train_images, np.arange(48).reshape(3, 1, 4, 4))
    np.testing.assert_array_equal(raw.train_labels, [7, 0, 9])
    np.testing.assert_array_equal(raw.test_images, np.arange(32).reshape(2, 1, 4, 4))
    np.testing.assert_array_equal(raw.test_labels, [1, 2])
    assert (raw.train_images.dtype, raw.train_labels.dtype) == (np.uint8, np.int64)
    assert len(raw.classes) == 10
    assert offline == []


def test_compressed_idx_files_do_as_well(false_mnist: Path, offline: list[str]) -> None:
    plain = vision.mnist(false_mnist, 0)
    for name in vision.IDX_FILES[:2]:
        path = false_mnist / "MNIST" / "raw" / name
        path.with_name(f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    np.testing.assert_array_equal(vision.mnist(false_mnist, 0).train_images, plain.train_images)
    assert not (false_mnist / "MNIST" / "raw" / vision.IDX_FILES[0]).exists()  # a root may be read-only


@pytest.mark.parametrize("damage", ["truncated", "one bit", "empty"])
def test_damaged_idx_file_is_named(false_mnist: Path, damage: str, offline: list[str]) -> None:
    path = false_mnist / "MNIST" / "raw" / vision.IDX_FILES[0]
    content = path.read_bytes()
    path.write_bytes({"truncated": content[:-1], "one bit": content[:-1] + b"\x2e", "empty": b""}[damage])
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte: damaged .* replace it, or delete it"):
        vision.mnist(false_mnist, 0)
    assert offline == []  # what a user put there is not replaced behind their back


@pytest.mark.parametrize("damage", ["truncated", "not gzip"])
def test_damaged_compressed_file_is_named(false_mnist: Path, damage: str) -> None:
    path = false_mnist / "MNIST" / "raw" / vision.IDX_FILES[0]
    packed = gzip.compress(path.read_bytes())
    path.with_name(f"{path.name}.gz").write_bytes(packed[:-9] if damage == "truncated" else b"<html>404</html>")
    path.unlink()
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte\.gz: damaged"):
        vision.mnist(false_mnist, 0)


def test_cifar_batches_in_order(false_cifar: Path, offline: list[str]) -> None:
    raw = vision.cifar10(false_cifar, 0)
    assert raw.train_images.shape == (10, 3, 32, 32)
    np.testing.assert_array_equal(raw.train_labels, [0, 9, 1, 9, 2, 9, 3, 9, 4, 9])
    np.testing.assert_array_equal(raw.train_images[4, :, 0, 0], [102, 2, 2])
    np.testing.assert_array_equal(raw.test_labels, [5, 9])
    assert offline == []


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a damaged batch was unpickled",)


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch"])
def test_damaged_cifar_batch_is_refused_before_it_is_unpickled(false_cifar: Path, name: str) -> None:
    (false_cifar / CIFAR10.base_folder / name).write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(UserError, match=f"{name}: damaged"):
        vision.cifar10(false_cifar, 0)


def test_cifar100_has_two_kinds_of_labels(false_cifar100: Path, offline: list[str]) -> None:
    fine, coarse = vision.cifar100(false_cifar100, 0), vision.cifar100_coarse(false_cifar100, 0)
    assert fine.train_images.shape == (3, 3, 32, 32)
    np.testing.assert_array_equal(fine.train_images, coarse.train_images)
    assert (fine.train_labels.tolist(), coarse.train_labels.tolist()) == ([99, 0, 5], [19, 0, 1])
    assert (fine.test_labels.tolist(), coarse.test_labels.tolist()) == ([1, 2], [3, 4])
    assert (fine.classes[99], len(coarse.classes)) == ("fine 99", 20)
    assert offline == []


@pytest.mark.parametrize("name", ["train", "test", "meta"])
def test_damaged_cifar100_is_refused_before_it_is_unpickled(false_cifar100: Path, name: str) -> None:
    (false_cifar100 / CIFAR100.base_folder / name).write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(UserError, match=f"{name}: damaged"):
        vision.cifar100(false_cifar100, 0)


@pytest.mark.parametrize(
    ("source", "title", "inside"),
    [
        (vision.mnist, "MNIST", "MNIST/raw"),
        (vision.fashion_mnist, "FashionMNIST", "FashionMNIST/raw"),
        (vision.cifar10, "CIFAR10", "cifar-10-batches-py"),
        (vision.cifar100, "CIFAR100", "cifar-100-python"),
    ],
)
class TestMissing:
    def test_offline(self, source: Callable, title: str, inside: str, tmp_path: Path, offline: list[str]) -> None:
        with pytest.raises(UserError) as caught:
            source(tmp_path, 0)
        said = str(caught.value)
        assert said.startswith(f"{title}: not complete in {tmp_path / inside}, and the download failed")
        assert "unreachable" in said
        assert said.endswith(
            f"the folder that holds {inside} as `data_root` in the study file or in the variable LTH_DATA"
        )
        assert "\n" not in said
        assert offline
        assert list(tmp_path.iterdir()) == []

    def test_no_folder(self, source: Callable, title: str, inside: str, offline: list[str]) -> None:
        with pytest.raises(UserError, match=f"{title}: no data folder is given; .*`data_root`.*LTH_DATA"):
            source(None, 0)
        assert offline == []

    def test_no_place_to_write(
        self, source: Callable, title: str, inside: str, tmp_path: Path, offline: list[str]
    ) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(UserError, match=f"{title}: not complete in"):
            source(tmp_path / "file" / "data", 0)
        assert offline == []


class TestDownload:
    """torchvision's own download, with files from a folder instead of the network."""

    @pytest.fixture
    def served(self, false_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A root that is empty, while 'the network' has the false MNIST."""
        raw = false_mnist / "MNIST" / "raw"

        def download(self: MNIST) -> None:
            assert socket.getdefaulttimeout() == vision.TIMEOUT
            shutil.copytree(raw, self.raw_folder)

        monkeypatch.setattr(MNIST, "download", download)
        return false_mnist / "elsewhere"

    def test_files_come_to_their_places(self, served: Path) -> None:
        np.testing.assert_array_equal(vision.mnist(served, 0).test_labels, [1, 2])
        assert [path.name for path in served.iterdir()] == ["MNIST"]
        assert socket.getdefaulttimeout() is None

    def test_what_is_there_stays(self, served: Path) -> None:
        mine = served / "MNIST" / "raw" / vision.IDX_FILES[1]
        mine.parent.mkdir(parents=True)
        mine.write_bytes(b"mine")
        with pytest.raises(UserError, match=f"{mine.name}: damaged"):
            vision.mnist(served, 0)
        assert mine.read_bytes() == b"mine"


@pytest.mark.real
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "cifar100", "cifar100_coarse"])
def test_real(name: str, real_data: Callable[[str], Path], offline: list[str]) -> None:
    titles = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": CIFAR10.base_folder}
    title = titles.get(name, CIFAR100.base_folder)
    entry = SOURCES[name]
    raw = entry.load()(real_data(title), 0)
    shape = (entry.channels, entry.size, entry.size)
    assert raw.train_images.shape == (entry.train, *shape)
    assert raw.test_images.shape == (entry.test, *shape)
    assert len(raw.classes) == entry.classes
    if name != "mnist":  # whose classes are of unequal sizes
        assert set(np.bincount(raw.train_labels)) == {entry.train // entry.classes}
        assert set(np.bincount(raw.test_labels)) == {entry.test // entry.classes}
    # First labels and mean grey level, as published with the data sets and quoted all over.
    labels, mean = {
        "mnist": ([5, 0, 4, 1, 9, 2, 1, 3], 0.1307),
        "fashion_mnist": ([9, 0, 0, 3, 0, 2, 7, 2], 0.2860),
        "cifar10": ([6, 9, 9, 4, 1, 1, 2, 7], 0.4734),
        "cifar100": ([19, 29, 0, 11, 1, 86, 90, 28], 0.4782),
        "cifar100_coarse": ([11, 15, 4, 14, 1, 5, 18, 3], 0.4782),
    }[name]
    assert raw.train_labels[:8].tolist() == labels
    assert raw.train_images.mean() / 255 == pytest.approx(mean, abs=5e-5)
