"""A study with holes: what is valid of a broken study file, so that its meaning can be checked in the same go.

A value that is broken becomes `BROKEN`. Using it in any way raises `Unknown`, and so does looking up a name that nobody
defines; whoever runs a check takes `Unknown` for "cannot be said yet". The checks themselves are thus written as if the
study were whole, and one fault is never reported as two.
"""

import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from lth.config.models import Study
from lth.config.problems import Path

Paths = set[Path]


class Unknown(Exception):
    """The answer depends on something that is broken."""


def _unknown(*_: object) -> Any:
    raise Unknown


class Broken:
    """Stands where a valid value is missing; every use of it raises `Unknown`."""

    __slots__ = ()
    __hash__ = _unknown
    __getattr__ = __getitem__ = __iter__ = __len__ = __bool__ = __contains__ = _unknown
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __str__ = __format__ = _unknown
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __float__ = __int__ = __index__ = _unknown
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __neg__ = _unknown


BROKEN: Any = Broken()


class Names(dict[str, Any]):
    """A section of the study; an undefined name is `Unknown` (it is reported where the reference stands)."""

    def __missing__(self, key: str) -> Any:
        raise Unknown


def draft_of(data: Mapping[str, Any], broken: Paths) -> Study:
    """The study with `BROKEN` at each of these paths, and sections that raise `Unknown` for undefined names."""
    study = _model(Study, data, broken)
    sections = {name: Names(value) for name, value in study.__dict__.items() if isinstance(value, dict)}
    return cast("Study", study.model_copy(update=sections))


def _model(model: type[BaseModel], data: Any, broken: Paths) -> Any:
    if () in broken or not isinstance(data, Mapping):
        return BROKEN
    if not broken:
        return model.model_validate(data)
    values = {name: _field(name, info, data, broken) for name, info in model.model_fields.items()}
    return model.model_construct(**values)


def _field(name: str, info: FieldInfo, data: Mapping[str, Any], broken: Paths) -> Any:
    below = _below(broken, name)
    if () in below:
        return BROKEN
    if name not in data:
        return info.get_default(call_default_factory=True)
    if not below:
        return TypeAdapter(info.rebuild_annotation()).validate_python(data[name])
    return _nested(info.annotation, data[name], below)


def _nested(annotation: Any, data: Any, broken: Paths) -> Any:
    """A value that is broken further inside: its sound parts are kept."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType, Annotated):
        return _nested(arguments[0], data, broken)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model(annotation, data, broken)
    if origin is dict and isinstance(data, Mapping):
        return {key: _model(arguments[1], value, _below(broken, key)) for key, value in data.items()}
    if origin is tuple and isinstance(data, list | tuple):
        items = [_below(broken, str(position)) for position in range(len(data))]
        return tuple(_item(arguments[0], value, inside) for value, inside in zip(data, items, strict=True))
    return BROKEN


def _item(annotation: Any, data: Any, broken: Paths) -> Any:
    if () in broken:
        return BROKEN
    return _nested(annotation, data, broken) if broken else TypeAdapter(annotation).validate_python(data)


def _below(broken: Paths, key: str) -> Paths:
    return {path[1:] for path in broken if path and path[0] == key}


def entries(study: Study, section: str) -> list[tuple[str, Any]]:
    """The entries of a section that are there, though values inside them may be broken."""
    named = getattr(study, section)
    return (
        [(name, entry) for name, entry in named.items() if isinstance(entry, BaseModel)]
        if isinstance(named, dict)
        else []
    )


def items(values: Any) -> list[tuple[str, Any]]:
    """The sound items of a list, with their positions as keys of a path; none if the list itself is broken."""
    numbered = enumerate(values) if isinstance(values, tuple) else ()
    return [(str(position), value) for position, value in numbered if not isinstance(value, Broken)]
