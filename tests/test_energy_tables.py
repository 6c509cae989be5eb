"""Tables, verdict and report of a study that says what its electricity emits."""

from math import isnan, nan
from pathlib import Path

import pandas as pd
import pytest
import synthetic

from lth.analysis.report.page import write_report
from lth.analysis.tables.energy import energy_of_arms, energy_of_study, study_energy_cells
from lth.analysis.tables.files import read_table
from lth.config.energy import Electricity
from lth.config.study import Study

COAL = Electricity(grams_per_kwh=900)


def measured(**names: str) -> pd.DataFrame:
    """Two seeds that took 10 and 30 seconds, and 1 and 2 kWh."""
    return pd.DataFrame(
        [{**names, "seed": 0, "seconds": 10, "joules": 3.6e6}, {**names, "seed": 1, "seconds": 30, "joules": 7.2e6}]
    )


def test_an_arm_has_the_mean_over_its_seeds() -> None:
    rows = pd.concat([measured(arm="b"), measured(arm="a").assign(joules=[3.6e6, nan])])
    first, second = energy_of_arms(rows, COAL).to_dict("records")
    assert first == {
        **{"arm": "b", "n": 2, "seconds": 20, "joules": 5.4e6, "kwh": 1.5, "grams_co2": 1350, "grams_per_kwh": 900}
    }
    assert (second["arm"], second["seconds"]) == ("a", 20)
    assert isnan(second["joules"])
    assert isnan(second["grams_co2"])


def test_a_study_has_the_sums_over_its_trainings_and_no_sum_where_one_is_unknown() -> None:
    rounds = pd.concat([measured(ticket="mnist"), measured(ticket="cross")])
    table = energy_of_study(rounds, {"known": measured(), "partly": measured().assign(joules=[nan, 3.6e6])}, COAL)
    assert study_energy_cells(table) == [
        ["ticket", "mnist", "2", "2", "0.667", "3", "2,700"],
        ["ticket", "cross", "2", "2", "0.667", "3", "2,700"],
        ["evaluation", "known", "2", "2", "0.667", "3", "2,700"],
        ["evaluation", "partly", "2", "1", "0.667", "not measured", "not measured"],
        ["all trainings", "", "8", "7", "2.67", "not measured", "not measured"],
    ]
    whole = energy_of_study(rounds, {"known": measured()}, COAL).iloc[-1]
    assert (whole["kwh"], whole["grams_co2"]) == (9, 8100)


def test_each_draw_of_few_examples_is_a_training() -> None:
    """Three draws of each seed are trained by one job, whose time and energy are those of all three."""
    rows = measured().assign(joules=[nan, 3.6e6])
    table = energy_of_study(measured(ticket="mnist"), {"few": rows, "all": measured()}, COAL, {"few": 3, "all": 1})
    found = [(row["of"], row["trainings"], row["measured"]) for row in table.to_dict("records")]
    assert found == [("mnist", 2, 2), ("few", 6, 3), ("all", 2, 2), ("", 10, 7)]
    assert [*table["seconds"]] == [40, 40, 40, 120]


def test_the_table_of_a_study_counts_its_draws(tmp_path: Path) -> None:
    example = with_energy(synthetic.study(2, examples=100, draws=3))
    written = synthetic.write_tables(tmp_path, example, synthetic.write_jobs(tmp_path, example))
    energy = read_table(written["energy"], sealed=True).set_index("kind")
    arms = read_table(written["transfer/arms"], sealed=True)
    assert energy.loc["evaluation", "trainings"] == 2 * 3 * len(arms)


def with_energy(example: Study) -> Study:
    """A study that says it."""
    told = Electricity(grams_per_kwh=380, citation="the <agency>, 2024")
    return example.model_copy(update={"energy": told})


@pytest.mark.parametrize("example", [synthetic.study(2), synthetic.methods(2)], ids=["evaluation", "comparison"])
def test_verdict_and_report_show_it_with_its_factor_and_all_else_is_as_without(example: Study, tmp_path: Path) -> None:
    """Rounds are not measured here, arms of evaluations are: half a kWh each."""
    folders = tmp_path / "plain", tmp_path / "energy"
    plain, having = (
        synthetic.write_tables(folder, study, synthetic.write_jobs(folder, study))
        for folder, study in zip(folders, (example, with_energy(example)), strict=True)
    )
    (name,) = [*example.evaluations, *example.comparisons]
    assert {*having} - {*plain} == {"energy", f"{name}/energy"}
    differing = {table for table, path in plain.items() if path.read_bytes() != having[table].read_bytes()}
    assert differing == {f"{name}/verdict"}
    arms, whole = read_table(having[f"{name}/energy"], sealed=True), read_table(having["energy"], sealed=True)
    assert [*arms["arm"]] == [*read_table(having[f"{name}/arms"])["arm"]]
    verdict = having[f"{name}/verdict"].read_text()
    assert "kWh times 380 g CO2 per kWh (the <agency>, 2024)" in " ".join(verdict.split())
    assert whole["joules"].isna().iloc[-1]
    lines = [line.split() for line in verdict.splitlines()]
    if example.evaluations:
        assert ["cross-own", "2", "0.5", "0.5", "190"] in lines
        assert [*whole.loc[whole["kind"] == "evaluation", "kwh"]] == [0.5 * 2 * len(arms)]
    else:
        assert any(line[:2] == ["snip", "2"] and line[-4:] == ["not", "measured"] * 2 for line in lines)
    page = tmp_path / "report.html"
    write_report(with_energy(example), having.values(), [], page, "0" * 64)
    text = page.read_text()
    assert "Energy of all trainings" in text
    assert text.count("380 g CO2 per kWh (the &lt;agency&gt;, 2024)") >= 2
    write_report(example, plain.values(), [], page, "0" * 64)
    assert "g CO2" not in page.read_text()
