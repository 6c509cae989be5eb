"""Run notebooks and write the outputs into them: `make notebooks`, after a change of docs/notebooks or of the library.

Cells are plain Python, run in order in one namespace, each notebook in a process of its own (the tests do the same). No
Jupyter is needed. Kept are: what a cell prints, its last expression, and its matplotlib figures.
"""

import ast
import base64
import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).parents[1] / "docs" / "notebooks"
SOURCES = "sources_sha256"
"""In a notebook's metadata: of what the outputs are."""


def sources_digest(notebook: dict[str, Any]) -> str:
    """The SHA-256 of all code cells."""
    code = [source_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def source_of(cell: dict[str, Any]) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with the outputs that its cells have in this process; a cell's exception is raised."""
    import matplotlib

    matplotlib.use("Agg")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    for place, cell in enumerate(notebook["cells"]):
        told = {"id": f"cell-{place}", **cell}
        if cell["cell_type"] == "code":
            count += 1
            told |= {"execution_count": count, "outputs": _outputs(source_of(cell), namespace, count)}
        cells.append(told)
    return {**notebook, "cells": cells, "metadata": {**notebook["metadata"], SOURCES: sources_digest(notebook)}}


def _outputs(source: str, namespace: dict[str, Any], count: int) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"<cell {count}>", "exec"), namespace)
        if isinstance(last, ast.Expr) and not source.rstrip().endswith(";"):
            value = eval(compile(ast.Expression(last.value), f"<cell {count}>", "eval"), namespace)
        elif last is not None:
            exec(compile(ast.Module([last], []), f"<cell {count}>", "exec"), namespace)
    found: list[dict[str, Any]] = []
    if printed.getvalue():
        found.append({"output_type": "stream", "name": "stdout", "text": _lines(printed.getvalue())})
    if value is not None:
        data = {"text/plain": _lines(repr(value))}
        if hasattr(value, "_repr_html_"):
            data["text/html"] = _lines(value._repr_html_())
        found.append({"output_type": "execute_result", "execution_count": count, "data": data, "metadata": {}})
    return found + _figures()


def _figures() -> list[dict[str, Any]]:
    from matplotlib import pyplot

    found = []
    for number in pyplot.get_fignums():
        drawn = io.BytesIO()
        pyplot.figure(number).savefig(drawn, format="png", dpi=80, bbox_inches="tight", metadata={"Software": None})
        png = base64.b64encode(drawn.getvalue()).decode()
        found.append({"output_type": "display_data", "data": {"image/png": png}, "metadata": {}})
    pyplot.close("all")
    return found


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def run(path: Path) -> dict[str, Any]:
    """A notebook with its outputs, made in a process of its own with one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "tools.notebooks", str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{path.name}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """With a path: print that notebook, executed. Without: execute all, in place."""
    if len(sys.argv) > 1:
        notebook = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
        print(json.dumps(executed(notebook)))
        return
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        text = json.dumps(run(path), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
