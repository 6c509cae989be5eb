"""Where the workflow is: beside the package in the repository, inside of it where it is installed. Imports nothing."""

from pathlib import Path

import lth

WITHIN_PACKAGE = "_workflow"
"""The folder of the workflow in an installed package."""
USUAL = ("Snakefile", "workflow/Snakefile")
"""Where Snakemake looks for a workflow by itself, in the current folder."""


def snakefile() -> Path | None:
    """The main file of the workflow; None where the package was installed without it."""
    package = Path(lth.__file__).parent
    places = (package / WITHIN_PACKAGE / "Snakefile", package.with_name("Snakefile"))
    return next((path for path in places if path.is_file()), None)
