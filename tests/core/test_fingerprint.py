"""Fingerprints, on small packages made for the purpose: what must change them, and what must not."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lth import fingerprint as subject
from lth.catalog.kinds import FEEDS

SCRIPT = "from lth.train import train\n\ntrain()\n"
PACKAGE = {
    "__init__": "",
    "train": '''
        """Training."""

        from lth import masks as algebra
        from lth.history import Row

        BATCH = 500


        def train():
            """Trains."""
            row = Row(1)
            return algebra.prune(BATCH, row)


        def unrelated():
            return 1
    ''',
    "masks": """
        from lth.schedules import count


        def prune(batch, row):
            # a comment
            def inner():
                return count(batch)

            return inner()


        def shuffled():
            return 2
    """,
    "schedules": "def count(size):\n    return size // 2\n",
    "history": '''
        from dataclasses import dataclass


        @dataclass
        class Row:
            """A row."""

            epoch: int
            """Which epoch."""

            def doubled(self):
                return 2 * self.epoch
    ''',
    "scores": """
        from lth.registry import Entry, Registry

        SCORES = Registry({"magnitude": Entry(target="lth.scores:magnitude")})


        def magnitude(weights):
            return abs(weights)
    """,
    "registry": "class Registry(dict):\n    pass\n\n\nclass Entry(dict):\n    pass\n",
    "running__DOT__jobs": "def job():\n    print('done')\n",
}

Fingerprint = Callable[..., str]


@pytest.fixture
def of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fingerprint]:
    """Writes a package, some of its files replaced, and gives the fingerprint of a script that uses it."""
    caches = (subject._fingerprint, subject._content, subject._module, subject._source)

    def fingerprint(script: str = SCRIPT, roots: tuple[str, ...] = (), /, **files: str) -> str:
        for cached in caches:
            cached.cache_clear()
        for name, text in {**PACKAGE, **files}.items():
            path = tmp_path.joinpath("lth", *name.split("__DOT__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        (tmp_path / "script.py").write_text(script)
        return subject.fingerprint(roots, tmp_path / "script.py")

    monkeypatch.setattr(subject, "PACKAGE", tmp_path / "lth")
    yield fingerprint
    for cached in caches:
        cached.cache_clear()


def edited(module: str, old: str, new: str) -> dict[str, str]:
    """A module of the package with one text replaced."""
    assert PACKAGE[module].count(old) == 1
    return {module: PACKAGE[module].replace(old, new)}


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("masks", "# a comment", "# another one"),
        ("train", '"""Training."""', '"""Training networks."""'),
        ("train", '            """Trains."""\n', ""),
        ("history", '"""A row."""', '"""One row."""'),
        ("history", '"""Which epoch."""', '"""The epoch."""'),
        ("masks", "return count(batch)", "return count(\n                    batch,\n                )"),
        ("masks", "return 2", "return 3"),
        ("masks", "def shuffled", "def new(): return 7\n\n        def shuffled"),
        ("train", "def unrelated", "def renamed"),
        ("train", "BATCH = 500", "BATCH = 500\n        OTHER = 1"),
    ],
    ids=str,
)
def test_what_changes_no_behaviour_changes_nothing(of: Fingerprint, module: str, old: str, new: str) -> None:
    """Comments, docstrings (of modules, functions, classes, fields), formatting, and code that is not reached."""
    assert of() == of(**edited(module, old, new))


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("train", "BATCH = 500", "BATCH = 501"),
        ("train", "row = Row(1)", "row = Row(2)"),
        ("masks", "return inner()", "return inner() + 1"),
        ("masks", "return count(batch)", "return count(batch) + 1"),
        ("schedules", "size // 2", "size // 3"),
        ("history", "2 * self.epoch", "3 * self.epoch"),
        ("history", "@dataclass\n", "@dataclass(frozen=True)\n"),
        ("history", "epoch: int\n", "epoch: int = 0\n"),
        ("train", "BATCH = 500", "BATCH = 500\n        BATCH += 1"),
        ("masks", "from lth.schedules import count", "from lth.scores import magnitude as count"),
        ("train", "BATCH = 500", "BATCH = 500\n        print('on import')"),
    ],
    ids=str,
)
def test_what_the_script_reaches_changes_it(of: Fingerprint, module: str, old: str, new: str) -> None:
    """Constants, bodies, functions called by functions, classes with their decorators and fields, and bindings."""
    assert of() != of(**edited(module, old, new))


def test_an_edit_undone_is_no_edit(of: Fingerprint) -> None:
    """The same code, later, has the same fingerprint."""
    before = of()
    assert of(**edited("schedules", "size // 2", "size // 3")) != before
    assert of() == before


def test_the_script_counts_but_not_its_words(of: Fingerprint) -> None:
    assert of() == of('"""A script."""\n' + SCRIPT + "# the end\n")
    assert of() != of(SCRIPT + "train()\n")


def test_tables_of_names_count_for_nothing_and_roots_for_what_they_reach(of: Fingerprint) -> None:
    """A job is told which entry it uses, so its target is a root, and another entry is not its business."""
    script, root = "from lth.scores import SCORES\n\nSCORES['magnitude'].load()\n", ("lth.scores:magnitude",)
    entry = '"magnitude": Entry(target="lth.scores:magnitude")'
    more = edited("scores", entry, entry + ', "other": Entry(target="lth.scores:other")')
    assert of(script, root) == of(script, root, **more)
    typed = edited("scores", "SCORES = Registry", "SCORES: Registry = Registry")
    assert of(script, root) == of(script, root, **typed)
    changed = edited("scores", "abs(weights)", "-abs(weights)")
    assert of(script) == of(script, **changed)
    assert of(script, root) != of(script, root, **changed)


def test_a_root_without_a_name_is_all_of_its_module(of: Fingerprint) -> None:
    changed = edited("masks", "return 2", "return 3")
    assert of(SCRIPT, ("lth.masks",)) != of(SCRIPT, ("lth.masks",), **changed)


def test_messages_and_logs_are_in_no_result(of: Fingerprint) -> None:
    script = "from lth.running.jobs import job\n\njob()\n"
    assert of(script) == of(script, **edited("running__DOT__jobs", "done", "finished"))


@pytest.mark.parametrize(
    "script",
    [
        "from lth.schedules import count\n\ncount(1)\n",
        "from lth.schedules import count as c\n\nc(1)\n",
        "from lth import schedules\n\nschedules.count(1)\n",
        "from lth import schedules as s\n\ns.count(1)\n",
        "import lth.schedules as s\n\ns.count(1)\n",
        "import lth.schedules\n\nlth.schedules.count(1)\n",
        "import lth.schedules\nimport lth.masks\n\nlth.schedules.count(1)\n",
        "import lth.masks\nimport lth.schedules\n\nlth.schedules.count(1)\n",
        "import lth\n\nlth.schedules.count(1)\n",
        "def f():\n    from lth.schedules import count\n    return count(1)\n\n\nf()\n",
        "def f():\n    from lth.schedules import count as x\n    return x(1)\n\n\n"
        "def g():\n    from lth.history import Row as x\n    return x(1)\n\n\nf(), g()\n",
        "from lth import schedules\n\ngetattr(schedules, 'cou' + 'nt')(1)\n",
        "from lth import schedules\n\nf = schedules\n",
        "from lth.schedules import count\n\nmap(count, [1])\n",
        "from lth.schedules import count\n\nclass A:\n    f = staticmethod(count)\n",
        "try:\n    from lth.schedules import count\nexcept ImportError:\n    count = None\ncount(1)\n",
        "from lth.users.relative import f\n\nf()\n",
        "from lth.users.upwards import f\n\nf()\n",
        "from lth.users import count\n\ncount(1)\n",
        "from lth import users\n\nusers.count(1)\n",
        "from lth import users\n\nusers.relative.f()\n",
        "from lth.users.conditional import f\n\nf()\n",
        "from lth.users.conditional import CHOICE\n\nprint(CHOICE)\n",
        "from lth.users.inherits import B\n\nB().value\n",
        "from lth.users.constant import TABLE\n\nTABLE['count'](1)\n",
        "from lth.users.registers import TABLE\n\nTABLE['count'](1)\n",
        "import lth.users.registers\n",
        "def f():\n    import lth.users.registers\n\n\nf()\n",
        "from lth.users import registers  # noqa: F401\n",
    ],
)
def test_every_way_to_reach_a_function_is_followed(of: Fingerprint, script: str) -> None:
    """However it is imported: renamed, by module, inside functions, re-exported, relatively, or for its effects."""
    users = {
        "users__DOT____init__": "from .relative import count\n",
        "users__DOT__relative": "from ..schedules import count\n\n\ndef f():\n    return count(1)\n",
        "users__DOT__upwards": "from .. import schedules\n\n\ndef f():\n    return schedules.count(1)\n",
        "users__DOT__conditional": "import sys\nfrom lth import schedules\n\nif sys.argv:\n    number = 1\n"
        "    def f():\n        return schedules.count(number)\n    CHOICE = f\nelse:\n    CHOICE = None\n",
        "users__DOT__inherits": "from lth.schedules import count\n\n\nclass A:\n    value = count(1)\n\n\n"
        "class B(A):\n    pass\n",
        "users__DOT__constant": "from lth.schedules import count\n\nTABLE = {'count': count}\n",
        "users__DOT__registers": "from lth import schedules\n\nTABLE = {}\nTABLE['count'] = schedules.count\n",
    }
    assert of(script, **users) != of(script, **users, **edited("schedules", "size // 2", "size // 3"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from statistics import mean as middle", "from statistics import median as middle"),
        ("import math as m", "import cmath as m"),
        ("from math import sin as f, cos as g", "from math import cos as f, sin as g"),
        ("from lth.masks import prune as f, shuffled as g", "from lth.masks import shuffled as f, prune as g"),
    ],
)
def test_what_a_name_stands_for_counts_also_where_the_body_stays(of: Fingerprint, before: str, after: str) -> None:
    """An import that is changed changes the functions that use it, of other people's packages too."""
    uses = "\n\n\ndef train():\n    return [middle, m, f, g]\n"
    assert of(train=before + uses) != of(train=after + uses)


def test_imports_for_annotations_alone_count_for_nothing(of: Fingerprint) -> None:
    typed = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from torch import Tensor{}\n\n\n"
    typed += "def train():\n    return 1\n"
    assert of(train=typed.format("")) == of(train=typed.format(", nn"))


OPTIONS = """
    from lth.config.options import Options

    LABELS = {"a": "A"}


    class Own(Options):
        size: int = 1

        def label(self):
            return LABELS["a"] + "label"

        @property
        def step(self):
            return self.size + 1


    def train(options: Own):
        return options.step
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ('+ "label"', '+ "other"', False),
        ('"A"', '"B"', False),
        ("size: int = 1", "size: int = 2", False),
        ("self.size + 1", "self.size + 2", True),
        ("return options.step", "return -options.step", True),
    ],
    ids=["label", "table of labels", "default", "property", "function"],
)
def test_of_a_methods_options_only_what_follows_from_them_counts(
    of: Fingerprint, old: str, new: str, counts: bool
) -> None:
    """Their values are in a job's parameters; what they are called and what is checked of them is in no result."""
    base = "class Options:\n    pass\n"
    before, after = (of(train=text, config__DOT__options=base) for text in (OPTIONS, OPTIONS.replace(old, new)))
    assert (before != after) == counts


def test_cycles_of_calls_and_imports_end(of: Fingerprint) -> None:
    modules = {
        "train": "from lth.masks import prune\n\n\ndef train():\n    return prune()\n",
        "masks": "from lth.train import train\n\n\ndef prune():\n    return train() + 1\n",
    }
    other = {**modules, "masks": modules["masks"].replace("+ 1", "+ 2")}
    assert of(**modules) != of(**other)


def test_every_word_of_a_tree_is_in_its_fingerprint(of: Fingerprint) -> None:
    """Values of any type, also those that look empty."""
    values = ["None", "0", "0.0", "False", "''", "b''", "...", "()", "[]", "{}", "1", "1.0", "True", "'1'", "-1"]
    found = {of(train=f"def train():\n    return {value}\n") for value in values}
    assert len(found) == len(values)


USERS = {
    "user_scores.py": "from user_helper import scale\n\n\ndef score(evidence):\n    return scale(evidence)\n",
    "user_helper.py": "import user_deep.below as deep\n\n\ndef scale(x):\n    return deep.factor() * x\n\n\n"
    "def unused():\n    return 1\n",
    "user_deep/below.py": "import user_bought\n\n\ndef factor():\n    return user_bought.two\n",
    "user_nets.py": "from user_scores import score\n\n\ndef net():\n    return score(1)\n",
    "scale.py": "VALUE = 1\n",
    "env/lib/site-packages/user_bought.py": "two = 2\n",
}
"""A study's folder, with code of the user's in several top-level files, and an environment."""
OF_SCORE, OF_NET = ("user_scores:score",), ("user_nets:net",)


@pytest.fixture
def users(of: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fingerprint:
    """Fingerprints in turn, of the user's roots, with nothing known beforehand; some of the files replaced."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "env/lib/site-packages")])
    monkeypatch.chdir(tmp_path)

    def fingerprints(*several: tuple[str, ...], **files: str) -> list[str]:
        for name, text in USERS.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files.get(path.stem, text))
        of()
        return [subject.fingerprint(roots, tmp_path / "script.py") for roots in several]

    return fingerprints


@pytest.mark.parametrize(
    ("module", "old", "new", "counts"),
    [
        ("user_scores", "scale(evidence)", "-scale(evidence)", True),
        ("user_helper", "() * x", "() + x", True),
        ("user_helper", "return 1", "return 2", False),
        ("user_helper", "def unused", "# a comment\ndef unused", False),
        ("below", ".two", ".two + 1", True),
        ("scale", "1", "2", False),
        ("user_bought", "2", "3", False),
    ],
)
def test_all_files_of_the_users_folder_count_as_far_as_they_are_reached(
    users: Callable[..., list[str]], module: str, old: str, new: str, counts: bool
) -> None:
    """Other top-level files, and packages without an `__init__.py`; not what is installed in an environment there."""
    text = next(text for name, text in USERS.items() if Path(name).stem == module)
    assert old in text
    before, after = users(OF_SCORE), users(OF_SCORE, **{module: text.replace(old, new)})
    assert (before != after) == counts


def test_the_order_in_which_jobs_are_asked_for_changes_no_fingerprint(users: Callable[..., list[str]]) -> None:
    net, ours, score = users(OF_NET, (), OF_SCORE)
    assert users(OF_SCORE, OF_NET, ()) == [score, net, ours]
    assert users((), OF_SCORE, OF_NET) == [ours, score, net]
    assert len({score, net, ours}) == 3


def test_the_real_scripts_reach_what_they_run_and_not_what_they_do_not() -> None:
    """Of this project: training depends on the loop and its parts, not on statistics, figures or other jobs."""
    scripts = Path(__file__).parents[2] / "workflow" / "scripts"
    reached = {script.stem: modules_reached(script) for script in scripts.glob("*.py")}
    core = {
        "lth.training.train",
        "lth.pruning.masks",
        "lth.artifacts.tickets",
        "lth.networks.build",
        "lth.seeds",
    }
    assert core <= reached["round"] & reached["evaluate"]
    assert "lth.data.batches" in modules_reached(FEEDS["dataset"].target)
    assert not [name for name in reached["round"] if name.startswith("lth.text")]  # only through tables of names
    summaries = ("lth.analysis", "lth.verification", "lth.checks", "lth.cli", "lth.config")
    for name in ("round", "evaluate", "control", "data"):
        assert not [module for module in reached[name] if module.startswith(summaries)], name
    assert "lth.methods.evaluate" not in reached["round"]
    assert "lth.methods.imp" not in reached["evaluate"]
    assert "lth.analysis.stats" in reached["evaluation_tables"]
    assert "lth.checks.power" in reached["evaluation_tables"] & reached["report"]
    for name in ("evaluation_tables", "study_tables", "figures", "report"):
        assert not reached[name] & {"lth.training.train", "lth.methods.imp", "lth.methods.evaluate"}, name


def modules_reached(start: Path | str) -> set[str]:
    """The modules of which a script, or a target of a table, reaches some name."""
    script = start if isinstance(start, Path) else None
    module, _, attribute = str(start).partition(":")
    waiting: list[subject.Symbol] = [("__script__", None) if script else (module, attribute)]
    reached: set[subject.Symbol] = set()
    while waiting:
        symbol = waiting.pop()
        path = script if symbol[0] == "__script__" else subject._source(symbol[0])
        if symbol not in reached and path is not None and symbol[0] not in subject.NO_RESULT_DEPENDS_ON:
            reached.add(symbol)
            waiting += subject._content.__wrapped__(symbol, path)[1]
    return {module for module, name in reached if name != ""}
