"""What all models of the study file share: names, numbers with bounds, and the frozen base."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

NAME_PATTERN = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
"""Names become folder names and parts of arm names (`mnist-own`), so: lower case, digits, underscores."""

SENTENCE = "sentence"
"""Kind of the errors of the validators below: what they say is the sentence for the user."""

DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
"""Names that Windows keeps for devices: no folder there can have them, and results are copied."""

LONGEST_PART = 255
"""Bytes of one folder's name, on all usual file systems."""


def _no_device(name: str) -> str:
    if name in DEVICES:
        message = f"cannot be a name: Windows keeps '{name}' for a device, and names become folders; choose another"
        raise PydanticCustomError(SENTENCE, message)
    return name


def _folder(text: str) -> str:
    """A path whose home folder, if it begins with one, is known, and whose parts are not too long for folders."""
    try:
        parts = Path(text).expanduser().parts
    except RuntimeError:
        user = Path(text).parts[0]
        message = f"begins with the home folder of a user who does not exist, found '{user}'; write the folder out"
        raise PydanticCustomError(SENTENCE, message) from None
    if any(len(part.encode()) > LONGEST_PART for part in parts):
        message = f"has a part that is longer than the {LONGEST_PART} bytes that a folder's name may have; shorten it"
        raise PydanticCustomError(SENTENCE, message)
    return text


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=40), AfterValidator(_no_device)]
Folder = Annotated[str, Field(max_length=1000), AfterValidator(_folder)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Rate = Annotated[float, Field(gt=0, ge=1e-9, lt=1)]
"""A share. Densities are exact fractions, and hundreds of rounds at 1e-300 would have millions of digits; an interval
at an alpha of 1e-17 is infinite, which no figure can show."""
Count = Annotated[int, Field(gt=0, le=10**9)]
RoundCount = Annotated[int, Field(gt=0, le=500)]
"""Bounded, since every round is planned: a slip of the finger must not keep the check busy for ever."""


class Model(BaseModel):
    """Frozen, knows every key, and takes its descriptions from the docstrings under the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
