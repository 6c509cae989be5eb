"""Rules of evaluations and comparisons: one network, one data set, a density that all tickets reach, known arms."""

from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction

from lth.checks.problems import Path
from lth.checks.wording import FEW, found, listed, offered
from lth.config.base import Fault
from lth.config.study import Assessment, Comparison, Evaluation, Study
from lth.config.tickets import DenseTicket
from lth.plan.plan import DENSITY_TOLERANCE, Plan


def assessments(study: Study, broken: Collection[str]) -> Iterator[Fault]:
    """Every fault of evaluations and comparisons.

    Args:
        study: whose parts are valid by themselves.
        broken: tickets that cannot be planned; what needs their rounds is not checked.
    """
    plan = Plan(study)
    for name, evaluation in study.evaluations.items():
        for path, message in _of_evaluation(plan, name, evaluation, broken):
            yield ("evaluations", name, *path), message
    for name, comparison in study.comparisons.items():
        for path, message in _of_comparison(plan, name, comparison, broken):
            yield ("comparisons", name, *path), message


def _of_evaluation(plan: Plan, name: str, spec: Evaluation, broken: Collection[str]) -> Iterator[Fault]:
    study, matched = plan.study, [spec.matched_to] if spec.matched_to else []
    places: list[tuple[Path, str]] = [(("tickets", str(n)), ticket) for n, ticket in enumerate(spec.tickets)]
    places += [(("matched_to",), ticket) for ticket in matched]
    yield from _one_network(study, places, "an evaluation compares tickets of one network")
    for network in dict.fromkeys(study.tickets[ticket].network for ticket in spec.tickets):
        if message := study.networks[network].misfit(study.datasets[spec.dataset], spec.dataset, network):
            yield ("dataset",), message
    tickets = dict.fromkeys([*spec.tickets, *matched])
    if message := _unreached(plan, [ticket for ticket in tickets if ticket not in broken], spec.density):
        yield ("density",), message
    size = study.datasets[spec.dataset].sizes[0]
    if spec.examples and spec.examples > size:
        message = f"'{spec.dataset}' has {size} training examples, found {spec.examples}; must be at most that"
        yield ("examples",), message
    yield from _other_initialisations(study, spec)
    yield from _arms_exist(spec, plan.arm_names(name))
    yield from _published(study, spec, plan.arm_names(name))


def _other_initialisations(study: Study, spec: Evaluation) -> Iterator[Fault]:
    """Schemes that differ from the network's, of a network that has one."""
    name = study.tickets[spec.tickets[0]].network
    network = study.networks[name]
    if spec.other_initialisations and network.model:
        yield (
            ("other_initialisations",),
            f"network '{name}' starts from a pre-trained model, whose weights are not drawn",
        )
        return
    for position, scheme in enumerate(spec.other_initialisations or ()):
        if scheme == network.initialisation:
            message = f"'{scheme}' is the initialisation of network '{name}', which its arms have anyway; take it out"
            yield ("other_initialisations", str(position)), message


def _published(study: Study, spec: Evaluation, arms: list[str]) -> Iterator[Fault]:
    """Published accuracies are of arms, after epochs at which ours are scored."""
    recipe = study.recipes[spec.recipe]
    for arm, published in (spec.published or {}).items():
        if arm not in arms:
            yield ("published", arm), f"there is no arm {found(arm)}{offered(arm, arms, 'the arms are')}"
        elif recipe.epochs is None or recipe.evaluate_every:
            message = f"needs a recipe that is scored after each epoch: give recipe '{spec.recipe}' `epochs`"
            yield ("published", arm), f"{message}, without `iterations` and `evaluate_every`"
        elif (last := max(published.by_epoch())) > recipe.epochs:
            message = f"recipe '{spec.recipe}' has {recipe.epochs} epochs, found an accuracy after epoch {last}"
            yield ("published", arm), f"{message}; must be at most that"


def _of_comparison(plan: Plan, name: str, spec: Comparison, broken: Collection[str]) -> Iterator[Fault]:
    study = plan.study
    places: list[tuple[Path, str]] = [(("tickets", str(n)), ticket) for n, ticket in enumerate(spec.tickets)]
    yield from _one_network(study, places, "a comparison needs one network")
    yield from _one_dense(study, spec)
    dense = {ticket for ticket in spec.tickets if isinstance(study.tickets[ticket], DenseTicket)}
    if message := _unreached(plan, [t for t in spec.tickets if t not in {*broken} | dense], spec.density):
        yield ("density",), message
    if not {*spec.tickets} & {*broken}:
        yield from _one_dataset(plan, name, spec)
        yield from _arms_exist(spec, [arm.name for arm in plan.arms(name)])


def _one_network(study: Study, places: list[tuple[Path, str]], wanted: str) -> Iterator[Fault]:
    """The tickets named at these places have the network of the first."""
    first = places[0][1]
    for path, ticket in places:
        if (network := study.tickets[ticket].network) != (own := study.tickets[first].network):
            yield path, f"'{ticket}' has network '{network}', '{first}' has '{own}'; {wanted}"


def _one_dataset(plan: Plan, name: str, spec: Comparison) -> Iterator[Fault]:
    """Accuracies on different data sets are not compared."""
    first, *others = [(arm, plan.dataset(arm.ticket, arm.round)) for arm in plan.arms(name)]
    for arm, dataset in others:
        if dataset == first[1]:
            continue
        message = f"'{arm.ticket}' was trained on '{dataset}' in round {arm.round}, '{first[0].ticket}' on '{first[1]}'"
        if arm.ticket in spec.tickets:
            yield ("tickets", str(spec.tickets.index(arm.ticket))), f"{message}; a comparison needs one data set"
        else:
            advice = f"add a ticket with `method: dense` on '{first[1]}', as the arm `dense`"
            yield ("tickets",), f"{message}; {advice}"


def _one_dense(study: Study, spec: Comparison) -> Iterator[Fault]:
    """One arm is called dense."""
    dense = [ticket for ticket in spec.tickets if isinstance(study.tickets[ticket], DenseTicket)]
    if len(dense) == len(spec.tickets):
        yield ("tickets",), "has no sparse ticket to compare with the dense network; add one"
    elif len(dense) > 1:
        message = f"has more than one dense ticket ({listed(dense)}), and one arm is called `dense`; keep one of them"
        yield ("tickets",), message
    if "dense" in spec.tickets and "dense" not in dense:
        message = "one arm is called `dense`, the dense network; give this ticket another name, or `method: dense`"
        yield ("tickets", str(spec.tickets.index("dense"))), message


def _unreached(plan: Plan, tickets: Iterable[str], density: float) -> str | None:
    """Why no round of some of these tickets stands for a density, or nothing if one of each does."""
    near: dict[str, list[str]] = {}
    for ticket in tickets:
        if rounds := _nearest(plan, ticket, Fraction(str(density))):
            near.setdefault(rounds, []).append(f"'{ticket}'")
    if not near:
        return None
    first, *others = [(rounds, listed(names, FEW)) for rounds, names in near.items()]
    message = f"no round of {first[1]} keeps within {float(DENSITY_TOLERANCE):.0%} of {density:g}"
    return "; ".join([f"{message}; the nearest: {first[0]}", *(f"of {names}: {rounds}" for rounds, names in others)])


def _nearest(plan: Plan, ticket: str, wanted: Fraction) -> str | None:
    """The two rounds whose densities are nearest to the one wanted, or nothing if one is near enough."""
    distances = {round_: abs(plan.density(ticket, round_) - wanted) for round_ in plan.rounds(ticket)}
    if min(distances.values()) <= DENSITY_TOLERANCE * wanted:
        return None
    near = sorted(sorted(distances, key=lambda round_: distances[round_])[:2])
    return " and ".join(f"round {round_} keeps {float(plan.density(ticket, round_)):.4g}" for round_ in near)


def _arms_exist(spec: Assessment, arms: list[str]) -> Iterator[Fault]:
    """Comparisons name arms that exist."""
    for position, pair in enumerate(spec.compare):
        for side, arm in enumerate(pair):
            if arm not in arms:
                message = f"there is no arm {found(arm)}{offered(arm, arms, 'the arms are')}"
                yield ("compare", str(position), str(side)), message
