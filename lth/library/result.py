"""What a training came to."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import pandas as pd
from torch import Tensor, nn

from lth.analysis.tables.runs import best_steps
from lth.artifacts.tickets import Ticket
from lth.config.training import Recipe
from lth.data.images import Images
from lth.networks.build import load_weights


@dataclass(frozen=True)
class DataFacts:
    """A data set as results know it."""

    name: str

    test_sha256: str
    """Of the test examples and their labels: accuracies on others do not compare."""
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    """By channel, of pixels from 0 to 255: images are normalised by it and by `std`."""
    std: tuple[float, ...]

    @classmethod
    def of(cls, images: Images) -> "DataFacts":
        """Those of a data set in memory."""
        test, digest = images.splits["test"], sha256()
        for tensor in (test.images, test.labels):
            digest.update(tensor.contiguous().numpy().data)
        mean, std = (tuple(float(value) for value in values) for values in (images.mean, images.std))
        return cls(images.name, digest.hexdigest(), images.classes, mean, std)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A ticket that was trained on a data set with a seed."""

    ticket: Ticket
    """What was trained. Where masks changed in training (progressive, RigL), it has the last ones."""
    seed: int
    """Of the order of batches, augmentation and dropout."""
    data: DataFacts
    """What it was trained on."""
    recipe: Recipe
    """How it was trained."""
    history: pd.DataFrame
    """Columns `epoch`, `step`, `kept`, `split`, `loss_nats` and `accuracy_percent`: a row for each split (`train`,
    `validation`, `test`) each time that it was scored. Epoch 0 is the network before training."""
    weights: dict[str, Tensor]
    """By parameter or buffer, after the last step; pruned weights are zero."""

    @property
    def dataset(self) -> str:
        """The name of the data set that it was trained on."""
        return self.data.name

    @property
    def density(self) -> float:
        """Share of prunable weights kept."""
        return self.ticket.density

    @property
    def accuracy_percent(self) -> float:
        """On the test examples, at the epoch of least validation loss: what comparisons are made of."""
        return float(self._test["accuracy_percent"].loc[self.best_step])

    @property
    def last_accuracy_percent(self) -> float:
        """On the test examples, after the last step."""
        return float(self._test["accuracy_percent"].iloc[-1])

    @property
    def best_epoch(self) -> float:
        """The epoch of least validation loss, of those with the fewest weights; parts of one count."""
        return float(self._test["epoch"].loc[self.best_step])

    @cached_property
    def best_step(self) -> int:
        """The optimiser step of that epoch."""
        return int(best_steps(self.history.assign(run=0), ["run"])["step"].iloc[0])

    @cached_property
    def _test(self) -> pd.DataFrame:
        return self.history[self.history["split"] == "test"].set_index("step")

    def module(self) -> nn.Module:
        """The trained network on the CPU, in evaluation mode, as it was after the last step; a plain `nn.Module`."""
        network = self.ticket.module()
        load_weights(network, self.weights)
        return network.eval()

    def __repr__(self) -> str:
        best = f"test {self.accuracy_percent:.2f} % at epoch {self.best_epoch:.4g}"
        return f"<Result on {self.dataset}, seed {self.seed}: density {100 * self.density:.2f} %, {best}>"
