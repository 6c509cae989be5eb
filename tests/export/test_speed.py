"""`lth speed`: engines take turns, are checked against each other, and their times are summarised right."""

from pathlib import Path

import pytest
import torch
from nets import sparse, spec
from torch import Tensor

from lth.cli import main
from lth.errors import UserError
from lth.export import speed as module
from lth.export.folder import export
from lth.export.speed import ENGINES, Engine, speed, timed


@pytest.fixture
def ticket(tmp_path: Path) -> Path:
    path = tmp_path / "ticket.safetensors"
    sparse(spec("lenet5_classic"), 0.1).save(path)
    return path


def test_runners_take_turns_and_each_is_called_before_it_is_timed() -> None:
    calls: list[str] = []

    def runner(name: str):  # type: ignore[no-untyped-def]
        return lambda images: calls.append(name) or images

    found = timed({name: runner(name) for name in "abc"}, torch.zeros(1), 2)
    assert "".join(calls) == "aabbcc" + "bbccaa"
    assert {name: len(seconds) for name, seconds in found.items()} == {"a": 2, "b": 2, "c": 2}


def test_a_ticket_is_timed_with_every_engine_that_can_be_had(ticket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: object) -> None:
        raise UserError("it is not installed")

    monkeypatch.setattr(module, "ENGINES", (*ENGINES[:2], Engine("other", missing)))  # type: ignore[arg-type]
    lines = [*speed(ticket, 3)]
    assert lines[1] == "not timed: other: it is not installed"
    assert [line for line in lines if line.startswith("batch")] == [
        f"batch {size}, 3 rounds, one thread" for size in (1, 64)
    ]
    assert sum(line.startswith("  torch, dense ") for line in lines) == 2
    assert sum(line.startswith("  torch, compacted ") for line in lines) == 2
    assert next(line for line in lines if line.startswith("  torch, dense")).endswith(" 1.00x")


def test_an_engine_that_computes_something_else_is_a_fault(ticket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(images: Tensor) -> Tensor:
        return torch.zeros(len(images), 3)

    monkeypatch.setattr(module, "ENGINES", (ENGINES[0], Engine("wrong", lambda _: wrong)))
    with pytest.raises(AssertionError, match="logits of wrong differ"):
        [*speed(ticket, 2)]


@pytest.mark.parametrize("kind", ["torch", "csr", "onnx"])
def test_an_export_is_timed_too(ticket: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra `export`")
    [*export(ticket, tmp_path / "out", kind, compact=True, weights="initial")]  # type: ignore[arg-type]
    assert main(["speed", str(tmp_path / "out"), "--rounds", "2"]) == 0
    assert ("ONNX Runtime, as exported" if kind == "onnx" else "torch, compacted") in capsys.readouterr().out


@pytest.mark.parametrize("rounds", ["1", "0", "-3", "1000000"])
def test_too_few_or_many_rounds_are_a_sentence(ticket: Path, rounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed", str(ticket), "--rounds", rounds]) == 1
    assert capsys.readouterr().err == f"--rounds: found {rounds}; 2 to 100000 are allowed\n"
