"""Comparing arms: differences paired by seed, with exact tests and corrections."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from lth.analysis.tables import arms, cells, verdict
from lth.analysis.tables.identical import identical_notes, with_identical, without_claims
from lth.analysis.tables.terminal import grid, paragraphs
from lth.errors import UserError
from lth.library.result import Result
from lth.printable import printable


@dataclass(frozen=True)
class Compared:
    """Arms compared with each other; printing it gives sentences and a table."""

    table: pd.DataFrame
    """A row for each pair: means, the difference with its interval, exact p, Holm-adjusted p, n, wins and losses."""
    accuracies: pd.DataFrame
    """Test accuracy in percent by seed (rows) and arm (columns)."""
    notes: tuple[str, ...] = ()
    """What else the arms differ in: sentences."""

    def __str__(self) -> str:
        rows = [cells.comparison_cells(row) for row in self.table.to_dict("records")]
        lines = [*paragraphs(self._sentences()), "", *grid(cells.COMPARISON_HEADER, rows, names=2)]
        tested, within_margin = cells.equivalence_table(self.table)
        if within_margin:
            lines += ["", *grid(tested, within_margin, names=2)]
        return "\n".join(lines)

    def _sentences(self) -> list[str]:
        return [*verdict.family(self.table), *self.notes]

    def _repr_html_(self) -> str:
        """For notebooks: as for a terminal."""
        sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in self._sentences())
        rows = [cells.comparison_cells(row) for row in self.table.to_dict("records")]
        tested, within_margin = cells.equivalence_table(self.table)
        tables = _html(cells.COMPARISON_HEADER, rows) + (_html(tested, within_margin) if within_margin else "")
        return f"<ul>{sentences}</ul>{tables}"


def compare(
    results: Mapping[str, Sequence[Result]],
    pairs: Sequence[tuple[str, str]] | None = None,
    *,
    margin: float | None = None,
    alpha: float = 0.05,
) -> Compared:
    """Compare arms by their test accuracies, seed by seed.

    Each pair is tested with an exact sign-flip test over its seeds; p values are corrected for the number of pairs
    (Holm 1979). A pair that is not significantly different is not thereby equal: give a margin for that.

    Args:
        results: by the name of an arm, its results, one a seed; all of one data set.
        pairs: which arms are compared, decided beforehand; by default the first with each of the others.
        margin: percentage points within which two arms count as equally good: equivalence is then tested, too (TOST).
        alpha: family-wise error rate; intervals cover 1 - alpha.

    Raises:
        UserError: something else than lists of results, two results of one arm with one seed, of different data sets or
            test examples, arms without a common seed, an unknown arm, or no pair.
    """
    _check_results(results)
    runs = pd.DataFrame([_run(arm, result) for arm, of_arm in results.items() for result in of_arm])
    if len(results) < 2 or runs.empty or (lacking := [arm for arm in results if not len(results[arm])]):
        which = f"; '{lacking[0]}' has no results" if len(results) > 1 and not runs.empty else ""
        raise UserError(f"compare: at least two arms with results are needed, found {len(results)}{which}")
    if len(sets := runs["dataset"].unique()) > 1:
        raise UserError(
            f"compare: results of different data sets, {' and '.join(sets)}; accuracies on them do not compare"
        )
    if len(runs["test_sha256"].unique()) > 1:
        raise UserError(
            f"compare: results on different test examples, all of a data set called '{sets[0]}' (another `split_seed`, "
            f"or other data); accuracies on them do not compare"
        )
    if (twice := runs[runs.duplicated(["arm", "seed"])]).size:
        arm, seed = twice.iloc[0]["arm"], twice.iloc[0]["seed"]
        raise UserError(f"compare: '{arm}' has two results of seed {seed}; each seed counts once")
    if not 0 < alpha < 1:
        raise UserError(f"alpha: must be above 0 and below 1, found {alpha}")
    if margin is not None and alpha >= 0.5:
        raise UserError(f"alpha: must be below 0.5 where equivalence within a margin is tested, found {alpha}")
    if margin is not None and not (isinstance(margin, int | float) and 0 < margin <= 10):
        found = printable(repr(margin), 60)
        raise UserError(f"margin: must be above 0 and at most 10 percentage points, found {found}")
    first, *others = results
    family = [(first, other) for other in others] if pairs is None else _checked_pairs(pairs)
    accuracies = runs.pivot(index="seed", columns="arm", values="test_accuracy_percent")[list(results)]
    of_arms = with_identical(pd.DataFrame({"arm": list(results)}), runs)
    table = without_claims(arms.compare(runs, family, alpha, margin), of_arms)
    return Compared(table, accuracies, (*_unequal_recipes(results, family), *identical_notes(of_arms)))


def _unequal_recipes(results: Mapping[str, Sequence[Result]], pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A sentence where arms of a pair were not trained alike."""
    unlike = [f"{a} and {b}" for a, b in pairs if _recipes(results.get(a, ())) != _recipes(results.get(b, ()))]
    if unlike:
        yield (
            f"Trained with different recipes: {'; '.join(unlike)}. The tickets alone do not explain such a difference."
        )


def _recipes(results: Sequence[Result]) -> set[str]:
    return {result.recipe.model_dump_json() for result in results}


def _check_results(results: Any) -> None:
    """Whether there are lists of results by name; raises UserError."""
    if not isinstance(results, Mapping):
        found = f"found a {type(results).__name__}"
        raise UserError(f"compare: {found}, where results by the name of their arm are needed")
    for arm, of_arm in results.items():
        listed = isinstance(of_arm, Collection)
        other = of_arm if not listed else next((one for one in of_arm if not isinstance(one, Result)), None)
        if other is not None:
            found = f"'{arm}' {'holds' if listed else 'is'} a {type(other).__name__}"
            raise UserError(f"compare: {found}, where a list of results is needed, one a seed")


def _checked_pairs(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs, if there are some, each of two arms; raises UserError."""
    if not pairs:
        raise UserError("pairs: names no pair; leave it out to compare the first arm with each of the others")
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2 or pair[0] == pair[1]:
            raise UserError(f"pairs: two different arms are needed, found {printable(repr(pair))}")
    return list(pairs)


def _html(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return str(pd.DataFrame(rows, columns=list(header)).to_html(index=False))


def _run(arm: str, result: Result) -> dict[str, Any]:
    losses = result.history.set_index(["split", "step"])["loss_nats"]
    return {
        "arm": arm,
        "seed": result.seed,
        "dataset": result.dataset,
        "test_sha256": result.data.test_sha256,
        "test_accuracy_percent": result.accuracy_percent,
        "last_accuracy_percent": result.last_accuracy_percent,
        "best_step": result.best_step,
        "validation_loss_nats": losses["validation", result.best_step],
        "test_loss_nats": losses["test", result.best_step],
    }
