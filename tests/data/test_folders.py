"""Folders of image files: which images, of which class and part, and what is said of those that cannot be used."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lth.catalog.datasets import SOURCES
from lth.config.data import Dataset
from lth.data import folders, listing
from lth.data.assembled import assembled_images, prepare
from lth.data.folders import folder_content, folder_source, open_folder
from lth.data.opened import Opened
from lth.errors import UserError


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def draw(path: Path, level: int, shape: tuple[int, ...] = (10, 10)) -> Path:
    """An image of one level of grey, or colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, level, np.uint8)).save(path)
    return path


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Six training and two test images of each of two classes; a training image is as dark as its number."""
    root = tmp_path / "mine"
    for number in range(6):
        draw(root / f"train/dog/{number}.png", 100 + number)
        draw(root / f"train/cat/{number}.PNG", number)
    for number in range(2):
        draw(root / f"test/cat/{number}.png", 50 + number)
        draw(root / f"test/dog/deeper/{number}.bmp", 150 + number)
    (root / "train/cat/notes.txt").write_text("no image")
    (root / "train/cat/._1.png").write_text("no image, and hidden")
    (root / "train/.cache").mkdir()
    return root


def prepared(root: Path, **keys: object) -> dict[str, tuple[list[int], list[int]]]:
    """The first pixels and the labels of each split."""
    made = prepare("d", Dataset.model_validate({"source": f"folder:{root}", "validation": 2, **keys}), None)
    return {name: (split.images[:, 0, 5, 5].tolist(), split.labels.tolist()) for name, split in made.splits.items()}


def test_classes_are_folders_in_order(mine: Path) -> None:
    found = folder_source(str(mine))
    assert (found.classes, found.train, found.test, found.channels, found.size) == (2, 12, 4, 1, 10)
    assert open_folder(str(mine), None).classes == ("cat", "dog")
    splits = prepared(mine)
    assert splits["test"] == ([50, 51, 150, 151], [0, 0, 1, 1])
    pixels, labels = (splits["train"][n] + splits["validation"][n] for n in (0, 1))
    assert sorted(pixels) == [*range(6), *range(100, 106)]
    assert labels == [int(level >= 100) for level in pixels]


def test_without_test_images_some_are_set_aside(mine: Path) -> None:
    (mine / "test").rename(mine / "later")
    assert folder_source(str(mine)).test == 0
    splits = prepared(mine, test=4)
    assert [len(labels) for _, labels in splits.values()] == [6, 2, 4]
    assert splits["test"][1] == [0, 0, 1, 1]
    assert len({pixel for pixels, _ in splits.values() for pixel in pixels}) == 12


def test_validation_images_train_beside_test_images_and_test_without(mine: Path) -> None:
    draw(mine / "val/dog/v.png", 200)
    draw(mine / "val/cat/v.png", 20)
    assert (folder_source(str(mine)).train, folder_source(str(mine)).test) == (14, 4)
    (mine / "test").rename(mine / "later")
    assert (folder_source(str(mine)).train, folder_source(str(mine)).test) == (12, 2)


def test_a_mix_is_colour(mine: Path) -> None:
    draw(mine / "train/cat/3.PNG", 7, (10, 10, 3))
    assert folder_source(str(mine)).channels == 3
    made = prepare("d", Dataset(source=f"folder:{mine}", validation=2), None)
    assert made.splits["test"].images.shape == (4, 3, 10, 10)
    assert made.splits["test"].images[0].unique().tolist() == [50]
    grey = prepare("d", Dataset(source=f"folder:{mine}", validation=2, grey=True), None)
    assert grey.splits["train"].images.shape[1] == 1


@pytest.mark.parametrize("odd", ["train/cat/3.PNG", "test/dog/deeper/1.bmp"])
def test_one_colour_image_among_a_thousand_is_enough(mine: Path, odd: str) -> None:
    for number in range(1000):
        os.link(mine / "train/cat/0.PNG", mine / f"train/cat/a{number}.png")
    draw(mine / odd, 7, (10, 10, 3))
    assert folder_source(str(mine)).channels == 3
    splits = prepare("d", Dataset(source=f"folder:{mine}", validation=2), None).splits.values()
    assert {split.images.shape[1:] for split in splits} == {(3, 10, 10)}
    assert prepared(mine, grey=True)


def test_an_image_that_got_colour_after_the_study_was_checked() -> None:
    opened = Opened(
        train_labels=np.arange(12) % 2,
        test_labels=np.arange(4) % 2,
        classes=("cat", "dog"),
        channels=1,
        size=8,
        read=lambda part, rows: iter([(f"{part}.png", np.zeros((len(rows), 3, 8, 8), np.uint8))]),
    )
    spec = Dataset(source="folder:mine", validation=2)
    with pytest.raises(UserError, match=r"train\.png: is a colour image, where all were grey .*, or run it again"):
        assembled_images("d", spec, opened)
    assert assembled_images("d", spec.model_copy(update={"grey": True}), opened)


def test_sizes_that_differ_need_a_size(mine: Path) -> None:
    draw(mine / "train/dog/3.png", 103, (20, 12))
    assert folder_source(str(mine)).size == 0
    assert 103 in [pixel for pixels, _ in prepared(mine, size=8).values() for pixel in pixels]
    with pytest.raises(UserError, match="`size` is missing"):
        prepared(mine)


def test_a_test_image_of_another_size_counts(mine: Path) -> None:
    draw(mine / "test/dog/deeper/1.bmp", 9, (20, 12))
    assert folder_source(str(mine)).size == 0
    with pytest.raises(UserError, match=r"`size` is missing: the images of .* differ in size or are not square"):
        prepared(mine)


def test_an_image_that_got_another_size_after_the_study_was_checked(mine: Path) -> None:
    assert folder_source(str(mine)).size == 10
    odd = draw(mine / "test/dog/deeper/1.bmp", 9, (20, 12))
    with pytest.raises(UserError, match=rf"{odd}: has 12x20 pixels, where other images have 10x10; name a `size`"):
        prepared(mine)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"\x89PNG\r\n\x1a\n" + bytes(40), None])
def test_a_corrupt_image_is_named(mine: Path, content: bytes | None) -> None:
    path = mine / "test/dog/deeper/1.bmp"
    path.write_bytes(path.read_bytes()[:-40] if content is None else content)
    with pytest.raises(UserError, match=rf"^{path}: is damaged or no image"):
        prepared(mine)


def test_a_corrupt_image_that_is_looked_at_first(mine: Path) -> None:
    (mine / "train/dog/0.png").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"train/dog/0\.png: is damaged or no image"):
        folder_source(str(mine))


def test_modes_of_pillow(mine: Path) -> None:
    image = Image.fromarray(np.full((10, 10, 3), 90, np.uint8))
    for number, mode in enumerate(("P", "RGBA", "CMYK", "LA", "1", "L")):
        image.convert(mode).save(mine / f"train/cat/{number}.{'tif' if mode == 'CMYK' else 'PNG'}")
    assert prepared(mine, grey=True)
    (mine / "train/cat/0.PNG").unlink()
    Image.fromarray(np.full((10, 10), 9000, np.uint16)).save(mine / "train/cat/0.PNG")
    with pytest.raises(UserError, match=r"0\.PNG: has more than 8 bits a channel .* convert it"):
        folder_source(str(mine))


def test_an_image_of_many_pixels_is_not_opened(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lth.data.pictures.MOST_PIXELS", 99)
    with pytest.raises(UserError, match=r"0\.PNG: has more than 99 pixels; make it smaller"):
        folder_source(str(mine))


def test_a_fifo_is_no_image(mine: Path) -> None:
    os.mkfifo(mine / "train/cat/0a.png")
    with pytest.raises(UserError, match=r"0a\.png: is a FIFO"):
        folder_source(str(mine))
    with pytest.raises(UserError, match=r"0a\.png: is a FIFO"):
        folder_content(str(mine))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda root: root.rename(root.with_name("gone")), r"mine: is not there; images lie in PATH/train/CLASS/"),
        (lambda root: (root / "train").rename(root / "training"), r"mine: has no folder `train`"),
        (lambda root: draw(root / "test/fish/1.png", 1), r"test/fish: is no class of the training images \(cat, dog\)"),
        (lambda root: (root / "train/fish").mkdir(), r"train/fish: holds no images \(\.png"),
        (lambda root: (root / "train/cat").rename(root / "cat"), r"train: needs a folder for each class, .* found dog"),
    ],
)
def test_other_layouts(mine: Path, change: Callable[[Path], object], words: str) -> None:
    change(mine)
    with pytest.raises(UserError, match=words):
        folder_source(str(mine))


class TestContent:
    """Of what the files hold: a study is run anew when that changes, and only then."""

    def test_dates_do_not_count(self, mine: Path) -> None:
        before = folder_content(str(mine))
        for path in mine.rglob("*.png"):
            os.utime(path, (1, 1))
        assert folder_content(str(mine)) == before

    def test_what_is_no_image_does_not_count(self, mine: Path) -> None:
        before = folder_content(str(mine))
        (mine / "train/cat/notes.txt").write_text("other notes")
        assert folder_content(str(mine)) == before

    @pytest.mark.parametrize("settled", [True, False])
    def test_a_pixel_counts_also_where_size_and_date_stay(
        self, mine: Path, settled: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if settled:
            monkeypatch.setattr(listing, "SETTLED", -10.0)
        path = mine / "test/dog/deeper/0.bmp"
        before, date = folder_content(str(mine)), path.stat()
        time.sleep(0.05)
        draw(path, 151)
        assert path.stat().st_size == date.st_size
        os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))
        assert folder_content(str(mine)) != before

    def test_a_file_more_and_another_class_count(self, mine: Path) -> None:
        found = [folder_content(str(mine))]
        draw(mine / "train/cat/7.png", 7)
        found.append(folder_content(str(mine)))
        (mine / "train/cat/7.png").rename(mine / "train/dog/7.png")
        found.append(folder_content(str(mine)))
        assert len({*found}) == 3

    def test_files_are_read_once(self, mine: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(listing, "SETTLED", -10.0)
        before = folder_content(str(mine))
        monkeypatch.setattr(listing, "checksum", lambda path: pytest.fail(f"{path} is read again"))
        assert folder_content(str(mine)) == before
        assert len(list(cache.rglob("*.json"))) == 1

    def test_heads_are_read_once(self, mine: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(listing, "SETTLED", -10.0)
        before = folder_source(str(mine))
        folders._class_tree.cache_clear()  # as another process does it
        with monkeypatch.context() as patched:
            patched.setattr(folders, "picture_shape", lambda path: pytest.fail(f"{path} is read again"))
            assert folder_source(str(mine)) == before
        assert len(list(cache.rglob("*.json"))) == 1
        draw(mine / "test/dog/deeper/1.bmp", 9, (10, 10, 3))
        folders._class_tree.cache_clear()
        assert folder_source(str(mine)).channels == 3

    def test_what_is_kept_may_be_damaged_or_impossible(self, mine: Path, cache: Path) -> None:
        before = folder_content(str(mine))
        for content in ("[]", "{", '{"train/cat/0.PNG": 1}'):
            for path in cache.rglob("*.json"):
                path.write_text(content)
            assert folder_content(str(mine)) == before
        os.environ["XDG_CACHE_HOME"] = "/proc/nowhere"
        assert folder_content(str(mine)) == before


class TestTinyImageNet:
    @pytest.fixture
    def tiny(self, tmp_path: Path) -> Path:
        """Its layout, with two classes."""
        root = tmp_path / folders.TINY_FOLDER
        for label, name in enumerate(("n01443537", "n01629819")):
            for number in range(4):
                shape = (64, 64) if number == 1 else (64, 64, 3)
                draw(root / f"train/{name}/images/{name}_{number}.JPEG", 100 * label + number, shape)
            (root / f"train/{name}/{name}_boxes.txt").write_text("no image")
            draw(root / f"val/images/val_{label}.JPEG", 100 * label, (64, 64, 3))
        draw(root / "test/images/test_0.JPEG", 5, (64, 64, 3))
        (root / "val/val_annotations.txt").write_text(
            "val_1.JPEG\tn01629819\t0\t32\t44\t62\nval_0.JPEG\tn01443537\t52\t55\t57\t59\n"
        )
        (root / "wnids.txt").write_text("n01629819\nn01443537\n")
        return root

    def test_is_known_by_its_layout(self, tiny: Path) -> None:
        found = folder_source(str(tiny))
        assert (found.classes, found.train, found.test, found.channels, found.size) == (2, 8, 2, 3, 64)
        assert prepared(tiny)["test"][1] == [1, 0]

    def test_has_a_name(self, tiny: Path) -> None:
        opened = SOURCES["tiny_imagenet"].load()(tiny.parent)
        assert opened.classes == ("n01443537", "n01629819")
        assert opened.test_labels.tolist() == [1, 0]
        with pytest.raises(UserError, match=r"tiny-imagenet-200: is not there; unpack .* `data_root`"):
            SOURCES["tiny_imagenet"].load()(tiny)

    def test_odd_annotations(self, tiny: Path) -> None:
        (tiny / "val/val_annotations.txt").write_text("val_1.JPEG\tn01629819\n../../secret.JPEG\tn01629819\n")
        with pytest.raises(UserError, match=r"val_annotations\.txt: line 2 is no file and class"):
            folder_source(str(tiny))
