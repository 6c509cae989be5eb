"""Tables of a study, from what its jobs have left on disk. Top-level functions take paths and write paths.
They import what they need when they are called: the Snakefile reads the names of tables here, and no pandas with them.

`results/<study>/` holds two kinds of tables: of the study (`STUDY_TABLES`: how the tickets were found) and of each
evaluation (`EVALUATION_TABLES`: how its arms did, and the verdict).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lth.config.models import Study
from lth.config.plan import Plan

STUDY_TABLES = ("rounds", "layers")
"""`rounds`: accuracy of each ticket's rounds; `layers`: what they keep of each layer."""
EVALUATION_TABLES = ("runs", "arms", "comparisons", "curves", "classes", "confusion", "overlap")
"""One row a training, an arm, a pair; then by epoch, by class, by pair of classes, by pair of tickets and layer."""


def write_study_tables(
    study: Study, histories: Iterable[Path], layers: Iterable[Path], out: Mapping[str, Path]
) -> None:
    """Write `STUDY_TABLES` from the histories and layer counts of all tickets' rounds.

    Args:
        study: gives the order of tickets and alpha.
        histories: `tickets/<ticket>/seed<k>/round<kk>/history.csv`.
        layers: `tickets/<ticket>/seed<k>/round<kk>/layers.csv`.
        out: where to write, by table name.
    """
    from lth.tables import arms as by_arm
    from lth.tables import masks
    from lth.tables import runs as by_run
    from lth.tables.files import collect, ordered, write_table

    trained = by_run.runs(collect(histories), by_run.ROUND_RUN)
    write_table(ordered(by_arm.rounds(trained, study.alpha), "ticket", study.tickets, ["round"]), out["rounds"])
    write_table(ordered(masks.layer_density(collect(layers)), "ticket", study.tickets, ["round"]), out["layers"])


def write_evaluation_tables(
    study: Study,
    evaluation: str,
    *,
    histories: Iterable[Path],
    confusions: Iterable[Path],
    tickets: Iterable[Path],
    out: Mapping[str, Path],
) -> None:
    """Write `EVALUATION_TABLES` and the `verdict` (text) of one evaluation.

    Args:
        study: gives the order of arms, the pairs to compare and alpha.
        evaluation: its name.
        histories: `evaluations/<evaluation>/<arm>/seed<k>/history.csv` of all arms and seeds.
        confusions: the `confusion.csv` beside them.
        tickets: ticket files of the evaluation's tickets at its density, all seeds.
        out: where to write, by table name, and `verdict`.
    """
    from lth.files import write_text
    from lth.tables import arms as by_arm
    from lth.tables import masks
    from lth.tables import runs as by_run
    from lth.tables.files import collect, ordered, read_table, write_table
    from lth.tables.verdict import text

    spec, alpha = study.evaluations[evaluation], study.alpha
    arms = [arm.name for arm in Plan(study).arms(evaluation)]
    history = ordered(collect(histories), "arm", arms, ["seed", "epoch"])
    trained = ordered(by_run.arm_runs(history, spec.reach_percent), "arm", arms, ["seed"])
    confusion = ordered(collect(confusions), "arm", arms, ["seed"])
    tables = {
        "runs": trained,
        "arms": by_arm.summarise(trained, alpha),
        "comparisons": by_arm.compare(trained, spec.compare, alpha),
        "curves": by_arm.curves(history, alpha),
        "classes": by_arm.classes(confusion, alpha),
        "confusion": by_arm.mean_confusion(confusion),
        "overlap": masks.overlap(tickets, spec.tickets),
    }
    for name, table in tables.items():
        write_table(table, out[name])
    # read back, so that the sentences say what the files and the report say, to the last digit
    write_text(out["verdict"], text(evaluation, read_table(out["arms"]), read_table(out["comparisons"])))
