"""The zoo of the project's own tickets, as it lies in the repository: whole, small, and what it says it is."""

from pathlib import Path

import pytest
import yaml

import lth
from lth.networks.build import initial_weights
from lth.verification.manifest import verify
from lth.verification.shared import shared_manifest

ROOT = Path(__file__).parents[2]
ZOO = ROOT / "zoo"
FOLDERS = sorted(path.name for path in ZOO.iterdir() if path.is_dir())
DENSITIES = {"51.3": 0.513, "21.1": 0.211, "13.5": 0.135, "6.95": 0.0695, "3.58": 0.0358, "1.19": 0.0119}


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set: the zoo is found because it is in the folder."""
    monkeypatch.delenv("LTH_ZOO", raising=False)
    monkeypatch.chdir(ROOT)


def test_every_folder_is_in_the_index_and_all_of_it_is_a_few_megabytes() -> None:
    assert set(FOLDERS) <= set(yaml.safe_load((ZOO / "index.yaml").read_text()))
    assert sum(path.stat().st_size for path in ZOO.rglob("*") if path.is_file()) < 6e6


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_unaltered_and_says_how_well_its_tickets_do(name: str) -> None:
    assert verify(ZOO / name)[1] == []
    told = shared_manifest(ZOO / name)
    assert told is not None
    for entry in told["tickets"]:
        assert entry["n"] >= 2
        assert entry["accuracy_low_percent"] <= entry["accuracy_percent"] <= entry["accuracy_high_percent"]
        assert entry["licence"]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("percent", DENSITIES)
def test_the_tickets_of_lenet_300_100_are_masks_over_the_weights_that_their_seed_draws(percent: str, seed: int) -> None:
    ticket = lth.load(f"zoo:lenet300_quick-imp-{percent}@{seed}")
    assert ticket.density == pytest.approx(DENSITIES[percent], rel=0.005)
    assert (ticket.provenance["seed"], ticket.provenance["dataset"]) == (seed, "mnist")
    theta_0 = initial_weights(ticket.network, seed)
    for name, weights in ticket.weights.items():
        drawn = theta_0[name] * ticket.masks[name] if name in ticket.masks else theta_0[name]
        assert weights.equal(drawn), name


@pytest.mark.parametrize(("seed", "shown"), [("9", "9"), ("x\x1b", "x.x1b")])
def test_a_seed_that_a_ticket_of_the_zoo_has_not(seed: str, shown: str) -> None:
    """It was called a wrong name, before a list that has the name."""
    words = rf"^zoo:lenet300_quick-imp-3\.58@{shown}: has no seed {shown}; there are seeds 0, 1$"
    with pytest.raises(lth.UserError, match=words):
        lth.load(f"zoo:lenet300_quick-imp-3.58@{seed}")
    with pytest.raises(lth.UserError, match=r"^zoo:lenet300@9: no such ticket in zoo; there are .*lenet300_quick-imp"):
        lth.load("zoo:lenet300@9")
