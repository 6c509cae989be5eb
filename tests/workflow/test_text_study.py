"""A study of texts, whole: two tasks, a combined ticket, a few examples; and studies of images know nothing of it."""

import pandas as pd
import pytest
from tiny import Project, finished_once, trained

pytest.importorskip("transformers", reason="the text extra is not installed")
pytestmark = pytest.mark.workflow

LIBRARIES = ("transformers.models.auto.modeling_auto", "transformers.models.bert.modeling_bert")
TEXTS = """\
study: tiny
seeds: [0]
datasets:
  opinions: {source: opinions, tokenizer: tiny, validation: 40, train: 160, test: 60}
  paraphrases: {source: paraphrases, tokenizer: tiny, validation: 40, train: 160, test: 60}
networks:
  tiny: {architecture: bert, model: tiny, classes: 2, dropout: 0.1}
recipes:
  tune:
    optimiser: {name: adamw, learning_rate: 2e-3, weight_decay: 1e-2}
    schedule: {name: linear, warmup_epochs: 0.2}
    batch_size: 32
    epochs: 2
tickets:
  opinions: {network: tiny, recipe: tune, dataset: opinions, densities: [0.5], scope: global}
  paraphrases: {network: tiny, recipe: tune, dataset: paraphrases, densities: [0.5], scope: global}
  both:
    network: tiny
    recipe: tune
    dataset: opinions
    method: combined
    of: [opinions, paraphrases]
    weights: mean
evaluations:
  few:
    dataset: paraphrases
    recipe: tune
    tickets: [opinions, both]
    density: 0.5
    initialisations: [own]
    controls: [random, dense]
    examples: 64
    draws: 2
    trains: head
    compare: [[both-own, opinions-own]]
"""


@pytest.fixture(scope="module")
def finished_texts(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished_once(tmp_path_factory, "texts", TEXTS, LIBRARIES)


@pytest.fixture
def texts(finished_texts: Project, tmp_path):
    return finished_texts.copy(tmp_path / "project")


def test_the_whole_study_runs_and_has_nothing_left_to_do(finished_texts: Project) -> None:
    assert finished_texts.planned() == {}
    rounds = pd.read_csv(finished_texts.results / "tables/rounds.csv").set_index(["ticket", "round"])
    assert rounds["f1_percent"].between(0, 100).all()
    assert rounds.loc[("both", 1), "density_percent"] > rounds.loc[("opinions", 1), "density_percent"]
    arms = pd.read_csv(finished_texts.results / "tables/few/arms.csv").set_index("arm")
    assert list(arms.index) == ["opinions-own", "both-own", "opinions-random", "dense"]
    assert (arms["draws"] == 2).all()
    assert (arms["n"] == 1).all()
    for name in ("pruning_f1", "few/block_density", "few/mask_overlap"):
        assert (finished_texts.results / f"figures/{name}.svg").is_file()


def test_draws_differ_and_are_the_same_for_all_arms(finished_texts: Project) -> None:
    runs = [
        pd.read_csv(finished_texts.results / f"evaluations/few/{arm}/seed0/history.csv")
        for arm in ("opinions-own", "dense")
    ]
    assert all(set(history["draw"]) == {0, 1} for history in runs)
    first = runs[0]
    assert (
        not first[first["draw"] == 0]["loss_nats"]
        .reset_index(drop=True)
        .equals(first[first["draw"] == 1]["loss_nats"].reset_index(drop=True))
    )


def test_another_model_reruns_what_starts_from_it(texts: Project) -> None:
    texts.edit("lth/text/tiny.py", '"initializer_range": 0.3', '"initializer_range": 0.2')
    planned = texts.planned()
    assert planned["model"] == {"models/tiny.safetensors"}
    assert {"tickets/opinions/seed0/round00", "evaluations/few/dense/seed0"} <= trained(planned)


def test_more_draws_rerun_the_evaluation_only(texts: Project) -> None:
    texts.study.write_text(TEXTS.replace("draws: 2", "draws: 3"))
    assert trained(texts.planned()) == {
        f"evaluations/few/{arm}/seed0" for arm in ("opinions-own", "both-own", "opinions-random", "dense")
    }


def test_an_edit_of_texts_reruns_nothing_of_images(project: Project) -> None:
    project.edit("lth/text/feed.py", "WINDOW = 50", "WINDOW = 20")
    project.edit("lth/text/tiny.py", '"initializer_range": 0.3', '"initializer_range": 0.2')
    assert project.planned() == {}
