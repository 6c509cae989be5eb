"""How much noise the control `noisy` adds to a ticket's weights."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from lth.config.base import Fault, Model

Size = Annotated[float, Field(gt=0, le=100)]


class Noise(Model):
    """Gaussian noise of mean zero on the kept weights of each layer."""

    relative: Size | None = None
    """Its standard deviation as a share of the root mean square of the layer's kept weights."""
    std: Size | None = None
    """Its standard deviation itself, in all layers."""

    def words(self) -> str:
        """How large, for a legend: `0.1 RMS`, or `sd 0.01`."""
        return f"{self.relative:g} RMS" if self.std is None else f"sd {self.std:g}"

    def faults(self) -> Iterator[Fault]:
        """One way to say how large it is."""
        if (self.relative is None) == (self.std is None):
            yield (), "says how large the noise is by one of `relative` and `std`; give one of them"


USUAL_NOISE = Noise(relative=0.1)
"""Where a study does not say."""
