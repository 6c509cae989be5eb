"""Reading a study: from its YAML files, or from what Snakemake made of them, to a checked `Study`.

All faults are reported in one go, each with the file and line of its key. Nothing here imports torch.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lth.checks.assessments import assessments
from lth.checks.explain import explain
from lth.checks.problems import COMMAND_LINE, Locations, Problem, StudyError, label
from lth.checks.relations import relations
from lth.checks.warnings import warnings
from lth.checks.wording import found, unprintable
from lth.checks.yaml_faults import Unreadable
from lth.checks.yaml_file import YamlFile
from lth.config.base import NAME_PATTERN, Fault
from lth.config.study import Study
from lth.running.scratch_folder import misplaced


def load_study(path: Path | str) -> Study:
    """The checked study of one file; its warnings are dropped (see `read_study`).

    Raises:
        StudyError: everything that is wrong with it.
    """
    return read_study(None, [path])[0]


def read_study(data: Mapping[Any, Any] | None, files: Sequence[Path | str]) -> tuple[Study, list[Problem]]:
    """A checked study, and warnings about it.

    Args:
        data: the merged configuration as Snakemake holds it (`config`); without it, the files are merged here.
        files: the YAML files that it came from, the later ones taking precedence. A key that no file holds, or whose
            value is not the file's, was given by `--config`, and is reported so.

    Raises:
        StudyError: everything that is wrong with it, sorted by file and line.
    """
    opened = _opened([Path(file) for file in files])
    merged = _merged(file.data for file in opened) if data is None else _plain(data)
    locations = Locations(opened, merged)
    in_files = [*_file_faults(opened), *_two_studies(opened)]
    odd_keys = {path for file in opened for path in file.odd_keys}
    try:
        study = Study.model_validate(merged)
    except ValidationError as error:
        faults = [fault for fault in explain(error, merged) if fault[0] not in odd_keys]
        raise StudyError([*in_files, *_located(locations, faults)]) from None
    broken, faults = relations(study)
    faults += [*assessments(study, broken), *misplaced(study)]
    if problems := [*in_files, *_located(locations, faults)]:
        raise StudyError(problems)
    return study, sorted(_located(locations, warnings(study)))


def study_name(path: Path) -> str | None:
    """The name that a study file gives its study; None if it is no study file, or gives no usable name."""
    try:
        name = YamlFile(path).data.get("study")
    except Unreadable:
        return None
    return name if isinstance(name, str) and re.fullmatch(NAME_PATTERN, name) else None


def _located(locations: Locations, faults: Iterable[Fault]) -> list[Problem]:
    return [locations.problem(tuple(map(str, path)), message) for path, message in faults]


def _opened(files: Sequence[Path]) -> list[YamlFile]:
    """The files, read; if one cannot be, nothing can be said of the study but that."""
    opened: list[YamlFile] = []
    unreadable: list[Problem] = []
    for order, path in enumerate(files):
        try:
            opened.append(YamlFile(path))
        except Unreadable as error:
            unreadable.append(Problem(order=order, line=error.line, file=label(path), message=error.message))
    if unreadable:
        raise StudyError(unreadable)
    return opened


def _file_faults(files: Sequence[YamlFile]) -> list[Problem]:
    return [
        Problem(order=order, line=line, file=file.label, path=path, message=message)
        for order, file in enumerate(files)
        for path, line, message in file.faults
    ]


def _two_studies(files: Sequence[YamlFile]) -> list[Problem]:
    """Files that name different studies: merged, they would be neither."""
    named = [(order, file) for order, file in enumerate(files) if "study" in file.data]
    return [
        Problem(
            order=order,
            line=file.lines[("study",)],
            file=file.label,
            path=("study",),
            message=f"names study {found(file.data['study'])}, but {named[0][1].label} names study "
            f"{found(named[0][1].data['study'])}; give one study, and files beside it only without `study`",
        )
        for order, file in named[1:]
        if file.data["study"] != named[0][1].data["study"]
    ]


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
