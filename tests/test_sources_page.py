"""docs/sources.md names what there is: keys, values, figures, architectures, tables, targets, commands and files."""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import lth
from lth.analysis.figures import FIGURES
from lth.analysis.tables import ENERGY, EVALUATION_TABLES, STUDY_TABLES
from lth.catalog.architectures import ARCHITECTURES
from lth.cli.program import COMMANDS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/sources.md").read_text(encoding="utf-8")
ROWS = [row for row in PAGE.splitlines() if row.startswith("| ")]
NOT_HERE = {"max"}
"""Of a source, and said to be missing here."""
COLUMNS = {"epochs_not_run"}
FOLDERS = {"config/", "results/<study>/masks.html"}


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """All objects of a JSON schema."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []:
        yield from parts(part)


SCHEMA = [*parts(json.loads((ROOT / "config/schema.json").read_text(encoding="utf-8")))]
KEYS = {key for part in SCHEMA for key in part.get("properties", {})}
VALUES = {value for part in SCHEMA for value in [*part.get("enum", []), part.get("const")] if isinstance(value, str)}
TARGETS = set(re.findall(r"^rule (\w+):", (ROOT / "workflow/rules/targets.smk").read_text(encoding="utf-8"), re.M))


def keys_of(settings: Any) -> set[str]:
    """All keys of nested mappings, without patterns of layers' names."""
    if not isinstance(settings, dict):
        return set()
    return {key for key in settings if "*" not in key}.union(*map(keys_of, settings.values()))


def files(name: str) -> list[Path]:
    return [*ROOT.glob(name), *(ROOT / "config").glob(name)]


def named_in_studies(row: str) -> set[str]:
    """The tickets and evaluations of the studies of a row."""
    found: set[str] = set()
    for name in re.findall(r"[\w*-]+\.yaml", row):
        for file in files(name):
            study = yaml.safe_load(file.read_text(encoding="utf-8"))
            found |= {*study.get("tickets", {}), *study.get("evaluations", {})}
    return found


def is_here(word: str, row: str) -> bool:
    """Whether a word in code is something that there is."""
    first, _, rest = word.partition(" ")
    if word.endswith(".yaml"):
        return bool(files(word))
    if word.startswith("tables/"):
        return word[7:].removesuffix(".csv") in {*STUDY_TABLES, *EVALUATION_TABLES, ENERGY}
    if first == "lth":
        return rest.split()[0] in COMMANDS
    if word.startswith("python -m "):
        return importlib.util.find_spec(word.split()[2]) is not None
    if word.startswith("lth."):
        return hasattr(lth, word[4:])
    if ": " in word:
        return keys_of(yaml.safe_load(word)) <= KEYS
    known = KEYS | VALUES | {*FIGURES} | {*ARCHITECTURES} | TARGETS | NOT_HERE | COLUMNS | FOLDERS
    return word in known or word in named_in_studies(row)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" | ")[1][:50])
def test_what_the_page_of_sources_names_is_here(row: str) -> None:
    assert [word for word in re.findall(r"`([^`]+)`", row) if not is_here(word, row)] == []


def test_what_is_not_here_is_found() -> None:
    """`few_shot` stood on the page as a key; it is the name of an evaluation in an example."""
    row = "| S2 | few-shot transfer | studies `text.yaml` |"
    words = [
        "few_shot",
        "few_sst2_head",
        "new.yaml",
        "tables/new.csv",
        "lth nothing",
        "lth masks",
        "new: 2",
        "every: 2",
    ]
    assert [word for word in words if is_here(word, row)] == ["few_sst2_head", "lth masks", "every: 2"]
