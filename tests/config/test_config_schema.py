"""What is written about the models, kept in step with them: the JSON schema and the page of keys."""

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from pydantic import Field, create_model
from study_text import EVERY_WAY

from lth.artifacts.tickets import Ticket
from lth.catalog.datasets import SOURCES
from lth.catalog.scores import SCORES
from lth.checks.read import read_study
from lth.checks.schema import schema_at, schema_text, structure_schema, study_schema
from lth.config.base import Model
from lth.config.data import Network
from lth.config.descriptions import descriptions
from tools.reference import block, updated

ROOT = Path(__file__).parents[2]
MODELS = {"Study": structure_schema(), **structure_schema()["$defs"]}
"""The schema of each model, also of those inside others."""


def test_the_committed_schema_is_the_models_own():
    """If this fails: lth schema > config/schema.json"""
    assert (ROOT / "config" / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_knows_the_tables_and_what_each_key_means():
    schema = study_schema()
    names, families = schema["$defs"]["Dataset"]["properties"]["source"]["anyOf"]
    assert names["enum"] == sorted(SOURCES)
    assert re.search(families["pattern"], "npz:mine.npz")
    assert not re.search(families["pattern"], "npz:")
    for model in schema["$defs"].values():
        assert all("description" in key for key in model["properties"].values())


class Parent(Model):
    a: int = 1
    """Of the
    parent."""
    b: int = Field(2, description="Said outright.")
    """Not this."""
    c: int = 3


class Child(Parent):
    a: int = 4
    """Of the child."""
    c: int = 5
    d: int = 6
    """Of its own."""


def test_a_description_is_the_nearest_docstring_under_a_field():
    assert descriptions(Parent) == {"a": "Of the\nparent.", "b": "Said outright."}
    assert descriptions(Child) == {"a": "Of the child.", "b": "Said outright.", "d": "Of its own."}
    assert descriptions(create_model("Made", __base__=Child)) == descriptions(Child)
    properties = Child.model_json_schema()["properties"]
    assert [key.get("description") for key in properties.values()] == [
        "Of the child.",
        "Said outright.",
        None,
        "Of its own.",
    ]


def test_models_are_imported_without_being_built_or_described():
    """Each job of a study imports all models, and needs two."""
    built, read = "study.Study.__pydantic_complete__", "descriptions._of_module.cache_info().currsize"
    look = f"from lth.config import descriptions, study; print({built}, {read})"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False 0\n"


@pytest.mark.parametrize(
    "path", [ROOT / "config.yaml", *sorted((ROOT / "config").glob("*.yaml"))], ids=lambda p: p.name
)
def test_every_study_of_this_project_names_its_schema_and_fulfils_it(path):
    first, _, _ = path.read_text(encoding="utf-8").partition("\n")
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    validator_of((path.parent / named[1]).resolve()).validate(
        as_editors_read(yaml.safe_load(path.read_text(encoding="utf-8")))
    )


@cache
def validator_of(path):
    """Of a schema, which is checked once."""
    jsonschema = pytest.importorskip("jsonschema", reason="comes with Snakemake")
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def as_editors_read(data):
    """Editors follow YAML 1.2, in which 1e-3 is a number."""
    if isinstance(data, dict):
        return {key: as_editors_read(value) for key, value in data.items()}
    if isinstance(data, list):
        return [as_editors_read(value) for value in data]
    return float(data) if isinstance(data, str) and re.fullmatch(r"\d+e-?\d+", data) else data


def test_the_tables_of_keys_are_the_models_own():
    """If this fails: make reference"""
    page = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    assert updated(page) == page


@pytest.mark.parametrize("model", MODELS)
def test_the_page_of_keys_has_every_key(model):
    page = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    assert set(MODELS[model]["properties"]) <= {*re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)}


def test_a_table_of_keys_says_what_is_allowed_and_the_default():
    rows = block("Optimiser").splitlines()
    assert "| `name` | `adam`, `adamw`, `sgd` | `adam` |" in rows[3]
    assert "| `learning_rate` | a number above 0 and at most 100 | required |" in rows[4]


EVERY_WAY_DATA = yaml.safe_load(EVERY_WAY)
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (ROOT / "config" / "README.md").read_text(encoding="utf-8"), re.DOTALL)
"""Each a section, or parts of one, of a study."""


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[example.split(":")[0] + f"{n}" for n, example in enumerate(EXAMPLES)]
)
def test_the_examples_of_the_page_are_sound(tmp_path, example, monkeypatch):
    """In a study with the data sets, networks, recipes, tickets and files that examples refer to."""
    monkeypatch.chdir(tmp_path)
    if "leaves" in example:
        own_files(tmp_path)
    Path("tickets").mkdir()
    for seed in re.findall(r"\d+", re.search(r"seeds: (.*)", EVERY_WAY)[1]) if "{seed}" in example else ():
        Ticket.dense(Network(architecture="lenet_300_100"), 0).save(f"tickets/seed{seed}.safetensors")
    data = {**EVERY_WAY_DATA}
    for section, entries in yaml.safe_load(example).items():
        data[section] = data.get(section, {}) | entries
    assert read_study(data, [])[0]


def own_files(folder):
    """The images of one's own that the page has as examples."""
    for kind in ("oak", "beech"):
        (folder / "leaves/train" / kind).mkdir(parents=True)
        for number in range(300):
            Image.new("RGB", (9, 8)).save(folder / f"leaves/train/{kind}/{number}.bmp")
    (folder / "leaves/train").rename(folder / "leaves/test")
    shutil.copytree(folder / "leaves/test", folder / "leaves/train")
    labels = np.arange(1600) % 2
    np.savez(folder / "cells.npz", train_images=np.zeros((1600, 8, 8), np.uint8), train_labels=labels)


def test_the_page_of_keys_mentions_every_choice():
    page = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    text = json.dumps(study_schema())
    choices = {word for enum in re.findall(r'"enum": \[([^]]*)\]', text) for word in re.findall(r'"([^"]+)"', enum)}
    named_elsewhere = {*SCORES, *schema_choices("datasets", "source"), *schema_choices("networks", "architecture")}
    assert {choice for choice in choices - named_elsewhere if f"`{choice}`" not in page} == set()


def schema_choices(section, key):
    """Choices that the page leaves to `lth list`."""
    assert schema_at((section, "any", key))["type"] == "string"
    model = {"datasets": "Dataset", "networks": "Network"}[section]
    schema = study_schema()["$defs"][model]["properties"][key]
    return schema.get("enum") or schema["anyOf"][0]["enum"]
