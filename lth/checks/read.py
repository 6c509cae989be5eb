"""Reading a study: from its YAML files, or from what Snakemake made of them, to a checked `Study`.

All faults are reported in one go, each with the file and line of its key. Nothing here imports torch, unless a study
has a network or score of the user's, which is tried once all else is right.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lth.checks.assessments import assessments
from lth.checks.explain import explain
from lth.checks.networks import own_code
from lth.checks.problems import COMMAND_LINE, Locations, Problem, StudyError
from lth.checks.relations import relations
from lth.checks.sources import own_sources
from lth.checks.warnings import warnings
from lth.checks.wording import found, unprintable
from lth.checks.yaml_file import YamlFile
from lth.config.base import NAME_PATTERN
from lth.config.study import Study
from lth.running.scratch_folder import misplaced


def load_study(path: Path | str) -> Study:
    """The checked study of one file; its warnings are dropped (see `read_study`).

    Raises:
        StudyError: everything that is wrong with it.
    """
    return read_study(None, [path])[0]


def read_study(
    data: Mapping[Any, Any] | None, files: Sequence[Path | str], *, tries: bool = True
) -> tuple[Study, list[Problem]]:
    """A checked study, and warnings about it.

    Args:
        data: the merged configuration as Snakemake holds it (`config`); without it, the files are merged here.
        files: the YAML files that it came from, the later ones taking precedence. A key that no file holds, or whose
            value is not the file's, was given by `--config`, and is reported so.
        tries: build networks of the user's and send images through them, and try the user's scores; a job need not do
            again what has been done for the run.

    Raises:
        StudyError: everything that is wrong with it, sorted by file and line.
    """
    opened = _opened([Path(file) for file in files])
    merged = _merged(file.data for file in opened) if data is None else _plain(data)
    locations = Locations(opened, merged)
    problems = [*(problem for file in opened for problem in file.problems), *_other_studies(opened)]
    odd_keys = {path for file in opened for path in file.odd_keys}
    try:
        study = Study.model_validate(merged)
    except ValidationError as error:
        faults = [locations.problem(*fault) for fault in explain(error) if fault[0] not in odd_keys]
        raise StudyError([*problems, *faults]) from None
    if own := [locations.problem(*fault) for fault in own_sources(study)]:
        raise StudyError([*problems, *own])
    broken, between = relations(study)
    problems += [locations.problem(*fault) for fault in (*between, *assessments(study, broken), *misplaced(study))]
    if not problems and tries:
        problems += [locations.problem(*fault) for fault in own_code(study)]
    if problems:
        raise StudyError(problems)
    return study, sorted(locations.problem(*warning) for warning in warnings(study))


def study_name(path: Path) -> str | None:
    """The name that a study file gives its study; None if it is no study file, or gives no usable name."""
    try:
        name = YamlFile(path).data.get("study")
    except StudyError:
        return None
    return name if isinstance(name, str) and re.fullmatch(NAME_PATTERN, name) else None


def _opened(files: Sequence[Path]) -> list[YamlFile]:
    """The files, read; if some cannot be, nothing can be said of the study but that."""
    opened: list[YamlFile] = []
    unreadable: list[Problem] = []
    for order, path in enumerate(files):
        try:
            opened.append(YamlFile(path, order))
        except StudyError as error:
            unreadable += error.problems
    if unreadable:
        raise StudyError(unreadable)
    return opened


def _other_studies(files: Sequence[YamlFile]) -> Iterator[Problem]:
    """Files that name another study than the first that names one: merged, they would be neither."""
    named = [(file, file.data["study"]) for file in files if "study" in file.data]
    for file, name in named[1:]:
        first, other = named[0]
        if name != other:
            message = f"names study {found(name)}, but {first.label} names study {found(other)}; give one study, and"
            line = file.lines[("study",)]
            yield file.problem(line, f"{message} files beside it only without `study`", ("study",))


def _merged(sources: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Mappings merged key by key, later values winning, as Snakemake merges its configuration files."""
    merged: dict[str, Any] = {}
    for source in sources:
        for key, value in source.items():
            both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
            merged[key] = _merged([merged[key], value]) if both else value
    return merged


def _plain(data: Any) -> Any:
    """Plain dicts and lists with text as keys, whatever mapping types the data came in.

    Text that cannot be shown is refused here: in files it has been found before, so it is from the command line.
    """
    if isinstance(data, str) and (problem := unprintable(data)):
        raise StudyError([Problem(order=0, line=0, file=COMMAND_LINE, message=f"{problem}, found {found(data)}")])
    if isinstance(data, Mapping):
        return {_plain(str(key)): _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list | tuple) else data
