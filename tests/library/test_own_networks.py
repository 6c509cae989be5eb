"""Networks of the user's in a study: checked before it runs, drawn by their constructor, part of the fingerprint."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import own_nets
import pytest
import torch
from torch import nn

import lth
from lth import Recipe
from lth.catalog.architectures import ARCHITECTURES
from lth.checks.problems import StudyError
from lth.checks.read import read_study
from lth.config.data import Network
from lth.data.images import Images
from lth.errors import UserError
from lth.fingerprint import fingerprint
from lth.networks.build import build, has_randomness, head_names, initial_weights, layer_kinds, layout
from lth.networks.cost import weight_uses
from lth.networks.new_output import new_output_names
from lth.networks.own import Given

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "workflow" / "scripts" / "round.py"


def spec(name: str, **given: object) -> Network:
    return Network.model_validate({"architecture": f"own_nets:{name}", "initialisation": "constructor", **given})


def study(name: str, **ticket: object) -> dict[str, object]:
    network = {"architecture": f"own_nets:{name}", "initialisation": "constructor"}
    return {
        "study": "own",
        "seeds": [0],
        "datasets": {"digits": {"source": "digits", "validation": 100}},
        "networks": {"net": network},
        "recipes": {"r": {"optimiser": {"learning_rate": 1e-3}, "batch_size": 60, "epochs": 1}},
        "tickets": {"t": {"network": "net", "recipe": "r", "dataset": "digits", "rounds": 1, **ticket}},
    }


def test_an_import_path_names_an_architecture_and_other_texts_do_not() -> None:
    assert "own_nets:Wide" in ARCHITECTURES
    assert "own_nets:Wide" not in list(ARCHITECTURES)  # which lists what everybody has
    for name in ("own_nets", "torchvision:resnet18000", "in_memory:x", "a:b:c", "a b:c", ":x", "x:"):
        assert name not in ARCHITECTURES


def test_weights_are_those_that_the_constructor_draws_from_a_stream_of_the_seed() -> None:
    before = torch.get_rng_state()
    first, again, other = (initial_weights(spec("Wide"), seed) for seed in (3, 3, 4))
    assert torch.get_rng_state().equal(before)
    assert all(first[name].equal(again[name]) for name in first)
    assert not first["hidden.weight"].equal(other["hidden.weight"])
    assert not first["hidden.weight"].equal(initial_weights(spec("Wide"), 3, "fresh initialisation")["hidden.weight"])
    assert first["scale"].item() == 0.5
    bound = (1 / first["hidden.weight"].shape[1]) ** 0.5  # torch's default: uniform within 1 / sqrt(fan-in)
    assert 0.9 * bound < first["hidden.weight"].abs().max() <= bound


def test_torchs_own_models_can_be_drawn_by_their_constructor_too() -> None:
    drawn = initial_weights(Network(architecture="lenet_300_100", initialisation="constructor"), 0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        default = nn.Linear(784, 300)
    assert drawn["1.weight"].abs().max() == pytest.approx(float(default.weight.detach().abs().max()), rel=0.01)


def test_a_given_module_keeps_its_weights_and_draws_new_ones_as_its_layers_do() -> None:
    module = own_nets.plain(1, 28, 10)
    given = Given(module)
    with torch.no_grad():
        module[1].weight.zero_()  # what its owner does later changes nothing
    assert given()[1].weight.abs().sum() > 0
    first = given()[1].weight
    assert not given.redrawn()[1].weight.equal(first)
    with pytest.raises(UserError, match=r"a parameter 'scale' that nothing draws: Wide has no reset_parameters"):
        Given(own_nets.Wide()).redrawn()


def test_layers_have_their_kinds_and_code_in_forward_may_draw_random_numbers() -> None:
    network = layout(spec("Wide"))
    assert list(layer_kinds(network).values()) == ["first", "dense", "output"]
    assert has_randomness(network)
    assert not has_randomness(layout(spec("plain")))
    assert build(spec("plain", channels=3, size=8, classes=4))(torch.zeros(2, 3, 8, 8)).shape == (2, 4)


def test_a_scheme_that_cannot_draw_a_parameter_says_which_can() -> None:
    with pytest.raises(UserError, match=r"parameter 'scale' that no scheme draws; set `initialisation: constructor`"):
        initial_weights(Network(architecture="own_nets:Wide"), 0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("softmax", "returns probabilities (each row sums to 1); return logits, without the softmax"),
        ("lazy", "'1.weight' belongs to a lazy layer, whose size is not known yet; give the layer its size"),
        ("half", "'1.weight' is float16; parameters must be float32"),
        ("pair", "returns tuple, where one tensor of logits is needed"),
        ("fewer", "returns [2, 3] for 2 1x28x28 images, where logits of [2, 10] are needed, one for each class"),
        ("unprunable", "has no layer to prune"),
        ("frozen", "has no parameter that is trained (requires_grad is False for all); leave some of them trainable"),
        ("Listed", "has one tensor under two names, 'a.weight' and 'layers.0.weight'; name a module once, and"),
        ("Tied", "has one tensor under two names, 'first.weight' and 'second.weight'; name a module once, and"),
        ("Counted", "has one tensor under two names, 'first.running_mean' and 'second.running_mean'; name"),
        ("Unused", "forward does not call the layer 'aux' in evaluation mode, so it cannot be pruned; take it out, or"),
        ("normed", "the layer '1' has no parameter 'weight' of its own, so it cannot be pruned"),
        (
            "greedy",
            "needs the argument 'depth', and is called with `channels`, `size`, `classes` and `dropout` at most",
        ),
        ("broken", "building it fails with RuntimeError: no such thing"),
        ("nothing", "returns NoneType, where a torch.nn.Module is needed"),
        ("constant", "has, but as no function or class, 'constant'"),
        ("missing", "has no 'missing'"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_the_run(name: str, words: str) -> None:
    with pytest.raises(StudyError) as refused:
        read_study(study(name), [])
    assert words in str(refused.value)
    assert "networks.net.architecture" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "uses"),
    [
        ("Attentive", {"attention.in_proj_weight": 28, "attention.out_proj.weight": 28, "out.weight": 1}),
        ("ByFunction", {"convolution.weight": 36, "out.weight": 1}),
        ("Logistic", {"weight": 1}),
        ("Unused", {"out.weight": 1, "aux.weight": 0}),
    ],
)
def test_a_weight_counts_where_it_is_used_whether_its_layer_is_called_or_not(name: str, uses: dict[str, int]) -> None:
    assert weight_uses(build(spec(name)), torch.zeros(1, 1, 28, 28)) == uses


@pytest.mark.parametrize("name", ["Attentive", "ByFunction"])
def test_layers_whose_weights_go_to_functions_are_pruned(name: str, digits: Images, quick: Recipe) -> None:
    ticket = lth.find(f"own_nets:{name}", digits, rounds=1, rate=0.5, recipe=quick)
    assert all(2 * int(mask.sum()) == mask.numel() for mask in ticket.masks.values())
    assert lth.train(ticket, digits, quick).density == 0.5


def test_counting_uses_leaves_each_modules_mode_as_it_was() -> None:
    network = build(spec("plain")).train()
    network[1].eval()  # one that its owner has frozen
    weight_uses(network, torch.zeros(1, 1, 28, 28))
    assert [module.training for module in network] == [True, False, True, True]
    assert network.training


def test_a_network_that_is_one_layer_is_its_own_head(digits: Images, quick: Recipe) -> None:
    assert head_names(build(spec("Logistic"))) == ["weight", "bias"]
    assert new_output_names(spec("Logistic"), 3) == ["weight", "bias"]
    ticket = lth.find("own_nets:Logistic", digits, rounds=1, rate=0.5, recipe=quick)
    found = lth.train(ticket, digits, quick, trains="head").weights
    assert found["bias"].ne(ticket.weights["bias"]).any()
    images = torch.arange(60 * 784).reshape(60, 28, 28) % 256
    other = lth.train(ticket, (images.to(torch.uint8), torch.arange(60) % 3), quick)
    assert other.ticket.masks["weight"].shape == (3, 784)


@pytest.mark.parametrize("told", [{}, {"optimiser": "sgd"}, {"optimiser": "sgd", "momentum": 0.9}])
@pytest.mark.parametrize(
    "method", [{"method": "progressive", "until_epoch": 2}, {"method": "dynamic", "update_interval": 2}]
)
def test_a_network_of_prunable_weights_alone_is_pruned_while_it_trains(
    method: dict[str, Any], told: dict[str, Any], digits: Images
) -> None:
    recipe = lth.recipe(epochs=3, batch_size=50, learning_rate=0.01, **told)
    ticket = lth.find("own_nets:without_biases", digits, densities=[0.2], recipe=recipe, **method)
    assert ticket.density == pytest.approx(0.2, abs=1e-4)


def test_a_missing_module_is_named_with_the_folder_that_was_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = study("Wide")
    told["networks"]["net"]["architecture"] = "nowhere.nets:Wide"  # type: ignore[index]
    with pytest.raises(StudyError, match=rf"there is no module 'nowhere', neither installed nor in .*{tmp_path.name}"):
        read_study(told, [])


def test_how_code_is_named_is_said_where_it_is_named_otherwise(digits: Images) -> None:
    told = study("Wide")
    for name, words in (
        ("own_nets.Wide", r"there is no architecture 'own_nets\.Wide' \(one of your own is written 'own_nets:Wide'\)"),
        ("own_nets.py:Wide", r"a module is named without '\.py': 'own_nets'"),
    ):
        told["networks"]["net"]["architecture"] = name  # type: ignore[index]
        with pytest.raises(StudyError, match=words):
            read_study(told, [])
    with pytest.raises(UserError, match=r"one of your own is written 'own_nets:Wide'"):
        lth.find("own_nets.Wide", digits, rounds=1, rate=0.5)
    for method, words in (("snip", "a score: `method: at_init, score: snip`"), ("RigL", "it is `method: dynamic`")):
        with pytest.raises(StudyError, match=words):
            read_study(study("Wide", method=method), [])


def test_a_study_is_warned_that_code_will_run_and_needs_layers_that_are_there() -> None:
    _, warnings = read_study(study("Wide"), [])
    assert any("is Python code" in str(warning) and "own_nets.py" in str(warning) for warning in warnings)
    with pytest.raises(StudyError, match="has no 'convolution' layers; its layers are first, dense, output"):
        read_study(study("Wide", unpruned=["convolution"]), [])
    synflow = {"method": "at_init", "score": "synflow", "rounds": None, "densities": [0.3]}
    with pytest.raises(StudyError, match="'synflow' needs a network whose modules are torch's"):
        read_study(study("Wide", **synflow), [])
    read_study(study("plain", **synflow), [])


def test_a_constructor_of_any_keywords_is_told_the_rate_of_dropout() -> None:
    rates = [build(spec("anything", **told))[2].p for told in ({"dropout": 0.5}, {})]  # type: ignore[index]
    assert rates == [0.5, 0.1]


def test_a_penalty_on_a_frozen_layer_is_found_before_the_study_runs() -> None:
    dual = {"method": "dual", "rounds": None, "densities": [0.5], "transform": "r"}
    with pytest.raises(
        StudyError, match=r"tickets.t.method: moves the weights of all layers, and '1.weight' is frozen"
    ):
        read_study(study("half_trained", **dual, penalty={"rise": 1}), [])
    read_study(study("half_trained", **dual, penalty={"limit": 0}), [])
    read_study(study("half_trained", **dual, remove="start"), [])


def test_stability_of_a_frozen_layer_is_found_before_the_study_runs() -> None:
    """It never moves, so that it would be pruned by index, or in global scope not at all."""
    stable = {"score": "stability", "rate": 0.5}
    words = r"tickets.t.score: 'stability' ranks weights by how much they move, and '1.weight' is frozen"
    told = study("half_trained", **stable)
    told["recipes"]["r"]["epochs"] = 3  # type: ignore[index]
    with pytest.raises(StudyError, match=words):
        read_study(told, [])
    told["tickets"]["t"]["unpruned"] = ["dense"]  # type: ignore[index]
    read_study(told, [])
    dual = {"method": "dual", "rounds": None, "densities": [0.5], "transform": "r", "penalty": {"rise": 1}}
    read_study(study("half_trained", **dual, unpruned=["dense"]), [])


def test_dropout_is_refused_where_the_network_takes_none() -> None:
    told = study("plain")
    told["networks"]["net"]["dropout"] = 0.3  # type: ignore[index]
    with pytest.raises(StudyError, match=r"takes no argument `dropout`, found 0\.3; leave it out"):
        read_study(told, [])


def test_the_fingerprint_follows_the_users_code_and_not_its_comments(tmp_path: Path) -> None:
    def of(text: str, helper: str = "WIDTH = 8") -> str:
        package = tmp_path / "mine"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "nets.py").write_text(f"from mine.sizes import WIDTH\nfrom torch import nn\n{text}\n")
        (package / "sizes.py").write_text(f"{helper}\n")
        command = [
            sys.executable,
            "-c",
            f"from lth.fingerprint import *; print(fingerprint(('mine.nets:net',), Path({str(SCRIPT)!r})))",
        ]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout

    net = "def net(): return nn.Linear(WIDTH, 2)"
    first = of(net)
    assert of(f"{net}  # a comment\ndef unused(): return 1") == first
    assert of(net.replace("2", "3")) != first
    assert of(net, "WIDTH = 9") != first
    assert fingerprint((), SCRIPT) not in (first.strip(), "")
