"""What an attack came to, and the table of many.

An attack is judged against an undisturbed run. It may find four kinds of fault:

- `lost`: an artifact, a state or a file that is not ours is gone or damaged, even after the documented repair;
- `wrong`: a number or a mask differs and neither the next run nor `verify` says so, or what is said is not a sentence;
- `hung`: no end within the limits of time and memory;
- `traceback`: the user is shown a Python traceback, or the process crashed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

KINDS = ("lost", "wrong", "hung", "traceback")
SHOWN = 700
"""Characters of evidence that are printed, from its end."""


class Broken(AssertionError):
    """A promise that was not kept: one of `KINDS`, and the evidence."""

    def __init__(self, kind: str, evidence: str) -> None:
        super().__init__(f"{kind}: {evidence}")
        self.kind, self.evidence = kind, evidence


@dataclass(frozen=True)
class Attack:
    """One attack that was made."""

    name: str
    """`flips:17`; `--only flips:17` repeats it."""
    what: str
    """What was done, in words."""
    found: Mapping[str, str] = field(default_factory=dict)
    """The evidence, by kind of fault; empty if all promises were kept."""
    tried: int = 1
    """How many attacks it counts as: a run that is killed three times counts as three."""

    @property
    def group(self) -> str:
        """The class of attacks that it belongs to."""
        return self.name.partition(":")[0]


def describe(attack: Attack, seed: int) -> str:
    """The evidence of a failure, and how to repeat it alone."""
    lines = [f"{attack.name}: {attack.what}"]
    for kind, evidence in attack.found.items():
        shown = evidence.encode("ascii", "backslashreplace").decode()[-SHOWN:].strip()
        lines += [f"  {kind}:", *(f"    {line}" for line in shown.splitlines())]
    return "\n".join([*lines, f"  repeat: python -m tests.faults --attack --seed {seed} --only {attack.name}"])


def table(attacks: Iterable[Attack]) -> list[str]:
    """One line a class: how many attacks were tried, and how many of them found each kind of fault."""
    counts: dict[str, dict[str, int]] = {}
    for attack in attacks:
        row = counts.setdefault(attack.group, dict.fromkeys(("tried", *KINDS), 0))
        row["tried"] += attack.tried
        for kind in attack.found:
            row[kind] += 1
    header = f"{'class':10}" + "".join(f"{name:>11}" for name in ("tried", *KINDS))
    return [header, *(f"{group:10}" + "".join(f"{n:>11}" for n in row.values()) for group, row in counts.items())]
