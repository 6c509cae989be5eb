"""The drawing of the packages in `docs/design.md`: which imports which, from the code. `make reference` writes it.

An arrow that follows from others is left out (transitive reduction); imports for annotations alone do not count.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- packages: made by `make reference` -->", "<!-- end of packages -->"
ROOM = {"cli", "fingerprint", "__main__"}
"""Modules beside the packages that are worth a box; the others are used by all."""


def updated(page: str) -> str:
    """The page with the drawing as the code has it."""
    pattern = re.escape(BEGIN) + r"\n.*?" + re.escape(END)
    return re.sub(pattern, lambda _: f"{BEGIN}\n{drawing()}\n{END}", page, flags=re.DOTALL)


def drawing() -> str:
    """A Mermaid diagram of the packages."""
    edges = reduced(dependencies())
    lines = [f"  {above} --> {below}" for above in sorted(edges) for below in sorted(edges[above])]
    return "\n".join(["```mermaid", "graph TD", *lines, "```"])


def dependencies() -> dict[str, set[str]]:
    """The packages that each package imports."""
    found: dict[str, set[str]] = {}
    for file in sorted(ROOT.glob("lth/**/*.py")):
        own = room(".".join(file.relative_to(ROOT).with_suffix("").parts))
        if own:
            found.setdefault(own, set()).update({used for name in imported(file) if (used := room(name))} - {own})
    return found


def room(module: str) -> str | None:
    """The package that a module belongs to; None for what all use."""
    first, *rest = module.split(".")
    if first != "lth" or not rest:
        return None
    return rest[0] if (ROOT / "lth" / rest[0]).is_dir() or rest[0] in ROOM - {"__main__", "fingerprint"} else None


def imported(file: Path) -> Iterator[str]:
    """The modules that a file imports where it runs."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typed = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typed:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def reduced(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Without arrows that follow from others."""
    return {
        above: {b for b in below if not any(b in reachable(edges, other) for other in below - {b})}
        for above, below in edges.items()
    }


def reachable(edges: dict[str, set[str]], start: str) -> set[str]:
    """What lies below, at any depth."""
    waiting, found = [*edges.get(start, ())], set()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += edges.get(one, ())
    return found


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
