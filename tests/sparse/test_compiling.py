"""What numba keeps of compiled kernels is compiled anew when any of their sources changes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="sparse kernels need numba")

ROOT = Path(__file__).parents[2]
CALLED = "from lth.compiling import compiled\n\n\n@compiled\ndef called(x):\n    return x + {}\n"
CALLS = """
from lth.compiling import compiled
from lth.sparse.called import called


@compiled
def calls(x):
    return called(x)
"""


def test_a_change_in_a_function_that_is_called_from_another_file_is_seen(tmp_path: Path) -> None:
    """numba itself looks at the file of the outer function only, and would go on with the old inner one."""
    package = tmp_path / "lth"
    (package / "sparse").mkdir(parents=True)
    for name in ("__init__.py", "torchvision_shim.py", "sparse/__init__.py", "compiling.py"):
        shutil.copyfile(ROOT / "lth" / name, package / name)
    (package / "sparse/calls.py").write_text(CALLS)

    def run(added: int) -> str:
        (package / "sparse/called.py").write_text(CALLED.format(added))
        code = "from lth.sparse.calls import calls; print(calls(1), sum(calls.stats.cache_hits.values()))"
        # Without files of byte code: Python itself takes an old one for a source of equal size from the same second.
        return subprocess.run(
            [sys.executable, "-B", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    assert run(1) == "2 0\n"
    assert run(1) == "2 1\n"  # from the cache
    assert run(2) == "3 0\n"
