"""What `import lth` offers: the workflow's own results on data in memory, and sentences for bad input."""

import runpy
import subprocess
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import own_nets
import pandas as pd
import pytest
import torch
from small import round_job
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lth
from lth.catalog.datasets import SOURCES
from lth.config.study import Compute
from lth.data.images import Images
from lth.library.find import _source
from lth.library.result import DataFacts
from lth.methods.round import RoundFiles, run_round
from lth.running.jobs import Job

ROOT = Path(__file__).parents[2]
IMAGES = torch.randint(0, 256, (60, 28, 28), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
LABELS = torch.arange(60) % 3


def test_importing_is_cheap_and_names_are_listed() -> None:
    names = "sorted(set(lth.__all__) - set(dir(lth)))"
    code = f"import sys, lth; print('torch' in sys.modules, 'pydantic' in sys.modules, {names})"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert found.split() == ["False", "False", "[]"]
    assert all(getattr(lth, name) is not None for name in lth.__all__)
    assert sum(name.islower() for name in lth.__all__) <= 11  # functions; the others are what they take and give
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lth.nothing  # type: ignore[attr-defined]


def test_rounds_are_those_of_the_workflow(digits: Images, quick: lth.Recipe, tmp_path: Path) -> None:
    """The same masks, weights and history as the workflow's jobs give, whatever things are called."""
    found = lth.find_rounds("lenet_300_100", digits, rounds=2, rate=0.5, recipe=quick, seed=3)
    digits.save(tmp_path / "digits.safetensors")
    parents: dict[str, Path] = {}
    for number, density in enumerate(("1", "1/2", "1/4")):
        files = {
            name: tmp_path / f"{name}{number}"
            for name in ("ticket", "trained", "history", "confusion", "layers", "cost", "measured")
        }
        network = {"architecture": "lenet_300_100"}
        spec = round_job(round=number, prunes=number > 0, density=density, network=network, recipe=quick)
        data = tmp_path / "digits.safetensors"
        run_round(spec, RoundFiles(data=data, **files, **parents), Compute(device="cpu"), Job("", lambda _: None))
        parents = {"parent": files["ticket"], "parent_trained": files["trained"]}
        expected = lth.load(files["ticket"])
        assert all(found[number].ticket.masks[name].equal(mask) for name, mask in expected.masks.items())
        assert all(found[number].ticket.weights[name].equal(w) for name, w in expected.weights.items())
        history = pd.read_csv(files["history"])[list(found[number].history.columns)]
        pd.testing.assert_frame_equal(found[number].history, history)
    assert found[2].density == pytest.approx(0.25, abs=1e-4)


def test_a_ticket_is_trained_again_to_the_same_bytes(digits: Images, quick: lth.Recipe) -> None:
    *_, last = lth.find_rounds("lenet_300_100", digits, rounds=1, recipe=quick, seed=1)
    again = lth.train(last.ticket, digits, quick)
    assert again.seed == 1
    assert all(again.weights[name].equal(weight) for name, weight in last.weights.items())
    assert again.accuracy_percent == last.accuracy_percent
    images = digits.splits["test"].images.float().sub(digits.mean).div(digits.std)
    predicted = again.module()(images).argmax(1)
    right = 100 * float((predicted == digits.splits["test"].labels).float().mean())
    assert right == pytest.approx(again.last_accuracy_percent, abs=0.25)


def test_torchs_settings_are_the_callers_again(digits: Images, quick: lth.Recipe) -> None:
    torch.set_num_threads(2)
    torch.set_deterministic_debug_mode(0)  # an earlier job of this process may have left it
    before = torch.get_rng_state()
    lth.find("lenet_300_100", digits, rounds=1, recipe=quick)
    assert torch.get_num_threads() == 2
    assert torch.get_deterministic_debug_mode() == 0
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize(
    "model", [own_nets.Wide, own_nets.Viewed, "own_nets:Wide", lambda: own_nets.plain(1, 28, 10), own_nets.plain]
)
def test_any_way_to_name_a_network(model: Any, digits: Images, quick: lth.Recipe, tmp_path: Path) -> None:
    ticket = lth.find(model, digits, rounds=1, rate=0.5, recipe=quick)
    assert ticket.density == pytest.approx(0.5, abs=1e-3)
    ticket.save(str(tmp_path / "ticket.safetensors"))
    again = lth.load(str(tmp_path / "ticket.safetensors"))
    assert all(again.masks[name].equal(mask) for name, mask in ticket.masks.items())
    for name, parameter in again.module().named_parameters():
        if name in again.masks:
            assert parameter[~again.masks[name]].count_nonzero() == 0


def test_a_module_starts_from_its_own_weights_and_is_not_changed(digits: Images, quick: lth.Recipe) -> None:
    module = own_nets.plain(1, 28, 10)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    first, second = (lth.find(module, digits, rounds=1, rate=0.5, recipe=quick, seed=seed) for seed in (0, 1))
    assert all(module.state_dict()[name].equal(tensor) for name, tensor in before.items())
    for ticket in (first, second):
        kept = ticket.masks["1.weight"]
        assert ticket.weights["1.weight"][kept].equal(before["1.weight"][kept])
    assert not first.masks["1.weight"].equal(second.masks["1.weight"])


def test_a_ticket_of_a_network_in_memory_needs_it_in_another_process(
    digits: Images, quick: lth.Recipe, tmp_path: Path
) -> None:
    path = tmp_path / "ticket.safetensors"
    lth.find(own_nets.plain(1, 28, 10), digits, rounds=1, recipe=quick).save(path)
    code = f"""
import lth, own_nets
ticket = lth.load({str(path)!r})
try:
    ticket.module()
except lth.UserError as error:
    print(error)
print(type(lth.load({str(path)!r}, own_nets.plain(1, 28, 10)).module()).__name__)
"""
    environment = {"PYTHONPATH": f"{ROOT}:{Path(__file__).parent}", "PATH": "/usr/bin:/bin"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    first, second = run.stdout.splitlines()
    assert "was only in the memory of the process that found it; give it: `lth.load(path, model=...)`" in first
    assert second == "Sequential"
    with pytest.raises(
        lth.UserError, match=r"does not fit the model: '1.weight' is \[12, 784\] in the ticket and \[12, 64\]"
    ):
        lth.load(path, own_nets.plain(1, 8, 10))


def test_controls_keep_the_counts_and_change_one_thing(digits: Images, quick: lth.Recipe) -> None:
    ticket = lth.find("lenet_300_100", digits, rounds=1, rate=0.9, recipe=quick)
    for kind in (
        "shuffled",
        "rewired",
        "rewired_rescaled",
        "random",
        "magnitude",
        "reinitialised",
        "rescaled",
        "own_signs",
        "redrawn_signs",
        "permuted",
        "noisy",
    ):
        made = lth.control(ticket, kind)  # type: ignore[arg-type]
        assert [row[1] for row in made.layers()] == [row[1] for row in ticket.layers()]
        same_masks = all(made.masks[name].equal(mask) for name, mask in ticket.masks.items())
        assert same_masks == (kind not in ("shuffled", "rewired", "rewired_rescaled", "random", "magnitude"))
        assert made.provenance["control"] == kind
    assert lth.control(ticket, "dense").density == 1
    assert (
        not lth.control(ticket, "random", draw=1)
        .masks["1.weight"]
        .equal(lth.control(ticket, "random").masks["1.weight"])
    )


def test_controls_over_theta_0_of_a_ticket_from_elsewhere_are_warned_of(digits: Images, quick: lth.Recipe) -> None:
    """They differ from it in mask and weights; those made of its own weights do not."""
    ticket = lth.find("lenet_300_100", digits, rounds=1, rate=0.5, recipe=quick)
    moved = ticket.derive(ticket.masks, {name: 2 * weights for name, weights in ticket.weights.items()})
    words = (
        "is drawn from seed 0, and the ticket's weights are others: it differs from the ticket in its mask and in its"
    )
    for kind in ("shuffled", "rewired", "random", "magnitude"):
        with pytest.warns(UserWarning, match=words):
            lth.control(moved, kind)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("shuffled", "magnitude", "permuted", "reinitialised"):
            lth.control(ticket, kind)  # type: ignore[arg-type]
        for kind in ("permuted", "rewired_rescaled", "rescaled", "noisy", "dense"):
            lth.control(moved, kind)  # type: ignore[arg-type]


RECIPE_OF_RESULTS = lth.recipe(epochs=1)
TICKET = lth.Ticket({"w": torch.ones(1, 1, dtype=torch.bool)}, {"w": torch.ones(1, 1)}, {})


def result(
    seed: int, accuracy: float, dataset: str = "d", tested: str = "", recipe: lth.Recipe = RECIPE_OF_RESULTS
) -> lth.Result:
    rows = [
        {"epoch": 1.0, "step": 5, "kept": 1, "split": split, "loss_nats": 0.5, "accuracy_percent": accuracy}
        for split in ("validation", "test")
    ]
    facts = DataFacts(dataset, tested, (), (), ())
    return lth.Result(ticket=TICKET, seed=seed, data=facts, recipe=recipe, history=pd.DataFrame(rows), weights={})


def test_a_comparison_is_paired_by_seed_and_says_what_it_shows() -> None:
    own = [result(seed, 80 + seed) for seed in range(6)]
    random = [result(seed, 78 + seed + 0.1 * (seed % 2)) for seed in reversed(range(6))]
    found = lth.compare({"own": own, "random": random}, margin=3)
    row = found.table.iloc[0]
    assert row["difference_points"] == pytest.approx(1.95)
    assert row["p"] == pytest.approx(2 / 64)
    assert (row["n"], row["wins"]) == (6, 6)
    assert "own is significantly better than random, but equivalent to it within ±3 points" in str(found)
    assert found.accuracies.loc[2].tolist() == [82, 80]
    assert "<table" in found._repr_html_()
    few = lth.compare({"own": own[:3], "random": random})
    assert "With 3 seeds this comparison is descriptive only" in str(few)
    for arms, words in (
        ({"own": own}, "at least two arms with results are needed, found 1"),
        ({"own": own, "random": []}, "'random' has no results"),
        ({"own": own, "random": [*random, random[0]]}, "'random' has two results of seed 5"),
        ({"own": own, "random": [result(0, 1.0, "e")]}, "different data sets, d and e"),
        ({"own": own[:1], "random": [result(7, 1.0)]}, "share no seed"),
    ):
        with pytest.raises(lth.UserError, match=words):
            lth.compare(arms)  # type: ignore[arg-type]
    with pytest.raises(lth.UserError, match="no runs of dense"):
        lth.compare({"own": own, "random": random}, [("own", "dense")])
    with pytest.raises(lth.UserError, match="margin: must be above 0"):
        lth.compare({"own": own, "random": random}, margin=-1)


def test_arms_that_are_one_network_are_not_called_equivalent() -> None:
    """As of a union that is one of its tickets."""
    arms = {name: [result(seed, 80 + seed) for seed in range(6)] for name in ("sparse", "union")}
    found = lth.compare({**arms, "other": [result(seed, 80.5 + seed) for seed in range(6)]}, margin=3)
    assert list(found.table["identical"]) == [True, False]
    assert list(found.table["equivalence_shown"]) == [False, True]
    assert "sparse and union have the same results: +0.00 points" in str(found)
    assert "sparse and union have the same results to the last digit in every seed" in str(found).replace("\n", " ")
    assert "identical" not in lth.compare({"sparse": arms["sparse"], "other": [result(0, 80.5)]}).table


def test_a_notebook_shows_a_comparison_as_a_terminal_does() -> None:
    name = "<i>own</i> & other"
    arms = {name: [result(seed, 80) for seed in range(6)], "random": [result(seed, 80.1) for seed in range(6)]}
    shown = lth.compare(arms, margin=3)._repr_html_()
    assert shown.count("<table") == 2
    assert "<th>margin</th>" in shown
    assert shown.count("&lt;i&gt;own&lt;/i&gt; &amp; other") == 3  # a sentence and two tables
    assert "<i>" not in shown
    assert lth.compare(arms)._repr_html_().count("<table") == 1


RESULT: Any = result(0, 80)
ROUNDS: Any = [RESULT, result(0, 79)]
MISTAKEN: list[tuple[Callable[[], Any], str]] = [
    (lambda: lth.compare({"a": RESULT, "b": RESULT}), "compare: 'a' is a Result, where a list of results is needed"),
    (lambda: lth.compare({"a": [ROUNDS]}), "compare: 'a' holds a list, where a list of results is needed, one a seed"),
    (lambda: lth.compare({"a": "bc"}), "compare: 'a' holds a str, where a list of results"),
    (lambda: lth.compare(ROUNDS), "compare: found a list, where results by the name of their arm are needed"),
    (lambda: lth.compare({"a": ROUNDS[:1], "b": ROUNDS[:1]}, []), "pairs: names no pair; leave it out to compare"),
    (
        lambda: lth.compare({"a": ROUNDS[:1], "b": ROUNDS[:1]}, ["ab"]),
        "pairs: two different arms are needed, found 'ab'",
    ),
    (lambda: lth.compare({"a": ROUNDS[:1], "b": ROUNDS[:1]}, [("a", "a")]), "pairs: two different arms are needed"),
    (lambda: lth.matching(ROUNDS, margin=1), "matching: a list of results for each seed is needed, as"),
    (lambda: lth.matching(RESULT, margin=1), "matching: a list of results for each seed is needed, as"),
    (lambda: lth.train(RESULT, None), "ticket: found a Result; give its ticket, `result.ticket`"),
    (lambda: lth.control(RESULT, "shuffled"), "ticket: found a Result; give its ticket, `result.ticket`"),
    (lambda: lth.find(RESULT, None), "model: found a Result; give its ticket, `result.ticket`"),
    (lambda: lth.train(ROUNDS, None), "ticket: found a list, where a ticket is needed"),
    (lambda: lth.train(TICKET, None, seed=-1), r"seed: must be a whole number from 0 to 2147483647, found -1"),
    (lambda: lth.train(TICKET, None, seed="a"), r"seed: must be a whole number from 0 to 2147483647, found 'a'"),
    (lambda: lth.train(TICKET, None, seed=True), r"seed: must be a whole number from 0 to 2147483647, found True"),
    (lambda: lth.train(TICKET, None, trains="tail"), "trains: must be 'all' or 'head', found 'tail'"),
    (lambda: lth.train(TICKET, None, threads=0), "threads: must be a whole number at least 1 and at most 256, found 0"),
    (lambda: lth.train(TICKET, None, device="gpu"), "device: found 'gpu'.*; must be one of auto, cpu, cuda"),
    (lambda: lth.control(TICKET, "shuffled", seed=-1), "seed: must be a whole number from 0"),
    (lambda: lth.control(TICKET, "shuffled", draw=-1), "draw: must be a whole number from 0 on, found -1"),
    (lambda: lth.control(TICKET, "shuffled", draw="a"), "draw: must be a whole number from 0 on, found 'a'"),
    (
        lambda: lth.control(TICKET, "shuffled", noise={"std": 1}),
        "noise: only kind 'noisy' has it, found kind 'shuffled'; leave it out",
    ),
    (
        lambda: lth.export_ticket(TICKET, "out", "pytorch"),
        "format: must be torch, huggingface, onnx or csr, found 'pyto",
    ),
    (lambda: lth.find("lenet_300_100", None, seed=-1), "seed: must be a whole number from 0"),
    (
        lambda: lth.find("lenet_300_100", None, threads=0),
        "threads: must be a whole number at least 1 and at most 256, found 0",
    ),
    (lambda: lth.find("lenet_300_100", None, device="gpu"), "device: found 'gpu'.*; must be one of auto, cpu, cuda"),
    (
        lambda: lth.find("lenet_300_100", None, method="given", file="t"),
        "method: 'given' is a ticket of a file; `lth.load`",
    ),
    (lambda: lth.find("lenet_300_100", None, folder="x/{seed}/y"), "folder: '{seed}' in it would stand for a seed"),
    (
        lambda: lth.find(TICKET, None, method="at_init", densities=[0.1]),
        "model: only the methods imp, dual begin at a ticket, found method 'at_init'; give its network to begin anew",
    ),
    (lambda: lth.dataset((IMAGES, LABELS), limit=0), "data: limit: must be a whole number above 0, found 0"),
    (lambda: lth.dataset("digits", limit=0), "data: limit: must be a whole number above 0, found 0"),
    (lambda: lth.dataset("digits", limit=10**6), "data: limit: more images than there are"),
]


@pytest.mark.parametrize(("call", "words"), MISTAKEN, ids=[words[:40] for _, words in MISTAKEN])
def test_a_mistaken_argument_is_named(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(lth.UserError, match=words):
        call()


def test_a_seed_of_numpy_is_a_seed_and_a_ticket_that_says_none_has_seed_0(digits: Images, quick: lth.Recipe) -> None:
    ticket = lth.find("lenet_300_100", digits, method="dense", recipe=quick, seed=np.int64(3))
    assert lth.train(ticket, digits, quick).seed == 3
    none = lth.Ticket(ticket.masks, ticket.weights, {**ticket.provenance, "seed": None})
    assert lth.train(none, digits, quick).seed == 0
    assert lth.control(none, "reinitialised").provenance["seed"] == 0
    assert lth.find_rounds(none, digits, rounds=1, recipe=quick)[0].seed == 0


def test_a_name_is_given_to_a_source_as_well() -> None:
    assert lth.dataset("digits", validation=60, limit=200, name="mine").name == "mine"
    assert lth.dataset("digits", validation=60, limit=200).name == "digits"
    assert lth.dataset((IMAGES, LABELS)).name == "data"


def test_the_home_folder_can_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    TICKET.save("~/t.safetensors")
    assert lth.Ticket.load("~/t.safetensors").layers() == TICKET.layers()
    assert lth.draw_masks(TICKET, "~/masks.html") == tmp_path / "masks.html"
    assert not (tmp_path / "~").exists()


def test_calls_of_several_threads_give_what_they_give_alone(digits: Images, quick: lth.Recipe) -> None:
    def slow(classes: int) -> nn.Module:
        first = nn.Linear(784, 4)
        sleep(0.02)  # torch's random numbers are the process's: another thread would draw in between
        return nn.Sequential(nn.Flatten(), first, nn.ReLU(), nn.Linear(4, classes))

    def found(seed: int) -> lth.Ticket:
        return lth.find(slow, digits, rounds=1, rate=0.5, recipe=quick, seed=seed)

    alone = [found(seed) for seed in range(3)]
    with ThreadPoolExecutor(3) as threads:
        together = [*threads.map(found, range(3))]
    for one, other in zip(alone, together, strict=True):
        assert all(other.masks[name].equal(mask) for name, mask in one.masks.items())
        assert all(other.weights[name].equal(weights) for name, weights in one.weights.items())


def test_data_of_two_calls_at_once_are_not_mixed_up(digits: Images) -> None:
    """Each call looks its data up under a name of its own, which is in no file that it writes."""
    small = lth.dataset((IMAGES, LABELS))
    with _source(digits) as first:
        with _source(small) as second:
            assert [SOURCES[name].classes for name in (first, second)] == [10, 3]
        assert SOURCES[first].classes == 10
    assert first not in SOURCES


class HubImages:
    """What a Hugging Face data set of images looks like."""

    class Image: ...

    class ClassLabel:
        names = ("no", "yes", "perhaps")

    def __init__(self) -> None:
        self.features = {"picture": self.Image(), "label": self.ClassLabel()}
        self.column_names = [*self.features]

    def __iter__(self) -> Any:
        from PIL import Image

        for image, label in zip(IMAGES.numpy(), LABELS.tolist(), strict=True):
            yield {"picture": Image.fromarray(image), "label": label}

    def __getitem__(self, row: int) -> Any: ...

    def __len__(self) -> int:
        return len(LABELS)


def test_of_two_columns_of_labels_none_is_guessed() -> None:
    data = HubImages()
    data.features["coarse"] = HubImages.ClassLabel()
    with pytest.raises(lth.UserError, match="train data: has the columns of labels label, coarse; keep one of them"):
        lth.dataset(data)
    del data.features["picture"]
    with pytest.raises(lth.UserError, match=r"train data: needs one column of images \(Image\)"):
        lth.dataset(data)


@pytest.mark.parametrize(
    "given",
    [
        (IMAGES, LABELS),
        (IMAGES.numpy(), LABELS.numpy().astype(np.uint8)),
        (IMAGES[:, None].float() / 255, LABELS[:, None]),
        TensorDataset(IMAGES[..., None], LABELS),
        DataLoader(TensorDataset(IMAGES, LABELS), batch_size=7),
        DataLoader(TensorDataset(IMAGES, LABELS), batch_size=None),
        HubImages(),
    ],
    ids=["tensors", "arrays", "floats", "dataset", "loader", "single", "hub"],
)
def test_whatever_holds_the_data_they_are_the_same(given: Any) -> None:
    data = lth.dataset(given)
    sizes = {name: len(split) for name, split in data.splits.items()}
    assert sizes == {"train": 48, "validation": 6, "test": 6}
    expected = lth.dataset((IMAGES, LABELS))
    for name, split in data.splits.items():
        assert split.images.equal(expected.splits[name].images)
        assert split.labels.equal(expected.splits[name].labels)
        assert torch.bincount(split.labels).unique().numel() == 1  # stratified
    assert data.classes == (("no", "yes", "perhaps") if isinstance(given, HubImages) else ("0", "1", "2"))
    rows = torch.cat([split.images for split in data.splits.values()]).flatten(1)
    assert torch.unique(rows, dim=0).shape == torch.unique(IMAGES.flatten(1), dim=0).shape  # each image once


def test_a_test_set_is_left_alone_and_colour_is_turned_grey() -> None:
    colour = IMAGES[:, None].expand(-1, 3, -1, -1)
    data = lth.dataset((colour, LABELS), (colour[:9], LABELS[:9]), grey=True, size=14, validation=12, name="mine")
    assert {name: tuple(split.images.shape) for name, split in data.splits.items()} == {
        "train": (48, 1, 14, 14),
        "validation": (12, 1, 14, 14),
        "test": (9, 1, 14, 14),
    }
    assert data.name == "mine"


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: lth.dataset((IMAGES, LABELS + 1)), "labels begin at 1, and must be 0 to classes - 1; subtract 1"),
    (lambda: lth.dataset((IMAGES, LABELS - 1)), "has the label -1"),
    (lambda: lth.dataset((IMAGES, LABELS.float())), "train labels: holds float32, where whole numbers"),
    (lambda: lth.dataset((IMAGES, LABELS[:9])), "has 9 labels, and there are 60 images"),
    (lambda: lth.dataset((IMAGES.float(), LABELS)), "do not normalise them: training does that"),
    (lambda: lth.dataset((IMAGES.float() / 255 - 0.5, LABELS)), "float32 from -0.5 to 0.5"),
    (lambda: lth.dataset((IMAGES[:, :20], LABELS)), "have 20x28 pixels, and square ones are needed"),
    (lambda: lth.dataset((IMAGES.flatten(1), LABELS)), r"has the shape \[60, 784\], where"),
    (lambda: lth.dataset((IMAGES, LABELS * 0)), "has one class only, and at least two are needed"),
    (lambda: lth.dataset((IMAGES, LABELS), classes=["a", "b"]), "has the label 2, but `classes` names 2"),
    (lambda: lth.dataset((IMAGES, LABELS), validation=60), "60 examples cannot be split into 6 for the test, 60 for"),
    (
        lambda: lth.dataset((IMAGES, LABELS), (IMAGES[:, :14, :14], LABELS)),
        r"\[1, 28, 28\] for training and \[1, 14, 14\]",
    ),
    (lambda: lth.dataset(DataLoader(TensorDataset(IMAGES, LABELS), shuffle=True)), "the DataLoader shuffles"),
    (lambda: lth.dataset(DataLoader(TensorDataset(IMAGES, LABELS), 7, drop_last=True)), "drops the last batch"),
    (lambda: lth.dataset([IMAGES]), "found list; a pair of images and labels"),
    (lambda: lth.dataset(TensorDataset(IMAGES)), "found tuple as an example; pairs of image and label are needed"),
    (lambda: lth.dataset("mnits"), "there is no source 'mnits'"),
    (lambda: lth.dataset("sst2"), "'sst2' holds texts"),
    (lambda: lth.dataset("mnist", classes=["a"]), "has classes of its own, and test examples or a tenth"),
    (lambda: lth.recipe(epochs=0), "epochs: must be a whole number above 0, found 0"),
    (lambda: lth.recipe(epoch=1), r"epoch: unknown key \(did you mean 'epochs'\?\)"),
    (lambda: lth.recipe(epochs=1, optimiser="sdg"), "optimiser.name: found 'sdg'"),
    (lambda: lth.find("lenet_300_10", (IMAGES, LABELS), rounds=1), "there is no architecture 'lenet_300_10'"),
    (lambda: lth.find(3, (IMAGES, LABELS), rounds=1), "model: found int; a torch.nn.Module"),  # type: ignore[arg-type]
    (lambda: lth.find(own_nets.lazy, (IMAGES, LABELS), rounds=1), "belongs to a lazy layer"),
    (lambda: lth.find(own_nets.softmax, (IMAGES, LABELS), rounds=1), "without the softmax"),
    (
        lambda: lth.find("lenet_300_100", (IMAGES, LABELS), rounds=1, rate=2),
        "rate: must be a number above 0 and below 1",
    ),
    (lambda: lth.find("lenet_300_100", (IMAGES, LABELS), rate=0.2), "densities: say how much is pruned: `rounds=10"),
    (lambda: lth.find("lenet_300_100", (IMAGES, LABELS), rounds=1, method="snip"), "there is no method 'snip'"),
    (lambda: lth.find("lenet_300_100", (IMAGES, LABELS), method="derived", of="x"), "`lth.control` makes controls"),
    (
        lambda: lth.find("lenet_300_100", lth.dataset((IMAGES, LABELS), name="My Data"), rounds=1),
        "name: cannot be a name",
    ),
]


@pytest.mark.parametrize(("call", "words"), BAD, ids=[words[:40] for _, words in BAD])
def test_bad_input_is_a_sentence(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(lth.UserError, match=words):
        call()


def test_data_of_another_shape_than_the_network_are_refused(digits: Images, quick: lth.Recipe) -> None:
    ticket = lth.find("lenet_300_100", digits, rounds=1, recipe=quick)
    with pytest.raises(
        lth.UserError, match=r"'data' has 1x14x14 images .*, and the ticket's network takes 1x28.*`size=28` of"
    ):
        lth.train(ticket, (IMAGES[:, :14, :14], torch.arange(60) % 10))
    with pytest.raises(lth.UserError, match="there is no control 'shuffle'"):
        lth.control(ticket, "shuffle")  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["lenet_300_100", own_nets.plain])
def test_other_classes_get_a_new_output_layer_which_all_arms_share(
    model: Any, digits: Images, quick: lth.Recipe
) -> None:
    ticket = lth.find(model, digits, rounds=1, rate=0.5, recipe=quick, seed=1)
    own, shuffled = (lth.train(one, (IMAGES, LABELS), quick) for one in (ticket, lth.control(ticket, "shuffled")))
    *_, output = ticket.masks
    assert own.ticket.masks[output].shape[0] == 3
    assert own.ticket.masks[output].all()
    assert own.ticket.weights[output].equal(shuffled.ticket.weights[output])
    other = lth.train(ticket, (IMAGES, LABELS), quick, seed=2)
    assert not own.ticket.weights[output].equal(other.ticket.weights[output])
    for name, mask in ticket.masks.items():
        if name != output:
            assert own.ticket.masks[name].equal(mask)
            assert own.ticket.weights[name].equal(ticket.weights[name])
    assert own.module()(torch.zeros(2, 1, 28, 28)).shape == (2, 3)
    assert ticket.network.classes == 10


def test_a_module_that_was_given_cannot_have_other_outputs(digits: Images, quick: lth.Recipe) -> None:
    ticket = lth.find(own_nets.plain(1, 28, 10), digits, rounds=1, recipe=quick)
    with pytest.raises(lth.UserError, match="cannot be built with 3 classes: it is a module that was given as it is"):
        lth.train(ticket, (IMAGES, LABELS), quick)


def test_progress_is_lines_where_asked_for_and_nothing_without_a_terminal(
    digits: Images, quick: lth.Recipe, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lth.find("lenet_300_100", digits, rounds=1, recipe=quick, verbose=True, folder=tmp_path)
    assert "imp on digits, seed 0  density 80.00 %  epoch 1/1" in capfd.readouterr().err
    assert (tmp_path / "results/library/tickets/ticket/seed0/round01/ticket.safetensors").is_file()
    lth.find("lenet_300_100", digits, rounds=1, recipe=quick)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("compact", [False, True])
def test_what_was_trained_leaves_as_plain_torch(
    digits: Images, quick: lth.Recipe, tmp_path: Path, compact: bool
) -> None:
    ticket = lth.find(own_nets.plain, digits, rounds=1, rate=0.9, recipe=quick)
    result = lth.train(ticket, digits, quick)
    lines = lth.export_ticket(result, tmp_path / "out", compact=compact)
    assert "torch, trained weights, density 10.0" in lines[0]
    images = torch.ones(3, 1, 28, 28)
    found = runpy.run_path(str(tmp_path / "out/model.py"))["load"]()(images)  # in torch alone: tests/export
    assert torch.allclose(found, result.module()(images), atol=1e-5)
    with pytest.raises(lth.UserError, match="exists already"):
        lth.export_ticket(ticket, tmp_path / "out")


def test_networks_of_ones_own_train_on_sparse_kernels(digits: Images) -> None:
    pytest.importorskip("numba", reason="sparse kernels need numba")
    first = lth.find(own_nets.Viewed, digits, rounds=1, rate=0.8, recipe=lth.recipe(epochs=1, batch_size=50))
    told = {"epochs": 2, "batch_size": 50, "optimiser": "sgd", "learning_rate": 0.05}
    sparse, dense = (lth.train(first, digits, lth.recipe(kernels=kind, **told)) for kind in ("sparse", "dense"))
    for name, weight in dense.weights.items():
        torch.testing.assert_close(sparse.weights[name], weight, rtol=1e-3, atol=1e-4)
    assert any(
        not sparse.weights[name].equal(weight) for name, weight in dense.weights.items()
    )  # another order of sums


def test_the_result_of_a_progressive_training_has_its_last_masks(digits: Images) -> None:
    recipe = lth.recipe(epochs=3, batch_size=50)
    (result,) = lth.find_rounds(
        nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
        digits,
        method="progressive",
        densities=[0.2],
        until_epoch=2,
        recipe=recipe,
    )
    assert result.density == pytest.approx(0.2, abs=1e-3)
    assert result.weights["1.weight"][~result.ticket.masks["1.weight"]].count_nonzero() == 0


def test_a_dual_ticket_of_a_dense_one_in_whole_filters(digits: Images, quick: lth.Recipe) -> None:
    """Recipes are given as they are, also those that only the method has; the ticket given is the base."""
    dense = lth.find("lenet_300_100", digits, method="dense", recipe=quick, seed=5)
    keys = {"densities": [0.5], "unpruned": ["output"], "groups": "filters"}
    still = lth.recipe(iterations=1, optimiser="sgd", learning_rate=1e-30)
    made = lth.find(dense, digits, method="dual", recipe=quick, transform=still, penalty={"limit": 0}, **keys)
    for name, mask in made.masks.items():
        rows = mask.any(1)
        assert mask.all(1).equal(rows)
        assert int(rows.sum()) == {"1.weight": 150, "3.weight": 50, "5.weight": 10}[name]
        assert made.weights[name][mask].equal(dense.weights[name][mask])
    noisy = lth.control(made, "noisy", noise={"std": 0.01})
    assert 0.009 < float((noisy.weights["1.weight"] - made.weights["1.weight"])[made.masks["1.weight"]].std()) < 0.011
    with pytest.raises(lth.UserError, match="noise: must be a number above 0"):
        lth.control(made, "noisy", noise={"relative": 0})
