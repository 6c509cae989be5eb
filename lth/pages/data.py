"""The packed data of a study (`docs/results/data/<study>/`): reading them, and making tables and figures from them."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lth.analysis.tables import evaluation_tables, study_tables
from lth.artifacts.records import RecordError, counts_alone, csv_rows, read_json, unseal_rows
from lth.checks.explain import explain
from lth.config.study import Study
from lth.config.tickets import GivenTicket
from lth.errors import UserError, reason
from lth.files import write_bytes, write_text
from lth.plan.paths import ROUND_TABLES
from lth.plan.plan import Plan
from lth.reading import read_regular, unpack

CONTENTS = "data.json"
"""What the data are: study, seeds, missing seeds, and the SHA-256 of each table."""
SETTINGS_FILE = "study.yaml"
ADDED = ("units",)
"""Kinds of tables that data packed before there were any do not have, or not with all columns."""
_MOST_PACKED, _MOST = 50_000_000, 1_000_000_000
"""Bytes of a file, packed and unpacked."""


def packed_tables(study: Study) -> Iterator[tuple[str, str, str]]:
    """Name, kind and assessment of each packed table; the tables of rounds have no assessment.

    A comparison's arms were trained in rounds, so that only the counts of its masks are its own.
    """
    yield from ((f"tickets/{kind}", kind, "") for kind in ROUND_TABLES)
    of_arms = ("history", "confusion", *(["measured"] if study.energy else []), "overlap", "units")
    for name in study.evaluations:
        yield from ((f"evaluations/{name}/{kind}", kind, name) for kind in of_arms)
    for name in study.comparisons:
        yield from ((f"comparisons/{name}/{kind}", kind, name) for kind in ("overlap", "units"))


def packed_name(table: str) -> str:
    """The file of a packed table."""
    return f"{table}.csv.gz"


@dataclass(frozen=True)
class StudyData:
    """The packed data of a study, verified."""

    folder: Path
    told: Mapping[str, Any]
    """The content of `data.json`."""
    study: Study
    """With the seeds that were packed."""
    made: Path
    """A scratch folder, in which tables and figures are made as in `results/<study>`."""

    @cached_property
    def plan(self) -> Plan:
        """What follows from the study."""
        _write_given(self)
        return Plan(self.study, self.made)

    def table(self, name: str) -> Path:
        """A table by its name below `tables`: `rounds`, `transfer/arms`."""
        return self.made / "tables" / f"{name}.csv"

    @cached_property
    def table_names(self) -> list[str]:
        """All tables that the data give."""
        tables = evaluation_tables(self.study)
        names = [*study_tables(self.study), *(f"{name}/{table}" for name in self.plan.assessments for table in tables)]
        return [name for name in names if self.table(name).exists()]

    @cached_property
    def _rows(self) -> dict[str, list[dict[str, str]]]:
        return {}

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a table as in its file, without the checksum."""
        if name not in self._rows:
            header, *rows = unseal_rows(csv_rows(self.table(name).read_text(encoding="utf-8")))
            self._rows[name] = [dict(zip(header, row, strict=True)) for row in rows]
        return self._rows[name]

    def draw(self, place: str) -> Path:
        """Draw a figure by its name below `figures` (`pruning_curves`, `transfer/final_accuracy`), once."""
        from lth.analysis.figures import FIGURES
        from lth.analysis.figures.colours import colour_places
        from lth.analysis.figures.draw import draw_figure
        from lth.analysis.tables.files import read_sealed

        out = self.made / "figures" / f"{place}.svg"
        if not out.exists():
            assessment, _, name = place.rpartition("/")
            of = f"{assessment}/" if assessment else ""
            tables = {t: read_sealed(self.table(f"{of}{t}")) for t in FIGURES[name].tables}
            for t in FIGURES[name].of_evaluations:
                tables[t] = read_sealed([self.table(f"{one}/{t}") for one in self.study.evaluations])
            draw_figure(name, tables, colour_places(self.plan), out)
        return out

    @cached_property
    def figure_names(self) -> list[str]:
        """All figures of the study."""
        from lth.analysis.figures.choice import figures_of

        of_assessments = (
            f"{name}/{figure}" for name in self.plan.assessments for figure in figures_of(self.plan, name)
        )
        return [*figures_of(self.plan), *of_assessments]


@dataclass(frozen=True)
class Packed:
    """The files of packed data, verified."""

    told: Mapping[str, Any]
    """The content of `data.json`."""
    study: Study
    """With the seeds that were packed."""
    texts: Mapping[str, str]
    """The packed tables, by their names in the folder."""


def read_packed(folder: Path) -> Packed:
    """Read and verify the packed data of a study.

    Raises:
        UserError: there are none, or a file is missing or altered.
    """
    try:
        told = read_json(folder / CONTENTS)
        tables = {str(name): str(sha) for name, sha in told["tables"].items()}
        seeds, name, _ = told["seeds"], told["study"], told["missing"].items()
    except RecordError as error:
        raise UserError(f"{folder / CONTENTS}: {error}; to pack the data: `lth collect RESULTS`") from None
    except (KeyError, TypeError, AttributeError):
        raise UserError(f"{folder / CONTENTS}: does not list the study, its seeds and tables") from None
    study = _study(folder / SETTINGS_FILE)
    if [*study.seeds] != seeds or study.study != name:
        raise UserError(f"{folder / SETTINGS_FILE}: has another name or other seeds than {CONTENTS}")
    known = {packed_name(table): kind for table, kind, _ in packed_tables(study)}
    needed = [name for name, kind in known.items() if name in tables or kind not in ADDED]
    if lacking := sorted(set(needed) - set(tables)):
        raise UserError(f"{folder / CONTENTS}: does not list {lacking[0]}, which the study needs")
    return Packed(told, study, {name: _text(folder / name, tables[name]) for name in needed})


def opened_data(folder: Path, scratch: Path) -> StudyData:
    """Verify the packed data of a study, and make its tables in a scratch folder.

    Raises:
        UserError: there are none, or a file is missing or altered.
    """
    packed = read_packed(folder)
    for name, text in packed.texts.items():
        write_text(scratch / "packed" / name.removesuffix(".gz"), text)
    data = StudyData(folder, packed.told, packed.study, scratch)
    _write_tables(data)
    return data


def _study(path: Path) -> Study:
    """The settings; they have no checksum, since keys that are renamed in the project are renamed here, too."""
    try:
        return Study.model_validate(yaml.safe_load(read_regular(path, _MOST_PACKED)))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not readable as YAML ({reason(error)})") from None
    except ValidationError as error:
        keys, words = next(explain(error))
        raise UserError(f"{path}: {'.'.join(map(str, keys))}: {words}") from None


def _text(path: Path, sha: str) -> str:
    """The text of a packed table, once its checksum is right."""
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        content = unpack(read_regular(path, _MOST_PACKED), _MOST)
    except (zlib.error, EOFError):
        raise UserError(f"{path}: is damaged (not readable as gzip)") from None
    if content is None or sha256(content).hexdigest() != sha:
        raise UserError(f"{path}: was altered after it was packed (its SHA-256 is not the one in {CONTENTS})")
    return content.decode()


def _write_tables(data: StudyData) -> None:
    """The tables of the study and of its assessments, by the functions that make them of results."""
    from lth.analysis.tables import write_assessment, write_study_tables
    from lth.analysis.tables.files import read_table

    plan, study = data.plan, data.study

    def paths(names: Iterable[str], below: str = "") -> dict[str, Path]:
        return {name: data.table(f"{below}{name}") for name in names}

    kinds = {"histories": "history", "confusions": "confusion", "layers": "layers", "costs": "cost"}
    files = {key: [_packed(data, f"tickets/{kind}")] for key, kind in kinds.items()}
    measured = [_packed(data, "tickets/measured")]
    arms = [_packed(data, f"evaluations/{name}/measured") for name in study.evaluations if study.energy]
    files |= {"measured": measured, "evaluated": arms}
    write_study_tables(study, **files, results=data.made, out=paths(study_tables(study)))
    read = cache(read_table)  # all comparisons are made of the same files
    for name in plan.assessments:
        out = paths(evaluation_tables(study), f"{name}/")
        out["verdict"] = data.table(f"{name}/verdict").with_suffix(".txt")
        write_assessment(plan, name, _left(data, name, read), out)


def _write_given(data: StudyData) -> None:
    """How much each given ticket keeps, whose file is not here, where a plan looks for what was made of it."""
    given = {name for name, spec in data.study.tickets.items() if isinstance(spec, GivenTicket)}
    if not given:
        return
    names, *rows = csv_rows(_packed(data, "tickets/layers").read_text(encoding="utf-8"))
    counts: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for row in (dict(zip(names, row, strict=True)) for row in rows):
        if row["ticket"] in given:
            of_ticket = counts.setdefault((row["ticket"], row["seed"]), {})
            of_ticket[row["layer"]] = int(row["kept"]), int(row["total"])
    for (ticket, seed), layers in counts.items():
        place = data.made / "tickets" / ticket / f"seed{seed}" / "round01" / "ticket.safetensors"
        write_bytes(place, counts_alone(layers))


def _left(data: StudyData, assessment: str, read: Callable[[Path], Any]) -> Any:
    """What the jobs of an assessment left: of a comparison from its rounds."""
    from lth.analysis.tables import masks
    from lth.analysis.tables.assessment import Left

    evaluation = assessment in data.study.evaluations
    below = f"evaluations/{assessment}" if evaluation else "tickets"
    own = f"{'evaluations' if evaluation else 'comparisons'}/{assessment}"
    units = _packed(data, f"{own}/units")
    rounds = {(arm.ticket, arm.round) for arm in data.plan.evaluated_tickets(assessment)}
    order, layers = data.plan.assessment(assessment).tickets, read(_packed(data, "tickets/layers"))
    return Left(
        history=read(_packed(data, f"{below}/history")),
        confusion=read(_packed(data, f"{below}/confusion")),
        layers=masks.layers_of_rounds(layers, rounds, order),
        overlaps=read(_packed(data, f"{own}/overlap")),
        units=read(units) if units.exists() else None,
        costs=None if evaluation else read(_packed(data, "tickets/cost")),
        measured=read(_packed(data, f"{below}/measured")) if data.study.energy or not evaluation else None,
    )


def _packed(data: StudyData, name: str) -> Path:
    return data.made / "packed" / f"{name}.csv"
