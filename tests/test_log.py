"""Histories in logs of other programs: the event file byte by byte, and as the programs themselves read them."""

import json
import struct
from pathlib import Path

import pytest

import lth
from lth.pages.event_file import crc32c, event_file
from lth.pages.log import LOGGED, log, runs_of

HEADER = "ticket,seed,round,dataset,density_percent,epoch,step,kept,split,loss_nats,accuracy_percent\n"
ROWS = (
    "imp,0,3,mnist,51.2,0,0,100,validation,2.5,10\nimp,0,3,mnist,51.2,0,0,100,test,2.25,11\n"
    "imp,0,3,mnist,51.2,1,300,100,validation,0.5,90.5\nimp,0,3,mnist,51.2,1,300,100,test,0.75,89\n"
)
NAME = "tickets/imp/seed0/round03"
EXPECTED = {
    ("validation/loss_nats", 0): 2.5,
    ("validation/loss_nats", 300): 0.5,
    ("validation/accuracy_percent", 0): 10,
    ("validation/accuracy_percent", 300): 90.5,
    ("test/loss_nats", 0): 2.25,
    ("test/loss_nats", 300): 0.75,
    ("test/accuracy_percent", 0): 11,
    ("test/accuracy_percent", 300): 89,
    ("epoch", 0): 0,
    ("epoch", 300): 1,
    ("density_percent", 0): pytest.approx(51.2),
    ("density_percent", 300): pytest.approx(51.2),
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results/some"
    (folder / NAME).mkdir(parents=True)
    (folder / NAME / "history.csv").write_text(HEADER + ROWS)
    return folder


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (b"", 0)],
)
def test_checksums_are_those_of_rfc_3720(content: bytes, expected: int) -> None:
    assert crc32c(content) == expected


def test_an_event_file_by_hand() -> None:
    content = event_file([("a", 300, 0.5)], 1.0)
    time = b"\x09" + struct.pack("<d", 1.0)
    records = [
        time + b"\x1a\x0dbrain.Event:2",
        time + b"\x10\xac\x02" + b"\x2a\x0a\x0a\x08\x0a\x01a\x15" + struct.pack("<f", 0.5),
    ]
    at = 0
    for record in records:
        (length,) = struct.unpack_from("<Q", content, at)
        assert content[at + 12 : at + 12 + length] == record
        for place, checked in ((at + 8, content[at : at + 8]), (at + 12 + length, record)):
            value = crc32c(checked)
            rotated = (value >> 15 | value << 17) & 0xFFFFFFFF
            assert struct.unpack_from("<I", content, place)[0] == (rotated + 0xA282EAD8) % 2**32
        at += 16 + length
    assert at == len(content)


def test_a_run_has_every_number_of_its_history_and_a_draw_is_a_run(results: Path) -> None:
    history = results / NAME / "history.csv"
    (run,) = runs_of(results, history)
    assert {(tag, step): value for tag, step, value in run.scalars} == EXPECTED
    assert (run.name, run.settings) == (NAME, {"ticket": "imp", "seed": "0", "round": "3", "dataset": "mnist"})
    rows = ROWS.splitlines()
    drawn = [f"{row},{draw}" for draw, part in enumerate((rows[:2], rows[2:])) for row in part]
    history.write_text("\n".join([HEADER.rstrip() + ",draw", *drawn]) + "\n")
    assert [(one.name, len(one.scalars)) for one in runs_of(results, history)] == [
        (f"{NAME}/draw{n}", 6) for n in (0, 1)
    ]


def test_tensorboard_gets_what_is_new_and_the_results_are_left_alone(results: Path, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    assert "1 of 1 trainings added" in next(log(results, "tensorboard", folder))
    assert "0 of 1 trainings added" in next(log(results, "tensorboard", folder))
    more = results / "evaluations/transfer/imp-own/seed0"
    more.mkdir(parents=True)
    (more / "history.csv").write_text(HEADER + ROWS)
    assert "1 of 2 trainings added" in next(log(results, "tensorboard", folder))
    assert sorted(path.parent.relative_to(folder).as_posix() for path in folder.rglob("events*")) == [
        "evaluations/transfer/imp-own/seed0",
        NAME,
    ]
    assert {path.name for path in results.rglob("*") if path.is_file()} == {"history.csv"}


def test_tensorboard_reads_it(results: Path, tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard")
    [*log(results, "tensorboard", tmp_path / "logs")]
    found = reader.EventAccumulator(str(tmp_path / "logs" / NAME))
    found.Reload()
    tags = found.Tags()["scalars"]
    assert {(tag, event.step): event.value for tag in tags for event in found.Scalars(tag)} == EXPECTED


def test_weights_and_biases_offline(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="needs wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    folder = tmp_path / "logs"
    first, second = log(results, "wandb", folder)
    assert "1 of 1 trainings added" in first
    assert "wandb sync" in second
    assert len([*folder.glob("wandb/offline-run-*/run-*.wandb")]) == 1
    assert [*json.loads((folder / LOGGED).read_text())] == [NAME]
    assert "0 of 1 trainings added" in next(log(results, "wandb", folder))


class _Recorder:
    """Stands in for a run of wandb, and for the package."""

    def __init__(self) -> None:
        self.started: list[dict[str, object]] = []
        self.logged: list[tuple[int, dict[str, float]]] = []

    def init(self, **told: object) -> "_Recorder":
        self.started.append(told)
        return self

    def __enter__(self) -> "_Recorder":
        return self

    def __exit__(self, *_: object) -> None: ...

    def log(self, values: dict[str, float], step: int) -> None:
        self.logged.append((step, values))


def test_a_run_of_weights_and_biases_is_told_all_numbers_in_the_order_of_steps(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = _Recorder()
    monkeypatch.setattr("lth.pages.log.import_module", lambda _: recorder)
    [*log(results, "wandb", tmp_path / "logs", "mine")]
    (told,) = recorder.started
    assert (told["project"], told["name"], told["group"]) == ("mine", NAME, "tickets/imp")
    assert [step for step, _ in recorder.logged] == [0, 300]
    assert {(tag, step): value for step, row in recorder.logged for tag, value in row.items()} == EXPECTED


def test_a_ticket_whose_name_begins_like_the_folder_of_a_seed_has_its_own_group(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = _Recorder()
    monkeypatch.setattr("lth.pages.log.import_module", lambda _: recorder)
    (results / "tickets/imp").rename(results / "tickets/seedling")
    [*log(results, "wandb", tmp_path / "logs")]
    assert [told["group"] for told in recorder.started] == ["tickets/seedling"]


def test_bad_input_is_a_sentence(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    with pytest.raises(lth.UserError, match="has no history of a training; give the results folder"):
        [*log(tmp_path / "results", "tensorboard", tmp_path / "logs")]
    history = results / NAME / "history.csv"
    history.write_text(HEADER.replace("loss_nats", "loss") + ROWS)
    with pytest.raises(lth.UserError, match=r"history\.csv: is no history of a training"):
        [*log(results, "tensorboard", tmp_path / "logs")]
    monkeypatch.setattr("lth.pages.log.import_module", missing)
    with pytest.raises(lth.UserError, match="wandb is not installed: pip install wandb"):
        [*log(results, "wandb", tmp_path / "logs")]
