"""A training step as a function of fixed memory: a GPU records it once (a CUDA graph) and repeats it.

Small networks are launch-bound: a step of LeNet-300-100 starts some forty kernels, each of which takes the processor
longer to start than the GPU to run. A recorded step is started as one. Whatever differs from step to step therefore
lies in tensors that stay where they are: which images, what augmentation does to them, the learning rate, the masks.
Making the batch, masking, clipping and the update are part of what is recorded.

The processor runs the very same code, without recording it (`compute.capture: always`), to the same last bit as an
ordinary step; only `_record` and `_beside` are a GPU's alone.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from lth.config.training import Capture
from lth.data.feed import Drawn, ImageFeed
from lth.errors import reason
from lth.networks.own import is_plain
from lth.training.optimisers import KERNELS

if TYPE_CHECKING:
    from lth.training.loop import Loop

LAUNCH_BOUND = 1e11
"""FLOPs of a step with all weights, up to which `auto` records it: above, a GPU computes for longer than the step's
kernels take to start. A step of `lenet5` with batches of 60 has 1.2e10, of ResNet-18 (32x32, 128) 4e11. Not measured
yet (docs/gpu.md)."""
WARM_UP = 3
"""Steps before one is recorded: the first makes the optimiser's state, and libraries choose their kernels."""


class CannotRecord(Exception):
    """A step cannot be recorded, and why, in a phrase."""


def why_not(loop: "Loop", capture: Capture) -> str:
    """Why the steps of a training are not run from fixed memory, in a phrase; empty if they are.

    Args:
        loop: the training.
        capture: `never`; `always`, where it is possible; `auto` where it is known to be faster, and possible for sure.
    """
    on_gpu = loop.feed.device.type == "cuda"
    flops = loop.meter.per_step(loop.recipe.batch_size, dense=True)
    against = {
        "compute.capture is never": capture == "never",
        "its examples are texts, of any length": not isinstance(loop.feed, ImageFeed),
        "this torch lacks kernels that can be recorded": on_gpu and not KERNELS,
        "it is not on a GPU": capture == "auto" and not on_gpu,
        "the network has code that may not be recorded": capture == "auto" and not is_plain(loop.network),
        "its steps are long enough": capture == "auto" and flops > LAUNCH_BOUND,
    }
    return next((why for why, applies in against.items() if applies), "")


class StaticSteps:
    """The steps of a training that can be made from fixed memory."""

    def __init__(self, loop: "Loop", capture: Capture) -> None:
        self.why_not = why_not(loop, capture)
        """Why none are; empty if some are."""
        self.step: StaticStep | None = None
        """The one in memory."""
        self._loop = loop
        self._untold: list[str] = []

    def make(self, drawn: Drawn, step: int) -> bool:
        """Make a step that no hook acts in; false if it was not made: a smaller last batch is made as it comes."""
        if self.why_not or len(drawn) != self._loop.recipe.batch_size:
            return False
        if self.step is None or self.step.layout != self._loop.masking.layout:
            self.step = StaticStep(self._loop, drawn)
        try:
            self.step.make(drawn, step)
        except CannotRecord as error:
            self.step, self.why_not = None, f"it cannot be recorded: {error}"
            self._untold.append(f"steps are started kernel by kernel, since none can be recorded as a whole: {error}")
            return False
        return True

    def forget(self) -> None:
        """Record again before the next step: something that it reads or writes has another place in memory."""
        self.step = None

    def notes(self) -> list[str]:
        """What is to be told since it was last asked for."""
        untold, self._untold = self._untold, []
        return untold


class StaticStep:
    """The steps of a training whose batches are of one size, from the memory of one of them."""

    def __init__(self, loop: "Loop", drawn: Drawn) -> None:
        assert isinstance(loop.feed, ImageFeed)
        self.loop, self.feed, self.drawn = loop, loop.feed, drawn.clone()
        self.on_gpu = loop.feed.device.type == "cuda"
        # a GPU's kernels read a rate as float32; on a processor they turn it into the number that it was
        self.rate = torch.zeros((), dtype=torch.float32 if self.on_gpu else torch.float64, device=loop.feed.device)
        self.layout = loop.masking.layout
        self.graph: torch.cuda.CUDAGraph | None = None
        self._stream = torch.cuda.Stream(loop.feed.device) if self.on_gpu else None
        self._warm_ups = 0

    def make(self, drawn: Drawn, step: int) -> None:
        """Make a step."""
        self.fill(drawn, self.loop.rate(step))
        with self.loop.random_stream(step):  # also of a recorded step, whose random numbers follow the state at replay
            if not self.on_gpu:
                self.run()
            elif self._warm_ups < WARM_UP:
                self._warm_ups += 1
                self._beside(self.run)
            else:
                if self.graph is None:
                    self.graph = self._record()
                self.graph.replay()
        self.loop.count(len(drawn))

    def fill(self, drawn: Drawn, rate: float) -> None:
        """Put into the fixed memory what is this step's own."""
        self.drawn.copy_(drawn)
        self.rate.fill_(rate)

    def run(self) -> None:
        """All that the device does for a step. Nothing is read back from it, and nothing comes from the host."""
        self.loop.set_rate(self.rate)
        inputs, labels = self.feed.made(self.drawn)
        logits, loss = self.loop.backward(inputs, labels)
        self.loop.update()
        self.loop.add_up(logits, loss, labels)

    def _beside(self, function: Callable[[], None]) -> None:
        """Run on the stream that will record, as torch asks for before a recording."""
        assert self._stream is not None
        current = torch.cuda.current_stream(self.feed.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            function()
        current.wait_stream(self._stream)

    def _record(self) -> torch.cuda.CUDAGraph:
        """Record a step, which is not made by that.

        Raises:
            CannotRecord: some operation does not allow it; weights and optimiser are as they were.
        """
        graph = torch.cuda.CUDAGraph()
        try:
            # the outer context brings the current stream back where the recording fails
            with (
                torch.cuda.stream(torch.cuda.current_stream(self.feed.device)),
                torch.cuda.graph(graph, stream=self._stream),
            ):
                self.run()
        except RuntimeError as error:
            self.loop.optimiser.zero_grad(set_to_none=True)
            raise CannotRecord(reason(error)) from error
        return graph
