"""Rules of ways to find a ticket: which keys a method takes, and which scores, layers and densities go together."""

from collections.abc import Iterator
from fractions import Fraction

from lth.config.chains import FOLLOWERS, FROM_SCRATCH
from lth.config.check_tickets import missing
from lth.config.draft import Unknown, items
from lth.config.lookup import architecture_of
from lth.config.models import RateOf, Study, Ticket
from lth.config.plan import Plan
from lth.config.problems import Fault, Path
from lth.config.wording import listed
from lth.networks import ARCHITECTURES
from lth.scores import SCORES

CONSTANTS = ("at_init", "progressive", "dynamic", "dual", "derived", "combined")
"""Each method's key."""
ONLY_IMP = ("one_shot", "rewind", "rewind_step", "retrain", "start")
"""Keys that say what happens between rounds."""
OF_PRUNING = ("rate", "scope", "whole")
"""Keys that say how many weights are pruned where."""
COVERED = {"convolution": ("convolution", "first"), "dense": ("dense", "pooler"), "output": ("output",)}
"""The layers that a kind's rate is for."""
NO_PRUNING = ("dense", *FOLLOWERS)
"""Methods that rank no weights themselves."""


def _given(ticket: Ticket, key: str) -> bool:
    """Whether a key says something else than its default does."""
    return bool(getattr(ticket, key) != Ticket.model_fields[key].default)


def _constants(_: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """A method's constants are there, and no other method's."""
    path, method = ("tickets", name), ticket.method
    for key in CONSTANTS:
        if key == method and getattr(ticket, key) is None:
            yield path, missing(key)
        elif key != method and _given(ticket, key):
            yield (*path, key), f"only `method: {key}` has it, and `method` is '{method}'; take it out"
    for key in ONLY_IMP:
        if method != "imp" and _given(ticket, key):
            yield (*path, key), f"only `method: imp` has it, and `method` is '{method}'; take it out"
    for key in OF_PRUNING:
        if method in NO_PRUNING and _given(ticket, key):
            yield (*path, key), f"has no effect: `method: {method}` ranks no weights itself; take it out"


def _score(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """The score can score what the method shows it."""
    path = ("tickets", name, "score")
    if ticket.score not in SCORES:
        raise Unknown
    known, when = SCORES[ticket.score], {"imp": "trained", "at_init": "initial"}.get(ticket.method)
    if when is None:
        if ticket.score != "magnitude":
            yield path, f"`method: {ticket.method}` has a criterion of its own; take `score` out"
    elif when not in known.when:
        fitting = listed([other for other, entry in SCORES.items() if when in entry.when])
        weights = "trained weights" if when == "trained" else "untrained weights"
        needs = ", and this score needs the weights of the best epoch" if known.best else ""
        yield (
            path,
            f"'{ticket.score}' cannot be used here: `method: {ticket.method}` scores {weights}{needs}; use {fitting}",
        )
    elif known.signed:
        architecture = study.networks[ticket.network].architecture
        if architecture in ARCHITECTURES and not ARCHITECTURES[architecture].homogeneous:
            message = "needs a network of convolutions, linear layers, batch norm, ReLU and pooling"
            yield path, f"'{ticket.score}' {message}, which '{architecture}' is not; use another score or network"


def _no_images(_: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    if ticket.score not in SCORES:
        raise Unknown
    if ticket.method == "at_init" and ticket.at_init.per_class is not None and not SCORES[ticket.score].images:
        message = f"has no effect: '{ticket.score}' looks at no images; take it out"
        yield ("tickets", name, "at_init", "per_class"), message


def _rates_of_kinds(name: str, ticket: Ticket) -> Iterator[tuple[Path, RateOf]]:
    """Wherever a ticket says `rate_of`: of all its rounds, or of those of a stage."""
    if ticket.rate_of:
        yield ("tickets", name, "rate_of"), ticket.rate_of
    for position, stage in items(ticket.chain):
        if stage.rate_of:
            yield ("tickets", name, "chain", position, "rate_of"), stage.rate_of


def _layers(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """Rates of kinds of layers are for rounds that prune layer by layer at a rate, and for layers that there are."""
    for path, rates in _rates_of_kinds(name, ticket):
        if ticket.method != "imp":
            yield path, f"only `method: imp` has it, and `method` is '{ticket.method}'; take it out"
        elif ticket.scope != "layer":
            yield path, f"needs `scope: layer`, found '{ticket.scope}'; take one of them out"
        elif ticket.densities:
            yield path, "goes with `rounds` and `rate`, found `densities`; take one of them out"
        for kind in ticket.whole:
            if getattr(rates, kind, None) is not None:
                message = f"these layers are never pruned, since `whole` has '{kind}'; take one of them out"
                yield (*path, kind), message
        for own, layers in COVERED.items():
            if getattr(rates, own) is not None and not {*layers} & {*_kinds(study, ticket)}:
                yield (*path, own), _no_such_layer(study, ticket, own)


def _whole(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """What is never pruned is there, and not everything."""
    path, kinds = ("tickets", name, "whole"), _kinds(study, ticket)
    for position, kind in items(ticket.whole):
        if kind not in kinds:
            yield (*path, position), _no_such_layer(study, ticket, kind)
    if set(ticket.whole) >= set(kinds):
        architecture = study.networks[ticket.network].architecture
        yield path, f"leaves nothing to prune: '{architecture}' has {listed(kinds)} layers only; take one of them out"


def _kinds(study: Study, ticket: Ticket) -> tuple[str, ...]:
    return architecture_of(study.networks[ticket.network]).layers


def _no_such_layer(study: Study, ticket: Ticket, kind: str) -> str:
    architecture = study.networks[ticket.network].architecture
    return f"'{architecture}' has no '{kind}' layers; its layers are {listed(_kinds(study, ticket))}"


def _densities(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """Densities fall, from that of the ticket it starts from; nothing else says how much is pruned."""
    path = ("tickets", name, "densities")
    if ticket.method == "dual" and ticket.rounds:
        message = "`method: dual` masks to each density in cycles of its own, not in rounds; give `densities` instead"
        yield ("tickets", name, "rounds"), message
    if ticket.densities and _given(ticket, "rate"):
        yield ("tickets", name, "rate"), "has no effect beside `densities`; take one of them out"
    least = Plan(study).density(ticket.start.ticket, ticket.start.round) if ticket.start else Fraction(1)
    for position, density in items(ticket.densities):
        if Fraction(str(density)) >= least:
            message = f"densities must fall from round to round, found {density:g} after {float(least):.4g}"
            yield (*path, position), message
        least = Fraction(str(density))


def _rewind_step(_: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    path = ("tickets", name)
    if ticket.method != "imp":
        return
    if ticket.rewind == "step" and ticket.rewind_step is None:
        yield path, "`rewind_step` is missing, which says how far back `rewind: step` goes"
    if ticket.rewind == "step" and ticket.start is not None:
        message = "'step' needs a dense training of its own, found `start`; take one of them out"
        yield (*path, "rewind"), message
    if ticket.rewind != "step" and ticket.rewind_step is not None:
        yield (*path, "rewind_step"), f"only `rewind: step` has it, and `rewind` is '{ticket.rewind}'; take it out"


def _one_shot(_: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """Pruning the dense network at once leaves nothing for a second data set to decide."""
    datasets = list(dict.fromkeys(stage.dataset for _, stage in items(ticket.chain)))
    if ticket.method == "imp" and ticket.one_shot and len(datasets) > 1:
        message = f"prunes what was trained on '{datasets[0]}' only, found a `chain` over {listed(datasets)}"
        yield ("tickets", name, "one_shot"), f"{message}; take one of them out"


def _one_shot_stability(_: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """A round that cannot prune is made up for by the next one only where that prunes what this one has trained."""
    if ticket.method == "imp" and ticket.one_shot and ticket.score == "stability":
        message = "'stability' may find nothing in the one dense training that all rounds of `one_shot` prune"
        yield ("tickets", name, "score"), f"{message}, and then none of them can; take `one_shot` out"


def _followed(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """Masks that are taken over are of the same network."""
    if ticket.method == "derived" and ticket.derived:
        others: dict[Path, str] = {("derived", "ticket"): ticket.derived.ticket}
    elif ticket.method == "combined" and ticket.combined:
        others = {("combined", "tickets", position): other for position, other in items(ticket.combined.tickets)}
    else:
        return
    for inside, other in others.items():
        if study.tickets[other].network != ticket.network:
            message = f"'{other}' has network '{study.tickets[other].network}', this ticket has '{ticket.network}'"
            yield ("tickets", name, *inside), f"cannot take over a mask of another network: {message}"


def _from_theta_0(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """Shuffled and random masks are over theta_0; of a ticket over other weights two things would have changed."""
    if ticket.method != "derived" or not ticket.derived or ticket.derived.kind == "fresh":
        return
    if (weights := weights_of(study, ticket.derived.ticket)) != "theta_0":
        message = f"a {ticket.derived.kind} mask is over theta_0, and '{ticket.derived.ticket}' starts from {weights}"
        yield ("tickets", name, "derived"), f"{message}, so that two things would differ; derive a ticket over theta_0"


def _same_weights(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """Two tickets that are combined are masks over the same weights."""
    if ticket.method != "combined" or not ticket.combined:
        return
    path, (one, other) = ("tickets", name, "combined", "tickets"), ticket.combined.tickets
    if one == other:
        yield path, f"combines '{one}' with itself; give two tickets"
    elif (first := weights_of(study, one)) != (second := weights_of(study, other)):
        message = f"'{one}' starts from {first}, '{other}' from {second}"
        yield path, f"{message}; combine tickets that start from the same weights"


def weights_of(study: Study, name: str) -> str:
    """In words, the weights that a ticket's networks start from; equal words for equal weights."""
    ticket = study.tickets[name]
    if ticket.method == "combined" and ticket.combined:
        if ticket.combined.weights != "initial":
            return f"weights of its own ('{name}' has `weights: {ticket.combined.weights}`)"
        return weights_of(study, ticket.combined.tickets[0])
    if ticket.method == "derived" and ticket.derived and ticket.derived.kind == "fresh":
        return f"fresh weights (draw {ticket.derived.draw})"
    if ticket.method == "dual":
        return f"weights of its own ('{name}' has `method: {ticket.method}`)"
    return _rewound_to(study, name, ticket) if ticket.method == "imp" else "theta_0"


def _rewound_to(study: Study, name: str, ticket: Ticket) -> str:
    if ticket.rewind == "initial":
        return weights_of(study, ticket.start.ticket) if ticket.start else "theta_0"
    if ticket.rewind == "step":
        return f"step {ticket.rewind_step} of '{ticket.recipe}' on '{Plan(study).dataset(name, 0)}'"
    return f"weights of its own ('{name}' has `rewind: {ticket.rewind}`)"


def _every(_: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    if ticket.every > 1 and ticket.method == "imp" and not ticket.one_shot:
        message = "each round prunes what the one before has trained, so none can be left out"
        yield ("tickets", name, "every"), f"{message}; take it out, or set `one_shot: true`"


METHOD_RULES = (
    *(_constants, _score, _no_images, _layers, _whole, _densities),
    *(_rewind_step, _one_shot, _one_shot_stability, _every, _followed, _from_theta_0, _same_weights),
)

assert set(FROM_SCRATCH) <= set(CONSTANTS)
