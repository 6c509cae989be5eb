"""How to cite a study's results, and the program that made them."""

from lth import __version__

TITLE = "Cross-dataset lottery tickets"
AUTHORS = "The cross-dataset lottery tickets authors"
"""As in CITATION.cff."""


def citation(study: str, artifacts: str) -> str:
    """A BibTeX entry; the checksum says which results are meant."""
    shown = study.replace("_", r"\_")  # which TeX reads as an index
    return (
        f"@software{{lth-{study}-{artifacts[:8]},\n"
        f"  title = {{{TITLE}, study {shown}}},\n"
        f"  author = {{{{{AUTHORS}}}}},\n"
        f"  version = {{{__version__}}},\n"
        f"  note = {{Artifacts SHA-256 {artifacts}}}\n"
        f"}}"
    )
