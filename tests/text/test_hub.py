"""What comes from the hub, with a stand-in for it: the right things are asked for, and what comes is checked."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lth.errors import UserError
from lth.text import sources
from lth.text.location import folder_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def table(rows: int, *columns: str) -> dict[str, list[Any]]:
    """A split of a downloaded data set, by column."""
    return {
        **{name: [f"{name} {row}" for row in range(rows)] for name in columns},
        "label": [0, 1] * (rows // 2) + [0] * (rows % 2),
    }


def hub(monkeypatch: pytest.MonkeyPatch, **splits: dict[str, list[Any]]) -> list[tuple[str, ...]]:
    """Downloads give these splits; what was asked for."""
    asked: list[tuple[str, ...]] = []

    def load_dataset(*names: str, revision: str) -> dict[str, dict[str, list[Any]]]:
        asked.append((*names, revision))
        return splits

    monkeypatch.setattr(sources, "datasets", lambda: SimpleNamespace(load_dataset=load_dataset))
    return asked


def test_sst2_is_downloaded_where_there_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = hub(monkeypatch, train=table(67349, "sentence"), validation=table(872, "sentence"))
    raw = sources.sst2(tmp_path, 0)
    assert asked == [("nyu-mll/glue", "sst2", sources.REVISION)]
    assert len(sources.REVISION) == 40  # a commit, which nobody can change
    assert (raw.train[3], raw.test[871]) == (("sentence 3",), ("sentence 871",))
    assert list(raw.test_labels[:4]) == [0, 1, 0, 1]


def test_pairs_are_downloaded_as_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = ("question1", "question2")
    hub(monkeypatch, train=table(363846, *columns), validation=table(40430, *columns))
    assert sources.qqp(tmp_path, 0).test[7] == ("question1 7", "question2 7")


def test_a_part_of_a_data_set_is_not_taken_for_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub(monkeypatch, train=table(100, "sentence"), validation=table(872, "sentence"))
    with pytest.raises(UserError, match="nyu-mll/glue: has 100 training and 872 development examples"):
        sources.sst2(tmp_path, 0)


def test_a_model_is_fetched_by_its_name_and_no_code_or_pickle_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers", reason="the text extra is not installed")
    asked: dict[str, Any] = {}

    def download(name: str, *, revision: str, allow_patterns: list[str], local_files_only: bool) -> str:
        asked.update(name=name, revision=revision, patterns=allow_patterns, here=local_files_only)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert folder_of(f"somebody/encoder@{COMMIT}") == tmp_path
    assert (asked["name"], asked["revision"]) == ("somebody/encoder", COMMIT)
    assert not any(pattern.endswith((".bin", ".py", ".pkl", "*")) for pattern in asked["patterns"])
    assert "model.safetensors" in asked["patterns"]
    assert not asked["here"]
    folder_of(f"somebody/encoder@{COMMIT}", download=False)
    assert asked["here"]


@pytest.mark.parametrize("revision", ["", "@", "@main", "@v1.0", f"@{COMMIT[:39]}", f"@{COMMIT}\n", f"@{COMMIT}/.."])
def test_a_model_without_a_commit_is_not_downloaded(monkeypatch: pytest.MonkeyPatch, revision: str) -> None:
    """A name, a branch or a tag gives whatever its owner last put there."""
    pytest.importorskip("transformers", reason="the text extra is not installed")
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: pytest.fail("something was downloaded"))
    with pytest.raises(UserError, match=r"no commit is named .* name somebody/encoder@COMMIT with the 40 hexadecimal"):
        folder_of(f"somebody/encoder{revision}")
