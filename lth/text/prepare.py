"""From a source of texts to tokens in memory: choose, cut into tokens, sort by length."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lth.catalog.datasets import SOURCES, TOKENS
from lth.config.data import Dataset
from lth.data.choose import choose
from lth.data.examples import SplitName
from lth.text.checkpoints import tokenizer_of
from lth.text.raw import RawTexts
from lth.text.texts import Texts, TextSplit, Tokens


def prepare(name: str, spec: Dataset, root: Path | None) -> Texts:
    """A study's data set `name`, as its entry describes it.

    Args:
        name: only for the artifact and for error sentences.
        spec: its entry in the study.
        root: where published data sets lie; drawn ones need none.

    Raises:
        UserError: the source or the tokenizer is not available, or there are fewer texts than the entry asks for.
    """
    assert spec.tokenizer is not None
    raw: RawTexts = SOURCES[spec.source].load()(root, spec.split_seed)
    tokenizer, longest = tokenizer_of(spec.tokenizer), spec.max_length or TOKENS
    splits: dict[SplitName, TextSplit] = {}
    for split, chosen in choose(name, spec, raw, "texts").items():
        texts, labels = (raw.test, raw.test_labels) if split == "test" else (raw.train, raw.train_labels)
        rows = chosen.tolist()
        splits[split] = _by_length(tokens_of([texts[row] for row in rows], tokenizer, longest), labels[rows])
    return Texts(name, splits, raw.classes, spec.tokenizer, len(tokenizer))


def tokens_of(texts: Sequence[tuple[str, ...]], tokenizer: Any, longest: int) -> Tokens:
    """Cut texts into tokens; of a pair that is too long the longer text loses its end first."""
    columns = [list(column) for column in zip(*texts, strict=True)]
    found = tokenizer(
        *columns, truncation=True, max_length=longest, return_token_type_ids=True, return_attention_mask=False
    )
    lengths = [len(ids) for ids in found["input_ids"]]
    ids = torch.full((len(texts), max(lengths)), tokenizer.pad_token_id, dtype=torch.int32)
    second = lengths.copy()
    for row, (numbers, types) in enumerate(zip(found["input_ids"], found["token_type_ids"], strict=True)):
        ids[row, : len(numbers)] = torch.tensor(numbers, dtype=torch.int32)
        if 1 in types:
            second[row] = types.index(1)
    return Tokens(ids, torch.tensor(lengths, dtype=torch.int16), torch.tensor(second, dtype=torch.int16))


def _by_length(tokens: Tokens, labels: Any) -> TextSplit:
    order: Tensor = tokens.lengths.argsort(stable=True)
    return TextSplit(tokens[order], torch.from_numpy(labels)[order])
