"""Bad inputs that are data sets of the user's own: studies that name them, and files in which something is wrong."""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from bad_inputs import Bad, _command, _file
from PIL import Image
from study_text import SOUND

SOURCE = "{source: digits, validation: 200}"


def named(name: str, words: str, entry: str, make: Callable[[Path], object] | None = None) -> Bad:
    """The sound study with this as a data set, checked where `make` has put what it names; HERE is the folder."""

    def check(folder: Path) -> None:
        if make:
            make(folder)
        text = SOUND.replace(SOURCE, entry.replace("HERE", str(folder)), 1)
        _command("check", _file(folder / "study.yaml", text))

    return Bad(f"source: {name}", words, check)


def bad_sources() -> Iterator[Bad]:
    """Each is found when the study is checked, but for what lies in the images themselves."""
    npz, tree = (
        '{source: "npz:HERE/a.npz", validation: 4, test: 4}',
        '{source: "folder:HERE/a", validation: 2, test: 2}',
    )
    yield named("a family without a path", "there is no source 'npz:' .did you mean 'npz:PATH'", '{source: "npz:"}')
    yield named("another family", r"there is no source 'zip:a'; there are mnist.*npz:PATH", '{source: "zip:a"}')
    yield named("a set without its family", "there is no source 'SVHN'; there is torchvision:svhn", "{source: SVHN}")
    yield named(
        "a set that is not there",
        r"'torchvision:svnh' \(did you mean 'torchvision:svhn'\?\)",
        '{source: "torchvision:svnh"}',
    )
    yield named("a set of many sizes", "datasets.digits: `size` is missing", '{source: "torchvision:food101"}')
    yield named("a set without a test part", "`test` is missing.*27000", '{source: "torchvision:eurosat"}')
    yield named(
        "a set with too few for all three",
        r"validation: leaves no training images: .* has 1000 beside the 26000 to test with",
        '{source: "torchvision:eurosat", test: 26000, validation: 1000}',
    )
    yield named("no file", "datasets.digits.source: .*a.npz: cannot be read: No such file", npz)
    yield named("no folder", "datasets.digits.source: .*a: is not there; images lie in", tree)
    yield named("a path beyond all limits", "text of at most 1000", f'{{source: "npz:{"x" * 2000}"}}')
    yield named("a name beyond all limits", "has a part that is longer", f'{{source: "npz:{"x" * 900}"}}')
    yield named("a home of nobody", "home folder of a user who does not exist", '{source: "npz:~nobody_at_all/a.npz"}')
    yield named("a FIFO", "a.npz: is a FIFO", npz, lambda folder: os.mkfifo(folder / "a.npz"))
    yield named("a device", "null: is a device", '{source: "npz:/dev/null", validation: 4, test: 4}')
    yield named("no zip", "is no file of numpy's", npz, lambda folder: _file(folder / "a.npz", b"PK\x03\x04"))
    yield named("a pickle", "is no file of numpy's", npz, lambda folder: _file(folder / "a.npz", b"cos\nsystem\n"))
    yield named("pickled labels", "Python objects, which are never read", npz, _npz(labels=np.array([os.system] * 20)))
    yield named("labels from 1", "labels begin at 1, .*; subtract 1", npz, _npz(labels=np.arange(20) % 10 + 1))
    yield named("negative labels", "has the label -1", npz, _npz(labels=np.arange(20) % 10 - 1))
    yield named("labels that are fractions", "holds float64, where whole numbers", npz, _npz(labels=np.arange(20) / 2))
    yield named("images that are fractions", "holds float64, where bytes", npz, _npz(images=np.zeros((20, 28, 28))))
    yield named("a head that promises more", "is not as long as it says", npz, _promising)
    yield named("a head of a million brackets", "is no file of numpy's", npz, _deep)
    yield named("an array that unpacks to much", "is not as long as it says|no file of numpy's", npz, _bomb)
    yield named("two of one", "at least two, found cat", tree, lambda folder: _png(folder / "a/train/cat/1.png"))
    yield named("an image that is none", "1.png: is damaged or no image", tree, _images(_file, b"<html>"))
    yield named("an image of many pixels", "1.png: has more than 80,000,000 pixels", tree, _images(_file, _vast()))
    yield named("a FIFO for an image", "1.png: is a FIFO", tree, _images(lambda path, _: os.mkfifo(path), b""))
    yield named("a link to nothing", "1.png: .*No such file", tree, _images(lambda path, _: path.symlink_to("x"), b""))
    yield named("more than there are", "more images than there are|leaves no training", tree, _images(_file, _small()))


def _npz(images: object = None, labels: object = None) -> Callable[[Path], object]:
    shown = np.zeros((20, 28, 28), np.uint8) if images is None else images
    told = np.arange(20) % 10 if labels is None else labels
    return lambda folder: np.savez(folder / "a.npz", train_images=shown, train_labels=told)


def _npy(head: bytes, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(head)) + head + data


def _with(folder: Path, content: bytes) -> None:
    with zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("train_images.npy", content)
        file.writestr("train_labels.npy", content)


def _promising(folder: Path) -> None:
    """An array that says it has a terabyte."""
    _with(folder, _npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 1000, 1000)}"))


def _deep(folder: Path) -> None:
    _with(folder, _npy(b"[" * 10**6))


def _bomb(folder: Path) -> None:
    """Some 30 MB of zeros as labels, packed to a few kilobytes."""
    head = b"{'descr': '|i1', 'fortran_order': False, 'shape': (5,)}"
    _with(folder, _npy(head, bytes(30_000_000)))


def _png(path: Path) -> Path:
    return _file(path, _small())


def _small() -> bytes:
    held = io.BytesIO()
    Image.new("L", (28, 28)).save(held, "png")
    return held.getvalue()


def _vast() -> bytes:
    """The head of an image of 3.6 gigapixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + head
        + struct.pack(">I", zlib.crc32(head))
        + struct.pack(">I", 9)
        + b"IDAT"
    )


def _images(put: Callable[[Path, bytes], object], content: bytes) -> Callable[[Path], object]:
    """A folder of two classes, the first image of which is put there."""

    def make(folder: Path) -> None:
        _png(folder / "a/train/cat/2.png")
        _png(folder / "a/train/dog/1.png")
        put(folder / "a/train/cat/1.png", content)

    return make
