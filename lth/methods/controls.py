"""Controls: transformations of a ticket that keep its exact per-layer counts and change its mask or its weights."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from lth.artifacts.tickets import Ticket
from lth.catalog.controls import ARM_KINDS, DERIVED, REWIRED, ArmKind
from lth.config.data import Network
from lth.config.noise import USUAL_NOISE, Noise
from lth.errors import UserError
from lth.files import checksum
from lth.networks.build import initial_weights
from lth.plan.jobs import ControlJob
from lth.pruning.masks import Masks, keep_largest, random_like, root_mean_square, shuffled
from lth.pruning.rewire import rewired
from lth.running.jobs import Job
from lth.seeds import generator


def control(
    parent: Ticket,
    kind: ArmKind,
    network: Network,
    seed: int,
    name: str,
    draw: int = 0,
    noise: Noise | None = None,
) -> Ticket:
    """The control of a ticket.

    Other masks over theta_0:

    - `shuffled`: the ticket's masks permuted within each layer, one permutation a ticket and seed (Frankle et al.
      2021).
    - `rewired`: as many weights at each unit as the ticket's masks, at random places. Of a shuffled mask many weights
      lead nowhere, of a ticket's few; this keeps that, and nothing else.
    - `rewired_rescaled`: the same masks over theta_0 multiplied in each layer so that the kept weights have the root
      mean square of the ticket's. It keeps the weights at each unit and their size; from `rescaled` it differs in which
      connections there are.
    - `random`: masks that share nothing with the ticket's but their counts.
    - `magnitude`: the largest weights of theta_0 by absolute value in each layer. They have seen no data, and a ticket
      found by magnitude pruning keeps many of them.
    - `dense`: no mask.

    The ticket's masks over other weights:

    - `reinitialised`: newly drawn (Frankle & Carbin 2019); one draw a seed, shared by all tickets, so that they differ
      in their masks only.
    - `rescaled`: the same draw, multiplied in each layer so that the kept weights have the root mean square of the
      ticket's. A ticket's kept weights are larger than the average of their layer; this keeps that, and nothing else.
    - `own_signs`: the same draw, with the signs of the ticket's weights (Zhou et al. 2019).
    - `redrawn_signs`: the ticket's weights, with signs drawn anew (Zhou et al. 2019).
    - `permuted`: the ticket's kept weights permuted within each layer: the same values in other places.
    - `noisy`: the ticket's kept weights plus Gaussian noise; of a seed the same draw for all tickets.

    Biases, norms and unpruned layers are those of the draw in the first three, and the ticket's in the last three.

    Raises:
        UserError: newly drawn weights are the ticket's own: nothing draws them.

    Args:
        parent: the ticket.
        kind: what to make of it.
        network: that of the ticket, perhaps with another initialisation, by which theta_0 and new weights (with their
            biases) are then drawn.
        seed: of all streams.
        name: of the ticket, for permutations of its own.
        draw: which of several independent draws of the seed.
        noise: how much `noisy` adds; without it a tenth of the root mean square of each layer's kept weights.
    """
    if kind == "dense":
        return Ticket.dense(network, seed)
    if kind not in DERIVED:
        raise ValueError(f"{kind} is no control")
    which = (draw,) if draw else ()  # the only draw of most studies keeps the shorter name of its stream
    own, masks, of = parent.weights, parent.masks, ARM_KINDS[kind].weights
    if of in ("theta_0", "theta_0_scaled"):
        theta_0 = initial_weights(network, seed)
        others = _other_masks(kind, masks, theta_0, seed, name, which)
        if of == "theta_0_scaled":
            theta_0 = {**theta_0, **_rescaled(theta_0, others, own, masks)}
        return parent.derive(others, theta_0)
    if of == "new":
        apart = ("draw", draw) if draw else ()  # the number alone is that of a round with `rewind: reinitialised`
        new = initial_weights(network, seed, "fresh initialisation", *apart)
        kept = [layer for layer, mask in masks.items() if mask.any()]
        if kept and all(torch.equal(new[layer][masks[layer]], own[layer][masks[layer]]) for layer in kept):
            raise UserError(
                f"{kind}: the newly drawn weights are the ticket's own, since the network's constructor draws the same "
                f"whatever torch's random state is (it loads weights, or seeds torch itself)"
            )
        return parent.derive(masks, {**new, **_like(kind, new, own, masks)})
    if kind == "permuted":
        changed = _permuted(own, masks, generator(seed, "permuted weights", name, *which))
    elif kind == "noisy":
        changed = _noisy(own, masks, noise or USUAL_NOISE, generator(seed, "noise", *which))
    else:
        changed = _redrawn_signs(own, masks, generator(seed, "signs", *which))
    return parent.derive(masks, {**own, **changed})


def _other_masks(
    kind: ArmKind, masks: Masks, theta_0: Mapping[str, Tensor], seed: int, name: str, which: tuple[int, ...]
) -> dict[str, Tensor]:
    """Masks with the counts of the ticket's."""
    if kind == "magnitude":
        return _largest(masks, theta_0)
    if kind == "random":
        return random_like(masks, generator(seed, "random mask", *which))
    if kind in REWIRED:
        others = rewired(masks, generator(seed, "rewired mask", name, *which))
        if masks and all(others[layer].equal(mask) for layer, mask in masks.items()):
            raise UserError(
                f"{kind}: the ticket's masks have no others with as many weights at each unit, since they keep whole "
                f"filters or channels (or all weights); `shuffled` has other ones"
            )
        return others
    return shuffled(masks, generator(seed, "shuffled mask", name, *which))


def _like(kind: ArmKind, new: Mapping[str, Tensor], own: Mapping[str, Tensor], masks: Masks) -> dict[str, Tensor]:
    """What newly drawn weights take over of the ticket's: nothing, the scale of each layer, or the signs."""
    if kind == "rescaled":
        return _rescaled(new, masks, own, masks)
    if kind == "own_signs":
        return {layer: new[layer].abs().copysign(own[layer]) for layer in masks}
    return {}


def _largest(masks: Masks, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Masks of the largest weights by absolute value, with the counts of `masks`; ties go to the lower index."""
    return {
        layer: keep_largest(weights[layer].abs(), int(mask.count_nonzero()), torch.ones_like(mask))
        for layer, mask in masks.items()
    }


def _permuted(weights: Mapping[str, Tensor], masks: Masks, stream: torch.Generator) -> dict[str, Tensor]:
    """Kept weights in other kept places of their layer; one stream, layer by layer."""
    moved = {}
    for layer, mask in masks.items():
        values = weights[layer][mask]
        moved[layer] = weights[layer].clone()
        moved[layer][mask] = values[torch.randperm(len(values), generator=stream)]
    return moved


def _redrawn_signs(weights: Mapping[str, Tensor], masks: Masks, stream: torch.Generator) -> dict[str, Tensor]:
    """Every weight of the prunable layers with a sign drawn at random; the same signs for all tickets of a seed."""
    drawn = {}
    for layer in masks:
        negative = torch.randint(0, 2, weights[layer].shape, generator=stream).bool()
        drawn[layer] = torch.where(negative, -weights[layer].abs(), weights[layer].abs())
    return drawn


def _noisy(weights: Mapping[str, Tensor], masks: Masks, noise: Noise, stream: torch.Generator) -> dict[str, Tensor]:
    """The prunable layers' weights plus noise, of which the masks leave that of kept weights."""
    found = {}
    for layer, mask in masks.items():
        drawn = torch.randn(weights[layer].shape, generator=stream)
        size = noise.std if noise.relative is None else noise.relative * root_mean_square(weights[layer][mask])
        found[layer] = weights[layer] + (size or 0.0) * drawn
    return found


def _rescaled(weights: Mapping[str, Tensor], kept: Masks, own: Mapping[str, Tensor], masks: Masks) -> dict[str, Tensor]:
    """Weights multiplied in each layer: those that `kept` keeps get the root mean square of `own` under `masks`."""
    scaled = {}
    for layer, mask in masks.items():
        wanted, found = root_mean_square(own[layer][mask]), root_mean_square(weights[layer][kept[layer]])
        scaled[layer] = weights[layer] * (wanted / found) if found else weights[layer]
    return scaled


def chosen_ticket(spec: ControlJob, path: Path, made: str | None) -> Ticket:
    """The ticket of a round (`made` None), or a control made of it; raises UserError if the file is another one."""
    expected = {"study": spec.study, "ticket": spec.ticket, "seed": spec.seed, "round": spec.round}
    return Ticket.load(path, spec.drawn_network if made else spec.network, **expected, control=made)


def make_control(spec: ControlJob, ticket: Path, out: Path, job: Job) -> None:
    """Read a ticket, transform it, write the control."""
    network = spec.drawn_network
    made = control(chosen_ticket(spec, ticket, None), spec.kind, network, spec.seed, spec.ticket, noise=spec.noise)
    described = {key: getattr(spec, key) for key in ("study", "ticket", "seed", "round")}
    described["network"] = network.model_dump()
    made = made.derive(made.masks, made.weights, **described, control=spec.kind, parent=checksum(ticket))
    made.save(out)
    job.found = f"{spec.kind} control at density {100 * made.density:.2f} %"
