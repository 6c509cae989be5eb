"""torchvision's other data sets: tiny files in the layout of each, with MD5s that are taken for the published ones."""

import bz2
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torchvision import datasets

from lth.catalog.datasets import SOURCES
from lth.catalog.torchvision_sets import TORCHVISION_SETS
from lth.config.data import Dataset
from lth.data import published
from lth.data.assembled import prepare
from lth.data.opened import Opened
from lth.errors import UserError


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def idx(path: Path, array: np.ndarray, kind: int = 8) -> None:
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes([0, 0, kind, array.ndim]) + lengths + array.astype({8: "u1", 12: ">i4"}[kind]).tobytes())


def photo(path: Path, level: int, shape: tuple[int, ...] = (12, 16, 3)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, level, np.uint8)).save(path)
    return path


def pixels(opened: Opened, part: Any) -> list[int]:
    """The middle pixel of each image of a part."""
    rows = np.arange(len(opened.train_labels if part == "train" else opened.test_labels))
    batches = [batch for _, batch in opened.read(part, rows)]
    return [int(image[0, image.shape[1] // 2, image.shape[2] // 2]) for batch in batches for image in batch]


def test_every_set_is_there_and_is_one_of_torchvision() -> None:
    assert {source.target for source in TORCHVISION_SETS.values()} == {
        f"lth.data.published:{name}" for name, value in vars(published).items() if is_reader(name, value)
    }
    for name, source in TORCHVISION_SETS.items():
        assert source.load(), name
        assert SOURCES[name] is source


def is_reader(name: str, value: object) -> bool:
    return callable(value) and not name.startswith("_") and getattr(value, "__module__", "") == published.__name__


class TestArrays:
    def test_svhn(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: list[str]) -> None:
        savemat = pytest.importorskip("scipy.io").savemat
        told = {}
        for split, labels in (("train", [10, 1, 9]), ("test", [2, 10])):
            images = np.zeros((32, 32, 3, len(labels)), np.uint8)
            images[..., :] = np.arange(len(labels), dtype=np.uint8) + 5
            savemat(tmp_path / f"{split}_32x32.mat", {"X": images, "y": np.array(labels, np.uint8)[:, None]})
            told[split] = ["", f"{split}_32x32.mat", md5(tmp_path / f"{split}_32x32.mat")]
        monkeypatch.setattr(datasets.SVHN, "split_list", told)
        opened = published.svhn(tmp_path)
        assert (opened.train_labels.tolist(), opened.test_labels.tolist()) == ([0, 1, 9], [2, 0])
        assert (pixels(opened, "train"), opened.channels, opened.size) == ([5, 6, 7], 3, 32)
        made = prepare("d", Dataset(source="torchvision:svhn", validation=1, train=2, size=16), tmp_path)
        assert made.splits["test"].images.shape == (2, 3, 16, 16)
        assert offline == []
        (tmp_path / "test_32x32.mat").write_bytes(b"another file")
        with pytest.raises(
            UserError, match=r"SVHN: not complete, or damaged, in .*corrupted.* and the download failed"
        ):
            published.svhn(tmp_path)
        assert (tmp_path / "test_32x32.mat").read_bytes() == b"another file"

    def test_kmnist(self, tmp_path: Path, offline: list[str]) -> None:
        for part, count in (("train", 3), ("t10k", 2)):
            images = np.arange(count)[:, None, None] * np.ones((1, 28, 28))
            idx(tmp_path / f"KMNIST/raw/{part}-images-idx3-ubyte", images)
            idx(tmp_path / f"KMNIST/raw/{part}-labels-idx1-ubyte", np.arange(count) + 7)
        opened = published.kmnist(tmp_path)
        assert (opened.train_labels.tolist(), opened.test_labels.tolist()) == ([7, 8, 9], [7, 8])
        assert (pixels(opened, "train"), len(opened.classes), opened.size) == ([0, 1, 2], 10, 28)
        assert offline == []

    def test_emnist_letters_begin_at_0_and_stand_upright(self, tmp_path: Path, offline: list[str]) -> None:
        for part, labels in (("train", [1, 26]), ("test", [2])):
            images = np.zeros((len(labels), 28, 28))
            images[:, 3, 20] = 9  # as published, rows are columns
            idx(tmp_path / f"EMNIST/raw/emnist-letters-{part}-images-idx3-ubyte", images)
            idx(tmp_path / f"EMNIST/raw/emnist-letters-{part}-labels-idx1-ubyte", np.array(labels))
        opened = published.emnist_letters(tmp_path)
        assert (opened.train_labels.tolist(), opened.test_labels.tolist()) == ([0, 25], [1])
        assert (opened.classes[0], opened.classes[25], len(opened.classes)) == ("a", "z", 26)
        _, batch = next(opened.read("train", np.array([0])))
        assert np.argwhere(batch[0, 0]).tolist() == [[20, 3]]

    def test_labels_beyond_the_classes(self, tmp_path: Path, offline: list[str]) -> None:
        for part in ("train", "test"):
            idx(tmp_path / f"EMNIST/raw/emnist-digits-{part}-images-idx3-ubyte", np.zeros((1, 28, 28)))
            idx(tmp_path / f"EMNIST/raw/emnist-digits-{part}-labels-idx1-ubyte", np.array([10]))
        with pytest.raises(UserError, match=r"EMNIST: the files in .* have labels from 10 to 10, where 0 to 9"):
            published.emnist_digits(tmp_path)

    def test_qmnist(self, tmp_path: Path, offline: list[str]) -> None:
        for part, labels in (("train", [3, 4]), ("test", [5])):
            idx(tmp_path / f"QMNIST/raw/qmnist-{part}-images-idx3-ubyte", np.zeros((len(labels), 28, 28)))
            told = np.zeros((len(labels), 8))
            told[:, 0] = labels
            idx(tmp_path / f"QMNIST/raw/qmnist-{part}-labels-idx2-int", told, 12)
        opened = published.qmnist(tmp_path)
        assert (opened.train_labels.tolist(), opened.test_labels.tolist()) == ([3, 4], [5])

    def test_usps(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: list[str]) -> None:
        told = {}
        for split, name, labels in (("train", "usps.bz2", [1, 10]), ("test", "usps.t.bz2", [3])):
            values = " ".join(f"{n}:1.0" for n in range(1, 257))
            (tmp_path / name).write_bytes(bz2.compress("".join(f"{label} {values}\n" for label in labels).encode()))
            told[split] = ["", name, md5(tmp_path / name)]
        monkeypatch.setattr(datasets.USPS, "split_list", told)
        opened = published.usps(tmp_path)
        assert (opened.train_labels.tolist(), opened.test_labels.tolist()) == ([0, 9], [2])
        assert (pixels(opened, "train"), opened.size) == ([255, 255], 16)
        (tmp_path / "usps.bz2").write_bytes(bz2.compress(f"1 {values}\n".encode()))
        with pytest.raises(UserError, match=r"USPS: .*usps\.bz2 is not there, or has another MD5"):
            published.usps(tmp_path)

    def test_stl10(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: list[str]) -> None:
        folder = tmp_path / "stl10_binary"
        folder.mkdir()
        for part, labels in (("train", [1, 10]), ("test", [4])):
            images = np.repeat(np.arange(len(labels), dtype=np.uint8) + 3, 3 * 96 * 96)
            (folder / f"{part}_X.bin").write_bytes(images.tobytes())
            (folder / f"{part}_y.bin").write_bytes(bytes(labels))
        (folder / "class_names.txt").write_text("\n".join(f"class {n}" for n in range(10)))
        for part in ("train", "test"):
            sums = [[f"{part}_{kind}.bin", md5(folder / f"{part}_{kind}.bin")] for kind in ("X", "y")]
            monkeypatch.setattr(datasets.STL10, f"{part}_list", sums)
        opened = published.stl10(tmp_path)
        assert (opened.train_labels.tolist(), opened.test_labels.tolist()) == ([0, 9], [3])
        assert (pixels(opened, "train"), opened.size, opened.classes[3]) == ([3, 4], 96, "class 3")


class TestPhotographs:
    def test_flowers102(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: list[str]) -> None:
        savemat = pytest.importorskip("scipy.io").savemat
        folder = tmp_path / "flowers-102"
        for number in range(1, 9):
            photo(folder / f"jpg/image_{number:05d}.jpg", 10 * number, (12, 16 + number, 3))
        savemat(folder / "imagelabels.mat", {"labels": np.array([[102, 1, 2, 3, 1, 2, 3, 4]])})
        savemat(folder / "setid.mat", {"trnid": [[2, 5, 6]], "valid": [[1, 3]], "tstid": [[8, 7, 4]]})
        sums = {
            kind: (name, md5(folder / name)) for kind, name in (("label", "imagelabels.mat"), ("setid", "setid.mat"))
        }
        monkeypatch.setattr(datasets.Flowers102, "_file_dict", {"image": ("102flowers.tgz", ""), **sums})
        opened = published.flowers102(tmp_path)
        assert opened.train_labels.tolist() == [
            0,
            0,
            1,
            101,
            1,
        ]  # of the training images, then of the validation images
        assert opened.test_labels.tolist() == [2, 2, 3]
        assert [round(level / 10) for level in pixels(opened, "test")] == [4, 7, 8]
        made = prepare("d", Dataset(source="torchvision:flowers102", validation=2, size=8), tmp_path)
        assert made.splits["train"].images.shape == (3, 3, 8, 8)
        assert offline == []

    def test_food101(self, tmp_path: Path, offline: list[str]) -> None:
        folder = tmp_path / "food-101"
        (folder / "meta").mkdir(parents=True)
        for split, numbers in (("train", (1, 2)), ("test", (3,))):
            told = {kind: [f"{kind}/{number}" for number in numbers] for kind in ("waffles", "apple_pie")}
            (folder / f"meta/{split}.json").write_text(json.dumps(told))
        for kind in ("apple_pie", "waffles"):
            for number in (1, 2, 3):
                photo(folder / f"images/{kind}/{number}.jpg", 9)
        opened = published.food101(tmp_path)
        assert (opened.classes, opened.train_labels.tolist()) == (("apple_pie", "waffles"), [0, 0, 1, 1])
        broken = folder / "images/waffles/3.jpg"
        broken.write_bytes(broken.read_bytes()[:200])
        with pytest.raises(UserError, match=rf"{broken}: is damaged or no image"):
            pixels(opened, "test")

    def test_dtd(self, tmp_path: Path, offline: list[str]) -> None:
        folder = tmp_path / "dtd/dtd"
        (folder / "labels").mkdir(parents=True)
        for split, kind in (("train1", "banded"), ("val1", "woven"), ("test1", "woven")):
            file = f"{kind}/{kind}_{split}.jpg"
            photo(folder / "images" / file, 5)
            (folder / f"labels/{split}.txt").write_text(f"{file}\n")
        (folder / "labels/train1.txt").write_text("banded/banded_train1.jpg\nwoven/woven_val1.jpg\n")
        (folder / "labels/val1.txt").write_text("banded/banded_train1.jpg\nwoven/woven_val1.jpg\n")
        (folder / "labels/test1.txt").write_text("banded/banded_train1.jpg\nwoven/woven_test1.jpg\n")
        opened = published.dtd(tmp_path)
        assert (opened.classes, opened.train_labels.tolist()) == (("banded", "woven"), [0, 1, 0, 1])

    def test_gtsrb(self, tmp_path: Path, offline: list[str]) -> None:
        for label in range(2):
            photo(tmp_path / f"gtsrb/GTSRB/Training/{label:05d}/00000_00000.ppm", label)
        photo(tmp_path / "gtsrb/GTSRB/Final_Test/Images/00000.ppm", 7)
        (tmp_path / "gtsrb/GT-final_test.csv").write_text("Filename;Width;ClassId\n00000.ppm;16;42\n")
        opened = published.gtsrb(tmp_path)
        assert (opened.train_labels.tolist(), opened.test_labels.tolist(), len(opened.classes)) == ([0, 1], [42], 43)

    @pytest.mark.parametrize(
        ("source", "folder", "name"),
        [
            (published.caltech101, "caltech101/101_ObjectCategories", "image_{1:04d}.jpg"),
            (published.caltech256, "caltech256/256_ObjectCategories", "{0:03d}_{1:04d}.jpg"),
        ],
    )
    def test_caltech(self, tmp_path: Path, offline: list[str], source: Callable, folder: str, name: str) -> None:
        kinds = ["001.ak47", "002.flag"] if "256" in folder else ["ant", "yin_yang"]
        for label, kind in enumerate(kinds):
            for number in (1, 2):
                photo(tmp_path / folder / kind / name.format(label + 1, number), 100 * label + number)
        if "101" in folder:
            photo(tmp_path / folder / "BACKGROUND_Google/image_0001.jpg", 1)
        opened = source(tmp_path)
        assert (opened.classes, opened.train_labels.tolist()) == (tuple(kinds), [0, 0, 1, 1])
        assert (opened.test_labels.tolist(), len(pixels(opened, "train"))) == ([], 4)

    def test_eurosat_has_no_test_part(self, tmp_path: Path, offline: list[str]) -> None:
        for label, kind in enumerate(("Forest", "River")):
            for number in range(6):
                photo(tmp_path / f"eurosat/2750/{kind}/{kind}_{number}.jpg", 100 * label, (64, 64, 3))
        made = prepare("d", Dataset(source="torchvision:eurosat", validation=2, test=4), tmp_path)
        assert [len(split) for split in made.splits.values()] == [6, 2, 4]

    def test_oxford_pets_and_aircraft(self, tmp_path: Path, offline: list[str]) -> None:
        folder = tmp_path / "oxford-iiit-pet"
        for split, number in (("trainval", 1), ("test", 2)):
            photo(folder / f"images/Abyssinian_{number}.jpg", 4)
            (folder / "annotations").mkdir(exist_ok=True)
            (folder / f"annotations/{split}.txt").write_text(f"Abyssinian_{number} 1 1 1\n")
        opened = published.oxford_iiit_pet(tmp_path)
        assert (opened.train_labels.tolist(), opened.test_labels.tolist(), opened.classes) == (
            [0],
            [0],
            ("Abyssinian",),
        )
        data = tmp_path / "fgvc-aircraft-2013b/data"
        (data / "images").mkdir(parents=True)
        (data / "variants.txt").write_text("707-320\n727-200\n")
        for split, number in (("trainval", 1), ("test", 2)):
            photo(data / f"images/000000{number}.jpg", 4)
            (data / f"images_variant_{split}.txt").write_text(f"000000{number} 727-200\n")
        opened = published.fgvc_aircraft(tmp_path)
        assert (opened.train_labels.tolist(), opened.test_labels.tolist()) == ([1], [1])

    def test_folders_of_other_sets(self, tmp_path: Path, offline: list[str]) -> None:
        for part in ("train", "valid", "test"):
            for label, kind in enumerate(("AD", "AE")):
                photo(tmp_path / f"country211/{part}/{kind}/1.jpg", label)
            for label, kind in enumerate(("negative", "positive")):
                photo(tmp_path / f"rendered-sst2/{part}/{kind}/1.png", label, (448, 448, 3))
        opened = published.country211(tmp_path)
        assert (opened.classes, opened.train_labels.tolist()) == (("AD", "AE"), [0, 1, 0, 1])
        assert published.rendered_sst2(tmp_path).test_labels.tolist() == [0, 1]
        for label, kind in enumerate(("abbey", "zoo")):
            photo(tmp_path / f"SUN397/{kind[0]}/{kind}/sun_{label}.jpg", label)
        (tmp_path / "SUN397/ClassName.txt").write_text("/a/abbey\n/z/zoo\n")
        assert published.sun397(tmp_path).train_labels.tolist() == [0, 1]


@pytest.mark.parametrize("name", [*TORCHVISION_SETS])
def test_what_is_missing_is_named(
    name: str, tmp_path: Path, offline: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SOURCES[name].load()
    with pytest.raises(UserError, match=r": no data folder is given; .*`data_root`.*LTH_DATA"):
        source(None)
    with pytest.raises(UserError, match=rf"not complete, or damaged, in {tmp_path} .*download failed .*`data_root`"):
        source(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_downloaded_comes_to_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(self: datasets.KMNIST) -> None:
        part = "train" if self.train else "t10k"
        idx(Path(self.raw_folder) / f"{part}-images-idx3-ubyte", np.zeros((2, 28, 28)))
        idx(Path(self.raw_folder) / f"{part}-labels-idx1-ubyte", np.arange(2))

    monkeypatch.setattr(datasets.KMNIST, "download", download)
    monkeypatch.setattr(
        datasets.KMNIST,
        "_check_exists",
        lambda self: Path(self.raw_folder, f"{'train' if self.train else 't10k'}-labels-idx1-ubyte").exists(),
    )
    assert published.kmnist(tmp_path / "data").train_labels.tolist() == [0, 1]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["KMNIST"]
