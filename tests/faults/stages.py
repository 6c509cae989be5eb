"""What reads a file of a finished study next, called in process: one adapter to the functions of `lth`.

A run of the workflow after a file has changed reruns what lies downstream of it. `after` does the same for one file,
without Snakemake and without redrawing figures.
"""

from collections.abc import Callable
from pathlib import Path

from lth.checks.read import load_study
from lth.cli import main
from lth.plan.paths import ROUND_TABLES, Paths
from lth.plan.plan import Plan

INPUTS = {
    "history": "histories",
    "confusion": "confusions",
    "layers": "layers",
    "cost": "costs",
    "measured": "measured",
}
"""The tables of a round, and what `write_study_tables` calls them."""


class Stages:
    """The stages of one study, relative to the project's folder."""

    def __init__(self, study: Path) -> None:
        self.study = load_study(study)
        self.plan = Plan(self.study)
        self.layout = Paths(self.plan)
        self.results = Path(self.plan.results)

    def after(self, name: str) -> Callable[[], None]:
        """What the next run does with a file, by its path below the results; raises UserError where that refuses it."""
        top = name.partition("/")[0]
        if name.endswith(".safetensors"):
            return lambda: self.load(name)
        stages = {"tickets": [self.study_tables], "evaluations": [lambda: self.evaluation_tables(name.split("/")[1])]}
        reported = [] if name == "report.html" else [self.figures, self.report]
        listed = [] if name == "manifest.json" else [*stages.get(top, []), *reported, self.manifest]
        return lambda: [stage() for stage in listed] and None

    def load(self, name: str) -> tuple[object, object]:
        """Tensors and metadata, as a job reads them that has the file as input."""
        from lth.artifacts.tickets import Ticket
        from lth.artifacts.trained_weights import TrainedWeights
        from lth.data.examples import load_examples

        path = self.results / name
        if path.name == "ticket.safetensors":
            ticket = Ticket.load(path)
            return {**ticket.weights, **{f"mask {name}": mask for name, mask in ticket.masks.items()}}, {}
        if path.name == "trained.safetensors":
            return dict(TrainedWeights.load(path, path.with_name("ticket.safetensors")).last), {}
        return {name: split.labels for name, split in load_examples(path).splits.items()}, {}

    def study_tables(self) -> None:
        """As `workflow/scripts/study_tables.py` calls it."""
        from lth.analysis.tables import STUDY_TABLES, write_study_tables
        from lth.analysis.tables.checks import check_records

        places = [(t, s, r) for t in self.study.tickets for s in self.study.seeds for r in self.plan.rounds(t)]
        files = {
            INPUTS[table]: [Path(self.layout.round_file(f"{table}.csv", *place)) for place in places]
            for table in ROUND_TABLES
        }
        out = {name: self.results / f"tables/{name}.csv" for name in STUDY_TABLES}
        check_records(self.study, [Path(self.layout.round_file("ticket.safetensors", *place)) for place in places])
        write_study_tables(self.study, **files, out=out)

    def evaluation_tables(self, name: str) -> None:
        """As `workflow/scripts/evaluation_tables.py` calls it."""
        from lth.analysis.tables import EVALUATION_TABLES, write_evaluation_tables
        from lth.analysis.tables.checks import check_records

        arms = [(arm, seed) for arm in self.plan.arms(name) for seed in self.study.seeds]
        tickets = [(arm, seed) for arm in self.plan.evaluated_tickets(name) for seed in self.study.seeds]
        files = {
            INPUTS[table]: [Path(self.layout.evaluated(f"{table}.csv", name, arm.name, seed)) for arm, seed in arms]
            for table in ("history", "confusion")
        }
        out = {table: self.results / f"tables/{name}/{table}.csv" for table in EVALUATION_TABLES}
        out["verdict"] = self.results / f"tables/{name}/verdict.txt"
        records = [Path(self.layout.evaluated("evaluation.json", name, arm.name, seed)) for arm, seed in arms]
        starts = [Path(self.layout.arm_ticket(arm, seed)) for arm, seed in arms]
        check_records(self.study, records, starts)
        paths = [Path(self.layout.arm_ticket(arm, seed)) for arm, seed in tickets]
        write_evaluation_tables(self.study, name, **files, tickets=paths, arm_tickets=starts, out=out)

    def report(self) -> None:
        """As `workflow/scripts/report.py` calls it."""
        from lth.analysis.report.page import write_report
        from lth.verification.listing import artifacts_checksum, listed_files, settings

        tables, figures = (sorted(self.results.glob(pattern)) for pattern in ("tables/**/*.csv", "figures/**/*.svg"))
        listed = listed_files(self.results, self.study, [*tables, *figures, *self.results.glob("tables/**/*.txt")])
        shown = artifacts_checksum(settings(self.study), listed)
        write_report(self.study, tables, figures, self.results / "report.html", shown)

    def figures(self) -> None:
        """What `workflow/scripts/figures.py` reads, without drawing it."""
        from lth.analysis.tables.files import read_table

        for path in sorted(self.results.glob("tables/**/*.csv")):
            read_table(path, sealed=True)

    def manifest(self) -> None:
        """As `workflow/scripts/manifest.py` calls it."""
        from lth.verification.manifest import write_manifest

        found = [path for folder in ("tables", "figures") for path in self.results.glob(f"{folder}/**/*.*")]
        write_manifest(self.results, self.study, [*found, self.results / "report.html"])

    def verify(self) -> int:
        """The status of `lth verify`."""
        return main(["verify", str(self.results)])

    def show(self, name: str) -> int:
        """The status of `lth show`."""
        return main(["show", str(self.results / name)])
