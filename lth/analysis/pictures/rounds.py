"""Which tickets a picture shows, round by round: read from files one at a time, or given."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lth.artifacts.records import RecordError, read_record
from lth.artifacts.repair import advice
from lth.artifacts.tensors import is_ours, read_metadata
from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.errors import UserError
from lth.files import checksum
from lth.printable import printable

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

HISTORY, TRAINED = "history.csv", "trained.safetensors"
_COLUMNS = ("epoch", "step", "kept", "split", "loss_nats", "accuracy_percent")
"""Of a history."""
MOST_READ = 1_000_000_000
"""Bytes of ticket files that a page is made of; rounds are left out until those that remain have no more."""


@dataclass(frozen=True, kw_only=True)
class PicturedRound:
    """A ticket at one round."""

    number: int
    read: Callable[[], Ticket]
    trained: Callable[[], Mapping[str, "Tensor"]] | None = None
    """The weights after the last step of training it, where they were kept."""
    history: "Callable[[], pd.DataFrame] | None" = None
    """The history of that training: `epoch`, `step`, `kept`, `split`, `loss_nats`, `accuracy_percent`."""
    size: int = 0
    """Bytes of the ticket's file."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The rounds of one ticket and seed, in order."""

    name: str
    seed: int | None
    rounds: tuple[PicturedRound, ...]

    @property
    def title(self) -> str:
        """What it is called in pictures."""
        return self.name if self.seed is None else f"{self.name}, seed {self.seed}"


def chains_of_files(tickets: Iterable[Path], trained: Iterable[Path] | None = None) -> list[Chain]:
    """Ticket files put in order: a chain for each ticket and seed, in the order in which they first come.

    Args:
        tickets: files of tickets; only their metadata is read.
        trained: the files of trained weights that may be shown; None for all that lie beside the tickets.

    Raises:
        UserError: a file is missing, no ticket, or says no number of its round.
    """
    allowed = None if trained is None else {path.absolute() for path in trained}
    found: dict[tuple[str, Any], list[PicturedRound]] = {}
    for path in tickets:
        told = read_metadata(path, "ticket")
        number, seed = told.get("round", 0), told.get("seed")
        if type(number) is not int:
            raise UserError(f"{printable(path)}: its round is {printable(number, 60)}, where a number is needed")
        weights, history = path.with_name(TRAINED), path.with_name(HISTORY)
        shown = weights.is_file() and (allowed is None or weights.absolute() in allowed)
        one = PicturedRound(
            number=number,
            read=partial(Ticket.load, path),
            trained=partial(_last_weights, weights, path) if shown else None,
            history=partial(read_history, history) if history.is_file() else None,
            size=path.stat().st_size,
        )
        found.setdefault((_name(told, path), seed if type(seed) is int else None), []).append(one)
    chains = [
        Chain(name=name, seed=seed, rounds=tuple(sorted(rounds, key=lambda one: one.number)))
        for (name, seed), rounds in found.items()
    ]
    for chain in chains:
        numbers = [one.number for one in chain.rounds]
        if len({*numbers}) < len(numbers):
            raise UserError(
                f"two of the files are round {_twice(numbers)} of {printable(chain.title)}; give one of them"
            )
    return chains


def _name(told: Mapping[str, Any], path: Path) -> str:
    name = told.get("ticket")
    words = printable(name, 60) if isinstance(name, str) else path.stem
    return f"{words}-{printable(told['control'], 40)}" if told.get("control") else words


def _twice(numbers: Sequence[int]) -> int:
    return next(number for number in numbers if numbers.count(number) > 1)


def _last_weights(path: Path, ticket: Path) -> Mapping[str, "Tensor"]:
    return TrainedWeights.load(path, ticket).last


def _is_of_an_arm(told: Mapping[str, Any]) -> bool:
    """Whether a ticket was made for an evaluation: a control, or one with a new output layer."""
    return bool(told.get("control")) or told.get("new_output") is not None


def tickets_below(folder: Path, seeds: Sequence[int] = ()) -> list[Path]:
    """The ticket files below a folder, those that were made for evaluations left out, of some seeds or the lowest one.

    Raises:
        UserError: there is none, or none of a seed.
    """
    files = [path for path in sorted(folder.rglob("*.safetensors")) if path.is_file() and is_ours(path)]
    told = [(path, read_metadata(path)) for path in files]
    rounds = [(path, one) for path, one in told if one["kind"] == "ticket" and not _is_of_an_arm(one)]
    found = [(path, one.get("seed")) for path, one in rounds]
    if not found:
        raise UserError(f"{printable(folder)}: no ticket files below it; give a ticket file, or results/STUDY")
    there = sorted({seed for _, seed in found if type(seed) is int})
    if missing := [seed for seed in seeds if seed not in there]:
        words = f"seed {missing[0]}: no ticket of it below {printable(folder)}, which has"
        raise UserError(f"{words} {', '.join(map(str, there)) or 'none that names its seed'}")
    wanted = {*seeds} or {*there[:1]}
    return [path for path, seed in found if seed in wanted or not there]


def fewer(chains: Sequence[Chain], most: int = MOST_READ) -> tuple[list[Chain], str]:
    """The chains with so few of their rounds that at most `most` bytes are read, and what is left out, in words.

    The first and the last round of each stay, and every second, third, ... between them; if that does not do, the
    last chains are left out.
    """
    longest = max((len(chain.rounds) for chain in chains), default=0)
    every, shown = 1, list(chains)
    while _bytes(shown) > most and every < longest:
        every += 1
        shown = [replace(chain, rounds=(*_each(chain.rounds, every),)) for chain in chains]
    while _bytes(shown) > most and len(shown) > 1:
        shown.pop()
    two = max((len(chain.rounds) for chain in shown), default=0) == 2
    some = "the first and the last round" if two else f"one of every {every} rounds, and the last,"
    words = [f"{some} of each ticket"] if every > 1 else []
    words += [f"{len(shown)} of {len(chains)} tickets"] if len(shown) < len(chains) else []
    return shown, "; ".join(words)


def _bytes(chains: Iterable[Chain]) -> int:
    return sum(one.size for chain in chains for one in chain.rounds)


def _each(rounds: Sequence[PicturedRound], every: int) -> Iterator[PicturedRound]:
    yield from (one for place, one in enumerate(rounds[:-1]) if place % every == 0)
    yield from rounds[-1:]


def accuracies(chain: Chain) -> list[float | None]:
    """Test accuracy in percent of each round at the early-stopping step; None where there is no history.

    Raises:
        UserError: a history was altered since it was written.
    """
    import pandas as pd

    from lth.analysis.tables.runs import ROUND_RUN, runs

    histories = [one.history().assign(ticket="", seed=0, round=one.number) for one in chain.rounds if one.history]
    if not histories:
        return [None] * len(chain.rounds)
    table = runs(pd.concat(histories, ignore_index=True), ROUND_RUN)
    found = dict(zip(table["round"], table["test_accuracy_percent"], strict=True))
    return [float(found[one.number]) if one.number in found else None for one in chain.rounds]


def read_history(path: Path) -> "pd.DataFrame":
    """The `history.csv` beside a ticket.

    Raises:
        UserError: it was altered since the ticket's record was written, or is no history.
    """
    from lth.analysis.tables.files import collect

    with suppress(RecordError):  # tickets that the workflow did not train have no record
        recorded = dict(read_record(path.with_name("ticket.safetensors")).get("files", {}))
        if HISTORY in recorded and recorded[HISTORY] != checksum(path):
            raise UserError(f"{printable(path)}: was altered after it was written", advice(path))
    history = collect([path])
    if missing := [column for column in _COLUMNS if column not in history.columns]:
        raise UserError(f"{printable(path)}: is no history of a training, since it has no column '{missing[0]}'")
    return history
