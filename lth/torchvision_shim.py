"""Lets torchvision be imported beside a torch that its compiled operators were not built for.

torchvision's wheels on PyPI carry operators compiled for CUDA. Beside a CPU-only torch they cannot be loaded;
torchvision shrugs that off, then registers shape functions for `torchvision::nms` and `torchvision::qnms`, which now
do not exist, and the import ends in `operator torchvision::nms does not exist`. Data sets, transforms and models need
neither operator, so declaring their schemas is enough.

The schemas must be declared before torchvision is imported and must *not* be declared where the compiled operators do
load (a namespace can be defined once only). Both are known only when somebody imports torchvision (`transformers` does
so by itself), so this module puts a finder in front of the import system that does the work at that moment and then
steps aside. Until then it costs nothing: torch is not imported.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[object] = []  # a Library undoes its definitions when it is collected: keep it alive


def declare_operators(package: Path) -> bool:
    """Declare the schemas unless the operators compiled into the torchvision at `package` load; True if declared."""
    import torch

    for compiled in sorted(package.glob("_C*.so")) + sorted(package.glob("_C*.pyd")):
        try:
            torch.ops.load_library(str(compiled))
        except OSError:
            continue
        return False
    library = torch.library.Library("torchvision", "DEF")
    for schema in SCHEMAS:
        library.define(schema)
    _libraries.append(library)
    return True


class _TorchvisionFinder(MetaPathFinder):
    """Runs `declare_operators` when torchvision is about to be imported, then leaves the import to the others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "torchvision":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec("torchvision", path, target)
        if spec is not None and spec.origin is not None:
            declare_operators(Path(spec.origin).parent)
        return spec


def install() -> None:
    """Put the finder in front of the import system, once, unless torchvision is already imported."""
    if "torchvision" not in sys.modules and not any(isinstance(f, _TorchvisionFinder) for f in sys.meta_path):
        sys.meta_path.insert(0, _TorchvisionFinder())
