"""Texts need their extra; without it these tests say so."""

import pytest

collect_ignore_glob: list[str] = []
try:
    import transformers  # noqa: F401
except ImportError:
    collect_ignore_glob = ["test_bert.py", "test_texts.py", "test_checkpoints.py"]


def pytest_report_header() -> str:
    """What is left out."""
    return "texts: transformers is not installed, so encoders are not tested" if collect_ignore_glob else ""


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
