"""Images of Pillow's that a data set holds: read as those in files are, whatever their mode."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

import lth

COLOURS = np.random.default_rng(0).integers(0, 4, (40, 8, 8, 3)).astype(np.uint8) * 64


class Pictures(Dataset[tuple[Any, int]]):
    """Forty images of Pillow's in one mode, or each in another."""

    def __init__(self, *modes: str) -> None:
        self.pictures = [Image.fromarray(one).convert(modes[n % len(modes)]) for n, one in enumerate(COLOURS)]

    def __getitem__(self, place: int) -> tuple[Any, int]:
        return self.pictures[place], place % 2

    def __len__(self) -> int:
        return len(self.pictures)


class Rows(Pictures):
    """The same as a Hugging Face data set."""

    class Image: ...

    class ClassLabel:
        names = ("no", "yes")

    column_names = ("image", "label")

    @property
    def features(self) -> dict[str, Any]:
        return {"image": self.Image(), "label": self.ClassLabel()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return ({"image": image, "label": n % 2} for n, image in enumerate(self.pictures))


def as_loader(*modes: str) -> Any:
    return DataLoader(Pictures(*modes), batch_size=None)


def as_lists(*modes: str) -> Any:
    """Batches whose images no function has stacked."""
    return DataLoader(Pictures(*modes), batch_size=16, collate_fn=lambda rows: ([*zip(*rows, strict=True)]))


HOLDERS: list[Callable[..., Any]] = [Pictures, Rows, as_loader, as_lists]


def pixels(data: Any) -> torch.Tensor:
    """All images, in an order of their own."""
    found = lth.dataset(data, validation=4)
    images = torch.cat([split.images for split in found.splits.values()])
    return images[np.lexsort(images.flatten(1).numpy().T)]


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA", "L", "LA", "1", "CMYK"])
def test_a_mode_is_read_as_from_files(
    holder: Callable[..., Any], mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a palette its numbers were taken for grey levels."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for n, one in enumerate(Pictures(mode).pictures):
        path = tmp_path / f"train/{n % 2}/{n}.{'tif' if mode == 'CMYK' else 'png'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        one.save(path)
    found, expected = pixels(holder(mode)), pixels(f"folder:{tmp_path}")
    assert found.shape == (40, 1 if mode in ("L", "LA", "1") else 3, 8, 8)
    assert torch.equal(found, expected)


def test_colours_of_a_palette_are_those_of_the_picture() -> None:
    palette = [one.convert("P", palette=Image.Palette.ADAPTIVE) for one in Pictures("RGB").pictures]
    holder = Pictures("RGB")
    holder.pictures = palette
    expected = torch.from_numpy(np.stack([np.asarray(one.convert("RGB")) for one in palette])).permute(0, 3, 1, 2)
    assert torch.equal(pixels(holder), pixels((expected.contiguous(), torch.arange(40) % 2)))


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("mode", ["I", "F", "I;16"])
def test_more_than_8_bits_are_refused_as_in_files(holder: Callable[..., Any], mode: str) -> None:
    words = rf"train data: image 0: has more than 8 bits a channel \(Pillow calls it {mode}\); convert it to 8-bit grey"
    with pytest.raises(lth.UserError, match=words):
        lth.dataset(holder(mode))


def test_colours_of_16_bits_are_refused_while_pillow_can_tell() -> None:
    """It says RGB of them, too."""
    data = Pictures("RGB")
    data.pictures[2] = Image.open(io.BytesIO(b"P6\n8 8\n65535\n" + bytes(384)))
    with pytest.raises(lth.UserError, match=r"train data: image 2: has more than 8 bits a channel \(16 bits\)"):
        lth.dataset(data)


@pytest.mark.parametrize("holder", HOLDERS)
def test_grey_and_colour_in_one_set_are_told_apart(holder: Callable[..., Any]) -> None:
    words = r"train data: images of different shapes, \[8, 8, 3\] and \[8, 8\]; .* `image.convert\('RGB'\)`"
    with pytest.raises(lth.UserError, match=words):
        lth.dataset(holder("RGB", "RGB", "L"))


def test_a_damaged_picture_is_named() -> None:
    held = io.BytesIO()
    Image.fromarray(COLOURS[0]).save(held, "png")
    data = Pictures("RGB")
    data.pictures[3] = Image.open(io.BytesIO(held.getvalue()[:-30]))
    with pytest.raises(lth.UserError, match=r"train data: image 3: cannot be read as an image \(PngImageFile\): "):
        lth.dataset(data)
