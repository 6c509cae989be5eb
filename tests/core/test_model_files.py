"""A user's own folder of a model is known by what its files hold."""

import os
from pathlib import Path

import pytest

from lth.text.model_files import model_content


def test_another_content_is_noticed_and_another_date_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "bert"
    (folder / "more").mkdir(parents=True)
    for name in ("config.json", "more/model.safetensors"):
        (folder / name).write_text("1")
    first = model_content(str(folder))
    assert first
    os.utime(folder / "config.json", (1, 1))
    assert model_content(str(folder)) == first
    (folder / "more/model.safetensors").write_text("2")
    assert model_content(str(folder)) != first


def test_a_model_of_a_package_or_of_the_hub_has_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_content("tiny") is model_content(f"google-bert/bert-base-uncased@{'0' * 40}") is None
