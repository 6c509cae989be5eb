"""Rules of evaluations and comparisons: one network, one data set, a density that all tickets reach, known arms."""

from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction

from lth.catalog.controls import REWIRED
from lth.checks.layers import keeps_groups, no_rewiring
from lth.checks.relations import one_network
from lth.checks.wording import FEW, found, listed, offered
from lth.config.base import Fault, KeyPath
from lth.config.data import MOST_CLASSES, Dataset, Network
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
    for (section, name), spec in study.assessments():
        rule = _of_evaluation if isinstance(spec, Evaluation) else _of_comparison
        faults = [*_tickets(plan, spec, broken), *rule(plan, name, spec, broken)]  # type: ignore[arg-type]
        yield from (((section, name, *path), message) for path, message in faults)


def _tickets(plan: Plan, spec: Evaluation | Comparison, broken: Collection[str]) -> Iterator[Fault]:
    """They have one network, and rounds of the density, the dense ones of a comparison excepted."""
    study, first = plan.study, spec.tickets[0]
    places: list[tuple[KeyPath, str]] = [(("tickets", n), ticket) for n, ticket in enumerate(spec.tickets)]
    of = f"'{first}'", study.tickets[first].network
    yield from one_network(study, places, of, "arms that are compared are of one network")
    named = dict.fromkeys(ticket for ticket in spec.tickets if ticket not in broken)
    sparse = [one for one in named if isinstance(spec, Evaluation) or not isinstance(study.tickets[one], DenseTicket)]
    if message := _unreached(plan, sparse, spec.density):
        yield ("density",), message


def _unreached(plan: Plan, tickets: Iterable[str], density: float) -> str | None:
    """Why no round of some of these tickets stands for a density, or nothing if one of each does."""
    near: dict[str, list[str]] = {}
    for ticket in tickets:
        away = {round_: abs(plan.density(ticket, round_) - Fraction(str(density))) for round_ in plan.rounds(ticket)}
        if min(away.values()) > DENSITY_TOLERANCE * Fraction(str(density)):
            two = sorted(sorted(away, key=lambda round_: away[round_])[:2])
            words = " and ".join(f"round {round_} keeps {float(plan.density(ticket, round_)):.4g}" for round_ in two)
            near.setdefault(words, []).append(f"'{ticket}'")
    if not near:
        return None
    (rounds, names), *others = [(rounds, listed(names, FEW)) for rounds, names in near.items()]
    message = f"no round of {names} keeps within {float(DENSITY_TOLERANCE):.0%} of {density:g}; the nearest: {rounds}"
    return "; ".join([message, *(f"of {names}: {rounds}" for rounds, names in others)])


def _of_evaluation(plan: Plan, name: str, spec: Evaluation, broken: Collection[str]) -> Iterator[Fault]:
    study, dataset = plan.study, plan.study.datasets[spec.dataset]
    for network in dict.fromkeys(study.tickets[ticket].network for ticket in spec.tickets):
        if message := _misfit(study.networks[network], dataset, spec, network):
            yield ("dataset",), message
    if spec.new_output is not None and spec.new_output != dataset.entry.classes:
        message = f"data set '{spec.dataset}' has {dataset.entry.classes} classes, found {spec.new_output}"
        yield ("new_output",), f"{message}; must be as many"
    if spec.examples and spec.examples > (size := dataset.sizes[0]):
        message = f"'{spec.dataset}' has {size} training examples, found {spec.examples}; must be at most that"
        yield ("examples",), message
    whole = [name for name in spec.controls_of or spec.tickets if name not in broken and keeps_groups(study, name)]
    for position, kind in enumerate(spec.controls):
        if kind in REWIRED and whole:
            yield ("controls", position), no_rewiring(kind, whole[0])
    yield from _other_initialisations(study, spec)
    yield from _arms_exist(spec, plan.arm_names(name))
    yield from _published(study, spec, plan.arm_names(name))


def _misfit(network: Network, dataset: Dataset, spec: Evaluation, own: str) -> str | None:
    """Why the arms cannot be trained on the data set; its classes may be others where the output layer is new."""
    classes = dataset.entry.classes
    adapted = network.model_copy(update={"classes": classes})
    if message := adapted.misfit(dataset, spec.dataset, own):
        return message if spec.new_output else network.misfit(dataset, spec.dataset, own)
    if spec.new_output or classes == network.classes:
        return None
    words = f"data set '{spec.dataset}' has {classes} classes, but network '{own}' has {network.classes}"
    if classes > MOST_CLASSES:
        return f"{words}, and a new output layer has at most {MOST_CLASSES}"
    return f"{words}; `new_output: {classes}` on the evaluation gives all its arms a new output layer"


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
    dense = [ticket for ticket in spec.tickets if isinstance(plan.study.tickets[ticket], DenseTicket)]
    if len(dense) == len(spec.tickets):
        yield ("tickets",), "has no sparse ticket to compare with the dense network; add one"
    elif len(dense) > 1:
        message = f"has more than one dense ticket ({listed(dense)}), and one arm is called `dense`; keep one of them"
        yield ("tickets",), message
    if "dense" in spec.tickets and "dense" not in dense:
        message = "one arm is called `dense`, the dense network; give this ticket another name, or `method: dense`"
        yield ("tickets", spec.tickets.index("dense")), message
    if not {*spec.tickets} & {*broken}:
        yield from _one_dataset(plan, name, spec)
        yield from _not_dense(plan, name, spec)
        yield from _arms_exist(spec, [arm.name for arm in plan.arms(name)])


def _not_dense(plan: Plan, name: str, spec: Comparison) -> Iterator[Fault]:
    """No ticket is the arm `dense` under another name."""
    arms = plan.arms(name)
    dense = [(arm.ticket, arm.round) for arm in arms if arm.kind == "dense"]
    for arm in arms:
        if arm.kind != "dense" and (arm.ticket, arm.round) in dense:
            message = f"round {arm.round} of '{arm.ticket}', the nearest to {spec.density:g}, is the arm `dense` itself"
            yield ("density",), f"{message}; must be a density to which something is pruned"


def _one_dataset(plan: Plan, name: str, spec: Comparison) -> Iterator[Fault]:
    """Accuracies on different data sets are not compared."""
    (first, own), *others = [(arm, plan.dataset(arm.ticket, arm.round)) for arm in plan.arms(name)]
    for arm, dataset in others:
        message = f"'{arm.ticket}' was trained on '{dataset}' in round {arm.round}, '{first.ticket}' on '{own}'"
        if dataset != own and arm.ticket in spec.tickets:
            yield ("tickets", spec.tickets.index(arm.ticket)), f"{message}; a comparison needs one data set"
        elif dataset != own:
            yield ("tickets",), f"{message}; add a ticket with `method: dense` on '{own}', as the arm `dense`"


def _arms_exist(spec: Assessment, arms: list[str]) -> Iterator[Fault]:
    """Comparisons name arms that exist."""
    for position, pair in enumerate(spec.compare):
        for side, arm in enumerate(pair):
            if arm not in arms:
                yield ("compare", position, side), f"there is no arm {found(arm)}{offered(arm, arms, 'the arms are')}"
