"""Arms that are one network: said wherever an answer is given, and no equivalence is shown by them."""

from pathlib import Path

import pandas as pd
import pytest
import synthetic

from lth.analysis.report.answer import answer
from lth.analysis.tables import notes
from lth.analysis.tables.files import read_table
from lth.analysis.tables.identical import with_identical
from lth.analysis.tables.verdict import verdict

SAME = (
    "mnist-own and mnist-shuffled have the same results to the last digit in every seed: they are one network, or "
    "differ in what reaches no output. A comparison of them says nothing."
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An evaluation in which shuffling has changed nothing."""
    folder = tmp_path_factory.mktemp("identical")
    pairs = [["mnist-own", "mnist-shuffled"], ["cross-own", "mnist-own"]]
    few = {"tickets": ["mnist", "cross"], "initialisations": ["own"], "controls": ["shuffled", "dense"]}
    example = synthetic.study(7, compare=pairs, equivalence_margin=0.5, **few)
    files = synthetic.write_jobs(folder, example)
    for seed in example.seeds:
        own, shuffled = (
            next(folder.glob(f"evaluations/transfer/{arm}/seed{seed}/history.csv"))
            for arm in ("mnist-own", "mnist-shuffled")
        )
        shuffled.write_text(own.read_text().replace("mnist-own", "mnist-shuffled").replace(",own,", ",shuffled,"))
    return synthetic.write_tables(folder, example, files)


def test_no_equivalence_is_shown_by_a_network_and_itself(tables: dict[str, Path]) -> None:
    arms, pairs = (read_table(tables[f"transfer/{name}"]) for name in ("arms", "comparisons"))
    same = dict(zip(arms["arm"], arms["identical_to"], strict=True))
    assert {arm: first for arm, first in same.items() if first} == {"mnist-shuffled": "mnist-own"}
    assert list(pairs["identical"]) == [True, False]
    assert pairs["difference_points"].iloc[0] == 0
    assert not pairs["equivalence_shown"].iloc[0]
    assert pairs["outcome"].iloc[0] == "identical (one network)"
    told = verdict(arms, pairs)
    assert told[0].startswith("mnist-own and mnist-shuffled have the same results on cifar at ")
    assert told[-1] == SAME
    assert notes.notes(arms, pairs)[0] == SAME
    first = answer(arms, pairs)
    assert not first.decided
    assert "have the same results on cifar (" in first.sentences[0]
    assert "equally good" not in first.sentences[0]


def test_arms_are_one_if_they_are_in_each_seed() -> None:
    """By hand: b is a; c has another loss in one seed, d another seed, and e has lost its numbers."""
    runs = pd.DataFrame(
        [
            {"arm": arm, "seed": seed + (arm == "d"), "best_step": 50, "validation_loss_nats": 0.5}
            | {"test_accuracy_percent": 50.0}
            | {"test_loss_nats": 0.25 + 1e-9 * (arm == "c") * seed, "last_accuracy_percent": 50.0}
            for arm in "abcd"
            for seed in (0, 1)
        ]
        + [
            {"arm": arm, "seed": 0, "best_step": 1, "validation_loss_nats": float("nan")}
            | {"test_loss_nats": float("nan"), "test_accuracy_percent": 10.0, "last_accuracy_percent": 10.0}
            for arm in "ef"
        ]
    )
    arms = pd.DataFrame({"arm": list("abcdef")})
    assert list(with_identical(arms, runs)["identical_to"]) == ["", "a", "", "", "", ""]
    assert "identical_to" not in with_identical(arms[arms["arm"] != "b"], runs)
