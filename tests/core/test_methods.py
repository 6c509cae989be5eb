"""Every way to find a ticket, as the job of a round: what it keeps, what it starts from, what it writes down."""

import csv
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from small import NETWORK, round_job, tiny_images

from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.config.study import Compute
from lth.config.training import Optimiser, Recipe
from lth.data.feed import ImageFeed
from lth.errors import UserError
from lth.files import checksum
from lth.methods.dual import Dual
from lth.methods.dynamic import Dynamic, grown, without_smallest, without_smallest_of_each_sign
from lth.methods.penalty import Penalty, PenaltyHook, penalty_at
from lth.methods.progressive import Progressive, density_at, reached
from lth.methods.round import RoundFiles, run_round
from lth.networks.build import initial_weights
from lth.pruning.masking import Masking
from lth.pruning.masks import kept, total
from lth.pruning.schedules import kept_count
from lth.running.jobs import Job
from lth.training.loop import Loop

RECIPE = Recipe(optimiser=Optimiser(name="adam", learning_rate=3e-3), batch_size=10, epochs=3)
OUTPUTS = ("ticket", "trained", "history", "confusion", "layers", "cost", "measured")
COMPUTE = Compute(device="cpu")

Run = Callable[..., "Done"]


class Done:
    """A round that has been run."""

    def __init__(self, folder: Path, log: list[str], found: str) -> None:
        self.folder, self.log, self.found = folder, log, found
        self.ticket = Ticket.load(folder / "ticket", NETWORK)
        self.trained = TrainedWeights.load(folder / "trained", folder / "ticket")

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open() as file:
            return list(csv.DictReader(file))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a round over the tiny images: `run("name", parents..., method=..., ...)`."""
    tiny_images().save(tmp_path / "images")

    def running(
        name: str, parent: Done | None = None, other: Done | None = None, scored: Path | None = None, **changes: Any
    ) -> Done:
        folder = tmp_path / name
        folder.mkdir()
        trained = parent.folder / "trained" if parent and changes.get("prunes") else None
        if changes.get("rewind") == "parent" or changes.get("base", {}).get("weights") == "trained":
            trained = parent.folder / "trained"
        files = RoundFiles(
            data=tmp_path / "images",
            scored=scored,
            parent=parent and parent.folder / "ticket",
            parent_trained=trained,
            other=other and other.folder / "ticket",
            **{output: folder / output for output in OUTPUTS},
        )
        log: list[str] = []
        job = Job(name, log.append)
        run_round(round_job(**{"recipe": RECIPE, **changes}), files, COMPUTE, job)
        return Done(folder, log, job.found)

    return running


def pruned(density: str = "1/4", **changes: Any) -> dict[str, Any]:
    return {"round": 1, "prunes": True, "density": density, **changes}


def scratch(method: str, density: str = "1/4", **changes: Any) -> dict[str, Any]:
    return {"method": method, "round": 1, "density": density, **changes}


def transforming(recipe: Recipe) -> dict[str, Any]:
    return {"transform": "r", "recipes": {"transform": recipe}}


def counts(ticket: Ticket) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in ticket.masks.items()}


def starts_from(ticket: Ticket, weights: dict[str, torch.Tensor]) -> bool:
    """Whether each kept weight is bitwise the one of these weights."""
    return all(torch.equal(ticket.weights[name][mask], weights[name][mask]) for name, mask in ticket.masks.items())


def test_a_dense_round_trains_theta_0_and_writes_everything(run: Run) -> None:
    dense = run("dense")
    assert dense.ticket.density == 1
    assert starts_from(dense.ticket, initial_weights(NETWORK, 3))
    cost = dense.rows("cost")
    assert [row["phase"] for row in cost] == ["train"]
    assert float(cost[0]["epochs"]) == 3
    assert int(cost[0]["forward_images"]) == int(cost[0]["backward_images"]) == 3 * 70
    per_image = 2 * sum(  # 16 pixels a side, then 8 pooled; 4 after the unpadded 5x5, pooled 2
        weights * places for weights, places in ((150, 256), (2400, 16), (64 * 120, 1), (120 * 84, 1), (84 * 3, 1))
    )
    assert int(cost[0]["flops"]) == 3 * 210 * per_image
    assert sum(int(row["count"]) for row in dense.rows("confusion")) == 25
    measured = dense.rows("measured")[0]
    assert float(measured["seconds"]) > 0
    assert measured["joules"] == "" or float(measured["joules"]) > 0


def test_the_dense_network_of_another_ticket_gives_the_rounds_that_an_own_one_gives(run: Run) -> None:
    """Every file but for names; the other keeps an early step, which a ticket that rewinds to theta_0 leaves alone."""
    own, other = run("own"), run("other", ticket="other", rewind="step", rewind_step=4)
    kept = run("kept", own, **pruned())
    shared = run("shared", other, **pruned(), dense_of="other")
    assert starts_from(shared.ticket, initial_weights(NETWORK, 3))
    for name in ("history", "confusion", "layers", "cost"):
        assert shared.rows(name) == kept.rows(name)
    assert all(torch.equal(weight, kept.trained.last[key]) for key, weight in shared.trained.last.items())
    with pytest.raises(UserError, match="ticket"):
        run("stranger", other, **pruned())


def test_imp_prunes_the_smallest_trained_weights_and_rewinds(run: Run) -> None:
    dense = run("dense")
    first = run("first", dense, **pruned("4/5"))
    second = run("second", first, **pruned("16/25", round=2))
    assert counts(first.ticket)["0.weight"] == 120
    assert counts(second.ticket)["0.weight"] == 96
    for name, mask in first.ticket.masks.items():
        trained = dense.trained.last[name].abs()
        assert trained[mask].min() >= trained[~mask].max()
    assert all((first.ticket.masks[n] | ~second.ticket.masks[n]).all() for n in first.ticket.masks)
    assert starts_from(second.ticket, initial_weights(NETWORK, 3))


def test_layers_left_unpruned_and_layers_with_rates_of_their_own(run: Run) -> None:
    dense = run("dense")
    some = run("some", dense, **pruned("1/2", layer_densities={"output": "3/4"}, unpruned=("first",)))
    assert list(counts(some.ticket).values()) == [150, 1200, 3840, 5040, 189]
    convolutions = run("convolutions", dense, **pruned("1/2", layer_densities={"convolution": "9/10"}))
    assert list(counts(convolutions.ticket).values()) == [135, 2160, 3840, 5040, 126]
    overall = run("overall", dense, **pruned("1/10", scope="global", unpruned=("output",)))
    found = counts(overall.ticket)
    assert found["11.weight"] == 252
    assert sum(found.values()) - 252 == round((150 + 2400 + 7680 + 10080) / 10)


def test_rewinding_to_a_step_keeps_the_weights_of_that_step(run: Run) -> None:
    dense = run("dense", rewind="step", rewind_step=5)
    assert dense.trained.early
    assert not starts_from(dense.ticket, dict(dense.trained.early))
    first = run("first", dense, **pruned("1/2", rewind="step", rewind_step=5))
    second = run("second", first, **pruned("1/4", round=2, rewind="step", rewind_step=5))
    assert starts_from(first.ticket, dict(dense.trained.early))
    assert starts_from(second.ticket, dict(dense.trained.early))
    with pytest.raises(UserError, match=r"rewind_step: the training has 21 steps, found 21; must be below"):
        run("far", rewind="step", rewind_step=21)


def test_rewinding_to_the_trained_weights_of_the_start(run: Run) -> None:
    """The original study's cross stage. Its first round trains the trained, pruned weights further before anything is
    pruned; each later one prunes by what the round before trained, and begins again at the start's trained weights."""
    dense = run("dense")
    start = run("start", dense, **pruned("1/2"))
    first = run("first", start, round=1, density="1/2", rewind="parent")
    second = run("second", first, **pruned("1/4", round=2, rewind="parent"))
    third = run("third", second, **pruned("1/8", round=3, rewind="parent"))
    trained = dict(start.trained.last)
    assert all(torch.equal(first.ticket.masks[n], start.ticket.masks[n]) for n in start.ticket.masks)
    assert not starts_from(start.ticket, trained)
    assert all(starts_from(later.ticket, trained) for later in (first, second, third))
    assert all(torch.equal(third.ticket.weights[n], trained[n]) for n in trained if n.endswith("bias"))
    for name, mask in second.ticket.masks.items():  # of the weights that the first round left, the larger half
        size, before = first.trained.last[name].abs(), first.ticket.masks[name]
        assert size[mask].min() >= size[before & ~mask].max()
        assert not (mask & ~before).any()
    anew = run("anew", start, **pruned("1/4", round=2))
    assert starts_from(anew.ticket, dict(dense.ticket.weights))
    losses = [float(done.rows("history")[1]["loss_nats"]) for done in (start, first)]
    assert losses[1] < losses[0]  # it goes on from trained weights, here on the same data


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The data-order seed of each training, in turn."""
    seen: list[int] = []
    original = ImageFeed.draws

    def spy(self: ImageFeed, batch_size: int, seed: int, *rest: int) -> Any:
        seen.append(seed)
        return original(self, batch_size, seed, *rest)

    monkeypatch.setattr(ImageFeed, "draws", spy)
    return seen


def test_all_rounds_from_the_trained_weights_of_the_start_see_the_same_batches_in_another_order(
    run: Run, seen: list[int]
) -> None:
    start = run("start", run("dense"), **pruned("1/2"))
    first = run("first", start, round=1, density="1/2", rewind="parent")
    run("second", first, **pruned("1/4", round=2, rewind="parent"))
    tuned = run("tuned", start, round=1, density="1/2", rewind="trained")  # from the start's initial weights as yet
    run("tuned again", tuned, **pruned("1/4", round=2, rewind="trained"))
    dense_order, start_order, *orders, tuned_order, again_order = seen
    assert dense_order == start_order == tuned_order == 3
    assert len(set(orders)) == 1
    assert 3 not in (orders[0], again_order)


def test_a_round_that_is_rewound_to_a_step_goes_on_there(run: Run) -> None:
    """Frankle et al. 2020, algorithm 1. With nothing pruned it is the dense training from there on, bit for bit."""
    warm = Recipe(
        optimiser=Optimiser(name="sgd", learning_rate=0.1),
        schedule={"name": "cosine", "warmup_epochs": 1},
        batch_size=10,
        epochs=3,
    )
    step = {"recipe": warm, "rewind": "step", "rewind_step": 10}
    dense = run("dense", **step)
    again = run("again", dense, **pruned("1", first_step=10, **step))
    anew = run("anew", dense, **pruned("1", **step))
    assert all(torch.equal(weight, dense.trained.last[name]) for name, weight in again.trained.last.items())
    assert not all(torch.equal(weight, dense.trained.last[name]) for name, weight in anew.trained.last.items())
    assert [row["step"] for row in again.rows("history")] == ["10"] * 2 + ["14"] * 3 + ["21"] * 3
    assert again.rows("history")[-1] == dense.rows("history")[-1] | {"round": "1"}
    assert int(again.rows("cost")[0]["forward_images"]) == 110  # 11 steps of 10


def test_fine_tuning_and_reinitialising(run: Run) -> None:
    dense = run("dense")
    tuned = run("tuned", dense, **pruned("1/2", rewind="trained"))
    assert starts_from(tuned.ticket, dict(dense.trained.last))
    anew = run("anew", dense, **pruned("1/2", rewind="reinitialised"))
    assert not starts_from(anew.ticket, initial_weights(NETWORK, 3))
    assert counts(anew.ticket) == counts(tuned.ticket)


def test_stability_prunes_what_moved_since_the_best_epoch_and_says_when_it_cannot(run: Run) -> None:
    stable = {"score": "stability", "scope": "global", "unpruned": ("output",)}
    dense = run("dense", **stable)
    assert dense.trained.best
    best = dict(dense.trained.best)
    dense.trained = TrainedWeights(last={n: w + 0.01 * (w > 0) for n, w in best.items()}, best=best)
    dense.trained.save(dense.folder / "trained", dense.folder / "ticket")
    first = run("first", dense, **pruned("9/10", **stable))
    for name, mask in first.ticket.masks.items():
        if name != "11.weight":  # what was positive moved, so it goes before anything else
            assert (best[name][~mask] > 0).all()
    assert int(first.ticket.masks["11.weight"].sum()) == 252
    TrainedWeights(last=best, best=best).save(dense.folder / "trained", dense.folder / "ticket")
    nothing = run("nothing", dense, **pruned("9/10", **stable))
    assert nothing.ticket.density == 1
    for told in ("\n".join(nothing.log), nothing.found):
        assert "prunes nothing: the best step was the last one" in told


def test_stability_in_one_shot_needs_a_best_step_before_the_last(run: Run) -> None:
    """All rounds prune the same training, so that none can make up for it; a patience that ends it gives one."""
    fast = RECIPE.model_copy(update={"optimiser": Optimiser(learning_rate=0.05), "epochs": 8, "patience": 1})
    dense = run("dense", score="stability", recipe=fast)
    found = run("pruned", dense, **pruned(score="stability", one_shot=True))
    moved = {name: (dense.trained.best[name] - weight).abs() for name, weight in dense.trained.last.items()}
    for name, mask in found.ticket.masks.items():
        assert moved[name][mask].max() <= moved[name][~mask].min()
    short = RECIPE.model_copy(update={"epochs": 1})
    last = run("last", score="stability", recipe=short)
    with pytest.raises(UserError, match="no round of `one_shot` can prune; train longer"):
        run("none", last, **pruned(score="stability", one_shot=True))


def test_a_round_that_cannot_prune_does_not_repeat_the_training_of_its_parent(run: Run) -> None:
    """Or it would end at the same weights, and no round after it could prune either."""

    def losses(done: Done) -> list[str]:
        return [row["loss_nats"] for row in done.rows("history")][3:]  # the untrained network's are the same

    dense = run("dense", score="stability")
    TrainedWeights(last=dense.trained.last, best=dense.trained.last).save(
        dense.folder / "trained", dense.folder / "ticket"
    )
    same = run("same", dense, **pruned("1"))
    assert losses(same) == losses(dense)
    waited = [run(f"w{round_}", dense, **pruned("9/10", score="stability", round=round_)) for round_ in (1, 2)]
    assert all(done.ticket.density == 1 for done in waited)
    assert not {*losses(dense)} & {*losses(waited[0])}
    assert not {*losses(waited[0])} & {*losses(waited[1])}


@pytest.mark.parametrize("score", ["snip", "grasp", "synflow", "random", "magnitude"])
def test_pruning_at_initialisation(run: Run, score: str) -> None:
    found = run(score, **scratch("at_init", "1/5", score=score, scope="global"))
    assert kept(found.ticket.masks) == round(total(found.ticket.masks) / 5)
    assert starts_from(found.ticket, initial_weights(NETWORK, 3))
    phases = {row["phase"]: row for row in found.rows("cost")}
    assert int(phases["score"]["forward_images"]) == {"snip": 39, "grasp": 30, "synflow": 100}.get(score, 0)


def test_a_score_looks_at_the_images_that_its_weights_were_trained_on(run: Run, tmp_path: Path) -> None:
    """Where a chain goes on to another data set, the round that is trained there prunes by the one before."""
    dense, other = run("dense"), tmp_path / "other"
    tiny_images(noise=80).save(other)
    here = run("here", dense, **pruned(score="taylor"))
    alike = run("alike", dense, scored=tmp_path / "images", **pruned(score="taylor"))
    there = run("there", dense, scored=other, **pruned(score="taylor"))
    assert all(mask.equal(alike.ticket.masks[name]) for name, mask in here.ticket.masks.items())
    assert not all(mask.equal(there.ticket.masks[name]) for name, mask in here.ticket.masks.items())


@pytest.mark.parametrize(("per_class", "images"), [(20, 60), (30, 70)])
def test_what_a_score_costs_counts_the_images_that_there_are(run: Run, per_class: int, images: int) -> None:
    """Of 70, all of a class that has fewer."""
    dense = run("dense")
    snip = run("snip", **scratch("at_init", "1/5", score="snip", scope="global", per_class=per_class))
    taylor = run("taylor", dense, **pruned(score="taylor", per_class=per_class))
    for found in (snip, taylor):
        (cost,) = (row for row in found.rows("cost") if row["phase"] == "score")
        assert int(cost["forward_images"]) == images


@pytest.mark.parametrize("score", ["taylor", "gradient"])
def test_imp_by_a_gradient_of_the_trained_network(run: Run, score: str) -> None:
    """Other masks than by magnitude, of the same counts, over theta_0; the pass over the sample is counted."""
    dense = run("dense")
    found = run("pruned", dense, **pruned(score=score, per_class=4))
    magnitude = run("magnitude", dense, **pruned())
    assert counts(found.ticket) == counts(magnitude.ticket)
    assert any(not mask.equal(magnitude.ticket.masks[name]) for name, mask in found.ticket.masks.items())
    assert starts_from(found.ticket, initial_weights(NETWORK, 3))
    phases = {row["phase"]: row for row in found.rows("cost")}
    assert int(phases["score"]["forward_images"]) == 12
    assert "score" not in {row["phase"] for row in magnitude.rows("cost")}


def test_progressive_pruning_ends_at_the_density_in_one_training(run: Run) -> None:
    options = {"from_epoch": 1, "until_epoch": 3, "recipe": RECIPE.model_copy(update={"epochs": 5})}
    found = run("p", **scratch("progressive", "1/5", scope="global", **options))
    assert kept(found.ticket.masks) == round(total(found.ticket.masks) / 5)
    assert starts_from(found.ticket, initial_weights(NETWORK, 3))
    assert all(not found.trained.last[name][~mask].any() for name, mask in found.ticket.masks.items())
    cost = found.rows("cost")[0]
    dense = 5 * 70 * 3 * 2 * (150 * 256 + 2400 * 16 + 64 * 120 + 120 * 84 + 252)
    assert 0.2 * dense < int(cost["flops"]) < dense


@pytest.mark.parametrize(
    ("order", "left"), [("prune_train", (0.6, 0.6, 0.4, 0.2)), ("train_prune", (0.6, 0.6, 0.6, 0.4))]
)
def test_progressive_pruning_that_sets_out_from_a_sparse_network(run: Run, order: str, left: tuple[float, ...]) -> None:
    """theta_0 is pruned to `from_density` before the first step, by magnitude, and held there until `from_epoch`."""
    options = {"from_epoch": 2, "until_epoch": 4, "from_density": 0.6, "order": order}
    longer = RECIPE.model_copy(update={"epochs": 5})
    found = run("p", **scratch("progressive", "1/5", scope="global", recipe=longer, **options))
    everything = total(found.ticket.masks)
    scored = [int(row["kept"]) for row in found.rows("history") if row["split"] == "validation"]
    assert scored == [everything, *(round(everything * share) for share in (*left, 0.2))]
    assert kept(found.ticket.masks) == round(everything / 5)


def test_the_best_epoch_of_progressive_pruning_comes_after_the_pruning(run: Run) -> None:
    """Before it more weights are left, and the loss is smaller: no result of the ticket."""
    options = {"until_epoch": 6, "order": "train_prune", "recipe": RECIPE.model_copy(update={"epochs": 8})}
    found = run("p", **scratch("progressive", "1/100", scope="global", **options))
    everything = total(found.ticket.masks)
    scored = {float(row["epoch"]): row for row in found.rows("history") if row["split"] == "validation"}
    shares = [Fraction(1), 1, *(1 - Fraction(99, 100) * Fraction(epoch, 6) for epoch in range(1, 7)), Fraction(1, 100)]
    assert [int(row["kept"]) for row in scored.values()] == [round(share * everything) for share in shares]
    losses = {epoch: float(row["loss_nats"]) for epoch, row in scored.items()}
    assert min(losses, key=losses.__getitem__) < 7  # what would be taken for the ticket's otherwise
    best = min((7.0, 8.0), key=losses.__getitem__)
    assert f"at best epoch {best:g};" in found.found  # which goes on to say that a layer has collapsed
    accuracy = next(
        float(row["accuracy_percent"])
        for row in found.rows("history")
        if (float(row["epoch"]), row["split"]) == (best, "test")
    )
    right = sum(int(row["count"]) for row in found.rows("confusion") if row["true"] == row["predicted"])
    assert 100 * right / 25 == pytest.approx(accuracy)


def test_progressive_pruning_in_the_published_order(run: Run) -> None:
    """Pruned before each epoch from the first on, up to the last, which alone is eligible for model selection."""
    options = {"until_epoch": 4, "recipe": RECIPE.model_copy(update={"epochs": 4})}
    found = run("p", **scratch("progressive", "1/5", scope="global", **options))
    everything = total(found.ticket.masks)
    left = [int(row["kept"]) for row in found.rows("history") if row["split"] == "validation"]
    assert left == [everything, *(round(everything * share) for share in (0.8, 0.6, 0.4, 0.2))]
    assert "at best epoch 4" in found.found


@pytest.mark.parametrize(
    ("method", "options"), [("progressive", {"until_epoch": 2}), ("dynamic", {"update_interval": 4})]
)
def test_trained_weights_are_stored_by_the_masks_that_training_ended_with(
    run: Run, method: str, options: dict[str, int]
) -> None:
    """The ticket's: of each layer as many values as it keeps, though training began with other masks."""
    done = run("round", **scratch(method, **options))
    with safe_open(done.folder / "trained", "pt") as file:
        stored = {name: file.get_slice(f"last/{name}").get_shape() for name in done.ticket.masks}
    assert stored == {name: [int(mask.sum())] for name, mask in done.ticket.masks.items()}
    for name, mask in done.ticket.masks.items():
        assert not done.trained.last[name][~mask].any()
        assert done.trained.last[name][mask].any()


def test_weights_of_an_early_step_are_stored_whole(run: Run) -> None:
    """Those of the dense round, which later rounds rewind to: its ticket keeps all."""
    done = run("dense", rewind="step", rewind_step=7)
    assert done.ticket.density == 1
    assert all(done.trained.early[name].all() for name in done.ticket.masks)
    assert done.trained.early.keys() == done.trained.last.keys()


@pytest.mark.parametrize("order", ["prune_train", "train_prune"])
def test_progressive_pruning_waits_while_validation_accuracy_is_low(run: Run, order: str) -> None:
    """Which epochs waited follows from the history; what they left is made up for, and the end is on time."""
    rough = RECIPE.model_copy(update={"epochs": 8, "optimiser": Optimiser(name="adam", learning_rate=0.1)})
    options = {"until_epoch": 7, "order": order, "wait_points": 0.5, "recipe": rough}
    found = run("p", **scratch("progressive", "1/50", scope="global", **options))
    everything = total(found.ticket.masks)
    rows = [row for row in found.rows("history") if row["split"] == "validation"]
    accuracy, left = [float(row["accuracy_percent"]) for row in rows], [int(row["kept"]) for row in rows]
    done, waited, late = Fraction(0), 0, order == "train_prune"
    for epoch in range(1, 8):
        seen = accuracy[: epoch + late]  # the first is that of the untrained network
        if max(seen) - seen[-1] > 0.5 and epoch < 7:
            waited += 1
        else:
            done += (7 - done) / (8 - epoch)
        assert left[epoch + late] == round(everything * (1 - Fraction(49, 50) * done / 7))
    assert waited, accuracy
    assert left[7 + late] == kept(found.ticket.masks) == round(everything / 50)


def test_how_far_pruning_has_come_when_it_waits() -> None:
    waiting = Progressive(until_epoch=4, wait_points=1)
    assert [reached(waiting, [0, 2, 1, 0], epoch) for epoch in range(1, 5)] == [1, 1, Fraction(5, 2), 4]
    assert [reached(waiting, [9, 9, 9, 9], epoch) for epoch in range(1, 5)] == [0, 0, 0, 4]
    late = Progressive(from_epoch=2, until_epoch=4, wait_points=1)
    assert [reached(late, [9, 9, 9, 9], epoch) for epoch in range(2, 5)] == [2, 2, 4]


@given(st.lists(st.floats(0, 3), min_size=6, max_size=6), st.integers(0, 5))
def test_pruning_that_waits_never_goes_back_and_ends_on_time(lost: list[float], begin: int) -> None:
    options = Progressive(from_epoch=begin, until_epoch=6, wait_points=1)
    far = [reached(options, lost, epoch) for epoch in range(begin, 7)]
    assert far == sorted(far)
    assert (far[0], far[-1]) == (begin, 6)
    assert all(done <= epoch for epoch, done in enumerate(far, begin))
    never = options.model_copy(update={"wait_points": None})
    assert [reached(never, (), epoch) for epoch in range(begin, 7)] == list(range(begin, 7))


def test_the_density_of_progressive_pruning_by_epoch() -> None:
    linear = Progressive(from_epoch=1, until_epoch=5)
    at = [density_at(linear, Fraction(1, 5), epoch) for epoch in range(8)]
    assert at == [1, 1, Fraction(4, 5), Fraction(3, 5), Fraction(2, 5), *[Fraction(1, 5)] * 3]
    sparse = Progressive(from_epoch=1, until_epoch=5, from_density=0.6)
    at = [density_at(sparse, Fraction(1, 5), epoch) for epoch in range(8)]
    assert at == [Fraction(3, 5)] * 2 + [Fraction(1, 2), Fraction(2, 5), Fraction(3, 10), *[Fraction(1, 5)] * 3]
    denser = [density_at(sparse, Fraction(9, 10), epoch) for epoch in range(8)]
    assert denser == [Fraction(9, 10)] * 8  # a layer of its own density, which is never below that
    cubic = density_at(Progressive(shape="cubic", until_epoch=2), Fraction(0), 1)
    assert cubic == Fraction(1, 8)


@pytest.mark.parametrize("grow", ["random", "gradient"])
def test_dynamic_training_moves_weights_and_keeps_each_layers_count(run: Run, grow: str) -> None:
    never = {"update_interval": 1000}
    often = {"update_interval": 4, "drop_fraction": 0.5}
    still, lively = (
        run(name, **scratch("dynamic", "1/5", scope="erk", grow=grow, **options))
        for name, options in (("never", never), ("often", often))
    )
    assert counts(still.ticket) == counts(lively.ticket)
    assert any((still.ticket.masks[n] != lively.ticket.masks[n]).any() for n in still.ticket.masks)
    assert all(not lively.trained.last[name][~mask].any() for name, mask in lively.ticket.masks.items())
    assert starts_from(lively.ticket, initial_weights(NETWORK, 3))  # what grew has a theta_0, too
    shares = [
        kept_ / mask.numel()
        for kept_, mask in zip(counts(still.ticket).values(), still.ticket.masks.values(), strict=True)
    ]
    assert shares[3] < shares[2] < shares[0]  # Erdos-Renyi-Kernel: the larger a layer, the sparser


def test_rigl_pays_for_the_gradients_of_all_weights_where_it_grows(run: Run) -> None:
    """Evci et al. 2020, appendix: a step that grows takes a dense network's gradients of weights."""
    spent = {}
    for grow in ("random", "gradient"):
        options = {
            "grow": grow,
            "update_interval": 4,
            "until": 0.7,
            "drop": "magnitude",
        }  # 21 steps, of which 4, 8 and 12 grow
        done = run(grow, **scratch("dynamic", "1/5", scope="erk", **options))
        spent[grow] = int(done.rows("cost")[-1]["flops"])
    kept_ = counts(done.ticket)
    places = {"0.weight": 256, "3.weight": 16}
    absent = sum((mask.numel() - kept_[n]) * places.get(n, 1) for n, mask in done.ticket.masks.items())
    assert spent["gradient"] - spent["random"] == 3 * 10 * 2 * absent


def test_random_masks_are_one_stream_a_seed(run: Run) -> None:
    """Arms that keep as much start from one mask, so that they differ in what is done with it alone."""
    random = run("random", **scratch("at_init", score="random", ticket="a"))
    dynamic = run("dynamic", **scratch("dynamic", update_interval=1000, ticket="b"))
    transform = Recipe(optimiser=Optimiser(name="sgd", learning_rate=0.05), batch_size=10, iterations=4)
    dual = run("dual", **scratch("dual", **transforming(transform), ticket="c"))
    for name, mask in random.ticket.masks.items():
        assert torch.equal(mask, dynamic.ticket.masks[name])
        assert torch.equal(mask, dual.ticket.masks[name])


SHORT = Recipe(optimiser=Optimiser(name="sgd", learning_rate=0.05), batch_size=10, iterations=4)


def test_the_network_that_is_transformed_may_be_another_one_than_theta_0(run: Run) -> None:
    """Without a step of the transformation that moves anything, the ticket's weights are those of its base."""
    still = SHORT.model_copy(update={"optimiser": Optimiser(name="sgd", learning_rate=1e-30), "iterations": 1})
    dense = run("dense")
    for weights, expected in (("trained", dense.trained.last), ("initial", dense.ticket.weights)):
        base = {"ticket": "dense", "weights": weights}
        for choice in ("random", "smallest"):
            found = run(
                f"{weights}-{choice}", dense, **scratch("dual", base=base, choice=choice, **transforming(still))
            )
            assert starts_from(found.ticket, expected)
            assert found.ticket.provenance["parent"] == checksum(dense.folder / "ticket")
        for name, mask in found.ticket.masks.items():  # of `smallest`
            assert expected[name][mask].abs().min() >= expected[name][~mask].abs().max()


def test_fine_tuning_between_cycles_trains_what_is_left_and_brings_nothing_back(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    original = PenaltyHook.after_backward

    def noted(self: PenaltyHook, loop: Loop, step: int) -> bool:
        if step == 0:  # of a cycle: how many weights the network has that it begins with
            seen.append(sum(int(p.count_nonzero()) for p in loop.masking.parameters.values()))
        return original(self, loop, step)

    monkeypatch.setattr(PenaltyHook, "after_backward", noted)
    recipes = {"transform": SHORT, "tune_between": SHORT}
    given = {"transform": "transform", "tune_between": "tune_between", "recipes": recipes}
    found = run("tuned", **scratch("dual", "1/4", cycles=2, **given))
    assert [row["phase"] for row in found.rows("cost")] == ["transform 1", "tune 1", "transform 2", "train"]
    whole, half = (
        total(found.ticket.masks),
        sum(kept_count(m.numel(), Fraction(1, 2)) for m in found.ticket.masks.values()),
    )
    assert seen == [whole, half]
    flops = {row["phase"]: int(row["flops"]) for row in found.rows("cost")}
    assert flops["tune 1"] < 0.51 * flops["transform 1"]
    plain = run("plain", **scratch("dual", "1/4", cycles=2, **transforming(SHORT)))
    assert all(torch.equal(plain.ticket.masks[name], mask) for name, mask in found.ticket.masks.items())
    assert seen[2:] == [whole, whole]


def test_what_is_removed_between_cycles_stays_removed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the end of later transformations; without the key the next transformation brings it back."""
    seen: list[int] = []
    original = PenaltyHook.after_backward

    def noted(self: PenaltyHook, loop: Loop, step: int) -> bool:
        if step == 3:  # the last of a cycle: how many weights the three steps before have left
            seen.append(sum(int(p.count_nonzero()) for p in loop.masking.parameters.values()))
        return original(self, loop, step)

    monkeypatch.setattr(PenaltyHook, "after_backward", noted)
    for remove in ("cycle", "end"):
        run(remove, **scratch("dual", "1/4", cycles=2, remove=remove, **transforming(SHORT)))
    sizes = [mask.numel() for mask in run("dense").ticket.masks.values()]
    assert seen == [sum(sizes), sum(kept_count(size, Fraction(1, 2)) for size in sizes), sum(sizes), sum(sizes)]


def test_a_control_of_rst_trains_its_random_mask_through_both_recipes(run: Run) -> None:
    """The same mask, from the first step of the transformation on: as `transform` trains it, step by step."""
    rst = run("rst", **scratch("dual", "1/4", **transforming(SHORT)))
    control = run("control", **scratch("dual", "1/4", remove="start", **transforming(SHORT)))
    assert all(torch.equal(control.ticket.masks[name], mask) for name, mask in rst.ticket.masks.items())
    steps = {"rst": rst, "control": control}
    costs = {name: {row["phase"]: int(row["flops"]) for row in done.rows("cost")} for name, done in steps.items()}
    assert costs["control"]["train"] == costs["rst"]["train"]
    assert costs["control"]["transform 1"] < 0.3 * costs["rst"]["transform 1"]
    assert not starts_from(control.ticket, rst.ticket.weights)
    theta_0 = initial_weights(NETWORK, 3)
    assert not starts_from(control.ticket, theta_0)
    still = SHORT.model_copy(update={"optimiser": SHORT.optimiser.model_copy(update={"learning_rate": 1e-30})})
    assert starts_from(run("still", **scratch("dual", "1/4", remove="start", **transforming(still))).ticket, theta_0)


def test_layers_by_name_end_at_their_own_density_whatever_the_way(run: Run) -> None:
    named = {"named_densities": (("3", "1/2"), ("7.weight", "1"))}
    ways = {
        "dual": scratch("dual", "1/4", cycles=3, **named, **transforming(SHORT)),
        "at_init": scratch("at_init", "1/4", score="magnitude", iterations=5, **named),
        "progressive": scratch("progressive", "1/4", until_epoch=2, **named),
        "dynamic": scratch("dynamic", "1/4", update_interval=5, **named),
    }
    for name, way in ways.items():
        assert list(counts(run(name, **way).ticket).values()) == [38, 1200, 7680, 2520, 63], name


@pytest.mark.parametrize("groups", ["filters", "channels"])
def test_whole_groups_go_in_every_way_of_pruning(run: Run, groups: str) -> None:
    axis = ("filters", "channels").index(groups)
    common = {"groups": groups, "unpruned": ("output",)}
    ways = [
        run("dual", **scratch("dual", "1/4", **common, **transforming(SHORT))),
        run("snip", **scratch("at_init", "1/4", score="snip", **common)),
        run("rising", **scratch("progressive", "1/4", until_epoch=2, **common)),
        run("imp", run("dense"), **pruned("1/4", **common)),
    ]
    for found in ways:
        for name, mask in found.ticket.masks.items():
            by_group = mask.movedim(axis, 0).flatten(1)
            assert by_group.all(1).equal(by_group.any(1))
            share = 1 if name == "11.weight" else Fraction(1, 4)
            assert int(by_group.any(1).sum()) == kept_count(len(by_group), Fraction(share))
    small, trained = ways[-1].ticket.masks["3.weight"], run("again").trained.last["3.weight"].abs()
    means = trained.movedim(axis, 0).flatten(1).mean(1)
    kept_ones = small.movedim(axis, 0).flatten(1).any(1)
    assert means[kept_ones].min() > means[~kept_ones].max()


def test_trained_weights_are_trained_further_in_another_order(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or every batch, turn and shift would be one that they have seen at this place before."""
    orders: list[int] = []
    original = ImageFeed.draws

    def noted(self: ImageFeed, batch: int, seed: int, first: int, steps: int) -> Any:
        orders.append(seed)
        return original(self, batch, seed, first, steps)

    monkeypatch.setattr(ImageFeed, "draws", noted)
    dense = run("dense")
    run("rewound", dense, **pruned("1/2"))
    run("anew", dense, **pruned("1/2", rewind="reinitialised"))
    run("tuned", dense, **pruned("1/2", rewind="trained"))
    run("as_well", dense, **pruned("1/2", rewind="trained", score="random"))
    run("start", dense, rewind="parent", round=1)
    assert orders[:3] == [3, 3, 3]
    assert orders[3] == orders[4] != 3  # arms of a seed stay paired
    assert orders[5] not in orders[:5]
    del orders[:]
    transform = Recipe(optimiser=Optimiser(name="sgd", learning_rate=0.05), batch_size=10, iterations=4)
    run("iter", **scratch("dual", cycles=3, **transforming(transform)))
    assert orders[3] == 3  # paired with tickets that are trained from theta_0
    assert len(set(orders)) == 4


def test_a_move_by_hand() -> None:
    weight = torch.tensor([5.0, -0.1, 0.2, 3.0, 0.0, 0.0])
    growth = torch.tensor([0.0, 0.0, 9.0, 0.0, 1.0, 2.0])
    mask = torch.tensor([True, True, True, True, False, False])
    held = without_smallest(weight, mask, 2)
    assert held.tolist() == [True, False, False, True, False, False]
    assert grown(held, growth, 2).tolist() == [True, False, True, True, False, True]


def test_set_drops_the_same_share_of_each_sign_by_hand() -> None:
    """Mocanu et al. 2018: a half of the four positive weights and of the two negative ones, whatever their sizes."""
    weight = torch.tensor([4.0, 1.0, 3.0, 2.0, -9.0, -8.0, 0.0, 0.5, -0.5])
    mask = torch.tensor([True] * 7 + [False] * 2)
    held = without_smallest_of_each_sign(weight, mask, 0.5)
    assert held.tolist() == [True, False, True, False, True, False, False, False, False]
    # by magnitude alone, none of the negative ones would have gone
    assert without_smallest(weight, mask, 4).tolist() == [True, False, False, False, True, True, False, False, False]
    assert without_smallest_of_each_sign(weight, mask, 0.49).tolist() == [
        True,
        False,
        True,
        True,
        True,
        True,
        *[False] * 3,
    ]


def test_set_updates_its_masks_between_epochs_until_the_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As published: a constant share, once an epoch, no step left out; what grows begins at zero, and so does its
    momentum."""
    updates: list[tuple[int, dict[str, int]]] = []
    steps: list[int] = []
    step, change = Loop.step, Loop.change_masks

    def noted_step(self: Loop, inputs: Any, labels: torch.Tensor, number: int, hook: Any) -> None:
        steps.append(number)
        step(self, inputs, labels, number, hook)

    def noted_change(self: Loop, masks: Any) -> None:
        before = {n: mask.clone() for n, mask in self.masking.masks.items()}
        change(self, masks)
        lost = {n: int((before[n] & ~mask).sum()) for n, mask in masks.items()}
        updates.append((steps[-1], lost))
        came = {n: mask & ~before[n] for n, mask in masks.items()}
        for n, new in came.items():
            assert not self.masking.parameters[n].detach()[new].any()
            assert not self.optimiser.state[self.masking.parameters[n]]["exp_avg"][new].any()

    monkeypatch.setattr(Loop, "step", noted_step)
    monkeypatch.setattr(Loop, "change_masks", noted_change)
    made: list[int] = []
    original = Masking.mask_gradients
    monkeypatch.setattr(Masking, "mask_gradients", lambda self: (made.append(1), original(self))[1])
    found = run("set", **scratch("dynamic", "1/5", grow="random"))
    assert len(made) == 21
    assert [number for number, _ in updates] == [7, 7, 14, 14]  # drop, then grow, before each epoch but the first
    first, second = (lost for _, lost in updates[::2])
    for layer, count in counts(found.ticket).items():
        assert 0.3 * count - 2 < first[layer] <= 0.3 * count
        assert second[layer] > 0.3 * count - 2  # no decay; more where grown weights have stayed exactly zero
    assert all(not any(lost.values()) for _, lost in updates[1::2])


@pytest.mark.parametrize(
    ("grow", "given", "expected"),
    [
        ("random", {}, ("each_sign", "constant", None, 1.0, False)),
        ("gradient", {}, ("magnitude", "cosine", 100, 0.75, True)),
        (
            "random",
            {"drop": "magnitude", "until": 0.5, "replaces_step": True},
            ("magnitude", "constant", None, 0.5, True),
        ),
    ],
)
def test_what_a_study_leaves_out_is_as_published(grow: str, given: dict[str, Any], expected: tuple[Any, ...]) -> None:
    full = Dynamic(grow=grow, **given).complete
    assert (full.drop, full.drop_schedule, full.update_interval, full.until, full.replaces_step) == expected


def test_the_penalty_of_dual_tickets_shrinks_masked_weights_to_nothing_before_they_are_removed(run: Run) -> None:
    """What the paper claims: with the penalty the masked weights are all but gone before they are removed, so that
    removing them changes little; without it they are as large as the others, and removing them does harm."""
    transform = Recipe(optimiser=Optimiser(name="sgd", learning_rate=0.05, momentum=0.9), batch_size=10, iterations=200)
    shared = {**transforming(transform), "scope": "layerwise"}
    penalised = run("penalised", **scratch("dual", penalty=Penalty(rise=0.05, every=5), **shared))
    free = run("free", **scratch("dual", penalty=Penalty(rise=1e-9, limit=1e-9), **shared))
    assert counts(penalised.ticket) == counts(free.ticket)
    sizes = [next(line for line in done.log if "root mean square" in line) for done in (penalised, free)]
    masked = [float(line.rpartition(" ")[2]) for line in sizes]
    assert masked[0] < 1e-3 * masked[1]
    removed = [
        next(float(r["loss_nats"]) for r in done.rows("history") if r["split"] == "test") for done in (penalised, free)
    ]
    before = [last_loss(done.log) for done in (penalised, free)]
    assert abs(removed[0] - before[0]) < 0.05 < removed[1] - before[1]


def last_loss(log: list[str]) -> float:
    """The test loss at the end of the transformation."""
    line = [line for line in log if line.startswith("transform") and "test" in line][-1]
    return float(line.rpartition("loss ")[2].rstrip(")"))


def test_iterative_dual_tickets_mask_more_in_each_cycle(run: Run) -> None:
    transform = Recipe(optimiser=Optimiser(name="sgd", learning_rate=0.05), batch_size=10, iterations=20)
    found = run("iter", **scratch("dual", "1/4", cycles=2, **transforming(transform)))
    assert [row["phase"] for row in found.rows("cost")] == ["transform 1", "transform 2", "train"]
    assert counts(found.ticket)["0.weight"] == 38
    assert not starts_from(found.ticket, initial_weights(NETWORK, 3))


@pytest.mark.parametrize(
    ("shape", "half"), [("linear", 0.5), ("quadratic", 0.25), ("cubic", 0.125), ("exponential", 0.07585818)]
)
def test_the_penalty_rises_to_its_limit_and_is_held(shape: str, half: float) -> None:
    penalty = Penalty(shape=shape, rise=0.1, every=5, limit=1.0)
    first = penalty_at(penalty, 0)  # as in the paper's code, which rises before it applies
    assert first > 0
    assert [penalty_at(penalty, step) for step in (1, 4)] == [first, first]
    assert penalty_at(penalty, 20) == pytest.approx(half)
    assert penalty_at(penalty, 44) < penalty_at(penalty, 45) == penalty_at(penalty, 5000) == pytest.approx(1.0)
    assert shape != "linear" or first == pytest.approx(0.1)


@pytest.mark.parametrize(("limit", "rise"), [(0.07, 0.01), (0.14, 0.02), (1.0, 0.1), (0.5, 1e-4)])
def test_lambda_ends_at_its_limit_where_that_is_a_multiple_of_the_rise(limit: float, rise: float) -> None:
    """0.07 / 0.01 is a little above 7 in binary."""
    assert penalty_at(Penalty(rise=rise, every=1, limit=limit), 10**6) == pytest.approx(limit)


def test_a_penalty_without_height_is_none() -> None:
    """The control of RST that is trained as long: lambda is 0, whatever it would rise by."""
    none = Dual(transform="r", penalty=Penalty(limit=0))
    assert {penalty_at(none.penalty, step) for step in (0, 5, 10**6)} == {0.0}
    assert none.variant() == "RST without penalty"


def test_derived_tickets_change_one_thing(run: Run) -> None:
    dense = run("dense")
    ticket = run("ticket", dense, **pruned("1/4"))
    for kind in ("reinitialised", "shuffled", "random"):
        made = run(kind, ticket, **scratch("derived", ticket="c", of="t", kind=kind))
        assert counts(made.ticket) == counts(ticket.ticket)
        assert starts_from(made.ticket, initial_weights(NETWORK, 3)) == (kind != "reinitialised")
    again = run("again", ticket, **scratch("derived", ticket="c", of="t", draw=1))
    assert not starts_from(again.ticket, dict(Ticket.load(dense.folder.parent / "reinitialised" / "ticket").weights))


def test_no_draw_of_a_control_is_that_of_a_reinitialised_round(run: Run) -> None:
    """Rescaled or signed, its weights would be the ticket's own."""
    ticket = run("ticket", run("dense"), **pruned("1/4", round=2, rewind="reinitialised"))
    drawn = {}
    for draw in (0, 1, 2):
        options = {"ticket": "c", "of": "t", "kind": "rescaled", "draw": draw}
        drawn[draw] = run(f"draw {draw}", ticket, **{**scratch("derived", **options), "round": 2}).ticket.weights[
            "7.weight"
        ]
        assert not drawn[draw].equal(ticket.ticket.weights["7.weight"])
    assert not drawn[1].equal(drawn[2])
    first = run("first", ticket, **{**scratch("derived", ticket="c", of="t"), "round": 2}).ticket
    assert starts_from(first, initial_weights(NETWORK, 3, "fresh initialisation"))  # the stream of most studies stays


def test_what_is_derived_from_trained_weights_has_the_batches_of_its_ticket(run: Run) -> None:
    """Without noise to speak of it is trained as the ticket is."""
    dense = run("dense")
    ticket = run("ticket", dense, **pruned("1/4", rewind="trained"))
    options = {"ticket": "c", "of": "t", "kind": "noisy", "noise": {"std": 1e-6}}
    found = [
        run(f"noisy {order}", ticket, further=order, **scratch("derived", **options)) for order in (None, ("round", 1))
    ]
    far, near = (
        max(float((one.trained.last[name] - weight).abs().max()) for name, weight in ticket.trained.last.items())
        for one in found
    )
    assert near < 1e-3 < far


def test_what_takes_over_trained_weights_has_the_batches_that_its_job_is_told(run: Run, seen: list[int]) -> None:
    tuned, told = run("tuned", run("dense"), **pruned("1/2", rewind="trained")), {"further": ("round", 1)}
    first = run("first", tuned, round=1, density="1/2", **told)
    run("second", first, **pruned("1/4", round=2, **told))
    run("both", tuned, first, **scratch("combined", "1/2", of=("t", "u"), **told))
    dense_order, tuned_order, *others = seen
    assert dense_order == 3 != tuned_order
    assert others == [tuned_order] * 3


def test_combined_tickets(run: Run) -> None:
    first = run("first", **scratch("at_init", score="random", ticket="a"))
    second = run("second", **scratch("at_init", score="magnitude", ticket="b"))
    for rule in ("union", "intersection"):
        both = run(rule, first, second, **scratch("combined", ticket="c", of=("a", "b"), rule=rule))
        for name, mask in both.ticket.masks.items():
            one, other = first.ticket.masks[name], second.ticket.masks[name]
            assert torch.equal(mask, one | other if rule == "union" else one & other)
        assert starts_from(both.ticket, initial_weights(NETWORK, 3))
    tuned = run("tuned", run("dense"), **pruned(rewind="trained"))
    with pytest.raises(UserError, match=r"a and b start from different weights in 0\.weight"):
        run("clash", first, tuned, **scratch("combined", ticket="c", of=("a", "b")))


def test_layer_collapse_is_said(run: Run) -> None:
    found = run("tiny", **scratch("at_init", "1/2000", score="magnitude", scope="global"))
    empty = [row["layer"] for row in found.rows("layers") if row["kept"] == "0"]
    assert empty
    assert f"LAYER COLLAPSE: no weight is left in {', '.join(empty)}" in found.found
    assert any("LAYER COLLAPSE" in line for line in found.log)
    thin = [row["layer"] for row in found.rows("layers") if 0 < int(row["kept"]) < int(row["outputs"])]
    assert thin
    assert f"NEAR COLLAPSE: fewer weights than outputs are left in {', '.join(thin)}" in found.found


@pytest.mark.parametrize("method", ["progressive", "dynamic", "dual", "at_init"])
def test_the_same_round_twice_gives_the_same_bytes(run: Run, method: str) -> None:
    recipe = Recipe(optimiser=Optimiser(name="sgd", learning_rate=0.05), batch_size=10, iterations=10)
    options = {
        "progressive": {"until_epoch": 2},
        "dynamic": {"update_interval": 3},
        "dual": transforming(recipe),
        "at_init": {"score": "snip"},
    }[method]
    first, again = (run(name, **scratch(method, **options)) for name in ("first", "again"))
    for output in OUTPUTS[:-1]:
        assert (first.folder / output).read_bytes() == (again.folder / output).read_bytes(), output
