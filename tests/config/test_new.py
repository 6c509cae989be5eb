"""`lth new`: whatever is asked for gives a study without warnings, or one sentence, and no file is overwritten."""

import io
import itertools
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import yaml
from PIL import Image

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.datasets import SOURCES
from lth.catalog.source import ImageSource
from lth.checks.draft import DRAFTED, Draft
from lth.checks.drafted import drafted
from lth.checks.read import read_study
from lth.cli import main
from lth.config.study import Study
from lth.errors import UserError

ROOT = Path(__file__).parents[2]
IMAGES = [name for name, entry in SOURCES.items() if isinstance(entry, ImageSource)]
TEXTS = [name for name in SOURCES if name not in IMAGES]
USUAL = Draft(name="mine", source="digits", network="lenet5_classic", targets=("letters",))
FLAGS = ("--source", "digits", "--network", "lenet5_classic", "--target", "letters", "--method", "imp", "--seeds", "8")


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""For a thousand studies; `test_a_file_is_written_once` reads one with the loader of studies."""


def sound(draft: Draft) -> Study:
    """The study that a draft gives, which nothing is to be said of: as `drafted` itself reads it to check it."""
    found: list[tuple[Study, Any]] = []

    def read(data: Any, files: list[Any]) -> Any:
        found.append(read_study(data, files))
        return found[-1]

    with patch("lth.checks.drafted.read_study", read), patch("yaml.safe_load", partial(yaml.load, Loader=LOADER)):
        drafted(draft)
    ((study, warnings),) = found
    assert [str(warning) for warning in warnings] == []
    return study


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_goes_with_every_target_of_its_kind(source: str) -> None:
    alike, network = (IMAGES, "lenet5_classic") if source in IMAGES else (TEXTS, "bert")
    for target in alike:
        found = sound(replace(USUAL, source=source, targets=(target,), network=network))
        classes = [SOURCES[name].classes for name in (source, target)]
        (evaluation,) = found.evaluations.values()
        assert evaluation.new_output == (None if classes[0] == classes[1] else classes[1])
    sound(replace(USUAL, source=source, targets=(alike[0], source), network=network, epochs=1))


def test_every_network_reads_some_source() -> None:
    for name, entry in ARCHITECTURES.items():
        pairs = [("opinions", "sst2")] if entry.text else [("cifar10", "cifar10"), ("cifar10", "mnist")]
        for source, target in pairs:
            sound(replace(USUAL, source=source, targets=(target,), network=name))


@pytest.mark.parametrize("method", DRAFTED)
@pytest.mark.parametrize("epochs", [1, 3, 200])
def test_every_method_fits_any_length_and_any_number_of_seeds(method: str, epochs: int) -> None:
    for seeds in (2, 5, 6, 7, 8, 20):
        for rounds in (1, 30):
            found = sound(replace(USUAL, method=method, epochs=epochs, seeds=seeds, rounds=rounds))
            assert bool(found.evaluations["on_letters"].compare) == (seeds >= 6)
    if method != "synflow":
        sound(replace(USUAL, source="opinions", targets=("paraphrases",), network="bert", method=method, epochs=epochs))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"method": "snipp"}, r"--method: there is no method 'snipp' \(did you mean 'snip'\?\)"),
        ({"network": "lenet5_clasic"}, r"did you mean 'lenet5_classic'"),
        ({"source": "fashion-mnist"}, r"did you mean 'fashion_mnist'"),
        ({"targets": ("letter",)}, r"--target: .*did you mean 'letters'"),
        ({"seeds": 1}, "--seeds: found 1; 2 to 1000 are allowed"),
        ({"rounds": 31}, "--rounds: found 31; 1 to 30"),
        ({"network": "bert"}, "--network: 'bert' reads texts, and 'digits' holds others; choose lenet_300_100"),
        ({"source": "opinions"}, "--network: 'lenet5_classic' reads images, and 'opinions' holds others; choose bert"),
        ({"method": "synflow", "network": "torchvision:vit_b_16"}, "--method: 'synflow' needs a network"),
        ({"name": "Mine"}, "STUDY: the name of a study"),
    ],
)
def test_what_cannot_be_is_one_sentence(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        replace(USUAL, **change)  # type: ignore[arg-type]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two folders of images and a network of the user's."""
    monkeypatch.chdir(tmp_path)
    for place, number in itertools.product(("leaves", "more/leaves"), range(80)):
        path = tmp_path / place / "train" / ("elm", "oak")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 20, 3), number, np.uint8)).save(path)
    lines = ("from torch import nn", "def Small(channels, size, classes):")
    (tmp_path / "nets_of_new.py").write_text(
        "\n".join([*lines, "    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size**2, classes))"])
    )
    return tmp_path


def test_data_and_networks_of_ones_own(own: Path) -> None:
    """By hand: of 80 images an eighth validate and an eighth test; two folders of one name have two names."""
    draft = replace(
        USUAL, source="folder:leaves", targets=("folder:more/leaves", "cifar10"), network="nets_of_new:Small"
    )
    study, warnings = read_study(yaml.safe_load(drafted(draft)), [])
    assert [warning.message.partition(" (")[0] for warning in warnings] == ["'nets_of_new:Small' is Python code"]
    assert {name: data.source for name, data in study.datasets.items()} == {
        "leaves": "folder:leaves",
        "leaves_2": "folder:more/leaves",
        "cifar10": "cifar10",
    }
    assert (study.datasets["leaves"].sizes[0], study.datasets["leaves"].validation, study.datasets["leaves"].test) == (
        60,
        10,
        10,
    )
    network = study.networks["small"]
    assert (network.classes, network.channels, network.size) == (2, 3, 20)
    assert [evaluation.new_output for evaluation in study.evaluations.values()] == [None, 10]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"source": "folder:leave"}, "^--source: .*leave: is not there; images lie in PATH/train/CLASS/"),
        ({"targets": ("npz:none.npz",)}, "^--target: .*none.npz: "),
        ({"network": "nets_of_new:Smal"}, r"^--network: .*nets_of_new.* has no 'Smal'"),
        ({"network": "no_such_module:Small"}, "^--network: .*no_such_module"),
    ],
)
def test_what_is_wrong_with_ones_own_is_said_of_its_option(own: Path, change: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        replace(USUAL, **change)  # type: ignore[arg-type]


def test_a_file_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "schema.json").write_text("{}")
    assert main(["new", "mine", *FLAGS, "--to", str(tmp_path)]) == 0
    path = tmp_path / "mine.yaml"
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")
    assert re.findall(r"^# 8 seeds give 0\.0078, enough for 4 comparisons", text, re.MULTILINE)
    assert main(["check", str(path), "--fast"]) == 0
    assert "warning" not in capsys.readouterr().out
    path.write_text("precious")
    assert main(["new", str(path), *FLAGS]) == 1
    assert "is there already, and no file is overwritten" in capsys.readouterr().err
    assert path.read_text() == "precious"
    assert main(["new", "mine", *FLAGS, "--to", str(tmp_path / "none")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_without_a_terminal_what_is_missing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["new", str(tmp_path / "mine"), *FLAGS[:6]]) == 1
    assert capsys.readouterr().err == "lth new: there is no terminal to ask on; give --method, --seeds\n"
    assert not list(tmp_path.iterdir())


def asked(folder: Path, typed: str) -> tuple[int, str]:
    """The status of `lth new mine` on a terminal on which this is typed, and what is shown there."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lth", "new", "mine"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    while True:
        try:
            part = os.read(ours, 10_000)
        except OSError:  # Linux's word for the end
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return child.wait(), shown.decode()


def test_five_questions_on_a_terminal(tmp_path: Path) -> None:
    """A wrong answer is asked for again; an empty one is what stands in brackets."""
    status, shown = asked(tmp_path, "digit\ndigits\n\nletters textures\nrigl\n3 x\n3 2\n")
    assert status == 0, shown
    assert "there is no source 'digit' (did you mean 'digits'?)" in shown
    assert "two numbers are needed" in shown
    study, warnings = read_study(None, [tmp_path / "mine.yaml"])
    assert warnings == []
    assert (len(study.seeds), study.recipes["train"].epochs, [*study.evaluations]) == (
        3,
        2,
        ["on_letters", "on_textures"],
    )
    assert study.tickets["digits"].method == "dynamic"


def test_ones_own_may_be_typed(own: Path) -> None:
    """How it is written stands below the names, what is wrong with it below the answer."""
    status, shown = asked(own, "folder:leave\n'folder:leaves\nfolder:leaves\nnets_of_new:Small\ndigits\nimp\n3 2\n")
    assert status == 0, shown
    for line in (
        "folder:PATH  ",
        "MODULE:NAME  ",
        "leave: is not there; images lie in PATH/train",
        "No closing quotation",
    ):
        assert line in shown
    study, _ = read_study(None, [own / "mine.yaml"])
    assert [*study.datasets] == ["leaves", "digits"]


def test_questions_that_are_left_write_nothing(tmp_path: Path) -> None:
    status, shown = asked(tmp_path, "digits\n\x04")
    assert status == 1
    assert "the input has ended before all questions were answered; nothing was written" in shown
    assert not list(tmp_path.iterdir())
