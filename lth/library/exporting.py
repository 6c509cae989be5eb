"""Tickets and trained networks for other programs, from memory."""

from pathlib import Path
from tempfile import TemporaryDirectory

from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.export.beside import TrainedOn
from lth.export.folder import export
from lth.export.options import Format, Moment
from lth.library.arguments import check_ticket
from lth.library.arithmetic import one_at_a_time
from lth.library.result import Result
from lth.paths import expanded


@one_at_a_time
def export_ticket(
    what: Ticket | Result, to: str | Path, format: Format = "torch", *, compact: bool = False
) -> list[str]:
    """Write a ticket, or what training it gave, as a folder for other programs.

    Args:
        what: a ticket, with its initial weights, or a result, with the trained ones.
        to: a new folder, made whole or not at all.
        format: `torch` (a state_dict and a module without `lth`), `huggingface`, `onnx` or `csr`.
        compact: remove the units and channels that compute nothing; the smaller dense network computes the same.

    Returns:
        lines that say what was written, and what is smaller.

    Raises:
        UserError: no such format, the folder exists, the network has a layer that cannot be exported, or a package is
            missing.
    """
    ticket = what.ticket if isinstance(what, Result) else what
    check_ticket(ticket, "what")
    with TemporaryDirectory(prefix="lth-") as temporary:
        path = Path(temporary) / "ticket.safetensors"
        ticket.save(path)
        if isinstance(what, Result):
            TrainedWeights(last=what.weights).save(path.with_name("trained.safetensors"), path, ticket.masks)
        trained = _trained_on(what) if isinstance(what, Result) else None
        weights: Moment = "trained" if trained else "initial"
        return [*export(path, expanded(to), format, compact=compact, weights=weights, trained=trained)]


def _trained_on(result: Result) -> TrainedOn:
    facts = result.data
    values = [*facts.classes], [*facts.mean], [*facts.std]
    return TrainedOn(result.dataset, *values, own_accuracy=result.last_accuracy_percent)
