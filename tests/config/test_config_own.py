"""Studies of images of one's own, as they are checked: from the files' heads, and quickly."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from study_text import SOUND, expect, problems, study_of

from lth.catalog.datasets import SOURCES
from lth.catalog.source import OwnSource
from lth.config.data import Dataset
from lth.plan.inputs import data_job
from lth.plan.plan import Plan
from lth.plan.sizes import LEAST_OF_DATA_MB, preparation_mb

ROOT = Path(__file__).parents[2]
OWN = SOUND.replace("{source: digits, validation: 200}", '{source: "npz:own.npz", validation: 20, test: 30}')


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which studies are run, with images of one's own."""
    monkeypatch.chdir(tmp_path)
    write(100)
    return tmp_path


def write(count: int, size: int = 28) -> None:
    np.savez("own.npz", train_images=np.zeros((count, size, size), np.uint8), train_labels=np.arange(count) % 10)


def test_facts_are_those_of_the_file(tmp_path: Path) -> None:
    study = study_of(tmp_path, OWN)
    assert study.datasets["digits"].sizes == (50, 50)
    assert preparation_mb(Plan(study), "digits") == LEAST_OF_DATA_MB
    own = SOURCES["npz:own.npz"]
    assert isinstance(own, OwnSource)
    assert data_job(Plan(study), "digits").content == own.content()
    assert data_job(Plan(study), "letters").content is None


def test_another_file_of_the_name_has_other_facts(tmp_path: Path) -> None:
    assert study_of(tmp_path, OWN).datasets["digits"].entry.train == 100
    write(120)
    assert study_of(tmp_path, OWN).datasets["digits"].entry.train == 120


def test_what_a_study_asks_of_them_is_checked(tmp_path: Path) -> None:
    expect(
        problems(tmp_path, OWN.replace("test: 30", "test: 90")),
        "study.yaml:4 datasets.digits.validation: leaves no training",
    )
    expect(
        problems(tmp_path, OWN.replace("test: 30", "train: 5")),
        "study.yaml:4 datasets.digits: `test` is missing: 'npz:own.npz'",
    )
    write(100, 32)
    message = "data set 'digits' has 1x32x32 images in 10 classes, but network 'lenet' takes 1x28x28"
    expect(problems(tmp_path, OWN), message, "set `size: 28` on the data set")
    tokens = OWN.replace("test: 30", "test: 30, tokenizer: tiny")
    expect(
        problems(tmp_path, tokens),
        "study.yaml:4 datasets.digits.tokenizer: is for texts, and 'npz:own.npz' holds images",
    )
    constants = OWN.replace("test: 30", "test: 30, normalise: {mean: [0.5, 0.5], std: [0.5]}")
    expect(problems(tmp_path, constants), "datasets.digits.normalise.mean: needs a number for each channel, 1 here")


def test_a_study_that_is_not_run_needs_no_files(tmp_path: Path) -> None:
    """Its results are looked at where the images may no longer be."""
    Path("own.npz").unlink()
    assert Dataset(source="npz:own.npz", validation=20).noun == "images"
    expect(
        problems(tmp_path, OWN),
        "study.yaml:4 datasets.digits.source:",
        "own.npz: cannot be read: No such file or directory",
    )


def test_checking_such_a_study_does_not_import_torch(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(OWN)
    code = "import sys; from lth.checks.read import load_study; load_study('study.yaml'); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False
    )
    assert (done.stdout.decode().strip(), done.stderr) == ("False", b"")
