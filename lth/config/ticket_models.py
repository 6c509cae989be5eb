"""The model of a ticket of each method: its family's fields, and the method's own options."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Discriminator, Field, Tag, create_model

from lth.catalog.methods import METHODS
from lth.config.tickets import FAMILIES, TicketSpec


def ticket_model(method: str) -> type[TicketSpec]:
    """The model of tickets of a method: its family's fields, and the method's own options."""
    entry = METHODS[method]
    options = entry.options_model()
    fields: dict[str, Any] = {"method": (Literal[method], Field(method, description="How it is found."))}
    model = create_model(
        f"{options.__name__}Ticket", __base__=(options, FAMILIES[entry.rounds]), __doc__=options.__doc__, **fields
    )
    model.options_model, model.method_label = options, entry.label  # type: ignore[attr-defined]
    return model  # type: ignore[return-value]


DEFAULT_METHOD = "imp"
TICKETS: Mapping[str, type[TicketSpec]] = {method: ticket_model(method) for method in METHODS}
"""The model of a ticket, by its method."""


def method_of(ticket: Any) -> Any:
    """The method that a ticket names, or the default."""
    found = ticket.get("method") if isinstance(ticket, Mapping) else getattr(ticket, "method", None)
    return DEFAULT_METHOD if found is None else found


def _tag(ticket: Any) -> str | None:
    method = method_of(ticket)
    return method if isinstance(method, str) and method in TICKETS else None


if TYPE_CHECKING:
    AnyTicket = TicketSpec
else:
    AnyTicket = Annotated[
        Union[tuple(Annotated[model, Tag(name)] for name, model in TICKETS.items())],  # noqa: UP007, of a tuple
        Discriminator(_tag),
    ]
