"""Arms whose weights are drawn by another initialisation than the network's: which there are, what they start from, and
that nothing else is told of them."""

from pathlib import Path

import pytest
import torch
from small import NETWORK, sparse_ticket

from lth.artifacts.records import job_digest
from lth.artifacts.tickets import Ticket
from lth.catalog.controls import ArmKind
from lth.config.data import Network
from lth.errors import UserError
from lth.methods.controls import control, make_control
from lth.methods.evaluate import arm_ticket
from lth.networks.build import initial_weights
from lth.plan.jobs import ControlJob, EvaluationJob
from lth.running.jobs import Job

KAIMING = NETWORK.model_copy(update={"initialisation": "kaiming_normal"})
NAMES = {"study": "s", "ticket": "t", "seed": 0, "round": 2}


@pytest.fixture
def ticket(tmp_path: Path) -> Path:
    """A sparse ticket of theta_0 as a round leaves it."""
    found = sparse_ticket()
    path = tmp_path / "ticket.safetensors"
    found.derive(found.masks, found.weights, **NAMES, method="imp", dataset="tiny").save(path)
    return path


def job(kind: ArmKind, scheme: str | None = "kaiming_normal") -> ControlJob:
    return ControlJob(**NAMES, kind=kind, network=NETWORK, initialisation=scheme)


def made(ticket: Path, kind: ArmKind, scheme: str | None = "kaiming_normal") -> Path:
    out = ticket.with_name(f"{kind}-{scheme}.safetensors")
    make_control(job(kind, scheme), ticket, out, Job("control", lambda _: None))
    return out


def evaluating(kind: ArmKind, scheme: str | None = "kaiming_normal", **changes: int) -> EvaluationJob:
    recipe = {"optimiser": {"learning_rate": 0.1}, "batch_size": 10, "epochs": 1}
    told = {**dict(job(kind, scheme)), "evaluation": "e", "arm": "a", "dataset": "d", "recipe": recipe, **changes}
    return EvaluationJob.model_validate(told)


def starts_from(found: Ticket, weights: dict[str, torch.Tensor]) -> bool:
    return all(
        torch.equal(tensor, weights[name] * found.masks[name] if name in found.masks else weights[name])
        for name, tensor in found.weights.items()
    )


def test_the_dense_arm_is_theta_0_of_that_scheme(ticket: Path) -> None:
    found = Ticket.load(made(ticket, "dense"), KAIMING)
    assert found.density == 1
    assert starts_from(found, initial_weights(KAIMING, 0))


def test_reinitialised_has_the_ticket_s_masks_over_new_weights_of_that_scheme(ticket: Path) -> None:
    found = Ticket.load(made(ticket, "reinitialised"), KAIMING)
    assert all(torch.equal(found.masks[name], mask) for name, mask in sparse_ticket().masks.items())
    assert starts_from(found, initial_weights(KAIMING, 0, "fresh initialisation"))


def test_a_random_mask_is_the_one_of_the_network_s_own_initialisation(ticket: Path) -> None:
    found, own = (Ticket.load(made(ticket, "random", scheme)) for scheme in ("kaiming_normal", None))
    assert all(torch.equal(found.masks[name], mask) for name, mask in own.masks.items())
    assert starts_from(found, initial_weights(KAIMING, 0))
    assert starts_from(own, initial_weights(NETWORK, 0))


def test_what_keeps_the_ticket_s_weights_knows_no_other_scheme() -> None:
    parent = sparse_ticket()
    for kind in ("permuted", "redrawn_signs"):
        one, other = (control(parent, kind, network, 0, "t") for network in (NETWORK, KAIMING))
        assert all(torch.equal(one.weights[name], tensor) for name, tensor in other.weights.items())


@pytest.mark.parametrize("kind", ["reinitialised", "random", "dense"])
def test_an_evaluation_takes_the_control_of_its_scheme_and_no_other(ticket: Path, kind: ArmKind) -> None:
    kaiming, own = made(ticket, kind), made(ticket, kind, None)
    assert arm_ticket(evaluating(kind), kaiming).provenance["network"]["initialisation"] == "kaiming_normal"
    arm_ticket(evaluating(kind, None), own)
    with pytest.raises(UserError, match=r"kaiming_normal\), not to network lenet5_classic .* glorot_normal\)"):
        arm_ticket(evaluating(kind, None), kaiming)
    with pytest.raises(UserError, match=r"glorot_normal\), not to network lenet5_classic .* kaiming_normal\)"):
        arm_ticket(evaluating(kind), own)


def test_a_dense_arm_of_another_scheme_is_no_ticket_of_round_0(tmp_path: Path) -> None:
    path = tmp_path / "ticket.safetensors"
    dense = Ticket.dense(NETWORK, 0)
    dense.derive(dense.masks, dense.weights, **{**NAMES, "round": 0}).save(path)
    arm_ticket(evaluating("dense", None, round=0), path)
    with pytest.raises(UserError, match="belongs to network"):
        arm_ticket(evaluating("dense", round=0), path)


def test_jobs_without_it_are_told_nothing_of_it() -> None:
    """The digest of before there was such a key, by hand: all that a job is told and that has a value."""
    plain = ControlJob(**NAMES, kind="random", network=Network(architecture="lenet5_classic"))
    assert "initialisation" not in plain.model_dump(mode="json", exclude_none=True)
    assert job_digest(plain) != job_digest(plain.model_copy(update={"initialisation": "kaiming_normal"}))
    assert plain.drawn_network == plain.network
