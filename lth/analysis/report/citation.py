"""How to cite a study's results, and the program that made them."""

from lth import __version__

TITLE = "Cross-dataset lottery tickets"
AUTHORS = "The cross-dataset lottery tickets authors"
"""As in CITATION.cff."""


def citation(study: str, artifacts: str) -> str:
    """A BibTeX entry; the checksum says which results are meant."""
    return (
        f"@software{{lth-{study}-{artifacts[:8]},\n"
        f"  title = {{{TITLE}, study {study}}},\n"
        f"  author = {{{{{AUTHORS}}}}},\n"
        f"  version = {{{__version__}}},\n"
        f"  note = {{Artifacts SHA-256 {artifacts}}}\n"
        f"}}"
    )
