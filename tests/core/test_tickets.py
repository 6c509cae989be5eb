"""Tickets on disk: what goes in comes out, equal content is equal bytes, and whatever is wrong is one sentence."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from lth.artifacts.tensors import read_tensors, write_tensors
from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.config.data import Network
from lth.errors import UserError
from lth.files import write_bytes
from lth.networks.build import build, initial_weights, prunable_names
from lth.pruning import masks as algebra
from lth.seeds import generator

NETWORK = Network(architecture="lenet5_classic")


@pytest.fixture
def sparse() -> Ticket:
    dense = Ticket.dense(NETWORK, seed=3)
    return dense.derive(algebra.random_like(_share(dense, 0.3), generator(0, "test")), dense.weights, round=4)


def _share(ticket: Ticket, share: float) -> dict[str, Tensor]:
    return {n: (torch.arange(m.numel()) < share * m.numel()).view_as(m) for n, m in ticket.masks.items()}


def test_parameter_counts_are_the_published_ones() -> None:
    published = {"lenet5": 3_317_450, "lenet_300_100": 266_610, "lenet5_classic": 61_706}
    for name, count in published.items():
        assert sum(p.numel() for p in build(Network(architecture=name)).parameters()) == count


def test_biases_are_not_prunable_and_start_at_zero() -> None:
    weights = initial_weights(NETWORK, 0)
    names = prunable_names(build(NETWORK))
    assert names == ["0.weight", "3.weight", "7.weight", "9.weight", "11.weight"]
    assert all(not weights[name].any() for name in weights if name not in names)


def test_initial_weights_depend_on_seed_and_purpose_and_on_no_global_state() -> None:
    torch.manual_seed(1)
    first, state = initial_weights(NETWORK, 0), torch.get_rng_state()
    torch.manual_seed(2)
    again = initial_weights(NETWORK, 0)
    torch.manual_seed(1)
    assert all(torch.equal(first[n], again[n]) for n in first)
    assert torch.equal(state, torch.get_rng_state())  # the global state was not even read
    for other in (initial_weights(NETWORK, 1), initial_weights(NETWORK, 0, "fresh initialisation")):
        assert not torch.equal(first["0.weight"], other["0.weight"])


def test_glorot_normal_has_its_published_spread() -> None:
    weight = initial_weights(Network(architecture="lenet_300_100"), 0)["1.weight"]
    assert weight.std().item() == pytest.approx((2 / (784 + 300)) ** 0.5, rel=0.01)


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [("kaiming_normal", 2 / 784), ("kaiming_normal_fan_out", 2 / 300), ("lecun_normal", 1 / 784)],
)
def test_a_scheme_is_by_its_fan_and_for_its_nonlinearity(scheme: Any, variance: float) -> None:
    weight = initial_weights(Network(architecture="lenet_300_100", initialisation=scheme), 0)["1.weight"]
    assert weight.std().item() == pytest.approx(variance**0.5, rel=0.01)


def test_the_fan_out_of_a_convolution_counts_its_kernel() -> None:
    network = Network(architecture="lenet5", initialisation="kaiming_normal_fan_out")  # 64 channels, kernels of 3x3
    assert initial_weights(network, 0)["2.weight"].std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


def test_normal_biases_are_drawn_beside_the_weights_of_the_scheme_with_zeros() -> None:
    """1,000 biases: the standard deviation of their mean is 0.032, of their standard deviation 0.022."""
    network = Network(
        architecture="lenet5_classic", size=16, classes=1000, initialisation="glorot_normal_normal_biases"
    )
    found, zero = (initial_weights(network.model_copy(update={"initialisation": name}), 0) for name in SCHEMES)
    weights, biases = ([name for name in found if name.endswith(kind)] for kind in (".weight", ".bias"))
    assert all(torch.equal(found[name], zero[name]) for name in weights)
    assert not any(zero[name].any() for name in biases)
    assert found["11.bias"].mean().item() == pytest.approx(0, abs=0.1)
    assert found["11.bias"].std().item() == pytest.approx(1, abs=0.07)
    assert all(found[name].all() for name in biases)
    other = initial_weights(network, 0, "fresh initialisation")
    assert not torch.equal(other["11.bias"], found["11.bias"])


SCHEMES = ("glorot_normal_normal_biases", "glorot_normal")


def test_saved_and_loaded_is_the_same_and_equal_content_gives_equal_bytes(sparse: Ticket, tmp_path: Path) -> None:
    sparse.save(tmp_path / "a")
    sparse.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    loaded = Ticket.load(tmp_path / "a", NETWORK)
    assert list(loaded.masks) == list(sparse.masks)
    assert all(torch.equal(loaded.masks[n], sparse.masks[n]) for n in sparse.masks)
    assert all(torch.equal(loaded.weights[n], sparse.weights[n]) for n in sparse.weights)
    assert loaded.provenance["round"] == 4


def test_the_file_holds_the_kept_weights_of_theta_0_in_index_order_and_no_others(
    sparse: Ticket, tmp_path: Path
) -> None:
    sparse.save(tmp_path / "t")
    stored, theta_0 = load_file(tmp_path / "t"), initial_weights(NETWORK, 3)
    for name, mask in sparse.masks.items():
        assert torch.equal(stored[f"values/{name}"], theta_0[name][mask])
        assert f"weights/{name}" not in stored
    assert sorted(name for name in stored if name.startswith("weights/")) == sorted(
        f"weights/{name}" for name in theta_0 if name not in sparse.masks
    )


def _damage(path: Path, layer: str, change: str) -> None:
    """Write it wrong in itself, so that its checksum is right."""
    tensors, metadata = read_tensors(path, "ticket")
    if change == "bit beyond":
        tensors[f"mask/{layer}"][-1] |= 1
    elif change == "bit more":
        tensors[f"mask/{layer}"][0] ^= 0x80
    elif change == "mask dtype":
        tensors[f"mask/{layer}"] = tensors[f"mask/{layer}"].float()
    elif change == "mask shape":
        tensors[f"mask/{layer}"] = tensors[f"mask/{layer}"][:-1].clone()
    elif change == "shape":
        metadata["shapes"][layer] = [16, 6, 25]
    elif change in ("nan", "inf", "-inf"):
        tensors[f"values/{layer}"][{"nan": 5, "inf": 0, "-inf": -1}[change]] = float(change)
    elif change == "no weight":
        del tensors[f"values/{layer}"]
    elif change == "no mask":
        del tensors[f"mask/{layer}"]
    write_tensors(path, "ticket", tensors, metadata)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("bit beyond", "mask of 0.weight has bits set beyond its 150 weights"),
        ("bit more", r"has \d+ values of 0.weight, where its mask keeps \d+"),
        ("mask dtype", "mask of 0.weight is float32"),
        ("mask shape", "mask of 0.weight has 18 bytes, where its 150 weights take 19"),
        ("shape", "mask of 0.weight has 19 bytes, where its 2400 weights take 300"),
        *((value, "values/0.weight holds values that are not finite") for value in ("nan", "inf", "-inf")),
        ("no weight", "0.weight has a mask but no values"),
        ("no mask", "its metadata lists the layers"),
    ],
)
def test_a_wrong_ticket_is_refused_in_a_sentence(sparse: Ticket, tmp_path: Path, change: str, sentence: str) -> None:
    path = tmp_path / "ticket.safetensors"
    sparse.save(path)
    _damage(path, "0.weight", change)
    with pytest.raises(UserError, match=sentence) as raised:
        Ticket.load(path)
    assert str(path) in str(raised.value)


def test_a_ticket_in_the_format_before_is_refused_with_what_to_do(sparse: Ticket, tmp_path: Path) -> None:
    tensors: dict[str, Tensor] = {f"weights/{name}": weight for name, weight in sparse.weights.items()}
    tensors |= {f"mask/{name}": mask.to(torch.uint8) for name, mask in sparse.masks.items()}
    write_tensors(tmp_path / "t", "ticket", tensors, {**sparse.provenance, "layers": list(sparse.masks)})
    with pytest.raises(UserError, match=r"before 0\.1\.0.* delete the results of that study and rerun"):
        Ticket.load(tmp_path / "t")


def test_a_truncated_empty_foreign_or_missing_file_is_refused_in_a_sentence(sparse: Ticket, tmp_path: Path) -> None:
    path = tmp_path / "ticket.safetensors"
    sparse.save(path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:4], b"", b"PK\x03\x04 not ours", b"\xff" * 64):
        path.write_bytes(content)
        with pytest.raises(UserError, match="damaged or not a safetensors file"):
            Ticket.load(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="not an artifact of this project"):
        Ticket.load(path)
    path.unlink()
    with pytest.raises(UserError, match="no such file"):
        Ticket.load(path)


def test_a_ticket_of_another_network_and_weights_as_tickets_are_refused(sparse: Ticket, tmp_path: Path) -> None:
    sparse.save(tmp_path / "t")
    with pytest.raises(UserError, match=r"belongs to network lenet5_classic .* not to network lenet_300_100"):
        Ticket.load(tmp_path / "t", Network(architecture="lenet_300_100"))
    TrainedWeights(last=sparse.weights).save(tmp_path / "w", tmp_path / "t")
    with pytest.raises(UserError, match="holds a weights, where a ticket is needed"):
        Ticket.load(tmp_path / "w")


def test_a_ticket_that_a_user_gives_is_not_to_be_deleted(sparse: Ticket, tmp_path: Path) -> None:
    """What made it may lie elsewhere, or be gone."""
    path = tmp_path / "given.safetensors"
    weights = {name: value for name, value in sparse.weights.items() if name != "11.bias"}
    with pytest.raises(UserError) as caught:
        Ticket(sparse.masks, weights, sparse.provenance).of_network(NETWORK, path)
    network = "network lenet5_classic (1x28x28 to 10, glorot_normal)"
    assert str(caught.value) == f"{path}: lacks 1 of the 10 parameters of {network}, first '11.bias'"


def test_trained_weights_belong_to_one_ticket(sparse: Ticket, tmp_path: Path) -> None:
    sparse.save(tmp_path / "t")
    TrainedWeights(last=sparse.weights, best=sparse.weights).save(tmp_path / "w", tmp_path / "t")
    loaded = TrainedWeights.load(tmp_path / "w", tmp_path / "t")
    assert all(torch.equal(loaded.last[n], sparse.weights[n]) for n in sparse.weights)
    assert loaded.best.keys() == sparse.weights.keys()
    assert not loaded.early
    Ticket.dense(NETWORK, 0).save(tmp_path / "t")
    with pytest.raises(UserError, match="was not trained from"):
        TrainedWeights.load(tmp_path / "w", tmp_path / "t")


def test_weights_that_are_not_zero_where_the_ticket_is_pruned_are_kept_whole(sparse: Ticket, tmp_path: Path) -> None:
    """Those of an early step, when the network was denser than the ticket."""
    early = {name: weight + 1 for name, weight in initial_weights(NETWORK, 5).items()}
    sparse.save(tmp_path / "t")
    TrainedWeights(last=sparse.weights, early=early).save(tmp_path / "w", tmp_path / "t", sparse.masks)
    stored = load_file(tmp_path / "w")
    loaded = TrainedWeights.load(tmp_path / "w", tmp_path / "t")
    for name, mask in sparse.masks.items():
        assert stored[f"last/{name}"].shape == (int(mask.sum()),)
        assert stored[f"early/{name}"].shape == mask.shape
    assert all(torch.equal(loaded.early[name], early[name]) for name in early)
    assert all(torch.equal(loaded.last[name], sparse.weights[name]) for name in sparse.weights)


def test_a_failed_write_leaves_what_was_there_and_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="cannot be written: No space left on device"):
        write_bytes(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
