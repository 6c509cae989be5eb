"""A network in training: what a step, and a pass over all images of a split, come to."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lth.config.training import Capture, Recipe
from lth.data.examples import Examples, Feed, SplitName
from lth.errors import UserError
from lth.networks.build import has_randomness, head_names, names_of
from lth.networks.cost import Meter
from lth.networks.own import memory_layout
from lth.pruning.masking import Masking
from lth.running.stopping import Stopped, requested
from lth.seeds import derive
from lth.sparse.choice import operations_of, sparse_enough
from lth.training.device import in_fixed_order
from lth.training.freeze import zero_gradients
from lth.training.hooks import Hook
from lth.training.learning_rates import rate_factor
from lth.training.optimisers import make_optimiser, trained_parameters
from lth.training.static import StaticSteps

if TYPE_CHECKING:
    from lth.sparse.operations import Operations
    from lth.sparse.training import SparseTraining


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
    trains: Literal["all", "head"] = "all"
    capture: Capture = "auto"
    losses: Tensor = field(init=False)
    """float64 scalar on the device: reading it every step would make a GPU wait for the host."""
    correct: Tensor = field(init=False)
    """int64 scalar, likewise."""
    images: int = 0
    batch: int = 0
    """Images of the batch at hand."""
    dense_because: str = ""
    """Why a training that is sparse enough for sparse kernels has dense ones; empty if it has not."""
    augmented_by_torch: str = ""
    """Why images that compiled code could augment are augmented by torch; empty if they are not."""
    static: StaticSteps = field(init=False)
    """Steps that a GPU records and repeats, where that is possible and pays."""
    _engine: "SparseTraining | None" = None
    _operations: "Operations | None" = None
    _draws: Iterator[Any] = field(default_factory=lambda: iter(()))
    _next: int = -1
    """The step of the next draw."""

    def __post_init__(self) -> None:
        self.losses = torch.zeros((), dtype=torch.float64, device=self.feed.device)
        self.correct = torch.zeros((), dtype=torch.int64, device=self.feed.device)
        self._use_masks()
        self.static = StaticSteps(self, self.capture)

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
        capture: Capture = "auto",
    ) -> "Loop":
        """Everything on the device and ready for the first step; the network is moved, not copied."""
        network.to(device).to(memory_format=memory_layout(network))  # type: ignore[call-overload]
        network.train()
        feed = examples.feed(device, recipe.augment)
        feed.suit(network)
        if trains == "head":
            head = head_names(network)
            for name, parameter in network.named_parameters():
                parameter.requires_grad_(name in head)
        trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
        excluded = names_of(network, recipe.optimiser.decay_exclude or ())
        undecayed = [parameter for name, parameter in trained.items() if name in excluded]
        decayed = [parameter for name, parameter in trained.items() if name not in excluded]
        optimiser = make_optimiser(recipe.optimiser, decayed, undecayed)
        steps = recipe.steps_in(feed.epoch_steps(recipe.batch_size))
        return cls(
            network=network,
            feed=feed,
            masking=Masking(network, masks, optimiser, device),
            optimiser=optimiser,
            recipe=recipe,
            seed=seed,
            steps=steps,
            augmented_by_torch=feed.compile_augmentation(steps * recipe.batch_size),
            random=has_randomness(network),
            meter=Meter(feed.weight_uses(network)),
            trains=trains,
            capture=capture,
        )

    @property
    def epoch_steps(self) -> int:
        """Steps in an epoch."""
        return self.feed.epoch_steps(self.recipe.batch_size)

    def change_masks(self, masks: Mapping[str, Tensor]) -> None:
        """Go on with other masks; weights that leave are zeroed, and weights that come begin at zero."""
        self.settle()
        self.masking.change(masks)
        self._use_masks()

    def _use_masks(self) -> None:
        self.meter.use(self.masking.masks)
        dense = self.steps * self.meter.per_step(self.recipe.batch_size, dense=True)
        self._engine, self._sparse = None, sparse_enough(self.recipe, self.masking.masks, dense)
        if self._sparse and self._operations is None and not self.dense_because:
            self._operations, self.dense_because = operations_of(self.network, self.feed, self.recipe, self.trains)

    def advance(self, step: int, until: int, hook: Hook) -> int:
        """One step or more from `step` on, at most to `until`; the next one."""
        quiet = min(until, hook.next_action(self, step))
        if quiet > step and (engine := self.engine()):
            return engine.run(step, quiet)
        self.settle()
        self._engine = None  # whose state the step leaves behind
        drawn = self._draw_of(step)
        if quiet == step or not self.static.make(drawn, step):
            self.step(*self.feed.made(drawn), step, hook)
        return step + 1

    def engine(self) -> "SparseTraining | None":
        """The network on sparse kernels, if that is what these masks are trained on."""
        if self._sparse and self._operations and self._engine is None:
            from lth.sparse.training import SparseTraining

            self._engine = SparseTraining(self, self._operations, self.masking.masks)
        return self._engine

    def settle(self) -> None:
        """Bring network and optimiser up to date with what sparse kernels have done."""
        if self._engine:
            self._engine.settle()

    def batch_of(self, step: int) -> tuple[Any, Tensor]:
        """The batch of a step."""
        return self.feed.made(self._draw_of(step))

    def _draw_of(self, step: int) -> Any:
        if step != self._next:
            self._draws = self.feed.draws(self.recipe.batch_size, self.seed, step, self.steps)
        self._next = step + 1
        return next(self._draws)

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
        self.set_rate(self.rate(step))
        with self.random_stream(step):
            logits, loss = self.backward(inputs, labels)
        if hook.after_backward(self, step):
            self.update()
        self.add_up(logits, loss, labels)
        self.count(len(labels))

    def set_rate(self, rate: float | Tensor) -> None:
        """The learning rate of the next update; a scalar on the device where the update is recorded."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def backward(self, inputs: Any, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits float [B, classes] and cross-entropy of a batch; the gradients are with the weights."""
        logits = self._training_logits(inputs)
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        with in_fixed_order():
            loss.backward()
        if self.recipe.label_smoothing:  # told is the cross-entropy alone, as it is of validation and test data
            loss = functional.cross_entropy(logits.detach(), labels)
        return logits.detach(), loss.detach()

    def update(self) -> None:
        """Change the weights by the gradients that are with them."""
        self.masking.mask_gradients()
        if self.recipe.freeze:
            zero_gradients(self.masking.parameters.values(), self.recipe.freeze)
        if self.recipe.clip_grad_norm:  # after masking: what no update uses is no part of the norm
            nn.utils.clip_grad_norm_(trained_parameters(self.optimiser), self.recipe.clip_grad_norm)
        self.optimiser.step()

    def add_up(self, logits: Tensor, loss: Tensor, labels: Tensor) -> None:
        """Forget the gradients, and add up what was seen, on the device."""
        self.optimiser.zero_grad(set_to_none=True)
        self.losses += loss * len(labels)
        self.correct += (logits.argmax(1) == labels).sum()

    def count(self, images: int) -> None:
        """Add up what was spent."""
        self.images += images
        self.meter.passed(images)

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

    @torch.no_grad()  # not in inference mode: what `forward` keeps for later calls could not be trained with
    def score(self, split: SplitName) -> tuple[float, float, Tensor]:
        """Mean loss in nats, accuracy in percent, and the predicted classes int64 [examples]; all are scored.

        Raises:
            Stopped: this process was told to stop.
        """
        engine = self.engine()
        parts: Iterator[tuple[Any, ...]] = engine.parts_of(split) if engine else self.feed.scoring_batches(split)
        score: Callable[..., tuple[float | Tensor, Tensor]] = engine.score if engine else self._score_batch
        self.network.eval()  # what is left when it is stopped here is not used again
        loss = torch.zeros((), dtype=torch.float64, device=self.feed.device)
        predicted = []
        for part in parts:
            if requested():
                raise Stopped("stopped while scoring")
            found, some = score(*part)
            loss += found
            predicted.append(some)
        self.network.train()
        classes, labels = torch.cat(predicted), self.feed.splits[split].labels
        correct = int((classes == labels).sum())
        return float(loss) / len(labels), 100 * correct / len(labels), classes

    def _score_batch(self, inputs: Any, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The sum of losses in nats, and the predicted classes."""
        logits = self.logits(inputs)
        return functional.cross_entropy(logits, labels, reduction="sum"), logits.argmax(1)

    def weights(self) -> dict[str, Tensor]:
        """Copies of all parameters and buffers, on the CPU."""
        self.settle()
        state = self.network.state_dict()
        return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        schedule, rate = self.recipe.schedule, self.recipe.optimiser.learning_rate
        if schedule.name != "constant" or schedule.warmup_epochs:
            rate = rate_factor(schedule, step, self.steps, self.epoch_steps) * rate
        # rounded as the tensor is that recorded steps read it from, so that all steps of a GPU have the same one
        return rate if self.feed.device.type == "cpu" else float(np.float32(rate))

    @contextmanager
    def random_stream(self, step: int) -> Iterator[None]:
        """Dropout reads torch's global random state: each step lends it a stream of its own, and takes it back."""
        if not self.random:
            yield
            return
        device = self.feed.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(derive(self.seed, "dropout", step))
            yield
