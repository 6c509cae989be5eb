"""The methods section of the report: how numbers, intervals, tests and costs are defined."""

from lth.analysis.tables.cells import within
from lth.config.study import Study

_METHODS = """
Seeds: n counts seeds ({seeds} in this study). Each seed is an independent repetition of the whole study, with its own
initialisation, batch order, pruning and controls; of a ticket that all seeds are given from one file, of its training
and of controls alone. Data splits are the same for all seeds, so intervals do not cover
the choice of splits.

Model selection: accuracies are test accuracies at the early-stopping epoch (or iteration) unless a column says
otherwise. It is the one with the lowest validation loss, the earliest in case of ties, the untrained network included.
Where a method prunes during training, only epochs at final sparsity are eligible. Test data are never used for
selection.

Confidence intervals: Student's t over seeds, {confidence}, not adjusted for multiple comparisons.

Significance: the study file names the pairs to compare. Arms of a seed share their random streams and are compared
within the seed, with an exact two-sided sign-flip test over all 2^n sign patterns; p cannot be below 2/2^n. Holm's
correction (1979) controls the family-wise error rate of each evaluation and each comparison at {alpha}. A difference is
significant if its Holm-adjusted p is at most {alpha}: this test decides, while the intervals are uncorrected and
descriptive, and may exclude 0 where the test is not significant. "Not significant" means that the data do not decide,
not that the arms are equal.

Effect size d_z: mean / standard deviation of the paired differences, with Hedges' (1981) small-sample correction; "-"
if undefined.

Density: the tickets of an evaluation or comparison agree in density to within 2 % by their pruning rates, combined ones
excepted; unpruned layers and layers with rates of their own shift the total, and the tables give the actual density.
Random and shuffled masks of an evaluation have exactly the per-layer counts of their ticket.

Initial weights: the kept weights start from the initialisation of the seed, in reinitialised arms from a new one. They
start from trained weights if the ticket's options say so (rewind, the weights of combined tickets), in tickets of the
method dual, which has trained them, and where the file of a given ticket holds such.

Mask overlap: Jaccard index per layer; chance is its exact expectation for independent random masks with the same
counts.

Cost: the training of the ticket and of every round that it was derived from, each counted once; what it took to find
a given ticket elsewhere is not known, and not included. Epochs are passes over
the training data, forward and backward, for training and for scoring or transforming weights before it; the images
that a saliency score looks at count once, also those of which GraSP takes second derivatives. FLOPs are
theoretical: two per kept weight and use in the forward pass, four in the backward pass (also in the first layer, which
needs only half of that), and the full dense gradients where weights grow by gradient; the dense kernels that ran
executed more. Evaluation on validation and test data is not counted. Seconds and joules are of whole jobs on a shared
machine: they report what was spent here, not what a method needs. "Not measured" means that the machine has no energy
counter, not 0.
"""
"""The methods section; `{...}` is filled from the study."""
_EQUIVALENCE = """
Equivalence: the study file names a margin ({margins}). Each pair is tested against both ends of it: two one-sided
tests (Schuirmann 1987; Lakens 2017), here exact sign-flip tests at {alpha}, so that p, the larger of the two, cannot be
below 1/2^n. Holm's correction is over the equivalence tests of each evaluation and each comparison, a family apart from
the tests for a difference. Two arms are equivalent within the margin if this adjusted p is at most {alpha}. The
{confidence} intervals are uncorrected and descriptive: one lies within the margin exactly if both one-sided t-tests
reject at {alpha}. A pair can be both different and equivalent (a difference smaller than the margin); one that is
neither is inconclusive.
"""
"""Of the methods section, where the study names a margin."""


def methods(study: Study) -> list[str]:
    """Its paragraphs."""
    text = _METHODS.format(
        seeds=len(study.seeds), confidence=f"{100 * (1 - study.alpha):g} %", alpha=f"{study.alpha:g}"
    )
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n")]
    at = next(place for place, paragraph in enumerate(paragraphs) if paragraph.startswith("Significance:"))
    return [*paragraphs[: at + 1], *_equivalence(study), *paragraphs[at + 1 :]]


def _equivalence(study: Study) -> list[str]:
    """The paragraph on equivalence, if any assessment names a margin."""
    named = {**study.evaluations, **study.comparisons}
    margins = {name: spec.equivalence_margin for name, spec in named.items() if spec.equivalence_margin is not None}
    if not margins:
        return []
    text = _EQUIVALENCE.format(
        margins=", ".join(f"{name}: {within(margin)} percentage points" for name, margin in margins.items()),
        confidence=f"{100 * (1 - 2 * study.alpha):g} %",
        alpha=f"{study.alpha:g}",
    )
    return [" ".join(text.split())]
