"""The one training loop: a masked network, images in memory, a recipe. Methods differ in what they do around it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite

import torch
from torch import Tensor, nn
from torch.nn import functional

from lth.config.models import Optimiser, Recipe
from lth.data.batches import epoch_order, normalise
from lth.data.images import Images, Split
from lth.errors import UserError
from lth.history import Row

SCORING_BATCH = 125
"""Images scored at once; with 500, activations outgrow the cache and `lenet5` takes half as long again."""


@dataclass
class Trained:
    """What training leaves behind."""

    weights: dict[str, Tensor] = field(default_factory=dict)
    """After the last step, on the CPU; pruned weights exactly zero."""
    history: list[Row] = field(default_factory=list)
    best_epoch: int = 0
    """The epoch of least validation loss, the earliest of several; epoch 0 is the untrained network."""
    predictions: Tensor = field(default_factory=lambda: torch.empty(0))
    """int64 [test images]: the classes predicted at the best epoch."""

    def summary(self) -> str:
        """One phrase: the test accuracy at the best epoch."""
        found = next(row for row in self.history if row.epoch == self.best_epoch and row.split == "test")
        return f"test {found.accuracy_percent:.2f} % at best epoch {self.best_epoch}"


class _Data:
    """A data set on the device, and how its batches become network input."""

    def __init__(self, images: Images, device: torch.device) -> None:
        self.splits = {n: Split(s.images.to(device), s.labels.to(device)) for n, s in images.splits.items()}
        self.mean, self.std, self.device = images.mean.to(device), images.std.to(device), device

    def inputs(self, images: Tensor) -> Tensor:
        """uint8 to float32 [B, C, H, W], with channels last in memory: convolutions run faster so."""
        return normalise(images, self.mean, self.std).contiguous(memory_format=torch.channels_last)

    def training_batches(self, batch: int, seed: int, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Every training image once, in the order that the seed gives this epoch, whatever the arm."""
        split = self.splits["train"]
        for rows in epoch_order(len(split), seed, epoch).to(self.device).split(batch):
            # ten times faster than indexing, which has to allow for more than one row of indices
            yield self.inputs(split.images.index_select(0, rows)), split.labels.index_select(0, rows)

    def scoring_batches(self, split: Split) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image of a split once, in order."""
        for start in range(0, len(split), SCORING_BATCH):
            rows = slice(start, start + SCORING_BATCH)
            yield self.inputs(split.images[rows]), split.labels[rows]


def make_optimiser(spec: Optimiser, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser of a recipe, in torch's fused form (one kernel for all parameters, on CPU and GPU alike)."""
    rate, decay = spec.learning_rate, spec.weight_decay
    if spec.name == "sgd":
        return torch.optim.SGD(
            parameters, lr=rate, weight_decay=decay, momentum=spec.momentum, nesterov=spec.nesterov, fused=True
        )
    adam = torch.optim.AdamW if spec.name == "adamw" else torch.optim.Adam
    return adam(parameters, lr=rate, weight_decay=decay, fused=True)


class _Gradients:
    """Keeps pruned weights at exactly zero through every step.

    A pruned weight that starts at zero, with zero optimiser state, stays there under SGD (momentum, decay) and Adam if
    its gradient is zero, so masking gradients *before* the step guards weight and state at once; masking weights
    after the step would leave momentum behind that revives them.
    """

    def __init__(self, network: nn.Module, masks: Mapping[str, Tensor], device: torch.device) -> None:
        named = dict(network.named_parameters())
        sparse = {name: mask for name, mask in masks.items() if not mask.all()}
        self.parameters = [named[name] for name in sparse]
        self.masks = [mask.to(device, torch.float32) for mask in sparse.values()]

    def mask(self) -> None:
        """Zero the gradients of pruned weights."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        if gradients:
            torch._foreach_mul_(gradients, self.masks)

    def verify(self) -> None:
        """Fail loudly if a pruned weight ever moved."""
        for parameter, mask in zip(self.parameters, self.masks, strict=True):
            if parameter.detach()[mask == 0].count_nonzero():
                raise AssertionError("a pruned weight is not zero")


@dataclass(frozen=True)
class _Loop:
    """A network in training: what an epoch and a scoring pass need."""

    network: nn.Module
    data: _Data
    gradients: _Gradients
    optimiser: torch.optim.Optimizer
    precision: torch.dtype

    def logits(self, inputs: Tensor) -> Tensor:
        """float [B, classes], computed in the recipe's precision."""
        with torch.autocast(inputs.device.type, self.precision, enabled=self.precision != torch.float32):
            output: Tensor = self.network(inputs)
        return output.float()

    def epoch(self, recipe: Recipe, seed: int, epoch: int) -> tuple[float, float]:
        """One pass over the training images; mean loss in nats and accuracy in percent along the way.

        Sums stay on the device until the end: reading one every step would make a GPU wait for the host.
        """
        self.network.train()
        losses = torch.zeros((), dtype=torch.float64, device=self.data.device)
        correct = torch.zeros((), dtype=torch.int64, device=self.data.device)
        for inputs, labels in self.data.training_batches(recipe.batch, seed, epoch):
            logits = self.logits(inputs)
            loss = functional.cross_entropy(logits, labels)
            loss.backward()
            self.gradients.mask()
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            losses += loss.detach() * len(labels)
            correct += (logits.detach().argmax(1) == labels).sum()
        size = len(self.data.splits["train"])
        return float(losses) / size, 100 * float(correct) / size

    @torch.inference_mode()
    def score(self, split: Split) -> tuple[float, float, Tensor]:
        """Mean loss in nats, accuracy in percent, and the predicted classes int64 [images]; every image is scored."""
        self.network.eval()
        loss = torch.zeros((), dtype=torch.float64, device=self.data.device)
        predicted = []
        for inputs, labels in self.data.scoring_batches(split):
            logits = self.logits(inputs)
            loss += functional.cross_entropy(logits, labels, reduction="sum")
            predicted.append(logits.argmax(1))
        classes = torch.cat(predicted)
        correct = int((classes == split.labels).sum())
        return float(loss) / len(split), 100 * correct / len(split), classes


def train(
    network: nn.Module,
    masks: Mapping[str, Tensor],
    images: Images,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device,
    log: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Train a masked network in place, scoring validation and test images after each epoch.

    Args:
        network: holds its initial weights, pruned ones already zero.
        masks: bool, by parameter name; pruned weights stay exactly zero throughout.
        images: the data set.
        recipe: optimiser, batch, epochs, precision.
        seed: gives the batch order, the same for every arm of the seed.
        device: where to compute.
        log: takes a line of progress after each epoch.

    Raises:
        UserError: the loss became NaN or infinite.
    """
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    data, precision = _Data(images, device), torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    optimiser = make_optimiser(recipe.optimiser, list(network.parameters()))
    loop = _Loop(network, data, _Gradients(network, masks, device), optimiser, precision)
    steps = -(-len(data.splits["train"]) // recipe.batch)
    trained, least = Trained(), float("inf")
    for epoch in range(recipe.epochs + 1):
        found = {"train": loop.epoch(recipe, seed, epoch)} if epoch > 0 else {}
        loss, accuracy, _ = loop.score(data.splits["validation"])
        found["validation"] = loss, accuracy
        test_loss, test_accuracy, predictions = loop.score(data.splits["test"])
        found["test"] = test_loss, test_accuracy
        if not all(isfinite(loss) for loss, _ in found.values()):
            raise UserError(f"training diverged: a loss is not finite in epoch {epoch}; lower optimiser.learning_rate")
        if loss < least:
            least, trained.best_epoch, trained.predictions = loss, epoch, predictions.cpu()
        trained.history += [
            Row(epoch=epoch, step=epoch * steps, split=split, loss_nats=loss, accuracy_percent=accuracy)
            for split, (loss, accuracy) in found.items()
        ]
        progress = "  ".join(f"{split} {acc:.2f} % (loss {loss:.4f})" for split, (loss, acc) in found.items())
        log(f"epoch {epoch}/{recipe.epochs}  {progress}")
    loop.gradients.verify()
    trained.weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return trained
