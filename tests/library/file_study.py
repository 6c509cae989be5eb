"""A study of tickets from files."""

from typing import Any


def study(file: str, **more: Any) -> dict[str, Any]:
    return {
        "study": "from_file",
        "seeds": [0, 1],
        "datasets": {"digits": {"source": "digits", "validation": 100}},
        "networks": {"net": {"architecture": "lenet_300_100"}},
        "recipes": {"r": {"optimiser": {"learning_rate": 1e-3}, "batch_size": 60, "epochs": 1}},
        "tickets": {
            "given": {"network": "net", "recipe": "r", "dataset": "digits", "method": "given", "file": file},
            **more,
        },
    }
