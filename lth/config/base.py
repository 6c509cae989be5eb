"""What all models of the study file share: names, numbers with bounds, and the frozen base."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NAME_PATTERN = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
"""Names become folder names and parts of arm names (`mnist-own`), so: lower case, digits, underscores."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=40)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Rate = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(gt=0, le=10**9)]
RoundCount = Annotated[int, Field(gt=0, le=500)]
"""Bounded, since every round is planned: a slip of the finger must not keep the check busy for ever."""


class Model(BaseModel):
    """Frozen, knows every key, and takes its descriptions from the docstrings under the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
