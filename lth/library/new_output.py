"""A ticket on a data set with other classes: its output layer is new there, dense, and the same in every arm."""

import torch

from lth.artifacts.tickets import RECORD, Ticket
from lth.config.data import Network
from lth.errors import UserError
from lth.networks.build import head_names, initial_weights, layout


def with_new_output(ticket: Ticket, classes: int, seed: int) -> Ticket:
    """The ticket with a new output layer.

    Its weights are drawn by the network's initialisation from a stream of the seed that nothing else shares, so that
    all arms of the seed have the same; none of them is pruned. Morcos et al. (2019, section 3) replace the output layer
    likewise, where the classes of source and target differ.

    Args:
        ticket: the ticket, or a control of one.
        classes: outputs of the new layer.
        seed: of its weights.

    Raises:
        UserError: the network cannot be built with so many outputs.
    """
    network = Network.model_validate({**ticket.network.model_dump(), "classes": classes})
    built = layout(network)
    head = head_names(built)
    drawn = initial_weights(network, seed, "new output layer")
    for name, tensor in built.state_dict().items():
        if name not in head and tensor.shape != ticket.weights[name].shape:
            raise UserError(f"the ticket's network differs in '{name}' if it has {classes} classes, so no layer fits")
    if all(drawn[name].shape == ticket.weights[name].shape for name in head):
        raise UserError(
            f"the ticket's network cannot be built with {classes} classes: it is a module that was given as it is; "
            f"give `lth.find` the class or function that builds it, with a parameter `classes`"
        )
    weights = {**ticket.weights, **{name: drawn[name] for name in head}}
    masks = {**ticket.masks}
    masks |= {name: torch.ones_like(drawn[name], dtype=torch.bool) for name in masks if name in head}
    told = {key: value for key, value in ticket.provenance.items() if key != RECORD}
    return Ticket(masks, weights, {**told, "network": network.model_dump(), "new_output": seed})
