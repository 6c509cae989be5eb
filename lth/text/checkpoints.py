"""Pre-trained models: their tokenizers, and their weights as an artifact of this project.

Weights are read through safetensors only; nothing of a model is ever unpickled or run, and what is downloaded is a
commit that the study names.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lth.artifacts.tensors import write_tensors
from lth.errors import UserError, reason
from lth.files import checksum
from lth.printable import printable
from lth.seeds import generator
from lth.text.bert import encoder
from lth.text.extra import transformers
from lth.text.location import WEIGHTS, configuration_in, folder_of
from lth.text.tiny import TINY, tiny_config, tiny_tokenizer

VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")
"""One of these makes a tokenizer."""
HEADS = ("cls.", "classifier.", "lm_head.", "qa_outputs.")
"""What a checkpoint may hold beside its encoder: the heads that it was pre-trained with."""


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
        library = transformers().AutoTokenizer
        found = library.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:  # of any type: the parsers of tokenizers raise what they like
        raise UserError(
            f"model '{name}': {folder} has no tokenizer that can be read ({printable(reason(error))})"
        ) from None
    if found.pad_token_id is None:
        raise UserError(f"model '{name}': the tokenizer in {folder} has no token for padding; name its `pad_token`")
    return found


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
        config, weights = configuration_in(folder), folder / WEIGHTS
        expected = _expected(config, name)  # first: what is wrong with the configuration is not the weights' fault
        tensors, source = _checked(_read(weights), expected, weights), {"sha256": checksum(weights)}
    write_tensors(path, "model", tensors, {"name": name, "config": config, **source})
    return sum(tensor.numel() for tensor in tensors.values())


def _expected(config: Mapping[str, Any], name: str) -> dict[str, torch.Size]:
    """Names and shapes of the encoder's parameters."""
    with torch.device("meta"):
        try:
            network = encoder(dict(config), 0.0)
        except UserError as error:
            raise UserError(f"model '{name}': {str(error).removeprefix('model: ')}") from None
    return {name: parameter.shape for name, parameter in network.named_parameters()}


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by the encoder's names: no prefix of a larger model, no old names of norms."""
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
