"""Controls: each has the ticket's counts in every layer, and differs from it in the one thing that it is named for."""

from typing import get_args

import pytest
import torch
from torch import Tensor

from lth.artifacts.tickets import Ticket
from lth.catalog.controls import ARM_KINDS, DERIVED, ArmKind, ControlKind
from lth.config.data import Network
from lth.config.noise import Noise
from lth.methods.controls import control
from lth.networks.build import initial_weights
from lth.pruning import masks as algebra
from lth.seeds import generator

NETWORK = Network(architecture="lenet5_classic")
UNDER_OTHER_MASKS = {"shuffled", "rewired", "rewired_rescaled", "random", "magnitude"}


@pytest.fixture(scope="module")
def ticket() -> Ticket:
    """A third of each layer at random, over weights of its own (as after rewinding to a later step)."""
    dense = Ticket.dense(NETWORK, seed=3)
    third = {n: (torch.arange(m.numel()) < 0.3 * m.numel()).view_as(m) for n, m in dense.masks.items()}
    own = initial_weights(NETWORK, 3, "another draw")
    return dense.derive(algebra.random_like(third, generator(0, "test")), own, round=4)


def _made(ticket: Ticket, kind: ArmKind) -> Ticket:
    return control(ticket, kind, NETWORK, 3, "t")


def _kept(ticket: Ticket) -> dict[str, Tensor]:
    return {layer: ticket.weights[layer][mask] for layer, mask in ticket.masks.items()}


def _rms(values: Tensor) -> float:
    return float(values.double().square().mean().sqrt())


def _others(ticket: Ticket) -> dict[str, Tensor]:
    """Biases, and whatever else has no mask."""
    return {name: tensor for name, tensor in ticket.weights.items() if name not in ticket.masks}


def test_every_kind_has_its_facts() -> None:
    assert {*ARM_KINDS} == {"own", *get_args(ControlKind), *DERIVED}


@pytest.mark.parametrize("kind", DERIVED)
def test_controls_keep_exact_counts_per_layer_and_are_the_same_each_time(ticket: Ticket, kind: ArmKind) -> None:
    made, repeated = _made(ticket, kind), _made(ticket, kind)
    assert made.layers() == ticket.layers()
    same_masks = all(torch.equal(made.masks[n], ticket.masks[n]) for n in ticket.masks)
    assert same_masks == (kind not in UNDER_OTHER_MASKS)
    assert all(not made.weights[name][~mask].any() for name, mask in made.masks.items())
    assert all(torch.equal(made.weights[n], repeated.weights[n]) for n in made.weights)


@pytest.mark.parametrize("kind", sorted(UNDER_OTHER_MASKS - {"rewired_rescaled"}))
def test_other_masks_are_over_theta_0(ticket: Ticket, kind: ArmKind) -> None:
    theta_0 = initial_weights(NETWORK, 3)
    made = _made(ticket, kind)
    assert all(torch.equal(kept, theta_0[layer][made.masks[layer]]) for layer, kept in _kept(made).items())


def test_a_random_mask_owes_nothing_to_the_ticket_but_its_counts(ticket: Ticket) -> None:
    moved = ticket.derive(algebra.shuffled(ticket.masks, generator(9, "x")), ticket.weights)
    for kind in ("random", "magnitude"):
        first, other = (control(one, kind, NETWORK, 3, "t") for one in (ticket, moved))
        assert all(torch.equal(other.masks[n], first.masks[n]) for n in ticket.masks)


def test_magnitude_keeps_the_largest_of_theta_0(ticket: Ticket) -> None:
    theta_0 = initial_weights(NETWORK, 3)
    for layer, mask in _made(ticket, "magnitude").masks.items():
        size = theta_0[layer].abs()
        assert size[mask].min() >= size[~mask].max()


def test_permuted_has_the_same_values_in_other_places(ticket: Ticket) -> None:
    made = _made(ticket, "permuted")
    for layer, kept in _kept(made).items():
        before = _kept(ticket)[layer]
        assert torch.equal(kept.sort().values, before.sort().values)
        assert not torch.equal(kept, before)
    assert all(torch.equal(tensor, ticket.weights[name]) for name, tensor in _others(made).items())
    other = control(ticket, "permuted", NETWORK, 3, "u")
    assert not all(torch.equal(other.weights[n], made.weights[n]) for n in made.weights)


def test_rescaled_has_the_scale_of_the_ticket_and_else_what_reinitialised_has(ticket: Ticket) -> None:
    made, new = _made(ticket, "rescaled"), _made(ticket, "reinitialised")
    doubled = ticket.derive(ticket.masks, {n: 2 * w for n, w in ticket.weights.items()})
    for layer, kept in _kept(made).items():
        assert _rms(kept) == pytest.approx(_rms(_kept(ticket)[layer]), rel=1e-6)
        ratio = kept / _kept(new)[layer]
        assert torch.allclose(ratio, ratio[:1], rtol=1e-5)
        assert _rms(_kept(_made(doubled, "rescaled"))[layer]) == pytest.approx(2 * _rms(kept), rel=1e-6)
    assert all(torch.equal(tensor, new.weights[name]) for name, tensor in _others(made).items())


def test_rewired_rescaled_has_the_mask_of_rewired_and_the_scale_of_the_ticket(ticket: Ticket) -> None:
    made, rewired = _made(ticket, "rewired_rescaled"), _made(ticket, "rewired")
    for layer, kept in _kept(made).items():
        assert torch.equal(made.masks[layer], rewired.masks[layer])
        assert _rms(kept) == pytest.approx(_rms(_kept(ticket)[layer]), rel=1e-6)
        ratio = kept / _kept(rewired)[layer]
        assert torch.allclose(ratio, ratio[:1], rtol=1e-5)
    assert all(torch.equal(tensor, rewired.weights[name]) for name, tensor in _others(made).items())


def test_a_layer_of_zeros_is_scaled_to_zeros_and_an_empty_one_is_left(ticket: Ticket) -> None:
    layer = next(iter(ticket.masks))
    zeros = ticket.derive(ticket.masks, {**ticket.weights, layer: torch.zeros_like(ticket.weights[layer])})
    for kind in ("rescaled", "rewired_rescaled"):
        assert not _made(zeros, kind).weights[layer].any()
    empty = ticket.derive({**ticket.masks, layer: torch.zeros_like(ticket.masks[layer])}, ticket.weights)
    for kind in DERIVED:
        made = _made(empty, kind)
        assert not made.masks[layer].any()
        assert all(tensor.isfinite().all() for tensor in made.weights.values())


def test_redrawn_signs_has_the_ticket_s_magnitudes_and_half_of_its_signs(ticket: Ticket) -> None:
    made = _made(ticket, "redrawn_signs")
    same = []
    for layer, kept in _kept(made).items():
        before = _kept(ticket)[layer]
        assert torch.equal(kept.abs(), before.abs())
        same.append((kept.sign() == before.sign()).float())
    assert 0.45 < float(torch.cat(same).mean()) < 0.55  # 18,000 signs: four standard deviations are 0.015
    assert all(torch.equal(tensor, ticket.weights[name]) for name, tensor in _others(made).items())


def test_noise_has_the_size_asked_for_and_leaves_the_rest(ticket: Ticket) -> None:
    """Relative to each layer's root mean square, or the same in all; of one seed the same draw, scaled."""
    usual = control(ticket, "noisy", NETWORK, 3, "t")
    half = control(ticket, "noisy", NETWORK, 3, "another", noise=Noise(relative=0.5))
    fixed = control(ticket, "noisy", NETWORK, 3, "t", noise=Noise(std=0.02))
    for layer, before in _kept(ticket).items():
        size, added = _rms(before), [_kept(made)[layer] - before for made in (usual, half, fixed)]
        slack = 5 / (2 * len(before)) ** 0.5  # five standard errors of a standard deviation
        assert [_rms(one) for one in added] == pytest.approx([0.1 * size, 0.5 * size, 0.02], rel=slack)
        torch.testing.assert_close(5 * added[0], added[1], atol=1e-6, rtol=1e-3)
    assert all(torch.equal(tensor, ticket.weights[name]) for name, tensor in _others(usual).items())
    assert not torch.equal(control(ticket, "noisy", NETWORK, 3, "t", 1).weights["0.weight"], usual.weights["0.weight"])


def test_own_signs_has_the_ticket_s_signs_and_the_magnitudes_of_reinitialised(ticket: Ticket) -> None:
    made, new = _made(ticket, "own_signs"), _made(ticket, "reinitialised")
    for layer, kept in _kept(made).items():
        assert torch.equal(kept.sign(), _kept(ticket)[layer].sign())
        assert torch.equal(kept.abs(), _kept(new)[layer].abs())
    assert all(torch.equal(tensor, new.weights[name]) for name, tensor in _others(made).items())


def test_what_is_no_control_is_an_error(ticket: Ticket) -> None:
    with pytest.raises(ValueError, match="own is no control"):
        _made(ticket, "own")
