"""Reading sound studies: numbers, merged files, the command line, and how long it takes."""

import re
import subprocess
import sys
import time
from collections import OrderedDict
from contextlib import suppress
from copy import deepcopy
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from full_scale import STUDIES as FULL_SCALE
from full_scale import file_of, shortened
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study_text import EVERY_WAY, SOUND, changed, study_of

from lth.checks.power import seeds_needed
from lth.checks.problems import StudyError
from lth.checks.read import load_study, read_study
from lth.checks.schema import structure_schema
from lth.checks.wording import ABBREVIATIONS, nearest
from lth.config.data import Dataset
from lth.config.study import Study
from lth.config.ticket_models import TICKETS
from lth.plan.plan import Plan

ROOT = Path(__file__).parents[2]
SOUND_DATA, EVERY_WAY_DATA = yaml.safe_load(SOUND), yaml.safe_load(EVERY_WAY)
"""For hundreds of examples, each of which gets a copy."""
STUDIES = [ROOT / "config.yaml", *sorted((ROOT / "config").glob("*.yaml"))]


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(SOUND)
    return path


def failing(data, *files):
    with pytest.raises(StudyError) as caught:
        read_study(data, files)
    return str(caught.value)


def test_a_sound_study_is_typed_and_frozen(sound):
    study = load_study(sound)
    assert study.recipes["find"].optimiser.learning_rate == 0.0012
    assert study.tickets["cross"].start.round == 2
    assert study.seeds == (0, 1, 2)
    with pytest.raises(ValueError, match="frozen"):
        study.study = "other"


@pytest.mark.parametrize("number", ["1e-3", "1E-3", "0.001", "'1e-3'"])
def test_numbers_in_every_notation(tmp_path, number):
    study = study_of(tmp_path, changed(("1.2e-3", number)))
    assert study.recipes["find"].optimiser.learning_rate == 0.001


@pytest.mark.parametrize("name", FULL_SCALE)
def test_every_full_scale_study_can_be_shortened_for_a_trial(name: str) -> None:
    """`python -m tests.full_scale` runs them so, where the real data are."""
    short, _ = read_study(shortened(name), [])
    whole = load_study(file_of(name))
    assert {n: ticket.method for n, ticket in short.tickets.items()} == {
        n: ticket.method for n, ticket in whole.tickets.items()
    }
    assert short.networks == whole.networks


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.name)
def test_the_studies_of_this_project_are_sound(path):
    assert load_study(path).tickets


def test_merge_keys_are_taken_in_and_own_keys_win(tmp_path):
    text = SOUND.replace("  find:\n", "  find: &base\n").replace(
        "  try:\n    optimiser: {name: sgd, learning_rate: 0.1, momentum: 0.9}\n    batch_size: 60\n",
        "  try:\n    <<: *base\n",
    )
    recipes = study_of(tmp_path, text.replace("    epochs: 2\ntickets", "    epochs: 3\ntickets")).recipes
    assert recipes["try"] == recipes["find"].model_copy(update={"epochs": 3})


def test_what_snakemake_merged_reads_as_the_file_itself(sound):
    data = OrderedDict(yaml.safe_load(SOUND))
    assert read_study(data, [sound])[0] == load_study(sound)


def test_command_line_values_arrive_as_text(sound):
    data = yaml.safe_load(SOUND) | {"seeds": ["3", "4"], "alpha": "1e-2"}
    study, _ = read_study(data, [sound])
    assert study.seeds == (3, 4)
    assert study.alpha == 0.01


def test_a_fault_from_the_command_line_is_located_there(sound):
    data = yaml.safe_load(SOUND)
    data["recipes"]["find"]["epochs"] = "many"
    data["seeds"] = ["0", "0"]
    data["sedes"] = 1
    lines = failing(data, sound).splitlines()
    assert lines[0].startswith("--config recipes.find.epochs: must be a whole number above 0, found 'many'")
    assert lines[1].startswith("--config sedes: unknown key")
    assert lines[2].startswith("--config seeds[1]: 0 is given twice")


def test_of_several_files_the_last_that_holds_a_key_is_named(sound, tmp_path):
    later = tmp_path / "later.yaml"
    later.write_text("\n\nrecipes:\n  find: {epochs: 0}\n  try: {batch_size: 0}\nabuot: x\n")
    lines = failing(None, sound, later).splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"{later}:4 recipes.find.epochs",
        f"{later}:5 recipes.try.batch_size",
        f"{later}:6 abuot",
    ]


def test_without_files_the_study_itself_is_named():
    assert failing({}, *[]).startswith("study: `datasets` is missing")


def test_warnings_come_with_a_sound_study(sound):
    warnings = [str(warning) for warning in read_study(None, [sound])[1]]
    assert warnings == [
        f"{sound}:35 evaluations.transfer.compare: 3 seeds cannot show a difference: "
        "the least possible p is 0.25, and 2 tests at alpha 0.05 need 7 seeds (or fewer tests)"
    ]


@pytest.mark.parametrize(("scope", "told"), [("layerwise", False), ("global", True)])
def test_a_mask_with_the_counts_of_another_ticket_is_warned_of(tmp_path, scope, told):
    path = tmp_path / "study.yaml"
    pairs = "    controls: [magnitude]\n    compare:\n      - [away-own, cross-magnitude]\n"
    scoped = ("away: {", f"away: {{scope: {scope}, ")
    path.write_text(changed(("[0, 1, 2]", "[0, 1, 2, 3, 4, 5, 6]"), scoped).split("    compare")[0] + pairs)
    found = [str(warning).removeprefix(f"{path}:") for warning in read_study(None, [path])[1]]
    words = "'cross-magnitude' keeps as many weights in each layer as 'cross', and 'away' may keep others; "
    assert found == [f"37 evaluations.transfer.compare[0]: {words}`matched_to: away` gives it those of 'away'"] * told


def test_enough_seeds_and_no_tests_warn_of_nothing(tmp_path):
    for text in (changed(("[0, 1, 2]", "[0, 1, 2, 3, 4, 5, 6]")), SOUND[: SOUND.index("    compare")]):
        path = tmp_path / "quiet.yaml"
        path.write_text(text)
        assert read_study(None, [path])[1] == []


def test_one_seed_and_unused_parts_are_warned_of(tmp_path):
    path = tmp_path / "study.yaml"
    extra = "  spare: {source: textures, validation: 100}\n"
    path.write_text(changed(("[0, 1, 2]", "[0]"), ("networks:\n", extra + "networks:\n")))
    warnings = [str(warning).removeprefix(f"{path}:") for warning in read_study(None, [path])[1]]
    assert warnings == [
        "2 seeds: one seed gives no interval and no test, only single numbers",
        "7 datasets.spare: is used by no ticket and no evaluation",
    ]


@pytest.mark.parametrize(("comparisons", "alpha", "seeds"), [(1, 0.05, 6), (2, 0.05, 7), (6, 0.05, 8), (1, 0.5, 2)])
def test_seeds_needed(comparisons, alpha, seeds):
    assert seeds_needed(alpha, comparisons) == seeds
    assert 2 / 2**seeds <= alpha / comparisons < 2 / 2 ** (seeds - 1)


@pytest.mark.parametrize(
    ("seeds", "margin", "sentences"),
    [
        (
            5,
            "1",
            [
                "36 evaluations.transfer.compare: 5 seeds cannot show a difference",
                "34 evaluations.transfer.equivalence_margin: 5 seeds cannot show equivalence: the least possible p is "
                "0.03125, and 2 tests at alpha 0.05 need 6 seeds (or fewer tests)",
            ],
        ),
        (
            6,
            "1",
            [
                "36 evaluations.transfer.compare: 6 seeds cannot show a difference",
                "34 evaluations.transfer.equivalence_margin: the first equivalence that 6 seeds can show needs each "
                "seed's difference within the margin; with 7 seeds (or fewer tests) one may lie outside",
            ],
        ),
        (7, "1", []),
        (
            7,
            "0.01",
            [
                "34 evaluations.transfer.equivalence_margin: 0.01 percentage points are no more than one of 10000 test "
                "images: only arms of equal accuracy lie within"
            ],
        ),
    ],
)
def test_an_equivalence_margin_is_warned_of_where_it_shows_little(tmp_path, seeds, margin, sentences):
    path = tmp_path / "study.yaml"
    key = ("    matched_to: cross", f"    equivalence_margin: {margin}\n    matched_to: cross")
    path.write_text(changed(("[0, 1, 2]", str([*range(seeds)])), key))
    warnings = [str(warning).removeprefix(f"{path}:") for warning in read_study(None, [path])[1]]
    assert len(warnings) == len(sentences)
    for warning, sentence in zip(sorted(warnings), sorted(sentences), strict=True):
        assert warning.startswith(sentence)


@pytest.mark.parametrize(("seeds", "warned"), [(4, True), (5, False)])
def test_a_matching_margin_is_warned_of_where_seeds_are_too_few(tmp_path, seeds, warned):
    path = tmp_path / "study.yaml"
    path.write_text(changed(("[0, 1, 2]", str([*range(seeds)])), ("seeds:", "matching_margin: 1\nseeds:")))
    found = [str(warning).removeprefix(f"{path}:") for warning in read_study(None, [path])[1]]
    words = "2 matching_margin: 4 seeds cannot show that a round matches: the least possible p is 0.0625,"
    assert [warning.startswith(words) for warning in found].count(True) == warned
    assert not warned or "needs 5 seeds" in "".join(found)


def test_a_matching_margin_without_a_dense_network_is_warned_of(tmp_path):
    """Pruned before training, nothing dense is trained on digits, and nothing at all on letters without `away`."""
    text = changed(
        ("seeds: [0, 1, 2]", "matching_margin: 1\nseeds: [0, 1, 2, 3, 4]"),
        (
            "  home: {network: lenet, recipe: find, dataset: digits, rounds: 4, rate: 0.4}\n",
            "  home: {network: lenet, recipe: find, dataset: digits, method: at_init, densities: [0.1296]}\n",
        ),
        ("  away: {network: lenet, recipe: find, dataset: letters, rounds: 4, rate: 0.4}\n", ""),
    )
    text = text[: text.index("  cross:")] + text[text.index("evaluations:") :]
    text = text.replace("[home, away, cross]", "[home]").replace("    matched_to: cross\n", "")
    text = text.replace("      - [cross-own, home-own]\n", "").replace("[cross-own, dense]", "[home-own, dense]")
    (tmp_path / "study.yaml").write_text(text)
    found = " ".join(str(warning) for warning in read_study(None, [tmp_path / "study.yaml"])[1])
    assert "matching_margin: has no effect: the study trains no dense network that a round could match" in found
    (tmp_path / "study.yaml").write_text(
        text.replace("  home:", "  whole: {network: lenet, recipe: find, dataset: digits, method: dense}\n  home:")
    )
    found = " ".join(str(warning) for warning in read_study(None, [tmp_path / "study.yaml"])[1])
    assert "matching_margin:" not in found


def test_a_study_without_margins_has_the_settings_it_had(tmp_path):
    """Settings are part of checksums in reports and manifests."""
    plain = study_of(tmp_path).model_dump(mode="json")["evaluations"]["transfer"]
    assert "equivalence_margin" not in plain
    named = study_of(tmp_path, changed(("    matched_to: cross", "    equivalence_margin: 1\n    matched_to: cross")))
    dumped = named.model_dump(mode="json")
    assert dumped["evaluations"]["transfer"] == {**plain, "equivalence_margin": 1.0}
    assert type(named).model_validate(dumped) == named


def test_the_check_knows_the_arms_of_the_plan(sound):
    study = load_study(sound)
    named = [arm.name for arm in Plan(study).arms("transfer")]
    assert Plan(study).arm_names("transfer") == named


def _choices(schema):
    inner = [schema, schema.get("items", {}), *schema.get("anyOf", ())]
    return [value for one in inner for value in one.get("enum", ())]


def test_abbreviations_lead_to_keys_that_exist():
    models = [structure_schema(), *structure_schema()["$defs"].values()]
    keys = {name for model in models for name in model["properties"]}
    choices = {value for model in models for key in model["properties"].values() for value in _choices(key)}
    assert set(ABBREVIATIONS.values()) <= keys | choices
    assert nearest("Wd", ["weight_decay", "width"]) == "weight_decay"
    assert nearest("xyz", list(Dataset.model_fields)) is None


def test_reading_imports_nothing_heavy():
    code = (
        "import sys; import lth.checks.read, lth.plan.plan, lth.checks.schema, lth.cli.studies;"
        "lth.checks.read.load_study('config.yaml'); list(lth.cli.studies.components(None));"
        "print([m for m in ('torch', 'pandas', 'matplotlib', 'numpy', 'scipy', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reading_takes_a_moment():
    load_study(ROOT / "config.yaml")
    started = time.process_time()
    load_study(ROOT / "config.yaml")
    assert time.process_time() - started < 0.1


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates()
words = st.sampled_from(
    [
        *("study", "seeds", "datasets", "tickets", "network", "chain", "start", "home", "lenet", "compare"),
        *("comparisons", "schedule", "augment", "densities", "method", "every", "retrain", "whole", "cross", "cosine"),
        *(
            "imp",
            "dense",
            "at_init",
            "progressive",
            "dynamic",
            "dual",
            "derived",
            "combined",
            "step",
            "synflow",
            "network",
        ),
    ]
)
keys = words | st.text(max_size=5) | st.integers() | st.booleans() | st.none()
trees = st.recursive(
    scalars | words, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=20
)

leaves = st.sampled_from(
    [0, 1, 2, 0.5, 1e-3, "0.25", True, None, [], {}, [0.5, 0.25], ["imp", "dense"], ["imp", "imp"]]
)
"""What other keys of a study hold, to be planted where it does not belong."""


def places(data, path=()):
    """Every key path of a tree."""
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, (*path, key))


def planted(data, path, tree):
    """The tree with one of its values replaced."""
    if not path:
        return tree
    copy = data.copy()
    copy[path[0]] = planted(data[path[0]], path[1:], tree)
    return copy


@given(st.dictionaries(keys, trees, max_size=6))
def test_no_mapping_raises_anything_but_a_study_error(data):
    with pytest.raises(StudyError):
        read_study(data, [])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.sampled_from([path for path in places(SOUND_DATA) if path]), tree=trees)
def test_a_sound_study_with_anything_planted_is_read_or_refused(sound, place, tree):
    with suppress(StudyError):
        study, _ = read_study(planted(deepcopy(SOUND_DATA), place, tree), [sound])
        assert isinstance(study, Study)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.sampled_from([path for path in places(EVERY_WAY_DATA) if path]), tree=trees | leaves)
def test_a_study_of_all_methods_with_anything_planted_is_read_or_refused(sound, place, tree):
    """What is read can be planned to the last job, too."""
    with suppress(StudyError):
        study, _ = read_study(planted(deepcopy(EVERY_WAY_DATA), place, tree), [sound])
        check_plan(study)


def check_plan(study):
    """Every job can be told what to do, and is made of rounds that there are."""
    plan = Plan(study)
    for ticket in study.tickets:
        assert len(plan.rounds(ticket)) > 0
        for round_ in plan.rounds(ticket):
            assert 0 < Fraction(plan.round_job(ticket, study.seeds[0], round_).density) <= 1
            assert all(number in plan.rounds(parent) for parent, number in plan.parents(ticket, round_))
    for assessment in plan.assessments:
        names = [arm.name for arm in plan.arms(assessment)]
        assert names
        assert len(names) == len({*names})
        assert plan.assessment_dataset(assessment) in study.datasets


KEYS = {
    "rounds": [1, 3, 6],
    "densities": [[0.5], [0.5, 0.25, 0.1], [0.1, 0.5]],
    "chain": [
        [{"dataset": "mnist", "rounds": 2}],
        [{"dataset": "mnist", "rounds": 2}, {"dataset": "fashion", "rounds": 3}],
    ],
    "start": [
        {"ticket": ticket, "round": round_} for ticket in ("imp", "once", "reinit", "new") for round_ in (0, 2, 3)
    ],
    "score": ["magnitude", "stability", "random", "snip", "synflow"],
    "rate": [0.1, 0.5],
    "layer_rates": [{"output": 0.1}, {"convolution": 0.1, "dense": 0.3}],
    "scope": ["layerwise", "global", "erk"],
    "unpruned": [["output"], ["first", "output"], ["dense", "output"]],
    "one_shot": [True],
    "every": [2, 3],
    "rewind": ["initial", "step", "trained", "reinitialised", "parent"],
    "rewind_step": [10, 10**6],
    "retrain": ["tune"],
    "iterations": [3],
    "per_class": [5],
    "until_epoch": [1, 30],
    "from_epoch": [2],
    "shape": ["cubic"],
    "order": ["train_prune"],
    "update_interval": [10],
    "grow": ["random", "gradient"],
    "until": [0.1],
    "transform": ["move", "tune"],
    "penalty": [{"rise": 0.5, "every": 1}],
    "of": [
        "imp",
        "dense",
        "once",
        "both",
        "new",
        ["imp", "other"],
        ["once", "imp"],
        ["dense", "imp"],
        ["reinit", "new"],
    ],
    "kind": ["shuffled", "rescaled"],
    "rule": ["intersection"],
}
"""Values of a ticket's keys, sound each for itself in the study of all methods."""
TRAINED = [
    {"network": "lenet", "recipe": "adam", "dataset": "mnist"},
    {"network": "lenet", "recipe": "adam", "dataset": "fashion"},
    {"network": "resnet", "recipe": "cosine", "dataset": "photos"},
]
NEEDED = {"progressive": ["until_epoch"], "dual": ["transform"], "derived": ["of"], "combined": ["of"]}
"""Keys without which a method is refused, beside its lengths."""
LENGTHS = {"imp": ["rounds", "densities"], "dense": [], "derived": [], "combined": []}


def test_the_keys_that_are_drawn_exist():
    """Else the test below would see nothing but refusals."""
    assert {*KEYS} <= {key for model in TICKETS.values() for key in model.model_fields}
    assert {*NEEDED, *LENGTHS} <= {*TICKETS}


@st.composite
def any_ticket(draw):
    """Up to three keys of a method, sometimes one of another's; what no ticket can do without is mostly there."""
    method = draw(st.sampled_from([*TICKETS]))
    own = [key for key in KEYS if key in TICKETS[method].model_fields]
    keys = draw(st.lists(st.sampled_from(own or [*KEYS]), max_size=3, unique=True))
    keys += NEEDED.get(method, [])
    if lengths := LENGTHS.get(method, ["densities"]):
        keys.append(draw(st.sampled_from(lengths)))
    if draw(st.integers(0, 5)) == 0:
        keys.append(draw(st.sampled_from([*KEYS])))
    chosen = {key: draw(st.sampled_from(KEYS[key])) for key in keys}
    return {"method": method, **draw(st.sampled_from(TRAINED)), **chosen}


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ticket=any_ticket(), name=st.sampled_from(["new", "new", "other"]), density=st.sampled_from([None, 0.8, 0.5]))
def test_any_keys_of_a_ticket_together_are_planned_or_refused(sound, ticket, name, density):
    """Whether it is one ticket more, or one that others are compared with and made from."""
    data = deepcopy(EVERY_WAY_DATA)
    data["tickets"][name] = ticket
    if density is not None:
        data["comparisons"]["more"] = {"tickets": [name], "density": density}
    with suppress(StudyError):
        check_plan(read_study(data, [sound])[0])


def test_a_file_in_the_current_folder_is_named_from_there(sound, monkeypatch):
    sound.write_text(changed(("epochs: 2", "epochs: 0")))
    monkeypatch.chdir(sound.parent)
    assert failing(None, sound.resolve()).startswith("study.yaml:13 recipes.find.epochs: must be")


def test_two_files_that_name_two_studies_are_refused(sound, tmp_path):
    """Merged they would be neither, under the second one's name; a file that changes keys of the first has no name."""
    other, overlay = tmp_path / "other.yaml", tmp_path / "overlay.yaml"
    other.write_text("alpha: 0.1\nstudy: quick\n")
    overlay.write_text("seeds: [7]\n")
    told = failing(None, sound, overlay, other)
    assert told == (
        f"{other}:2 study: names study 'quick', but {sound} names study 'small'; give one study, and files beside it "
        "only without `study`"
    )
    other.write_text("study: small\nalpha: 0.1\n")
    assert read_study(None, [sound, overlay, other])[0].seeds == (7,)


SCRATCH = ("results", "results/small", "results/small/scratch", "data", ".", "..", "/", "lth/x", "way/../results")
LINKED = ("link", "link/x", "far", "far/small")


@pytest.mark.parametrize("scratch", [*SCRATCH, *LINKED])
def test_scratch_lies_apart_from_what_is_to_stay(tmp_path, monkeypatch, scratch):
    """Results, data, and this project; also where results are a link, and where scratch leads there by one."""
    (tmp_path / "far/small").mkdir(parents=True)
    (tmp_path / "here/way").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("lth.running.scratch_folder.REPOSITORY", tmp_path / "here")
    for name, target in (("results", tmp_path / "far"), ("link", tmp_path / "far")):
        Path(name).symlink_to(target)
    scratch = scratch.replace("far", str(tmp_path / "far"))
    path = tmp_path / "study.yaml"
    path.write_text(f"{SOUND}compute:\n  scratch: {scratch}\n")
    told = failing(None, path)
    words = f"'{scratch}' (is the folder of|contains|lies in) (the results|the study's results|the data|this project)"
    assert re.match(rf"{path}:\d+ compute.scratch: {words} \(/.*\); states of trainings are deleted, so name", told)
    assert "\n" not in told


def test_scratch_may_lie_anywhere_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.yaml"
    for line in ("scratch: /somewhere/states", "threads: 1", "scratch: null", "scratch: ''"):
        path.write_text(f"{SOUND}compute:\n  {line}\n")
        load_study(path)
    monkeypatch.setenv("LTH_DATA", "/somewhere/states/small")
    path.write_text(f"{SOUND}compute:\n  scratch: /somewhere/states\n")
    assert "'/somewhere/states' contains the data" in failing(None, path)
    path.write_text(f"{SOUND}data_root: ~no_such_user/x\ncompute:\n  scratch: ~no_such_user/states\n")
    assert "compute.scratch: begins with the home folder of a user who does not exist" in failing(None, path)
