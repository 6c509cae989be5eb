"""Reading tickets."""

from pathlib import Path

from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.errors import UserError
from lth.library.networks import AnyModel, architecture_name
from lth.networks.build import layout


def load(path: str | Path, model: AnyModel | None = None) -> Ticket:
    """A ticket from its file.

    Args:
        path: of the file, such as results/.../ticket.safetensors.
        model: its network, where it was found in one that only the process that found it knew.

    Raises:
        UserError: no file, damaged, not a ticket, or of another network than the model.
    """
    ticket = Ticket.load(Path(path).expanduser())
    if model is None:
        return ticket
    told = ticket.provenance.get("network")
    if not isinstance(told, dict):
        raise UserError(f"{path}: its provenance names no network")
    network = Network.model_validate({**told, "architecture": architecture_name(model)})
    shapes = {name: list(tensor.shape) for name, tensor in layout(network).state_dict().items()}
    found = {name: list(tensor.shape) for name, tensor in ticket.weights.items()}
    if other := sorted(name for name in {*shapes, *found} if shapes.get(name) != found.get(name)):
        first = other[0]
        raise UserError(
            f"{path}: does not fit the model: '{first}' is {found.get(first, 'missing')} in the ticket and "
            f"{shapes.get(first, 'missing')} in the model"
        )
    return Ticket(ticket.masks, ticket.weights, {**ticket.provenance, "network": network.model_dump()})
