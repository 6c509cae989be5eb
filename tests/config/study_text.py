"""A small sound study as text, to be broken one line at a time."""

import pytest

from lth.checks.problems import StudyError
from lth.checks.read import read_study
from lth.config.study import Study

SOUND = """\
study: small
seeds: [0, 1, 2]
datasets:
  digits: {source: digits, validation: 200}
  letters: {source: letters, validation: 500}
  photos: {source: cifar10, grey: true, size: 28}
networks:
  lenet: {architecture: lenet5_classic}
recipes:
  find:
    optimiser: {name: adam, learning_rate: 1.2e-3}
    batch_size: 60
    epochs: 2
  try:
    optimiser: {name: sgd, learning_rate: 0.1, momentum: 0.9}
    batch_size: 60
    epochs: 2
tickets:
  home: {network: lenet, recipe: find, dataset: digits, rounds: 4, rate: 0.4}
  away: {network: lenet, recipe: find, dataset: letters, rounds: 4, rate: 0.4}
  cross:
    network: lenet
    recipe: find
    dataset: letters
    rounds: 2
    rate: 0.4
    start: {ticket: home, round: 2}
evaluations:
  transfer:
    dataset: photos
    recipe: try
    tickets: [home, away, cross]
    density: 0.1296
    matched_to: cross
    compare:
      - [cross-own, home-own]
      - [cross-own, dense]
"""

ONE_TICKET = """\
study: one
seeds: [0, 1]
datasets: {digits: {source: digits, validation: 200}}
networks: {lenet: {architecture: lenet_300_100}}
recipes: {find: {optimiser: {learning_rate: 1.2e-3}, batch_size: 60, epochs: 1}}
tickets: {home: {network: lenet, recipe: find, dataset: digits, rounds: 1, rate: 0.4}}
"""
"""What `lth check` times in two steps."""

EVERY_WAY = """\
study: ways
seeds: [0, 1, 2]
datasets:
  mnist: {source: mnist}
  fashion: {source: fashion_mnist, train: 20000}
  photos: {source: cifar10}
networks:
  lenet: {architecture: lenet_300_100}
  resnet: {architecture: resnet20, channels: 3, size: 32}
recipes:
  adam: {optimiser: {learning_rate: 1.2e-3}, batch_size: 60, iterations: 5000, evaluate_every: 100}
  tune: {optimiser: {learning_rate: 1e-4}, batch_size: 60, epochs: 1}
  cosine:
    optimiser: {name: sgd, learning_rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 5e-4}
    batch_size: 128
    epochs: 160
    schedule: {name: cosine, warmup_epochs: 5}
    label_smoothing: 0.1
    augment: {crop_padding: 4, flip: true, colour: {brightness: 0.2, hue: 0.1}, erasing: 0.5}
  move: {optimiser: {name: sgd, learning_rate: 1e-3, momentum: 0.9}, batch_size: 64, iterations: 90000}
tickets:
  dense: {network: lenet, recipe: adam, dataset: mnist, method: dense}
  imp: {network: lenet, recipe: adam, dataset: mnist, rounds: 6, rate: 0.2, layer_rates: {output: 0.1}}
  other: {network: lenet, recipe: adam, dataset: fashion, rounds: 6, rate: 0.2}
  twice: {network: lenet, recipe: adam, rate: 0.2, chain: [{dataset: mnist, rounds: 3}, {dataset: fashion, rounds: 3}]}
  once: {network: lenet, recipe: adam, dataset: mnist, densities: [0.5, 0.25, 0.1], one_shot: true, every: 2}
  late: {network: lenet, recipe: adam, retrain: tune, dataset: mnist, rounds: 3, rewind: step, rewind_step: 500}
  stable: {network: lenet, recipe: adam, dataset: mnist, rounds: 3, score: stability, scope: global, unpruned: [output]}
  snip:
    {network: resnet, recipe: cosine, dataset: photos, method: at_init, score: snip, scope: global, densities: [0.1]}
  grown:
    network: resnet
    recipe: cosine
    dataset: photos
    method: progressive
    densities: [0.3, 0.1]
    shape: cubic
    from_epoch: 10
    until_epoch: 80
  moving: {network: resnet, recipe: cosine, dataset: photos, method: dynamic, scope: erk, densities: [0.1]}
  pressed:
    network: resnet
    recipe: cosine
    dataset: photos
    method: dual
    densities: [0.1]
    transform: move
    cycles: 5
    penalty: {shape: linear, rise: 1e-4, every: 1, limit: 1}
  reinit: {network: lenet, recipe: adam, dataset: mnist, method: derived, of: imp, kind: reinitialised, draw: 1}
  both: {network: lenet, recipe: adam, dataset: mnist, method: combined, of: [imp, other], rule: union}
evaluations:
  away: {dataset: fashion, recipe: tune, tickets: [imp, other, twice], density: 0.262144, matched_to: other}
comparisons:
  at_home:
    tickets: [imp, reinit, dense]
    density: 0.262144
    compare: [[imp, reinit], [imp, dense]]
    equivalence_margin: 0.5
  photos: {tickets: [snip, grown, moving, pressed], density: 0.1, reach_percent: 90}
"""
"""Each method, and each section."""


def changed(*replacements: tuple[str, str]) -> str:
    """The sound study with each first text replaced by the second."""
    text = SOUND
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def study_of(tmp_path, text: str = SOUND) -> Study:
    """A study text, written, read and checked."""
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return read_study(None, [path])[0]


def problems(tmp_path, text: str | bytes) -> list[str]:
    """The sentences about a study text, without the name of the file."""
    path = tmp_path / "study.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StudyError) as caught:
        read_study(None, [path])
    return [line.replace(f"{path}:", "") for line in str(caught.value).splitlines()]


def expect(found: list[str], *parts: str) -> None:
    """One of the sentences holds all parts, the first at its beginning if it names a line."""
    matching = [line for line in found if all(part in line for part in parts)]
    assert matching, f"{parts} not in:\n" + "\n".join(found)
    if parts[0][0].isdigit():
        assert any(line.startswith(parts[0]) for line in matching), "\n".join(found)
