"""The committed pages of results: made from their data, with every number in their prose among them."""

import sys
from fractions import Fraction
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "library"))
from file_study import study as file_study

from lth.cli import main
from lth.config.study import Study
from lth.files import write_text
from lth.pages.data import StudyData
from lth.pages.markup import parsed_page
from lth.pages.numbers import Number, unfounded, written_numbers
from lth.pages.redraw import pages_without_data

RESULTS = Path(__file__).parents[1] / "docs/results"
PAGES_WITHOUT_DATA = ["full-scale.md"]
"""Nothing checks their numbers. This list may only get shorter: a new page names its data."""


def test_pages_are_what_their_data_give(capsys: pytest.CaptureFixture[str]) -> None:
    """If this fails after a change of data, tables or figures: lth redraw docs/results"""
    status = main(["redraw", str(RESULTS), "--check"])
    told = capsys.readouterr()
    assert status == 0, told.out + told.err


def test_a_given_ticket_keeps_what_the_packed_counts_say_where_its_file_is_gone(tmp_path: Path) -> None:
    """30 of 100 weights and 2 of 20, of which the chain keeps four fifths."""
    chain = {"network": "net", "recipe": "r", "dataset": "digits", "rounds": 1, "rate": 0.2}
    told = file_study("gone.safetensors", chain={**chain, "start": {"ticket": "given", "round": 1}})
    rows = ["ticket,seed,round,layer,kept,total,outputs"]
    rows += [f"given,{seed},1,{row}" for seed in (0, 1) for row in ("a.weight,30,100,10", "b.weight,2,20,2")]
    write_text(tmp_path / "packed/tickets/layers.csv", "\n".join([*rows, "chain,0,1,a.weight,30,100,10"]) + "\n")
    plan = StudyData(tmp_path, {}, Study.model_validate(told), tmp_path).plan
    assert plan.density("given", 1) == Fraction(32, 120)
    assert plan.density("chain", 2) == Fraction(32, 120) * Fraction(4, 5)


def test_only_old_pages_have_no_data() -> None:
    assert pages_without_data(RESULTS) == PAGES_WITHOUT_DATA


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("LeNet-300-100 on CIFAR-10 at 28x28 pixels, torch 2.13.0, theta_0, d_z", []),
        ("(2019), (Frankle & Carbin 2019; Bai et al. 2022), [page](a-5/6.md), `seeds=[0, 1]`, https://x.org/7", []),
        ("<!-- given: 5, of a bet --> none", []),
        ("-0.6 to +1.6 and \N{MINUS SIGN}3", ["-0.6", "+1.6", "-3"]),
        ("97.88 ± 0.14, (95 % of 50,000).", ["97.88", "0.14", "95", "50,000"]),
        ("3-5 times, 3\N{EN DASH}5, 2.5x, 1.2e-3, .25, 10-fold", ["3", "5", "3", "5", "2.5", "1.2e-3", ".25", "10"]),
        ("**44.1**, 8/0, n=8, p=0.05", ["44.1", "8", "0", "8", "0.05"]),
        ("iterations 8,700, 3,900 and 8,500", ["8,700", "3,900", "8,500"]),
        ("in 2019 steps, about 16kB", ["2019", "16"]),
    ],
)
def test_what_counts_as_a_number(text: str, numbers: list[str]) -> None:
    assert [number.text for number in written_numbers(text, 1)] == numbers


@pytest.mark.parametrize(
    ("text", "value", "agrees"),
    [
        ("3.98", 3.975, True),
        ("3.98", 3.9851, False),
        ("4.0", 3.98, True),
        ("4.0", -3.98, True),  # "4.0 points worse"
        ("+4.0", -3.98, False),
        ("-11.31", -11.3125, True),
        ("7,033", 7033.33, True),
        ("7,034", 7033.33, False),
        ("1.2e-3", 0.00124, True),
        ("1.2e-3", 0.0013, False),
        ("0", 0.5001, False),
    ],
)
def test_a_number_agrees_at_the_rounding_in_which_it_is_written(text: str, value: float, agrees: bool) -> None:
    assert Number(text, 1).rounds(value) == agrees


def test_a_remark_holds_for_its_paragraph_item_or_table_alone() -> None:
    text = """\
# At 5 % <!-- given: 5, a density -->
A paragraph with 1
and 2. <!-- given: 1; 2, made up -->

- an item with 3
- an item with 4 <!-- given: 4, made up -->
8. an item with 6

<!-- given: 7, made up -->
| 7 |
|---|
| 8 |

```
9
```
"""
    (prose,) = parsed_page(Path("page.md"), text).prose
    told = [(line, words.split(":")[0]) for line, words in unfounded(prose, None, {})]
    assert told == [(5, "3"), (7, "6"), (12, "8")]
