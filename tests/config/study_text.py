"""A small sound study as text, to be broken one line at a time."""

from lth.config.models import Study
from lth.config.read import read_study

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
    batch: 60
    epochs: 2
  try:
    optimiser: {name: sgd, learning_rate: 0.1, momentum: 0.9}
    batch: 60
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
