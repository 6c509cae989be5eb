"""A study: named data sets, networks, recipes, tickets, evaluations and comparisons, and where its jobs run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    model_validator,
)

from lth.catalog.controls import ARM_KINDS, ControlKind
from lth.config.base import (
    Count,
    DatasetName,
    Density,
    Fault,
    Folder,
    KeyPath,
    Model,
    Name,
    Rate,
    RecipeName,
    Seed,
    TicketName,
    defining,
    each_once,
)
from lth.config.data import MOST_CLASSES, Dataset, Initialisation, Network
from lth.config.energy import Electricity
from lth.config.figures import Figures
from lth.config.noise import Noise
from lth.config.ticket_models import AnyTicket
from lth.config.training import Capture, Recipe
from lth.printable import printable

SECTIONS = ("datasets", "networks", "recipes", "tickets", "evaluations", "comparisons")
"""The parts of a study whose entries have names."""
NO_RESULT = {"compute", "data_root", "figures"}
"""Keys of a study that no result depends on."""
Percent = Annotated[float, Field(gt=0, lt=100)]
ArmName = Annotated[str, StringConstraints(pattern=".", max_length=100)]
"""Compared with the arms that there are; a pattern makes the schema say what an entry is."""
PublishedPercent = Annotated[float, Field(ge=0, le=100)]
Margin = Annotated[float, Field(ge=0.001, le=10)]
"""Percentage points: half an example of the largest test set, up to what nobody calls as good any more."""


_TWO_SIDED = ": its interval covers 1 - 2 alpha"


def _shown(text: str) -> str:
    """A value of a study in a sentence, quoted."""
    return repr(printable(text, 60))


class Assessment(Model):
    """What evaluations and comparisons share: a density, and the family of tests."""

    density: Density
    """Share of weights kept at which arms are compared; of each ticket the nearest round, whose density may
    differ by 2 % of its value."""
    compare: tuple[tuple[str, str], ...] = ()
    """The family of tests, decided beforehand: pairs of arms such as `[cross-own, mnist-own]`, first minus second; in a
    comparison pairs of tickets (or `dense`)."""
    equivalence_margin: Margin | None = None
    """Percentage points of test accuracy within which two arms count as equally good, decided beforehand: each pair of
    `compare` is also tested for equivalence within it. Without it, no equivalence is claimed."""
    reach_percent: Percent | None = None
    """Accuracy for the table of epochs-to-reach; without it, 95 % of the dense arm's mean."""

    later_keys: ClassVar = ("equivalence_margin", "other_initialisations", "published", "new_output", "keep_weights")

    def faults(self) -> Iterator[Fault]:
        """Each pair once, of two different arms; a margin only for pairs."""
        if self.equivalence_margin is not None and not self.compare:
            yield ("equivalence_margin",), "has no effect without `compare`, whose pairs it is for; give both or none"
        seen: set[frozenset[str]] = set()
        for position, (first, second) in enumerate(self.compare):
            if first == second:
                yield ("compare", position), f"compares {_shown(first)} with itself"
            elif frozenset((first, second)) in seen:
                both = f"{_shown(first)} and {_shown(second)}"
                yield ("compare", position), f"{both} are compared twice; keep one of them"
            seen.add(frozenset((first, second)))


class Comparison(Assessment):
    """Tickets compared as they were trained when they were found, at one density; trains nothing itself."""

    tickets: Annotated[tuple[TicketName, ...], Field(min_length=1), each_once]
    """Which of `tickets`, all of one data set. The dense network takes part as `dense`: a ticket of that method,
    or where the first ticket's chain begins."""


class PublishedCurve(Model):
    """Test accuracies of an arm as published, to be shown beside those of the study. Nothing is tested against them."""

    citation: Annotated[str, Field(min_length=1, max_length=300)]
    """Where they were published, and of how many runs; it stands below the tables."""
    accuracy_percent: Annotated[tuple[PublishedPercent, ...], Field(min_length=1, max_length=1000)]
    """Test accuracy after each of `epochs`, in percent."""
    epochs: Annotated[tuple[Count, ...], Field(min_length=1, max_length=1000)] | None = None
    """The epochs that they are of, rising; without it 1, 2, 3, ..."""

    def faults(self) -> Iterator[Fault]:
        """An epoch for each accuracy."""
        if self.epochs is None:
            return
        if list(self.epochs) != sorted(set(self.epochs)):
            yield ("epochs",), f"must rise, found {', '.join(map(str, self.epochs))}"
        if (given := len(self.epochs)) != (needed := len(self.accuracy_percent)):
            yield ("epochs",), f"needs an epoch for each of the {needed} accuracies, found {given}"

    def by_epoch(self) -> dict[int, float]:
        """The accuracies in percent by epoch."""
        epochs = self.epochs or range(1, len(self.accuracy_percent) + 1)
        return dict(zip(epochs, self.accuracy_percent, strict=True))


class Evaluation(Assessment):
    """Tickets trained on a target data set, beside their controls, at one density."""

    dataset: DatasetName
    """One of `datasets`: the target that the tickets are trained on."""
    recipe: RecipeName
    """One of `recipes`: how they are trained there."""
    tickets: Annotated[tuple[TicketName, ...], Field(min_length=1), each_once]
    """Which of `tickets`."""
    initialisations: Annotated[tuple[Literal["own", "reinitialised"], ...], Field(min_length=1), each_once] = (
        "own",
        "reinitialised",
    )
    """`own`: the weights that the ticket was found from; `reinitialised`: newly drawn ones under the same mask."""
    controls: Annotated[tuple[ControlKind, ...], each_once] = ("dense", "random", "shuffled")
    """Arms beside a ticket, with its exact number of kept weights in each layer. One for all tickets: `dense` (no
    mask), `random` (a random mask), `magnitude` (a mask of the largest initial weights), over theta_0. One for each
    of `controls_of`: `shuffled` (its mask permuted within each layer, over theta_0), `rewired` (a mask with as many
    weights at each unit as its own, over theta_0) and `rewired_rescaled` (that mask, over theta_0 scaled to the root
    mean square of its own weights in each layer); under its own mask `permuted` (its weights permuted within each
    layer), `redrawn_signs` (its weights, signs drawn anew), `noisy` (its weights and Gaussian noise: `noise` of the
    study), `rescaled` (new weights, scaled to the root mean square of its own in each layer) and `own_signs` (new
    weights with its signs)."""
    controls_of: Annotated[tuple[TicketName, ...], each_once] = ()
    """The tickets that have controls of their own; without it, all of `tickets`."""
    matched_to: TicketName | None = None
    """The ticket whose per-layer counts `random` and `magnitude` take; without it, the first of `tickets`."""
    examples: Count | None = None
    """Few-shot: train on this many training examples, stratified, drawn anew for each seed; without it, on all."""
    draws: Annotated[int, Field(ge=1, le=100)] = 1
    """With `examples`: so many independent draws a seed, the same for all arms; a seed's result is their mean."""
    keep_weights: Literal["last", "both"] | None = None
    """Keep the trained weights of every arm, as `trained.safetensors` beside its history: after the `last` step, or
    those and the ones of the best step (`both`). Not with several `draws`."""
    trains: Literal["all", "head"] = "all"
    """`head`: only the last layer (of `bert`: the classifier) is trained. All other weights stay as the ticket has
    them; the running statistics of batch norms become those of the new images."""
    new_output: Annotated[int, Field(ge=2, le=MOST_CLASSES)] | None = None
    """The classes of `dataset`: all arms get a new output layer for so many, which is not pruned, and of a seed the
    same for all of them. Without it they keep their own, and `dataset` must have as many classes as the network."""
    other_initialisations: Annotated[tuple[Initialisation, ...], Field(min_length=1), each_once] | None = None
    """Train each arm whose weights are drawn once more from each of these schemes: `<arm>-<scheme>`, such as
    `mnist-random-kaiming_normal`. Arms that keep their ticket's weights (`own`, `permuted`, `redrawn_signs`, `noisy`)
    have none. Masks are the tickets'; seeds draw the same numbers, scaled as each scheme says."""
    published: Annotated[dict[ArmName, PublishedCurve], Field(min_length=1)] | None = None
    """Published accuracies of arms, by the arm's name: dotted in the figure of accuracy by epoch, and in the tables."""

    def faults(self) -> Iterator[Fault]:
        """Draws only of examples; controls of tickets that take part; other initialisations of what is drawn."""
        drawn = [kind for kind in (*self.initialisations, *self.controls) if ARM_KINDS[kind].weights != "own"]
        if self.other_initialisations and not drawn:
            message = "has no effect: no arm has newly drawn weights or theta_0; add `reinitialised` or a control"
            yield ("other_initialisations",), message
        if self.keep_weights and self.draws > 1:
            yield (
                ("keep_weights",),
                f"keeps the weights of one training, found `draws: {self.draws}`; take one of them out",
            )
        if self.examples is None and self.draws > 1:
            yield ("draws",), "has no effect without `examples`, of which they are draws; give both or none"
        named: dict[KeyPath, TicketName] = {("controls_of", n): ticket for n, ticket in enumerate(self.controls_of)}
        if self.matched_to:
            named["matched_to",] = self.matched_to
        for path, ticket in named.items():
            if ticket not in self.tickets:
                allowed = ", ".join(_shown(name) for name in self.tickets)
                yield path, f"found {_shown(ticket)}; must be one of `tickets`: {allowed}"


class Compute(Model):
    """Where jobs run. Not part of any result's identity: changing it reruns nothing."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` takes a GPU where torch sees one."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """CPU threads of a training job. Small networks are fastest with one, and several jobs at once."""
    examples_per_second: Annotated[float, Field(ge=1e-3)] = 300.0
    """How many examples the slowest machine trains on in a second: on a cluster, time limits come from it."""
    longest_minutes: Annotated[int, Field(ge=1)] | None = None
    """No job asks a cluster for more time, however often it was tried: the limit of its queue."""
    most_memory_mb: Annotated[int, Field(ge=1)] | None = None
    """No job asks a cluster for more memory: what its machines have."""
    jobs_per_gpu: Annotated[int, Field(ge=1, le=64)] = 1
    """How many jobs may share a GPU at once (small networks leave most of one idle); then say `--resources gpu=N` with
    as many as there are GPUs times this."""
    capture: Capture = "auto"
    """Whether a GPU records a training step (a CUDA graph) and repeats it. `auto` does so for small networks, whose
    kernels take longer to start than to run; `always` for any of images. Same results, within rounding."""
    rounds_per_job: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many rounds of a chain one job on a cluster does, one after another; without a cluster of no effect."""
    save_minutes: Annotated[float, Field(gt=0)] = 10.0
    """How often a training in progress is written to `scratch`; when it is told to stop, it is written anyway."""
    scratch: Folder | None = None
    """Where trainings in progress are written, in a folder with the study's name; all machines that may go on with them
    must see it. It is cleared once the study is done, so it must lie apart from results, data and this project. Without
    it `results/<study>/scratch`."""

    def scratch_of(self, study: str) -> Path:
        """Where the trainings in progress of a study are."""
        return Path(self.scratch).expanduser() / study if self.scratch else Path("results", study, "scratch")


class Study(Model):
    """A study file: named data sets, networks, recipes, tickets and evaluations."""

    study: Name
    """Its name; everything it makes lies in `results/<study>/`."""
    about: Annotated[str, Field(max_length=2000)] = ""
    """One sentence for the head of the report."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1), each_once]
    """One complete repetition each; arms are compared within a seed."""
    data_root: Folder | None = None
    """Folder with the data sets in torchvision's layout; the environment variable LTH_DATA goes before it. What is
    missing there is downloaded there."""
    alpha: Rate = 0.05
    """Family-wise error rate of each evaluation's tests; intervals cover 1 - alpha, those of equivalence tests
    1 - 2 alpha."""
    matching_margin: Margin | None = None
    """Percentage points of test accuracy by which a pruned round may be worse than its dense network and still match
    it, decided beforehand: the sparsest matching round of each ticket is then reported. Without it, none is claimed."""
    noise: Noise | None = None
    """How much the control `noisy` adds; without it a tenth of the root mean square of a layer's kept weights."""
    energy: Electricity | None = None
    """What a kWh emits. With it evaluations write what they measured of their time and energy, and tables, verdicts and
    report show kWh and g CO2; without it only the energy of rounds is measured."""
    figures: Figures = Figures()
    """Formats of figures."""
    compute: Compute = Compute()
    """Device and threads."""
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    """Data sets by name."""
    networks: Annotated[dict[Name, Network], Field(min_length=1)]
    """Networks by name."""
    recipes: Annotated[dict[Name, Recipe], Field(min_length=1)]
    """Training recipes by name."""
    tickets: Annotated[dict[Name, AnyTicket], Field(min_length=1)]
    """Tickets by name."""
    evaluations: dict[Name, Evaluation] = Field(default_factory=dict)
    """Evaluations by name."""
    comparisons: dict[Name, Comparison] = Field(default_factory=dict)
    """Comparisons by name; no name is both an evaluation's and a comparison's."""

    later_keys: ClassVar = ("matching_margin", "noise", "energy")

    @model_validator(mode="wrap")
    @classmethod
    def _with_its_names(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """References are validated against the names of this very study."""
        sections = data if isinstance(data, Mapping) else {}
        named = {key: value for key in SECTIONS if isinstance(value := sections.get(key), Mapping)}
        with defining(named):
            return handler(data)

    def assessments(self) -> Iterator[tuple[tuple[str, str], Evaluation | Comparison]]:
        """Evaluations and comparisons, each with the keys that lead to it."""
        yield from ((("evaluations", name), evaluation) for name, evaluation in self.evaluations.items())
        yield from ((("comparisons", name), comparison) for name, comparison in self.comparisons.items())

    def faults(self) -> Iterator[Fault]:
        """One name for one table; noise for somebody; an alpha that allows tests of equivalence."""
        if self.noise is not None and not any("noisy" in one.controls for one in self.evaluations.values()):
            yield ("noise",), "has no effect: no evaluation has the control `noisy`; add it, or take this out"
        for name in self.comparisons:
            if name in self.evaluations:
                yield ("comparisons", name), "is the name of an evaluation, too; their tables would lie in one folder"
        for path, assessment in self.assessments():
            if assessment.equivalence_margin is not None and self.alpha >= 0.5:
                yield (*path, "equivalence_margin"), f"needs an alpha below 0.5, found {self.alpha:g}{_TWO_SIDED}"
        if self.matching_margin is not None and self.alpha >= 0.5:
            yield ("matching_margin",), f"needs an alpha below 0.5, found {self.alpha:g}{_TWO_SIDED}"
