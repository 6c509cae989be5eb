"""The command `lth`, also `python -m lth`: a module for each group of commands."""

from lth.cli.program import main

__all__ = ["main"]
