"""A network in training: what a step, and a pass over all images of a split, come to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lth.config.training import Recipe
from lth.data.examples import Examples, Feed, SplitName
from lth.errors import UserError
from lth.networks.build import has_randomness, head_names, names_of
from lth.networks.cost import Meter
from lth.pruning.masking import Masking
from lth.running.stopping import Stopped, requested
from lth.seeds import derive
from lth.training.freeze import zero_gradients
from lth.training.hooks import Hook
from lth.training.learning_rates import rate_factor
from lth.training.optimisers import make_optimiser, trained_parameters


@dataclass
class Loop:
    """All that a step needs, and what has been seen since it was last asked for."""

    network: nn.Module
    feed: Feed
    masking: Masking
    optimiser: torch.optim.Optimizer
    recipe: Recipe
    seed: int
    steps: int
    """Of the whole training."""
    random: bool
    """Whether the network draws random numbers in training (dropout)."""
    meter: Meter
    losses: Tensor = field(init=False)
    """float64 scalar on the device: reading it every step would make a GPU wait for the host."""
    correct: Tensor = field(init=False)
    """int64 scalar, likewise."""
    images: int = 0
    batch: int = 0
    """Images of the batch at hand."""

    def __post_init__(self) -> None:
        self.losses = torch.zeros((), dtype=torch.float64, device=self.feed.device)
        self.correct = torch.zeros((), dtype=torch.int64, device=self.feed.device)
        self.meter.use(self.masking.masks)

    @classmethod
    def start(
        cls,
        network: nn.Module,
        masks: Mapping[str, Tensor],
        examples: Examples,
        recipe: Recipe,
        seed: int,
        device: torch.device,
        trains: Literal["all", "head"] = "all",
    ) -> "Loop":
        """Everything on the device and ready for the first step; the network is moved, not copied."""
        network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.train()
        feed = examples.feed(device, recipe.augment)
        if trains == "head":
            head = head_names(network)
            for name, parameter in network.named_parameters():
                parameter.requires_grad_(name in head)
        trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
        excluded = names_of(network, recipe.optimiser.decay_exclude or ())
        undecayed = [parameter for name, parameter in trained.items() if name in excluded]
        decayed = [parameter for name, parameter in trained.items() if name not in excluded]
        optimiser = make_optimiser(recipe.optimiser, decayed, undecayed)
        return cls(
            network=network,
            feed=feed,
            masking=Masking(network, masks, optimiser, device),
            optimiser=optimiser,
            recipe=recipe,
            seed=seed,
            steps=recipe.steps_in(feed.epoch_steps(recipe.batch_size)),
            random=has_randomness(network),
            meter=Meter(feed.weight_uses(network)),
        )

    @property
    def epoch_steps(self) -> int:
        """Steps in an epoch."""
        return self.feed.epoch_steps(self.recipe.batch_size)

    def change_masks(self, masks: Mapping[str, Tensor]) -> None:
        """Go on with other masks; weights that leave are zeroed, and weights that come begin at zero."""
        self.masking.change(masks)
        self.meter.use(self.masking.masks)

    def logits(self, inputs: Any) -> Tensor:
        """float [B, classes], computed in the recipe's precision."""
        bf16 = self.recipe.precision == "bf16"
        with torch.autocast(self.feed.device.type, torch.bfloat16, enabled=bf16):
            output: Tensor = self.network(inputs)
        return output.float()

    def step(self, inputs: Any, labels: Tensor, step: int, hook: Hook) -> None:
        """One batch: forward, backward, and an update unless the hook leaves it out."""
        self.batch = len(labels)
        hook.before_step(self, step)
        self._set_rate(step)
        with _random_stream(self, step):
            logits = self._training_logits(inputs)
            loss = functional.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
            loss.backward()
        if self.recipe.label_smoothing:  # told is the cross-entropy alone, as it is of validation and test data
            loss = functional.cross_entropy(logits.detach(), labels)
        if hook.after_backward(self, step):
            self.masking.mask_gradients()
            if self.recipe.freeze:
                zero_gradients(self.masking.parameters.values(), self.recipe.freeze)
            if self.recipe.clip_grad_norm:  # after masking: what no update uses is no part of the norm
                nn.utils.clip_grad_norm_(trained_parameters(self.optimiser), self.recipe.clip_grad_norm)
            self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.losses += loss.detach() * len(labels)
        self.correct += (logits.detach().argmax(1) == labels).sum()
        self.images += len(labels)
        self.meter.passed(len(labels))

    def _training_logits(self, inputs: Any) -> Tensor:
        try:
            return self.logits(inputs)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise UserError(
                f"batch norm needs more than one image here, and the last batch of an epoch has one: "
                f"change recipe.batch_size ({self.recipe.batch_size}) or the number of training examples"
            ) from None

    def seen(self) -> tuple[float, float]:
        """Mean training loss in nats and accuracy in percent since `forget_seen` was called."""
        return float(self.losses) / self.images, 100 * float(self.correct) / self.images

    def forget_seen(self) -> None:
        """Begin to count anew."""
        self.losses.zero_()
        self.correct.zero_()
        self.images = 0

    @torch.inference_mode()
    def score(self, split: SplitName) -> tuple[float, float, Tensor]:
        """Mean loss in nats, accuracy in percent, and the predicted classes int64 [examples]; all are scored.

        Raises:
            Stopped: this process was told to stop.
        """
        self.network.eval()  # what is left when it is stopped here is not used again
        loss = torch.zeros((), dtype=torch.float64, device=self.feed.device)
        predicted = []
        for inputs, labels in self.feed.scoring_batches(split):
            if requested():
                raise Stopped("stopped while scoring")
            logits = self.logits(inputs)
            loss += functional.cross_entropy(logits, labels, reduction="sum")
            predicted.append(logits.argmax(1))
        self.network.train()
        classes, labels = torch.cat(predicted), self.feed.splits[split].labels
        correct = int((classes == labels).sum())
        return float(loss) / len(labels), 100 * correct / len(labels), classes

    def weights(self) -> dict[str, Tensor]:
        """Copies of all parameters and buffers, on the CPU."""
        state = self.network.state_dict()
        return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}

    def _set_rate(self, step: int) -> None:
        schedule = self.recipe.schedule
        if schedule.name != "constant" or schedule.warmup_epochs:
            factor = rate_factor(schedule, step, self.steps, self.epoch_steps)
            for group in self.optimiser.param_groups:
                group["lr"] = factor * self.recipe.optimiser.learning_rate


@contextmanager
def _random_stream(loop: Loop, step: int) -> Iterator[None]:
    """Dropout reads torch's global random state: each step lends it a stream of its own, and takes it back."""
    if not loop.random:
        yield
        return
    device = loop.feed.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(derive(loop.seed, "dropout", step))
        yield
