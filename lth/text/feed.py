"""Texts on a device, in batches that are no longer than they must be."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from lth.config.training import Augmentation
from lth.data.batches import epoch_order, sent
from lth.data.examples import Feed, SplitName
from lth.errors import UserError
from lth.networks.build import prunable_names
from lth.networks.pretrained import Pretrained
from lth.seeds import generator
from lth.text.texts import Texts, TextSplit, Tokens

_SCORING_BATCH = 64
"""Texts scored at once; they are sorted by length, so that a batch has hardly any padding."""
WINDOW = 50
"""Batches whose texts are sorted by length together: more would leave less padding and less chance in a batch."""


class TextFeed(Feed):
    """Texts as `Tokens`."""

    splits: dict[SplitName, TextSplit]

    def __init__(self, texts: Texts, device: torch.device, augment: Augmentation | None = None) -> None:
        if augment is not None:
            raise ValueError("texts are not augmented")  # the study's check does not let that through
        self.splits = {n: TextSplit(s.tokens.to(device), s.labels.to(device)) for n, s in texts.splits.items()}
        self._lengths = {name: split.tokens.lengths.cpu() for name, split in texts.splits.items()}
        self.device, self.classes = device, len(texts.classes)
        self.name, self.vocabulary = texts.name, texts.vocabulary

    def inputs(self, rows: Tensor) -> Tokens:
        """Training texts, cut to the longest."""
        return self.splits["train"].tokens[rows]

    def draws(self, batch: int, seed: int, first: int, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The texts of steps `first` to `steps` - 1, and their lengths on the CPU: every text once an epoch.

        An epoch's order is drawn; within windows of `WINDOW` batches texts are sorted by length, cut into batches, and
        the batches put into another drawn order, so that batches hardly have padding and lengths come as they may.
        """
        lengths, epoch_steps, step = self._lengths["train"], self.epoch_steps(batch), first
        while step < steps:
            epoch, skipped = divmod(step, epoch_steps)
            batches = bucketed(lengths, batch, seed, epoch + 1)[skipped : skipped + steps - step]
            there = sent(torch.cat(batches), self.device).split([len(rows) for rows in batches])
            yield from ((rows, lengths[here]) for rows, here in zip(there, batches, strict=True))
            step += len(batches)

    def made(self, drawn: tuple[Tensor, Tensor]) -> tuple[Tokens, Tensor]:
        """Those texts, cut to the longest of them, and their labels."""
        split, (rows, lengths) = self.splits["train"], drawn
        return split.tokens.chosen(rows, lengths), split.labels.index_select(0, rows)

    def scoring_batches(self, name: SplitName) -> Iterator[tuple[Tokens, Tensor]]:
        """Every text of a split once, in order, which is that of their length."""
        split, every = self.splits[name], torch.arange(len(self.splits[name]), device=self.device)
        for here, rows in zip(self._lengths[name].split(_SCORING_BATCH), every.split(_SCORING_BATCH), strict=True):
            yield split.tokens.chosen(rows, here), split.labels.index_select(0, rows)

    def weight_uses(self, network: nn.Module) -> dict[str, int]:
        """How often a text uses each weight: once a token, on average over the training texts; the pooler's once.

        Raises:
            UserError: the network has fewer tokens than the texts' tokenizer, or fewer positions than a text.
        """
        known, most = (network.vocabulary, network.positions) if isinstance(network, Pretrained) else (0, 0)
        if known < self.vocabulary:
            raise UserError(
                f"data set '{self.name}' has tokens up to {self.vocabulary - 1}, but the model knows only {known}: "
                f"its tokenizer belongs to another model; set the data set's `tokenizer` to the network's `model`"
            )
        longest = max(int(lengths.max()) for lengths in self._lengths.values() if len(lengths))
        if longest > most:  # said now, since a batch with such a text may come late
            raise UserError(
                f"data set '{self.name}' has texts of {longest} tokens, but the model takes {most}; set the data set's "
                f"`max_length: {most}`"
            )
        tokens = round(float(self.splits["train"].tokens.lengths.double().mean()))
        return {name: 1 if "pooler" in name else tokens for name in prunable_names(network)}


def bucketed(lengths: Tensor, batch: int, seed: int, epoch: int) -> list[Tensor]:
    """An epoch's batches: rows int64, each text once; the same for every arm of a seed.

    Args:
        lengths: of all texts, on the CPU.
        batch: texts a batch; the one that is left over is smaller.
        seed: of the order.
        epoch: counted from 1.
    """
    order = epoch_order(len(lengths), seed, epoch)
    windows = [window[lengths[window].argsort(stable=True)] for window in order.split(WINDOW * batch)]
    batches = [rows for window in windows for rows in window.split(batch)]
    shuffled = torch.randperm(len(batches), generator=generator(seed, "bucket order", epoch)).tolist()
    return [batches[place] for place in shuffled]
