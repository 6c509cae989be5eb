"""Tickets from files: of other studies and of other programs."""

import math
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import own_nets
import pytest
import torch
from file_study import study
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import prune

import lth
from lth.artifacts.foreign import read_checkpoint
from lth.checks.problems import StudyError
from lth.checks.read import read_study
from lth.cli import main
from lth.data.images import Images
from lth.plan.plan import Plan


def net() -> nn.Module:
    return own_nets.plain(1, 28, 10)


def masks_of(network: nn.Module) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(5)
    return {name: torch.rand(w.shape, generator=draw) < 0.3 for name, w in network.state_dict().items() if w.ndim > 1}


def masked(network: nn.Module, masks: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: w * masks[name] if name in masks else w for name, w in network.state_dict().items()}


def test_a_plain_checkpoint_is_a_ticket_of_the_weights_that_are_not_zero(tmp_path: Path) -> None:
    network = net()
    masks = masks_of(network)
    kept = masked(network, masks)
    torch.save({"epoch": 3, "state_dict": {f"module.{name}": w for name, w in kept.items()}}, tmp_path / "c.pt")
    ticket = lth.load(tmp_path / "c.pt", net)
    assert all(ticket.masks[name].equal(mask) for name, mask in masks.items())
    assert all(ticket.weights[name].equal(w) for name, w in kept.items())
    assert ticket.network.classes == 10


def test_masks_of_torchs_pruning_are_those_that_it_keeps_beside_the_weights(tmp_path: Path) -> None:
    network = net()
    prune.l1_unstructured(network[1], "weight", amount=0.7)
    torch.save(network.state_dict(), tmp_path / "c.pth")
    ticket = lth.load(tmp_path / "c.pth", net)
    assert ticket.masks["1.weight"].equal(network[1].weight_mask.bool())
    assert ticket.weights["1.weight"].equal(network[1].weight.detach())
    assert ticket.masks["3.weight"].all()


def test_masks_of_open_lth_lie_in_a_file_beside(tmp_path: Path) -> None:
    network = net()
    masks = masks_of(network)
    torch.save({name: mask.int() for name, mask in masks.items()}, tmp_path / "mask.pth")
    torch.save(network.state_dict(), tmp_path / "model_ep0_it0.pth")
    ticket = lth.load(tmp_path / "model_ep0_it0.pth", net, masks=tmp_path / "mask.pth")
    assert all(ticket.masks[name].equal(mask) for name, mask in masks.items())
    assert all(ticket.weights[name].equal(w) for name, w in masked(network, masks).items())


FLAX = (
    (nn.Conv2d(1, 3, 5), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 24 * 24, 10)),
    (nn.Flatten(), nn.Linear(784, 10), *(nn.Linear(10, 10) for _ in range(11))),
    (nn.Conv2d(1, 10, 5), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(10, 10)),
)


@pytest.mark.parametrize("layers", FLAX, ids=["convolution", "twelve, most of them square", "averaged"])
def test_masks_of_a_flax_tree_are_turned_and_taken_in_order(layers: tuple[nn.Module, ...], tmp_path: Path) -> None:
    """A dense layer's kernel is (in, out), a convolution's (rows, columns, in, out), and what a convolution gives is
    (rows, columns, channels); keys are sorted by letters, as JAX sorts those of a tree."""
    network = nn.Sequential(*layers)
    masks, tree, shape = masks_of(network), {}, (1, 28, 28)
    for number, mask in enumerate(masks.values()):
        if mask.ndim == 4:
            tree[f"params/Conv_{number}/kernel"], shape = mask.permute(2, 3, 1, 0), (len(mask), 24, 24)
        else:
            of_images = mask.view(len(mask), *shape) if mask[0].numel() == math.prod(shape) else mask[:, :, None, None]
            tree[f"params/Dense_{number}/kernel"] = of_images.permute(2, 3, 1, 0).flatten(0, 2)
    np.savez(tmp_path / "masks.npz", **{name: tree[name].numpy().astype(np.uint8) for name in sorted(tree)})
    torch.save(network.state_dict(), tmp_path / "c.pt")
    ticket = lth.load(tmp_path / "c.pt", network, masks=tmp_path / "masks.npz")
    assert all(ticket.masks[name].equal(mask) for name, mask in masks.items())


def test_square_masks_by_other_names_are_as_torch_has_them(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 784), nn.Linear(784, 784))
    masks = masks_of(network)
    np.savez(tmp_path / "masks.npz", **{f"layer_{number}": mask.numpy() for number, mask in enumerate(masks.values())})
    torch.save(network.state_dict(), tmp_path / "c.pt")
    ticket = lth.load(tmp_path / "c.pt", network, masks=tmp_path / "masks.npz")
    assert all(ticket.masks[name].equal(mask) for name, mask in masks.items())


def test_initial_weights_may_come_from_another_checkpoint(tmp_path: Path) -> None:
    begun, trained = net(), net()
    masks = masks_of(trained)
    torch.save(begun.state_dict(), tmp_path / "begun.pt")
    torch.save(masked(trained, masks), tmp_path / "trained.pt")
    ticket = lth.load(tmp_path / "trained.pt", net, weights=tmp_path / "begun.pt")
    assert all(ticket.masks[name].equal(mask) for name, mask in masks.items())
    assert ticket.weights["1.weight"].equal(begun.state_dict()["1.weight"] * masks["1.weight"])


def headed(classes: int) -> nn.Module:
    """A network whose last layer is the first by name."""
    return nn.Sequential(OrderedDict(flat=nn.Flatten(), z=nn.Linear(784, 12), a=nn.Linear(12, classes)))


def test_the_number_of_classes_is_that_of_the_output_layer_in_whatever_order_a_file_has_its_tensors(
    tmp_path: Path,
) -> None:
    save_file(headed(7).state_dict(), tmp_path / "c.safetensors")
    assert [*read_checkpoint(tmp_path / "c.safetensors")] == ["a.bias", "a.weight", "z.bias", "z.weight"]
    ticket = lth.load(tmp_path / "c.safetensors", headed)
    assert ticket.network.classes == 7
    assert ticket.module()(torch.zeros(2, 1, 28, 28)).shape == (2, 7)
    torch.save(dict(reversed(headed(7).state_dict().items())), tmp_path / "c.pt")
    assert lth.load(tmp_path / "c.pt", headed).network.classes == 7
    torch.save(headed(7)[1].state_dict(), tmp_path / "z.pt")
    with pytest.raises(lth.UserError, match=r"'z.weight' is missing in the checkpoint and \[12, 784\] in the model"):
        lth.load(tmp_path / "z.pt", headed)
    with pytest.raises(lth.UserError, match="model: has no convolution or linear layer"):
        lth.load(tmp_path / "z.pt", nn.LayerNorm(3))


def test_masks_that_fit_by_order_only_are_refused_where_a_file_keeps_no_order(tmp_path: Path) -> None:
    torch.save(net().state_dict(), tmp_path / "c.pt")
    masks = {"first": torch.ones(12, 784), "second": torch.ones(10, 12)}
    save_file(masks, tmp_path / "masks.safetensors")
    with pytest.raises(lth.UserError, match="none of its masks has the name of a layer, such as '1"):
        lth.load(tmp_path / "c.pt", net, masks=tmp_path / "masks.safetensors")
    torch.save(masks, tmp_path / "masks.pt")
    assert lth.load(tmp_path / "c.pt", net, masks=tmp_path / "masks.pt").density == 1


def test_a_mask_for_no_layer_is_refused(tmp_path: Path) -> None:
    torch.save(net().state_dict(), tmp_path / "c.pt")
    masks = {"1.weight": torch.zeros(12, 784), "33.weight": torch.zeros(10, 12)}
    with pytest.raises(lth.UserError, match=r"masks: '33.weight' is no layer of the network; it has 1.weight, 3"):
        lth.load(tmp_path / "c.pt", net, masks=masks)
    unpruned = {"33.weight": torch.ones(10, 12), "1.bias": torch.zeros(12)}
    assert lth.load(tmp_path / "c.pt", net, masks={**masks, **unpruned}).layers() == [
        ("1.weight", 0, 9408, 12),
        ("3.weight", 120, 120, 10),
    ]


def test_masks_may_be_arrays_of_numpy(tmp_path: Path) -> None:
    torch.save(net().state_dict(), tmp_path / "c.pt")
    masks = masks_of(net())
    for kind in (np.bool_, np.uint8, np.float64):
        given: Any = {name: mask.numpy().astype(kind) for name, mask in masks.items()}
        assert all(lth.load(tmp_path / "c.pt", net, masks=given).masks[name].equal(masks[name]) for name in masks)
    with pytest.raises(lth.UserError, match=r"masks: '1.weight' is a dict, where an array of 0 and 1 is needed"):
        lth.load(tmp_path / "c.pt", net, masks={"1.weight": {}})  # type: ignore[dict-item]


def test_weights_that_float32_cannot_hold_are_refused_by_the_name_of_their_file(tmp_path: Path) -> None:
    torch.save(net().state_dict(), tmp_path / "good.pt")
    for value, words in ((torch.nan, "not finite"), (1e300, "not finite in float32"), (1j, "complex values")):
        weights = {
            name: w.to(torch.complex64 if isinstance(value, complex) else torch.float64)
            for name, w in net().state_dict().items()
        }
        weights["3.bias"][0] = value
        torch.save(weights, tmp_path / "bad.pt")
        with pytest.raises(lth.UserError, match=rf"bad.pt: '[13]\.(weight|bias)' has .*{words}"):
            lth.load(tmp_path / "good.pt", net, weights=tmp_path / "bad.pt")


class Hostile:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("/tmp/never"),)


def test_bad_checkpoints_are_refused_in_a_sentence(tmp_path: Path) -> None:
    def refused(words: str, path: Path, *given: Any, **more: Any) -> None:
        with pytest.raises(lth.UserError, match=words):
            lth.load(path, *given, **more)

    torch.save({"a": Hostile()}, tmp_path / "hostile.pt")
    torch.save({"a": 1}, tmp_path / "empty.pt")
    torch.save(nn.Linear(3, 4).state_dict(), tmp_path / "other.pt")
    torch.save({name: w * torch.nan for name, w in net().state_dict().items()}, tmp_path / "nan.pt")
    torch.save(net().state_dict(), tmp_path / "good.pt")
    torch.save({"1.weight": torch.full((12, 784), 2)}, tmp_path / "twos.pt")
    torch.save({"x": torch.ones(3, 4)}, tmp_path / "one.pt")
    (tmp_path / "text.pt").write_text("no checkpoint")
    refused("no such file", tmp_path / "none.pt")
    refused("or holds Python objects besides tensors, which are not loaded", tmp_path / "hostile.pt", net)
    refused("holds no tensors by name", tmp_path / "empty.pt", net)
    refused(r"'1.weight' is missing in the checkpoint and \[12, 784\] in the model", tmp_path / "other.pt", net)
    refused("has values that are not finite", tmp_path / "nan.pt", net)
    refused("holds Python objects|cannot be read as a checkpoint", tmp_path / "text.pt", net)
    (tmp_path / "study.pt").write_text("study: x\nseeds: [0]\n")
    refused("holds Python objects|cannot be read as a checkpoint", tmp_path / "study.pt", net)
    refused("to make one of a checkpoint, give its network", tmp_path / "good.pt")
    refused("has other values than 0 and 1", tmp_path / "good.pt", net, masks=tmp_path / "twos.pt")
    refused("has masks of 1 layers, where the network has 2", tmp_path / "good.pt", net, masks=tmp_path / "one.pt")
    refused("square ones are needed", tmp_path / "good.pt", net, shape=(1, 28, 20))
    for shape in ((28, 28), 28):
        refused("shape: channels, height and width are needed, found .*28", tmp_path / "good.pt", net, shape=shape)
    assert not Path("/tmp/never").exists()


def test_a_network_with_a_tensor_under_two_names_is_refused(tmp_path: Path) -> None:
    """One of them would be masked, and the other loaded over it."""
    torch.save(own_nets.Listed().state_dict(), tmp_path / "listed.pt")
    with pytest.raises(lth.UserError, match=r"one tensor under two names, 'a\.weight' and 'layers\.0\.weight'"):
        lth.load(tmp_path / "listed.pt", own_nets.Listed)


def test_a_ticket_is_pruned_further_on_other_data(digits: Images, quick: lth.Recipe) -> None:
    first = lth.find("lenet_300_100", digits, rounds=1, rate=0.5, recipe=quick, seed=2)
    letters = lth.dataset("letters", validation=60, limit=200)
    begun, pruned = lth.find_rounds(first, letters, rounds=1, rate=0.5, recipe=quick)
    assert begun.seed == 2
    assert all(begun.ticket.masks[name].equal(mask) for name, mask in first.masks.items())
    assert pruned.density == pytest.approx(0.25, abs=1e-4)
    for name, mask in pruned.ticket.masks.items():
        assert not (mask & ~first.masks[name]).any()
        assert pruned.ticket.weights[name].equal(first.weights[name] * mask)
    uneven = lth.find("lenet_300_100", digits, rounds=1, rate=0.5, recipe=quick, scope="global")
    with pytest.raises(lth.UserError, match="whose layers keep different shares"):
        lth.find(uneven, letters, rounds=1, recipe=quick)
    assert lth.find(uneven, letters, rounds=1, recipe=quick, scope="global").density == pytest.approx(0.4, abs=1e-4)


def test_a_study_starts_from_files_one_for_each_seed(digits: Images, quick: lth.Recipe, tmp_path: Path) -> None:
    for seed in (0, 1):
        ticket = lth.find("lenet_300_100", digits, rounds=1, rate=0.5, recipe=quick, seed=seed)
        ticket.save(tmp_path / f"s{seed}.safetensors")
    chain = {"network": "net", "recipe": "r", "dataset": "digits", "rounds": 1, "rate": 0.2}
    told = study(str(tmp_path / "s{seed}.safetensors"), chain={**chain, "start": {"ticket": "given", "round": 1}})
    plan = Plan(read_study(told, [])[0])
    assert plan.rounds("given") == (1,)
    assert plan.rounds("chain") == (1, 2)
    assert float(plan.density("chain", 2)) == pytest.approx(0.4, abs=1e-4)
    assert plan.study.tickets["given"].options.input_file(1) == str(tmp_path / "s1.safetensors")
    with pytest.raises(StudyError, match=r"'.*none0.safetensors' no such file; a ticket's file is needed"):
        read_study(study(str(tmp_path / "none{seed}.safetensors")), [])
    ticket.derive({name: mask.roll(1) & mask for name, mask in ticket.masks.items()}, ticket.weights).save(
        tmp_path / "s0.safetensors"
    )
    with pytest.raises(StudyError, match="keep different shares of their weights"):
        read_study(told, [])
    made = tmp_path / "results/from_file/tickets/given/seed0/round01/ticket.safetensors"
    made.parent.mkdir(parents=True)
    lth.find("lenet_300_100", digits, rounds=1, rate=0.7, recipe=quick).save(made)
    (tmp_path / "s0.safetensors").unlink()
    with_results = Plan(plan.study, tmp_path / "results/from_file")  # what was made counts, whatever became of the file
    assert float(with_results.density("chain", 2)) == pytest.approx(0.8 * 0.3, abs=1e-4)
    digits.save(tmp_path / "data.safetensors")
    with pytest.raises(StudyError, match="is no ticket; a ticket's file is needed"):
        read_study(study(str(tmp_path / "data.safetensors")), [])


def test_a_given_ticket_of_another_network_is_a_fault_of_its_study(
    digits: Images, quick: lth.Recipe, tmp_path: Path
) -> None:
    file = tmp_path / "s.safetensors"
    lth.find("lenet5_classic", digits, rounds=1, recipe=quick).save(file)
    with pytest.raises(StudyError, match=r"tickets\.given\.file: .*s\.safetensors' is no ticket of this network"):
        read_study(study(str(file)), [])


def test_the_command_makes_a_ticket_of_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = net()
    masks = masks_of(network)
    torch.save(masked(network, masks), tmp_path / "c.pt")
    command = ["import", str(tmp_path / "c.pt"), "--network", "own_nets:plain", "--to", str(tmp_path / "t.safetensors")]
    assert main(command) == 0
    assert "a ticket at density 3" in capsys.readouterr().out
    assert lth.load(tmp_path / "t.safetensors").masks["1.weight"].equal(masks["1.weight"])
    assert main(command) == 1
    assert "t.safetensors: exists already" in capsys.readouterr().err
