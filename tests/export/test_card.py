"""What a model card and `model.py` say that an export is: a ticket, a control of one, or what a checkpoint held."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from nets import sparse, spec

import lth
from lth.artifacts.tickets import Ticket
from lth.export.folder import export
from lth.files import checksum

TOLD = {"study": "s", "ticket": "t", "method": "imp", "dataset": "mnist", "seed": 3, "round": 2}


def found(**told: Any) -> Ticket:
    """A ticket of a study."""
    ticket = sparse(spec("lenet5_classic"), 0.1)
    return ticket.derive(ticket.masks, ticket.weights, **{**TOLD, **told})


def exported(ticket: Ticket, folder: Path) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """Model card, `model.py`, `export.json` and `config.json` of an export of the initial weights."""
    ticket.save(folder / "ticket.safetensors")
    for _ in export(folder / "ticket.safetensors", folder / "out", "huggingface", compact=False, weights="initial"):
        pass
    card, code, record, config = (
        (folder / "out" / name).read_text() for name in ("README.md", "model.py", "export.json", "config.json")
    )
    return card, code, json.loads(record), json.loads(config)


def test_a_ticket_is_a_ticket(tmp_path: Path) -> None:
    card, code, record, config = exported(found(), tmp_path)
    assert "# Lottery ticket: lenet5_classic at " in card
    assert (
        "A sparse network of architecture `lenet5_classic`, found by `imp` on the data set `mnist` (study `s`, ticket "
        "`t`, seed 3, round 2). It keeps"
    ) in card
    assert "The weights in this folder are the initial (untrained) ones." in card
    assert '"""Lottery ticket: lenet5_classic (ticket t of study s).' in code
    assert "control" not in card
    assert "control" not in record
    assert "control" not in config


@pytest.mark.filterwarnings("ignore:random. theta_0 is drawn from seed 3")
@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("random", "It is a random mask, with"), ("permuted", "It is the ticket `t` with its weights permuted, with")],
)
def test_a_control_is_no_ticket_that_was_found(tmp_path: Path, kind: Any, sentence: str) -> None:
    """As a study makes it, and as the library does."""
    with_library = lth.control(found(), kind)
    with_study = found(control=kind)
    for n, control in enumerate((with_library, with_study)):
        (tmp_path / str(n)).mkdir()
        card, code, record, config = exported(control, tmp_path / str(n))
        assert f"# Control ({kind}) of a lottery ticket: lenet5_classic at " in card
        assert (
            f"A sparse network of architecture `lenet5_classic`: a control (`{kind}`) of the ticket found by `imp` on "
            "the data set `mnist` (study `s`, ticket `t`, seed 3, round 2). "
        ) in card
        assert f"{sentence} as many weights in each layer as the ticket. " in card
        assert "- The ticket was found on: mnist" in card
        assert f'"""Control ({kind}) of a lottery ticket: lenet5_classic (ticket t of study s).' in code
        assert record["control"] == config["control"] == kind


def test_the_dense_network_of_a_ticket_is_a_control(tmp_path: Path) -> None:
    """It has no method and no data set."""
    card, code, record, _ = exported(lth.control(found(), "dense"), tmp_path)
    assert "# Control (dense) of a lottery ticket: lenet5_classic at 100.00 % density" in card
    assert (
        "A dense network of architecture `lenet5_classic`: a control (`dense`) of a ticket (seed 3). It keeps" in card
    )
    assert "None" not in card + code
    assert record["control"] == "dense"


def checkpoint(folder: Path, name: str = "m.pt") -> Path:
    network = sparse(spec("lenet5_classic"), 0.1).module()
    path = folder / name
    torch.save({key: tensor * (2 if name == "w.pt" else 1) for key, tensor in network.state_dict().items()}, path)
    return path


def test_a_checkpoint_of_another_program_was_not_found(tmp_path: Path) -> None:
    """Its card was full of None."""
    path = checkpoint(tmp_path)
    ticket = lth.load(path, "lenet5_classic", shape=(1, 16, 16))
    card, code, record, config = exported(ticket, tmp_path)
    assert "# Pruned network of a checkpoint: lenet5_classic at " in card
    made = f"made from a checkpoint of another program (SHA-256 `{checksum(path)}`)"
    assert f"A sparse network of architecture `lenet5_classic`, {made}. It keeps" in card
    assert "The weights in this folder are the checkpoint's." in card
    assert "untrained" not in card
    assert "Found on" not in card
    assert "how they are normalised is not known here" in card
    assert '"""Pruned network of a checkpoint: lenet5_classic.' in code
    assert "None" not in card + code
    assert record["given"] == checksum(path)
    assert config["dataset"] is None


def test_a_checkpoint_whose_weights_are_another_s(tmp_path: Path) -> None:
    path, weights = checkpoint(tmp_path), checkpoint(tmp_path, "w.pt")
    card, code, record, _ = exported(lth.load(path, "lenet5_classic", weights=weights, shape=(1, 16, 16)), tmp_path)
    assert f"The weights in this folder are those of another checkpoint (SHA-256 `{checksum(weights)}`)." in card
    assert "None" not in card + code
    assert record["given_weights"] == checksum(weights)


def test_a_control_of_a_checkpoint(tmp_path: Path) -> None:
    ticket = lth.load(checkpoint(tmp_path), "lenet5_classic", shape=(1, 16, 16))
    card, code, _, _ = exported(lth.control(ticket, "permuted"), tmp_path)
    assert "# Control (permuted) of a lottery ticket: lenet5_classic at " in card
    assert (
        "`lenet5_classic`: a control (`permuted`) of the ticket made from a checkpoint of another program (SHA" in card
    )
    assert "The weights in this folder are the initial ones." in card
    assert '"""Control (permuted) of a lottery ticket: lenet5_classic.' in code
    assert "None" not in card + code


def test_a_ticket_that_a_study_was_given(tmp_path: Path) -> None:
    """It was trained on the study's data, not found on them."""
    card, code, _, _ = exported(found(method="given", given="ab12", round=1), tmp_path)
    assert "`lenet5_classic`, taken over from a file (SHA-256 `ab12`; study `s`, ticket `t`, seed 3, round 1). " in card
    assert "- Data set of its study: mnist" in card
    assert "The weights in this folder are the file's." in card
    assert '"""Lottery ticket: lenet5_classic (ticket t of study s).' in code


def test_what_a_checkpoint_became_by_training(tmp_path: Path) -> None:
    images = torch.randint(0, 256, (60, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    data = lth.dataset((images, torch.arange(60) % 3), name="mine")
    ticket = lth.load(checkpoint(tmp_path), "lenet5_classic", shape=(1, 16, 16))
    lth.export_ticket(lth.train(ticket, data, lth.recipe(epochs=1)), tmp_path / "out", "huggingface")
    card, code = ((tmp_path / "out" / name).read_text() for name in ("README.md", "model.py"))
    assert "The weights in this folder are the ones after training on `mine`." in card
    assert "Images are pixels from 0 to 255, minus" in card
    assert "None" not in card + code
