"""Layers of encoders by name and kind, before the study has made an artifact of the model."""

from pathlib import Path

import pytest
from sentences import tiny

from lth.artifacts.tickets import Ticket
from lth.checks.problems import StudyError
from lth.checks.read import read_study
from lth.plan.plan import Plan
from lth.pruning.masks import total
from lth.text.bert import TextClassifier

STUDY = {
    "study": "texts",
    "seeds": [0],
    "datasets": {"op": {"source": "opinions", "tokenizer": "tiny", "validation": 40, "train": 60, "test": 50}},
    "networks": {"encoder": {"architecture": "bert", "model": "tiny", "classes": 2}},
    "recipes": {"a": {"optimiser": {"name": "adamw", "learning_rate": 1e-3}, "batch_size": 20, "epochs": 1}},
}
FOUND = {"network": "encoder", "recipe": "a", "dataset": "op"}


def test_densities_of_an_encoder_s_layers_by_name() -> None:
    densities = {**FOUND, "densities": [0.8, 0.6]}
    study, _ = read_study({**STUDY, "tickets": {"o": {**densities, "layer_densities": {"*query*": [0.5, 0.4]}}}}, [])
    assert Plan(study).named_densities("o", 2) == {"*query*": "2/5"}
    told = {**STUDY, "tickets": {"o": {**densities, "layer_densities": {"*kwery*": [0.5, 0.4]}}}}
    with pytest.raises(StudyError, match=r"no layer of 'bert' has '.kwery.' as its first pattern; its layers are enc"):
        read_study(told, [])


def test_a_chain_goes_on_from_a_file_and_leaves_the_pooler_whole(tmp_path: Path) -> None:
    """Of 8 matrices a layer and the pooler's 1,024 weights, half of all are left; the pooler is not counted."""
    ticket = Ticket.dense(tiny(tmp_path), 0)
    masks = {name: mask.clone() for name, mask in ticket.masks.items()}
    for name, mask in masks.items():
        if not name.startswith(TextClassifier.pooler):
            mask.view(-1)[::2] = False
    file = tmp_path / "given.safetensors"
    ticket.derive(masks, ticket.weights).save(file)
    chain = {**FOUND, "rounds": 1, "rate": 0.5, "scope": "global", "start": {"ticket": "g", "round": 1}}
    given = {**FOUND, "method": "given", "file": str(file)}
    tickets = {"g": given, "whole": chain, "s": {**chain, "unpruned": ["pooler"]}}
    plan = Plan(read_study({**STUDY, "tickets": tickets}, [])[0])
    share = sum(int(mask.count_nonzero()) for mask in masks.values()) / total(masks)
    assert float(plan.density("whole", 1)) == pytest.approx(share)
    assert plan.density("s", 2) == pytest.approx(0.25)
