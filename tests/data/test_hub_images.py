"""Sets of the Hugging Face hub: the package `datasets` as a stand-in, and the real one on copies where it is there."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from lth.catalog.source import DATA_ROOT
from lth.config.data import Dataset
from lth.data import hub
from lth.data.assembled import prepare
from lth.errors import UserError


class Image:
    """A column of images."""

    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class ClassLabel:
    """A column of labels."""

    def __init__(self, names: list[str]) -> None:
        self.names = names


class Value:
    """Any other column."""


def png(level: int, shape: tuple[int, ...] = (10, 12)) -> dict[str, Any]:
    held = io.BytesIO()
    Pillow.fromarray(np.full(shape, level, np.uint8)).save(held, "png")
    return {"bytes": held.getvalue(), "path": None}


class Split:
    """What `datasets` calls a data set, as far as it is used."""

    def __init__(self, features: dict[str, Any], columns: dict[str, list[Any]]) -> None:
        self.features, self.columns = features, columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def select_columns(self, names: list[str]) -> "Split":
        return Split({n: self.features[n] for n in names}, {n: self.columns[n] for n in names})

    def cast_column(self, name: str, feature: Image) -> "Split":
        assert not feature.decode
        return self

    def __getitem__(self, rows: Any) -> dict[str, Any]:
        return {name: values[rows] for name, values in self.columns.items()}


def split(count: int, **more: Any) -> Split:
    features = {"image": Image(), "label": ClassLabel(["cat", "dog"]), "id": Value(), **more}
    columns: dict[str, list[Any]] = {name: [n % 2 for n in range(count)] for name in features}
    return Split(features, {**columns, "image": [png(n) for n in range(count)]})


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A package `datasets` whose hub has one set, and describes none."""
    asked: list[Any] = []
    sets: dict[str, Any] = {"me/pets": {"train": split(20), "test": split(6)}}

    def load(name: str, revision: str | None = None) -> Any:
        asked.append((name, revision))
        if name not in sets:
            raise ConnectionError("Couldn't reach the hub\nfor many reasons")
        return sets[name]

    def builder(name: str, revision: str | None = None) -> Any:
        load(name, revision)
        return SimpleNamespace(info=SimpleNamespace(features=None, splits=None))

    made = SimpleNamespace(load_dataset=load, load_dataset_builder=builder, load_from_disk=load, Image=Image)
    made.asked, made.sets = asked, sets
    monkeypatch.setitem(sys.modules, "datasets", made)  # type: ignore[arg-type]
    token = DATA_ROOT.set(tmp_path)
    hub._described.cache_clear()
    yield made
    hub._described.cache_clear()
    DATA_ROOT.reset(token)


def test_facts_and_images(library: SimpleNamespace, tmp_path: Path) -> None:
    found = hub.hub_source("me/pets@abc")
    assert (found.classes, found.train, found.test, found.channels, found.size) == (2, 20, 6, 3, 0)
    assert {*library.asked} == {("me/pets", "abc")}
    made = prepare("d", Dataset(source="huggingface:me/pets", validation=4, size=8, grey=True), tmp_path)
    assert [len(one) for one in made.splits.values()] == [16, 4, 6]
    assert made.classes == ("cat", "dog")
    assert made.splits["test"].images[:, 0, 4, 4].tolist() == list(range(6))
    assert made.splits["test"].labels.tolist() == [0, 1] * 3
    assert hub.hub_content("me/pets@abc") == "me/pets@abc"


def test_validation_images(library: SimpleNamespace) -> None:
    library.sets["me/pets"]["validation"] = split(4)
    assert (hub.hub_source("me/pets").train, hub.hub_source("me/pets").test) == (24, 6)
    labels = hub.open_hub("me/pets", None).train_labels
    assert len(labels) == 24
    read = [batch[0, 0, 0, 0] for _, batch in hub.open_hub("me/pets", None).read("train", np.array([1, 19, 20, 23]))]
    assert read == [1, 19, 0, 3]
    del library.sets["me/pets"]["test"]
    hub._described.cache_clear()
    assert (hub.hub_source("me/pets").train, hub.hub_source("me/pets").test) == (20, 4)


def test_a_copy_goes_before_the_hub(library: SimpleNamespace, tmp_path: Path) -> None:
    folder = tmp_path / "huggingface/me/pets"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text("{}")
    library.sets[str(folder)] = split(8)
    assert (hub.hub_source("me/pets").train, hub.hub_source("me/pets").test) == (8, 0)
    before = hub.hub_content("me/pets")
    (folder / "state.json").write_text("{ }")
    assert hub.hub_content("me/pets") != before
    assert hub.hub_source(str(folder)).train == 8


@pytest.mark.parametrize("which", ["me/gone", "me/gone@abc", "me/gone@abc#label"])
def test_the_folder_that_is_advised_offline_is_looked_at(library: SimpleNamespace, tmp_path: Path, which: str) -> None:
    """With a revision it was another one."""
    with pytest.raises(UserError, match=r"offline, put a copy into (\S+) \(`save_to_disk`\)") as caught:
        hub.hub_source(which)
    folder = Path(str(caught.value).rpartition(" into ")[2].partition(" (")[0])
    folder.mkdir(parents=True)
    (folder / "state.json").write_text("{}")
    library.sets[str(folder)] = split(8)
    assert hub.hub_source(which).train == 8
    assert folder == tmp_path / "huggingface" / which.partition("#")[0]


def test_of_a_path_that_is_no_folder_no_other_is_advised(
    library: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"nowhere is no folder\); put a copy there \(`save_to_disk`\)$"):
        hub.hub_source("./nowhere")


def test_a_description_spares_the_images(library: SimpleNamespace) -> None:
    told = SimpleNamespace(
        features={"picture": Image(), "kind": ClassLabel(["a", "b", "c"])},
        splits={"train": SimpleNamespace(num_examples=70), "test": SimpleNamespace(num_examples=7)},
    )
    library.load_dataset_builder = lambda name, revision=None: SimpleNamespace(info=told)
    library.load_dataset = lambda *_, **__: pytest.fail("was downloaded")
    found = hub.hub_source("me/pets")
    assert (found.classes, found.train, found.test) == (3, 70, 7)


@pytest.mark.parametrize(
    ("splits", "which", "words"),
    [
        (
            {"train": split(4)},
            "me/gone",
            r"huggingface:me/gone: is not available \(Couldn't reach the hub\); offline, put",
        ),
        ({"test": split(4)}, "me/pets", r"has no split `train`; its splits are test"),
        ({"train": split(4, label=Value())}, "me/pets", r"needs one column of images .* label \(Value\), id \(Value\)"),
        ({"train": split(4, other=Image())}, "me/pets", r"needs one column of images"),
        ({"train": split(4, fine=ClassLabel(["x"]))}, "me/pets", r"labels label, fine; name one .*me/pets#label"),
        ({"train": split(4)}, "me/pets#kind", r"labels label; name one of them"),
        ({"train": split(4)}, "./nowhere", r"nowhere is no folder"),
    ],
)
def test_what_is_wrong(library: SimpleNamespace, splits: dict[str, Split], which: str, words: str) -> None:
    library.sets["me/pets"] = splits
    with pytest.raises(UserError, match=words) as caught:
        hub.hub_source(which)
    assert "\n" not in str(caught.value)


def test_labels_by_name_and_missing_ones(library: SimpleNamespace) -> None:
    library.sets["me/pets"] = {"train": split(4, fine=ClassLabel(["x", "y"]))}
    assert hub.open_hub("me/pets#fine", None).classes == ("x", "y")
    library.sets["me/pets"] = {"train": split(4), "test": split(4)}
    library.sets["me/pets"]["test"].columns["label"][2] = -1
    with pytest.raises(UserError, match="not every image of test has a label"):
        hub.open_hub("me/pets", None)


def test_a_damaged_image_is_named(library: SimpleNamespace) -> None:
    library.sets["me/pets"]["test"].columns["image"][3] = {"bytes": b"none", "path": None}
    opened = hub.open_hub("me/pets", None)
    with pytest.raises(UserError, match="me/pets: test image 3: is damaged or no image"):
        list(opened.read("test", np.arange(6)))


def test_without_the_package(library: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"need the package datasets .*make setup-text"):
        hub.hub_source("me/pets")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["saved", "parquet"])
def test_copies_by_the_real_package(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "home"))
    real = pytest.importorskip("datasets", reason="the text extra is not installed")
    features = real.Features({"image": real.Image(), "label": real.ClassLabel(names=["cat", "dog"])})
    folder = tmp_path / "huggingface/me/pets"
    made = {}
    for part, count in (("train", 12), ("test", 4)):
        rows = {"image": [png(n) for n in range(count)], "label": [n % 2 for n in range(count)]}
        made[part] = real.Dataset.from_dict(rows, features=features)
    if kind == "saved":
        real.DatasetDict(made).save_to_disk(str(folder))
    else:
        (folder / "data").mkdir(parents=True)
        for part, held in made.items():
            held.to_parquet(str(folder / f"data/{part}-00000-of-00001.parquet"))
    token = DATA_ROOT.set(tmp_path)
    hub._described.cache_clear()
    try:
        prepared = prepare("d", Dataset(source="huggingface:me/pets", validation=4, size=8, grey=True), tmp_path)
    finally:
        DATA_ROOT.reset(token)
    assert [len(one) for one in prepared.splits.values()] == [8, 4, 4]
    assert prepared.splits["test"].images[:, 0, 4, 4].tolist() == list(range(4))
