"""What a study says of the electricity that it runs on."""

from typing import Annotated

from pydantic import Field

from lth.config.base import Model

MOST_GRAMS = 3000
"""More than any grid emits: twice that of power from lignite alone."""


class Electricity(Model):
    """Have evaluations measure their energy, too, and all energy shown in kWh and g CO2. Measured is what the machine
    has counters for; where it has none, tables say "not measured"."""

    grams_per_kwh: Annotated[float, Field(ge=0, le=MOST_GRAMS)]
    """Grams of CO2 equivalents that a kWh of this electricity emits, as the supplier or the country's agency publishes
    it. It stands beside every figure that is computed with it."""
    citation: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """Where that is published, and for which year; it stands beside it."""

    def words(self) -> str:
        """The factor, for a note: `380 g CO2 per kWh (Umweltbundesamt, 2023)`."""
        told = f" ({self.citation})" if self.citation else ", named in the study file"
        return f"{self.grams_per_kwh:g} g CO2 per kWh{told}"
