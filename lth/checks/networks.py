"""Networks and scores of the user's are tried before a study runs, layers are looked for that a study names, and
single images that batch norm cannot be trained with.

Imports torch, where a study has one of them.
"""

from collections.abc import Iterator

from lth.catalog.architectures import ARCHITECTURES, OwnArchitecture
from lth.catalog.importing import module_file
from lth.catalog.scores import SCORES, OwnScore
from lth.checks.layers import layers_exist, patterns_fit
from lth.checks.relations import trainings_by
from lth.config.base import Fault
from lth.config.data import Network
from lth.config.study import Study
from lth.config.tickets import PrunedTicket
from lth.errors import UserError


def own_code(study: Study) -> Iterator[Fault]:
    """What is wrong with the user's networks and scores, with tickets of them, and with layers that are named."""
    broken: set[str] = set()
    for name, spec in study.networks.items():
        if isinstance(ARCHITECTURES[spec.architecture], OwnArchitecture):
            for path, message in _own_network(study, name):
                broken.add(name)
                yield path, message
    yield from _own_scores(study, broken)
    yield from _layers_by_name(study)
    yield from _single_images(study)


def _own_scores(study: Study, broken: set[str]) -> Iterator[Fault]:
    for ticket, score in _scores(study):
        from lth.networks.trial import try_score

        of = study.tickets[ticket]
        spec = study.networks[of.network]
        if of.network in broken or ARCHITECTURES[spec.architecture].text:
            continue
        try:
            try_score(spec, score, getattr(of, "per_class", None))
        except UserError as error:
            yield ("tickets", ticket, "score"), str(error)


def _scores(study: Study) -> Iterator[tuple[str, str]]:
    """Tickets that are pruned by a score of the user's, and its name."""
    for ticket, of in study.tickets.items():
        score = getattr(of, "score", None)
        if score and isinstance(SCORES[score], OwnScore):
            yield ticket, score


def _single_images(study: Study) -> Iterator[Fault]:
    """Recipes by which an epoch ends in a batch of one image, for networks that cannot be trained with it."""
    for name, recipe in study.recipes.items():
        for network, dataset, few in trainings_by(study, name):
            count = few or study.datasets[dataset].sizes[0]
            steps, epoch = recipe.steps(count)
            alone = recipe.has_single(count) and (recipe.batch_size == 1 or steps >= epoch)
            if alone and _needs_several(study.networks[network]):
                message = (
                    f"batch norm of network '{network}' needs more than one image, and the last batch of an epoch of "
                    f"{count} examples of '{dataset}' has one; change it, or the number of training examples"
                )
                yield ("recipes", name, "batch_size"), message
                break


def _needs_several(spec: Network) -> bool:
    """Whether a network's batch norm has one value of each channel in a batch of one image."""
    import torch

    from lth.networks.build import layout

    if ARCHITECTURES[spec.architecture].text:
        return False
    try:
        network = layout(spec).to("meta").train()  # shapes alone: nothing is computed
        with torch.no_grad():
            network(torch.zeros(1, spec.channels, spec.size, spec.size, device="meta"))
    except Exception as error:  # what else is wrong with it is said elsewhere
        return "more than 1 value per channel" in str(error)
    return False


def _layers_by_name(study: Study) -> Iterator[Fault]:
    """Patterns of layers' names that fit nothing, of tickets that have some: their networks are laid out."""
    for ticket, of in study.tickets.items():
        if isinstance(of, PrunedTicket) and of.layer_densities:
            from lth.networks.build import layout

            spec = study.networks[of.network]
            try:
                network = layout(spec)
            except UserError:  # a model that is yet to be downloaded; what else is wrong is said elsewhere
                continue
            faults = patterns_fit(of, spec.architecture, network)
            yield from ((("tickets", ticket, *path), message) for path, message in faults)


def _own_network(study: Study, name: str) -> Iterator[Fault]:
    from lth.networks.build import layer_kinds
    from lth.networks.new_output import new_output_names, with_classes
    from lth.networks.trial import frozen_layer, frozen_misfit, is_homogeneous, signed_misfit, tried

    spec = study.networks[name]
    try:
        network = tried(spec)
    except UserError as error:
        yield ("networks", name, "architecture"), str(error)
        return
    for evaluation, classes in _new_outputs(study, name):
        try:
            tried(with_classes(spec, classes))
            new_output_names(spec, classes)
        except UserError as error:
            yield ("evaluations", evaluation, "new_output"), str(error)
    kinds = tuple(dict.fromkeys(layer_kinds(network).values()))
    for ticket, of in study.tickets.items():
        if of.network != name:
            continue
        if isinstance(of, PrunedTicket):
            found = layers_exist(of, spec.architecture, kinds)
            yield from ((("tickets", ticket, *path), message) for path, message in found)
        score = getattr(of, "score", None)
        frozen = frozen_layer(network, getattr(of, "unpruned", ()))
        if frozen and of.options.moves_pruned:
            message = f"moves the weights of all layers, and '{frozen}' is frozen (requires_grad is False)"
            yield ("tickets", ticket, "method"), f"{message}; use another method or network"
        if frozen and score and SCORES[score].best:
            yield ("tickets", ticket, "score"), frozen_misfit(score, frozen)
        if score and SCORES[score].signed and not is_homogeneous(network):
            yield ("tickets", ticket, "score"), signed_misfit(score, spec.architecture)


def _new_outputs(study: Study, network: str) -> Iterator[tuple[str, int]]:
    """The evaluations that give a network a new output layer, and its classes."""
    for name, spec in study.evaluations.items():
        if spec.new_output and any(study.tickets[ticket].network == network for ticket in spec.tickets):
            yield name, spec.new_output


def foreign_code(study: Study) -> Iterator[Fault]:
    """For each network and score of the user's, that it is code which will run."""
    named = [(("networks", name, "architecture"), spec.architecture) for name, spec in study.networks.items()]
    own = [(path, name) for path, name in named if isinstance(ARCHITECTURES[name], OwnArchitecture)]
    own += [(("tickets", ticket, "score"), score) for ticket, score in _scores(study)]
    for path, name in own:
        module = name.partition(":")[0]
        file = module_file(module) or module
        yield path, f"'{name}' is Python code ({file}), which jobs of this study run"
