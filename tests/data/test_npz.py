"""Arrays of the user's own: in a file, and in memory; each thing that they can be wrong in is a sentence."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lth.config.data import Dataset
from lth.data import memory
from lth.data.arrays import raw_images
from lth.data.assembled import arrays_to_images, prepare
from lth.data.npz import npz_content, npz_source, open_npz
from lth.data.raw import RawImages
from lth.errors import UserError


def images(count: int, *shape: int) -> np.ndarray:
    """Images whose pixels are their own number."""
    return np.broadcast_to(np.arange(count, dtype=np.uint8).reshape(-1, *[1] * len(shape)), (count, *shape)).copy()


def sound(**changes: Any) -> dict[str, np.ndarray]:
    """Arrays of a data set of four classes; None takes one out."""
    arrays = {
        "train_images": images(40, 12, 12),
        "train_labels": np.arange(40) % 4,
        "test_images": images(8, 12, 12),
        "test_labels": np.arange(8) % 4,
    }
    return {name: array for name, array in {**arrays, **changes}.items() if array is not None}


def written(folder: Path, *, packed: bool = False, **changes: Any) -> str:
    """The arrays in a file; its path."""
    path = folder / "mine.npz"
    (np.savez_compressed if packed else np.savez)(path, **sound(**changes))
    return str(path)


@pytest.mark.parametrize("packed", [False, True])
def test_images_come_to_the_splits_with_their_labels(tmp_path: Path, packed: bool) -> None:
    made = prepare("d", Dataset(source=f"npz:{written(tmp_path, packed=packed)}", validation=8), None)
    assert [len(split) for split in made.splits.values()] == [32, 8, 8]
    assert made.classes == ("0", "1", "2", "3")
    for split in made.splits.values():
        assert split.images.shape[1:] == (1, 12, 12)
        assert (split.images[:, 0, 0, 0] % 4).tolist() == split.labels.tolist()
    assert sorted(made.splits["test"].images[:, 0, 5, 5].tolist()) == list(range(8))


@pytest.mark.parametrize(("shape", "channels"), [((12, 12), 1), ((12, 12, 3), 3), ((3, 12, 12), 3), ((12, 12, 1), 1)])
def test_axes(tmp_path: Path, shape: tuple[int, ...], channels: int) -> None:
    path = written(tmp_path, train_images=images(40, *shape), test_images=images(8, *shape))
    assert (npz_source(path).channels, npz_source(path).size) == (channels, 12)
    made = prepare("d", Dataset(source=f"npz:{path}", validation=8), None)
    assert made.splits["train"].images.shape == (32, channels, 12, 12)


def test_without_test_images_some_are_set_aside_stratified(tmp_path: Path) -> None:
    source = f"npz:{written(tmp_path, test_images=None, test_labels=None)}"
    made = prepare("d", Dataset(source=source, validation=8, test=12), None)
    assert [len(split) for split in made.splits.values()] == [20, 8, 12]
    numbers = [number for split in made.splits.values() for number in split.images[:, 0, 0, 0].tolist()]
    assert sorted(numbers) == list(range(40))
    assert made.splits["test"].labels.bincount().tolist() == [3, 3, 3, 3]
    assert Dataset(source=source, validation=8, test=12).sizes == (20, 20)


def test_images_that_are_not_square_lose_their_ends(tmp_path: Path) -> None:
    wide = images(40, 12, 16)
    wide[:, :, :2] = wide[:, :, -2:] = 255
    path = written(tmp_path, train_images=wide, test_images=images(8, 12, 16))
    assert npz_source(path).size == 0
    made = prepare("d", Dataset(source=f"npz:{path}", validation=8, size=12), None)
    assert made.splits["train"].images.max() < 255
    with pytest.raises(UserError, match=r"datasets\.d: `size` is missing: .* not square"):
        prepare("d", Dataset(source=f"npz:{path}", validation=8), None)


def test_names_of_medmnist(tmp_path: Path) -> None:
    """Labels in a column; validation images train, too, since a study draws its own."""
    column = (np.arange(40) % 4)[:, None].astype(np.uint8)
    path = written(tmp_path, train_labels=column, val_images=images(4, 12, 12), val_labels=np.arange(4)[:, None])
    assert (npz_source(path).train, npz_source(path).test) == (44, 8)
    opened = open_npz(path, None)
    assert opened.train_labels.tolist() == [*(np.arange(40) % 4), 0, 1, 2, 3]
    read = np.concatenate([batch for _, batch in opened.read("train", np.array([1, 39, 40, 43]))])
    assert read[:, 0, 0, 0].tolist() == [1, 39, 0, 3]


def test_validation_images_test_where_there_are_no_others(tmp_path: Path) -> None:
    alone = {"val_images": images(4, 12, 12), "val_labels": np.arange(4), "test_images": None, "test_labels": None}
    path = written(tmp_path, **alone)
    assert (npz_source(path).train, npz_source(path).test) == (40, 4)


class TestContent:
    def test_is_that_of_the_arrays_whatever_the_date_and_the_packing(self, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        assert npz_content(written(tmp_path)) == npz_content(written(tmp_path / "other", packed=True))

    def test_one_pixel_is_another(self, tmp_path: Path) -> None:
        before = npz_content(written(tmp_path))
        other = images(40, 12, 12)
        other[7, 3, 3] += 1
        assert npz_content(written(tmp_path, train_images=other)) != before


def test_a_flipped_bit_is_seen(tmp_path: Path) -> None:
    for packed in (False, True):
        path = Path(written(tmp_path, packed=packed))
        source = Dataset(source=f"npz:{path}", validation=8)
        prepare("d", source, None)
        with zipfile.ZipFile(path) as file:
            info = file.getinfo("train_images.npy")
        content = bytearray(path.read_bytes())
        content[info.header_offset + 70 + info.compress_size // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"mine\.npz: .*damaged"):
            prepare("d", source, None)


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("an array was unpickled",)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no labels": ({"train_labels": None}, r"has no array `train_labels`; its arrays are train_images"),
    "no images": ({"train_images": None}, r"has no array `train_images`"),
    "half a test set": ({"test_labels": None}, r"has `test_images` without `test_labels`; give both"),
    "floats": ({"train_images": images(40, 12, 12) / 255}, r"train_images: holds float64.*astype\('uint8'\)"),
    "two channels": ({"train_images": images(40, 12, 12, 2)}, r"has the shape \[40, 12, 12, 2\], where .* 1 or 3"),
    "flat images": ({"train_images": images(40, 144)}, r"has the shape \[40, 144\]"),
    "nothing": ({"train_images": images(0, 12, 12), "train_labels": np.arange(0)}, r"and so no images"),
    "other size": (
        {"test_images": images(8, 14, 14)},
        r"test_images: has 1x14x14 images, but train_images has 1x12x12",
    ),
    "from 1": ({"train_labels": np.arange(40) % 4 + 1}, r"labels begin at 1, .*; subtract 1"),
    "negative": ({"train_labels": np.arange(40) % 4 - 1}, r"train_labels: has the label -1, .* number classes from 0"),
    "label floats": (
        {"train_labels": np.arange(40) % 4 / 1},
        r"holds float64, where whole numbers .*astype\('int64'\)",
    ),
    "text": ({"train_labels": np.array(["cat"] * 40)}, r"holds <U3, where whole numbers .* names as `classes`"),
    "one-hot": ({"train_labels": np.eye(4, dtype=int)[np.arange(40) % 4]}, r"shape \[40, 4\].*argmax\(1\)"),
    "too few": ({"train_labels": np.arange(39) % 4}, r"has 39 labels, and there are 40 images"),
    "a gap": ({"train_labels": np.arange(40) % 3 * 2}, r"no training image has the label 1, .* up to 4"),
    "unknown": ({"test_labels": np.arange(8)}, r"no training image has the label 4"),
    "huge": ({"train_labels": np.full(40, 2**40)}, r"has the label 1099511627776"),
    "one class": ({"train_labels": np.zeros(40, int), "test_labels": np.zeros(8, int)}, r"has one class only"),
    "classes short": ({"classes": np.array(["a", "b"])}, r"has the label 3, but `classes` names 2"),
    "classes twice": ({"classes": np.array(["a", "b", "a", "c"])}, r"`classes` names 'a' twice"),
    "classes numbers": ({"classes": np.arange(4)}, r"classes: holds int64 \[4\], where a list of names"),
    "pickled": ({"train_labels": np.array([_Bomb()] * 40)}, r"train_labels holds Python objects, which are never read"),
    "pickled names": ({"classes": np.array(["a", _Bomb()], object)}, r"classes holds Python objects"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_a_sentence(tmp_path: Path, name: str) -> None:
    changes, words = BAD[name]
    path = written(tmp_path, **changes)
    with pytest.raises(UserError, match=words) as caught:
        npz_source(path)
    assert str(caught.value).startswith(path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda pixels: pixels / 255, "float64"),
        (lambda pixels: (pixels / 255).astype(np.float16), "float16"),
        (lambda pixels: pixels.astype(np.float32), "float32"),
        (lambda pixels: pixels.astype(np.int64), "int64"),
        (lambda pixels: pixels > 128, "bool"),
    ],
)
def test_the_advice_for_other_numbers_gives_the_pixels(
    tmp_path: Path, packed: bool, change: Callable[[np.ndarray], np.ndarray], found: str
) -> None:
    """Of floats up to 255 it gave noise: their 255-fold, and of that the last eight bits."""
    pixels = np.arange(40 * 144, dtype=np.uint8).reshape(40, 12, 12)
    held = change(pixels)
    words = rf"train_images: holds {found}, where bytes \(uint8, 0 to 255\) are needed; write `(.+)`$"
    with pytest.raises(UserError, match=words) as caught:
        npz_source(written(tmp_path, packed=packed, train_images=held))
    made = eval(str(caught.value).split("`")[1], {"images": held})
    assert made.dtype == np.uint8
    assert np.array_equal(made, pixels if found != "bool" else 255 * (pixels > 128))


@pytest.mark.parametrize(
    "held",
    [
        images(40, 12, 12) / 20 - 1,
        images(40, 12, 12) * 10.0,
        images(40, 12, 12).astype(int) - 1,
        np.full((40, 12, 12), np.nan),
    ],
    ids=["normalised", "large", "negative", "NaN"],
)
def test_numbers_that_are_no_pixels_are_not_converted(tmp_path: Path, held: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"train_images: holds .* are needed; .*: training normalises them"):
        npz_source(written(tmp_path, train_images=held))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x93NUMPY"])
def test_what_is_no_such_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.npz: is no file of numpy's .*numpy\.savez"):
        npz_source(str(tmp_path / "x.npz"))
    with pytest.raises(UserError, match=r"nowhere\.npz: cannot be read: No such file"):
        npz_source(str(tmp_path / "nowhere.npz"))
    with pytest.raises(UserError, match="is a folder, where"):
        npz_source(str(tmp_path))


def test_what_does_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 10_000)
    with pytest.raises(UserError, match=r"datasets\.d: 48 images of 1x12x12 need 0\.0 GB .* ask for fewer"):
        prepare("d", Dataset(source=f"npz:{written(tmp_path)}", validation=8), None)


def test_available_memory_is_some() -> None:
    assert 10**6 < memory.available_bytes() < 10**14


def in_memory(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    test_images: np.ndarray | None = None,
    test_labels: np.ndarray | None = None,
    classes: Sequence[str] | None = None,
) -> RawImages:
    """The arrays of a file as the library takes them."""
    images, labels, names = raw_images(train_images, train_labels, classes, "train")
    held, told = images[:0], labels[:0]
    if test_images is not None and test_labels is not None:
        held, told, _ = raw_images(test_images, test_labels, names, "test")
    return RawImages(train_images=images, train_labels=labels, test_images=held, test_labels=told, classes=names)


class TestInMemory:
    def test_is_what_the_file_would_be(self, tmp_path: Path) -> None:
        one = arrays_to_images(in_memory(**sound()), name="d", validation=8, split_seed=3)
        other = prepare("d", Dataset(source=f"npz:{written(tmp_path)}", validation=8, split_seed=3), None)
        for split, held in one.splits.items():
            assert held.images.equal(other.splits[split].images)
            assert held.labels.equal(other.splits[split].labels)
        assert one.mean.equal(other.mean)
        assert one.classes == other.classes

    def test_without_test_images(self) -> None:
        made = arrays_to_images(in_memory(images(40, 12, 12), np.arange(40) % 4), validation=8, test=4, size=8)
        assert [tuple(split.images.shape) for split in made.splits.values()] == [
            (28, 1, 8, 8),
            (8, 1, 8, 8),
            (4, 1, 8, 8),
        ]

    def test_too_few(self) -> None:
        with pytest.raises(UserError, match=r"the data set has only 40"):
            arrays_to_images(in_memory(**sound()), validation=40)
        with pytest.raises(UserError, match=r"has no test images of its own"):
            arrays_to_images(in_memory(images(40, 12, 12), np.arange(40) % 4), validation=8)
