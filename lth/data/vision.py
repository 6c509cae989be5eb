"""MNIST, Fashion-MNIST and the CIFARs in torchvision's folder layout: read from the data root, or downloaded there.

torchvision knows mirrors, and downloads; it is imported only then, which takes seconds. The reading is done here,
because torchvision does not check MNIST's uncompressed files at all: each file is read once, and its MD5 compared,
before anything parses (for the CIFARs: unpickles) those very bytes.
"""

import hashlib
import pickle
import socket
import warnings
import zlib
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lth.data.raw import RawImages
from lth.errors import UserError
from lth.reading import read_regular, unpack

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
IDX_MD5 = {
    "MNIST": (
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
    "FashionMNIST": (
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
}
"""MD5 of the uncompressed `IDX_FILES`, in their order. torchvision lists only those of the .gz files."""
IDX_BYTES = (47_040_016, 60_008, 7_840_016, 10_008)
"""Sizes of the uncompressed `IDX_FILES`, the same for both data sets."""

CIFAR_FOLDER = "cifar-10-batches-py"
CIFAR_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
"""MD5 of CIFAR-10's files, the test set last."""
CIFAR_BYTES = 31_100_000
"""None of them is larger: 10,000 images of 3,072 bytes, their labels and file names."""

CIFAR100_FOLDER = "cifar-100-python"
CIFAR100_MD5 = {
    "train": "16019d7e3df5f24257cddd939b257f8d",
    "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    "meta": "7973b15100ade9c7d40fb424638fde48",
}
"""MD5 of CIFAR-100's files; the last one names the classes."""
CIFAR100_BYTES = 155_300_000
"""None of them is larger: 50,000 images of 3,072 bytes, both their labels and their file names."""

CLASSES = {
    "MNIST": (
        *("0 - zero", "1 - one", "2 - two", "3 - three", "4 - four"),
        *("5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"),
    ),
    "FashionMNIST": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    "CIFAR10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
}
"""By torchvision's name of the data set, in the order of the labels."""

TIMEOUT = 20.0
"""Seconds without an answer after which a server counts as unreachable; torchvision itself would wait for ever."""


def mnist(root: Path | None, seed: int) -> RawImages:  # noqa: ARG001  (nothing is drawn)
    """Handwritten digits, 60,000 + 10,000 of 28x28 grey (LeCun, Cortes, Burges); raises UserError as `_locate` does."""
    return _idx_set("MNIST", root)


def fashion_mnist(root: Path | None, seed: int) -> RawImages:  # noqa: ARG001  (nothing is drawn)
    """Articles of clothing, 60,000 + 10,000 of 28x28 grey (Xiao et al. 2017); raises UserError as `_locate` does."""
    return _idx_set("FashionMNIST", root)


def cifar10(root: Path | None, seed: int) -> RawImages:  # noqa: ARG001  (nothing is drawn)
    """Photographs, 50,000 + 10,000 of 32x32 RGB (Krizhevsky 2009); raises UserError as `_locate` does."""
    folder = _locate("CIFAR10", root, Path(CIFAR_FOLDER), [*CIFAR_MD5])
    *train, test = [_batch(_read(folder, name, md5, CIFAR_BYTES)) for name, md5 in CIFAR_MD5.items()]
    return RawImages(
        train_images=np.concatenate([images for images, _ in train]),
        train_labels=np.concatenate([labels for _, labels in train]),
        test_images=test[0],
        test_labels=test[1],
        classes=CLASSES["CIFAR10"],
    )


def cifar100(root: Path | None, seed: int) -> RawImages:  # noqa: ARG001  (nothing is drawn)
    """100 classes of photographs, 50,000 + 10,000 of 32x32 RGB; raises UserError as `_locate` does."""
    return _cifar100("fine", root)


def cifar100_coarse(root: Path | None, seed: int) -> RawImages:  # noqa: ARG001  (nothing is drawn)
    """The images of CIFAR-100 with its 20 superclasses as labels; raises UserError as `_locate` does."""
    return _cifar100("coarse", root)


def _cifar100(labels: str, root: Path | None) -> RawImages:
    folder = _locate("CIFAR100", root, Path(CIFAR100_FOLDER), [*CIFAR100_MD5])
    train, test, meta = (_unpickled(_read(folder, name, md5, CIFAR100_BYTES)) for name, md5 in CIFAR100_MD5.items())
    return RawImages(
        train_images=train["data"].reshape(-1, 3, 32, 32),
        train_labels=np.array(train[f"{labels}_labels"], np.int64),
        test_images=test["data"].reshape(-1, 3, 32, 32),
        test_labels=np.array(test[f"{labels}_labels"], np.int64),
        classes=tuple(meta[f"{labels}_label_names"]),
    )


def _unpickled(content: bytes) -> dict[str, Any]:
    """A checked file of CIFAR-100."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numpy, about how it was pickled in 2009
        entry: dict[str, Any] = pickle.loads(content, encoding="latin1")
    return entry


def _idx_set(title: str, root: Path | None) -> RawImages:
    folder = _locate(title, root, Path(title, "raw"), IDX_FILES)
    train_images, train_labels, test_images, test_labels = (
        _idx(_read(folder, name, md5, size))
        for name, md5, size in zip(IDX_FILES, IDX_MD5[title], IDX_BYTES, strict=True)
    )
    return RawImages(
        train_images=train_images[:, None],
        train_labels=train_labels.astype(np.int64),
        test_images=test_images[:, None],
        test_labels=test_labels.astype(np.int64),
        classes=CLASSES[title],
    )


def _locate(title: str, root: Path | None, inside: Path, names: Sequence[str]) -> Path:
    """The folder `root / inside` with all the named files, plain or as .gz; downloads them where one is missing.

    Args:
        title: of torchvision's class of the data set, which downloads.

    Raises:
        UserError: not there and not available: no network, no folder, or one that cannot be written.
    """
    advice = f"name the folder that holds {inside} as `data_root` in the study file or in the variable LTH_DATA"
    if root is None:
        raise UserError(f"{title}: no data folder is given; {advice}")
    try:
        if not all(_found(root / inside, name) for name in names):
            _download(title, root)
    except (OSError, RuntimeError, HTTPException) as error:  # URLError is an OSError; RuntimeError: no mirror answered
        reason = (str(error) or type(error).__name__).splitlines()[-1]  # of several mirrors, the last one's
        raise UserError(
            f"{title}: not complete in {root / inside}, and the download failed ({reason}); {advice}"
        ) from None
    return root / inside


def _found(folder: Path, name: str) -> Path | None:
    """The file, whatever it is: what a user put there is refused where it is no file, not replaced."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.exists()), None)


def _download(title: str, root: Path) -> None:
    """Download into a temporary folder and move the files to their places, so that a job that looks meanwhile (two
    data sets of a study may share a source) or an interruption never meets half a file. What is there stays."""
    from torchvision import datasets

    root.mkdir(parents=True, exist_ok=True)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        with TemporaryDirectory(prefix=".download-", dir=root) as temporary, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numpy, about how CIFAR-10 was pickled in 2009
            getattr(datasets, title)(temporary, download=True)
            for path in sorted(Path(temporary).glob("*/**/*")):  # not the archive itself, which lies at the top
                target = root / path.relative_to(temporary)
                if path.is_file() and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    path.replace(target)
    finally:
        socket.setdefaulttimeout(before)


def _read(folder: Path, name: str, md5: str, most: int) -> bytes:
    """The content of a file, uncompressed (at most `most` bytes) and checked.

    Raises:
        UserError: it is missing, no regular file, unreadable, too long or damaged.
    """
    path = _found(folder, name) or folder / name
    content: bytes | None = read_regular(path, most)
    advice = "replace it, or delete it to download it again"
    if path.suffix == ".gz":
        try:
            content = unpack(content or b"", most)
        except (EOFError, zlib.error):
            content = b""
    if content is None:
        raise UserError(f"{path}: is longer than the published file (at most {most:,} bytes uncompressed); {advice}")
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise UserError(f"{path}: damaged (its MD5 differs from the published one); {advice}")
    return content


def _idx(content: bytes) -> NDArray[np.uint8]:
    """A checked idx file: a four-byte head whose last byte counts the axes, big-endian axis lengths, then the bytes."""
    axes = content[3]
    shape = np.frombuffer(content, ">i4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape).copy()  # torch wants it writable


def _batch(content: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """A checked CIFAR-10 batch: images [10000, 3, 32, 32] and labels [10000]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numpy, about how CIFAR-10 was pickled in 2009
        entry = pickle.loads(content, encoding="latin1")
    return entry["data"].reshape(-1, 3, 32, 32), np.array(entry["labels"], np.int64)
