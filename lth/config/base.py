"""What all models of a study file share: names, references, bounded numbers, and the frozen base class.

A value that is wrong by itself is refused by the type of its field. What the fields of one model mean to each other is
said by the model's own `faults`. Both end in one pydantic `ValidationError`, which `lth.checks.explain` turns into
sentences.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import UnionType
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    StringConstraints,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from lth.catalog.importing import colon_hint
from lth.catalog.registry import Registry
from lth.config.descriptions import descriptions
from lth.paths import path_fault

KeyPath = tuple[str | int, ...]
"""The keys that lead to a value, and positions in lists."""
Fault = tuple[KeyPath, str]
"""The keys that lead from a model to a value, and a sentence about that value."""

NAME_PATTERN = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
"""Names become folder names and parts of arm names (`mnist-own`): lower case, digits, single underscores."""


def fault(message: str, *path: str | int) -> PydanticCustomError:
    """An error of a validator, about the value itself or about what lies at `path` inside it."""
    return _error([(path, message)])


def _error(faults: list[Fault]) -> PydanticCustomError:
    return PydanticCustomError("faults", "{text}", {"text": "; ".join(text for _, text in faults), "faults": faults})


def _unknown(sentence: str, names: Iterable[str], lead: str) -> PydanticCustomError:
    """An error about a name that is none of some names, with a place for it in the sentence."""
    context = {"sentence": sentence, "names": [str(name) for name in names], "lead": lead}
    return PydanticCustomError("unknown_name", "{sentence}", context)


DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
"""Names that Windows keeps for devices: no folder there can have them, and results are copied."""


def _no_device(name: str) -> str:
    if name in DEVICES:
        message = f"cannot be a name: Windows keeps '{name}' for a device, and names become folders; choose another"
        raise fault(message)
    return name


def _folder(text: str) -> str:
    """A path whose home folder, if it begins with one, is known, and whose parts are not too long for folders."""
    if message := path_fault(text):
        raise fault(message)
    return text


def _path_behind(text: str) -> str:
    """`family:PATH` with such a path; whatever has no colon is none."""
    _folder(text.partition(":")[2])
    return text


names_a_path = AfterValidator(_path_behind)
"""Refuses names `family:PATH` whose path cannot be one."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=40), AfterValidator(_no_device)]
Folder = Annotated[str, Field(max_length=1000), AfterValidator(_folder)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Rate = Annotated[float, Field(gt=0, ge=1e-9, lt=1)]
"""A share. Densities are exact fractions, and hundreds of rounds at 1e-300 would have millions of digits; an interval
at an alpha of 1e-17 is infinite, which no figure can show."""
Density = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(gt=0, le=10**9)]
RoundCount = Annotated[int, Field(gt=0, le=500)]
"""Bounded, since every round is planned: a typing error must not keep the check busy for ever."""


class Model(BaseModel):
    """Frozen; refuses unknown keys; its schema takes descriptions from the docstrings under the fields.

    Its validator is built when something is first validated: each job imports all models, and needs two.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    later_keys: ClassVar[tuple[str, ...]] = ()
    """Keys that were added later. A study that does not give them has the settings, the checksum of them and the jobs
    that it had before there were any. Each base class names its own."""

    @model_serializer(mode="wrap")
    def _without_later_keys(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        settings: dict[str, Any] = handler(self)
        later = {key for cls in type(self).__mro__ for key in cls.__dict__.get("later_keys", ())}
        return {key: value for key, value in settings.items() if key not in later or value is not None}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler(schema)
        for key, text in descriptions(cls).items():
            handler.resolve_ref_schema(found)["properties"][key]["description"] = text
        return found

    def faults(self) -> Iterator[Fault]:
        """What is wrong between the fields, each of which is valid by itself. Each base class says its own."""
        return iter(())

    @model_validator(mode="after")
    def _sound(self) -> Self:
        own = [cls.__dict__["faults"] for cls in type(self).__mro__ if "faults" in cls.__dict__]
        if found := [one for faults in own for one in faults(self)]:
            raise _error(found)
        return self

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: Any) -> Any:
        """Python takes `true` for 1; a study file does not."""
        field = cls.model_fields[info.field_name]
        truths = [item for item in (value if isinstance(value, list | tuple) else [value]) if isinstance(item, bool)]
        if truths and bool not in _types(field.annotation) and {int, float} & _types(field.annotation):
            position = (value.index(truths[0]),) if isinstance(value, list | tuple) else ()
            raise PydanticCustomError("boolean", "a number is needed", {"position": position, "found": truths[0]})
        return value


def _types(annotation: Any) -> set[Any]:
    """The plain types in an annotation, through unions, tuples and `Annotated`."""
    if get_origin(annotation) is not None or isinstance(annotation, UnionType):
        return set().union(*(_types(argument) for argument in get_args(annotation)))
    return {annotation}


# --- names that are defined elsewhere -------------------------------------------------------------------------------

_defined: ContextVar[Mapping[str, Collection[str]] | None] = ContextVar("defined", default=None)
"""The names that the study being validated defines, by section."""


@contextmanager
def defining(sections: Mapping[str, Collection[str]]) -> Iterator[None]:
    """Validate references against these names; without it any name is accepted."""
    token = _defined.set(sections)
    try:
        yield
    finally:
        _defined.reset(token)


class RefersTo:
    """Marks a field whose value is the name of an entry of a section of the study; its JSON schema says which."""

    def __init__(self, section: str) -> None:
        self.section = section

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "x-refers-to": self.section}


def _reference(section: str) -> Callable[[str], str]:
    def check(name: str) -> str:
        known = (_defined.get() or {}).get(section)
        if known is not None and name not in known:
            raise _unknown("{} is not defined", known, f"`{section}` has")
        return name

    return check


DatasetName = Annotated[Name, AfterValidator(_reference("datasets")), RefersTo("datasets")]
NetworkName = Annotated[Name, AfterValidator(_reference("networks")), RefersTo("networks")]
RecipeName = Annotated[Name, AfterValidator(_reference("recipes")), RefersTo("recipes")]
TicketName = Annotated[Name, AfterValidator(_reference("tickets")), RefersTo("tickets")]


def section_of(field: FieldInfo) -> str | None:
    """The section that a field's value is a name from, if it is one."""
    marks = [mark for mark in field.metadata if isinstance(mark, RefersTo)]
    for argument in get_args(field.annotation):  # `RecipeName | None`
        marks += [mark for mark in getattr(argument, "__metadata__", ()) if isinstance(mark, RefersTo)]
    return marks[0].section if marks else None


def named_in(table: Mapping[str, Any], what: str) -> AfterValidator:
    """Refuses values that are no name of a table; `what` is their noun (`score`)."""

    def check(name: str) -> str:
        if name not in table:
            hint = colon_hint(name) if what in ("architecture", "score") else ""
            raise _unknown(f"there is no {what} {{}}{hint}", *_offered(table, name))
        return name

    return AfterValidator(check)


def _offered(table: Mapping[str, Any], name: str) -> tuple[list[str], str]:
    """The names of a table that somebody may have meant by another, and the words before them.

    Of those that are written `group:NAME`, the ones of a group that was written, or the one that NAME alone stands for;
    else the groups are named only.
    """
    group, _, inner = name.casefold().partition(":")
    meant = [other for other in table if other.startswith(f"{group}:")] if inner else []
    if alone := [other for other in table if other.partition(":")[2] == group]:
        return alone, "there is"
    forms = [form for form, _ in table.rows() if ":" in form] if isinstance(table, Registry) else []
    return meant or [*(other for other in table if ":" not in other), *forms], "there are"


def _each_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    repeated = [n for n, value in enumerate(values) if value in values[:n]]
    if repeated:
        raise _error([((n,), f"{values[n]!r} is given twice; keep one of them") for n in repeated])
    return values


each_once = AfterValidator(_each_once)
"""Refuses lists in which something comes twice."""
