"""A new output layer for a data set of other classes: what changes, what stays, and that all arms have the same one."""

from pathlib import Path

import pytest
import torch
from small import NETWORK, sparse_ticket

from lth.artifacts.tickets import Ticket
from lth.catalog.controls import ArmKind
from lth.config.data import Network
from lth.errors import UserError
from lth.methods.controls import make_control
from lth.methods.evaluate import arm_ticket
from lth.methods.new_output import make_new_output, with_new_output
from lth.networks.new_output import new_output_names
from lth.plan.jobs import ControlJob, EvaluationJob, NewOutputJob
from lth.running.jobs import Job

NAMES = {"study": "s", "ticket": "t", "seed": 0, "round": 2}
OUTPUT = "11.weight"
JOB = Job("test", lambda _: None)


def made(folder: Path, kind: ArmKind, scheme: str | None = None, seed: int = 0, classes: int = 7) -> Path:
    """The ticket of an arm with a new output layer, as the two jobs leave it."""
    names = {**NAMES, "seed": seed}
    path, control, out = (folder / f"{kind}{scheme}{seed}{name}.safetensors" for name in ("found", "control", "new"))
    found = sparse_ticket(seed)
    found.derive(found.masks, found.weights, **names, method="imp", record={"steps": 3}).save(path)
    if kind != "own":
        job = ControlJob(**names, kind=kind, network=NETWORK, initialisation=scheme)
        make_control(job, path, control, JOB)
        path = control
    spec = NewOutputJob(**names, kind=kind, network=NETWORK, initialisation=scheme, classes=classes)
    make_new_output(spec, path, out, JOB)
    return out


def head(path: Path) -> list[torch.Tensor]:
    found = Ticket.load(path)
    return [found.weights[OUTPUT], found.weights[OUTPUT.replace("weight", "bias")]]


@pytest.mark.parametrize("kind", ["reinitialised", "shuffled", "random", "magnitude", "rescaled", "permuted", "dense"])
def test_all_arms_of_a_seed_have_the_same_new_layer(tmp_path: Path, kind: ArmKind) -> None:
    own, other = (head(made(tmp_path, one)) for one in ("own", kind))
    assert own[0].shape[0] == 7
    assert all(torch.equal(*pair) for pair in zip(own, other, strict=True))


def test_another_seed_draws_another_one_and_another_scheme_the_same_numbers_scaled(tmp_path: Path) -> None:
    (own, _), (other, _) = (head(made(tmp_path, "own", seed=seed)) for seed in (0, 1))
    assert not torch.equal(own, other)
    (kaiming, _) = head(made(tmp_path, "random", "kaiming_normal"))
    ratio = kaiming / own
    assert torch.allclose(ratio, ratio.flatten()[0].expand_as(ratio), rtol=1e-5)
    assert not torch.equal(kaiming, own)


def test_the_layer_is_dense_and_all_else_is_the_control_s(tmp_path: Path) -> None:
    path = made(tmp_path, "shuffled")
    found, before = Ticket.load(path), Ticket.load(tmp_path / "shuffledNone0control.safetensors")
    assert found.masks[OUTPUT].all()
    for name, mask in before.masks.items():
        if name != OUTPUT:
            assert torch.equal(found.masks[name], mask)
            assert torch.equal(found.weights[name], before.weights[name])
    kept = sum(int(mask.sum()) for name, mask in before.masks.items() if name != OUTPUT)
    whole = sum(mask.numel() for name, mask in before.masks.items() if name != OUTPUT)
    outputs = found.masks[OUTPUT].numel()
    assert found.density == pytest.approx((kept + outputs) / (whole + outputs))
    assert found.module()(torch.zeros(2, 1, 16, 16)).shape == (2, 7)


def test_an_evaluation_takes_it_by_the_network_of_the_target_and_no_other_arm(tmp_path: Path) -> None:
    recipe = {"optimiser": {"learning_rate": 0.1}, "batch_size": 10, "epochs": 1}
    told = {**NAMES, "evaluation": "e", "arm": "a", "dataset": "d", "recipe": recipe}
    seven = NETWORK.model_copy(update={"classes": 7})
    own, random = made(tmp_path, "own"), made(tmp_path, "random")
    for kind, path in (("own", own), ("random", random)):
        found = arm_ticket(EvaluationJob.model_validate({**told, "kind": kind, "network": seven}), path)
        assert "record" not in found.provenance
    with pytest.raises(UserError, match=r"to 7, .* to 3"):
        arm_ticket(EvaluationJob.model_validate({**told, "kind": "own", "network": NETWORK}), own)
    with pytest.raises(UserError, match="its control is random"):
        arm_ticket(EvaluationJob.model_validate({**told, "kind": "own", "network": seven}), random)


def test_as_many_classes_as_before_get_a_new_layer_all_the_same() -> None:
    ticket = sparse_ticket()
    found = with_new_output(ticket, 3, 0)
    assert found.network == ticket.network
    assert found.masks[OUTPUT].all()
    assert not torch.equal(found.weights[OUTPUT] * ticket.masks[OUTPUT], ticket.weights[OUTPUT])


@pytest.mark.parametrize("architecture", ["lenet_300_100", "conv2", "vgg19", "resnet18", "resnet20"])
def test_the_output_layer_alone_depends_on_the_classes(architecture: str) -> None:
    channels, size = (1, 28) if architecture.startswith("lenet") else (3, 32)
    names = new_output_names(Network(architecture=architecture, channels=channels, size=size), 100)
    assert 1 <= len(names) <= 2
    assert names[0].endswith("weight")


@pytest.mark.parametrize("classes", [1, 1001])
def test_so_few_or_so_many_outputs_no_network_has(classes: int) -> None:
    with pytest.raises(UserError, match=f"from 2 to 1000 outputs, and {classes} classes are asked for"):
        with_new_output(sparse_ticket(), classes, 0)
