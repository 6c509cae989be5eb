"""The house: who may import whom, how long files may be, and what Snakemake's own linters say."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml
from tiny import ROOT, Project

from tools import house

pytestmark = pytest.mark.workflow

READERS = ("analysis", "config", "plan", "checks", "cli", "verification", "pages")
"""They look at what there is, and train nothing."""
TRAINERS = {
    "lth.training.loop",
    "lth.training.train",
    "lth.methods.round",
    "lth.methods.controls",
    "lth.methods.evaluate",
}
SHARED = {"find", "prepare", "compare", "control", "train"}
"""Names that several modules define on purpose: a method's function, a kind of data's, and what the library calls as
the function that it wraps."""


def sources() -> dict[str, Path]:
    """The modules of the core."""
    files = sorted(ROOT.glob("lth/**/*.py"))
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imported(file: Path, tree: ast.Module | None = None) -> Iterator[str]:
    """Everything that a file imports, at its top or inside functions: modules, and modules with a name in them."""
    for node in ast.walk(tree or ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def without_annotations(file: Path) -> ast.Module:
    """A file without what only type checkers read."""
    tree = ast.parse(file.read_text())
    checked = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    tree.body = [node for node in tree.body if node not in checked] + [line for node in checked for line in node.orelse]
    return tree


def graph(*, annotations: bool = True) -> dict[str, set[str]]:
    """Which module of the core imports which; without annotations, what is imported where the module runs."""
    modules = sources()
    found: dict[str, set[str]] = {}
    for name, file in modules.items():
        names = imported(file, None if annotations else without_annotations(file))
        wholes = {whole if whole in modules else whole.rpartition(".")[0] for whole in names}
        found[name] = wholes & modules.keys()
    return found


def test_no_imports_in_a_circle() -> None:
    """Of modules (raises CycleError); that packages import downwards only is import-linter's contract: `make check`."""
    assert [*TopologicalSorter(graph(annotations=False)).static_order()]


def test_the_drawing_of_the_packages_is_that_of_the_code() -> None:
    """If this fails: make reference"""
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    assert house.updated(page) == page


def test_no_public_name_is_defined_twice() -> None:
    """One name for one thing; what is only used where it is defined begins with an underscore."""
    defined: dict[str, list[str]] = {}
    for module, file in sources().items():
        for name in set(public(ast.parse(file.read_text()))):
            defined.setdefault(name, []).append(module)
    assert {name: modules for name, modules in defined.items() if len(modules) > 1 and name not in SHARED} == {}


def public(tree: ast.Module) -> Iterator[str]:
    """The public names that a module defines at its top."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def test_what_reads_results_never_trains() -> None:
    """Not through any chain of imports: summaries, statistics, figures, report, and the reading of studies."""
    imports = graph()
    for name in imports:
        if name.removeprefix("lth.").partition(".")[0] in READERS:
            waiting, reached = [name], set()
            while waiting:
                module = waiting.pop()
                reached.add(module)
                waiting += imports[module] - reached
            assert not reached & TRAINERS, name


def test_the_core_knows_nothing_of_snakemake() -> None:
    for name, file in sources().items():
        assert not [module for module in imported(file) if module.partition(".")[0] == "snakemake"], name


def test_only_texts_need_the_text_extra_and_only_when_they_are_used() -> None:
    """Studies of images install and run without it."""
    extra = {"transformers", "tokenizers", "datasets", "huggingface_hub"}
    for name, file in sources().items():
        tree = ast.parse(file.read_text())
        top = {alias for node in tree.body for alias in imported_by(node)}
        assert not {module.partition(".")[0] for module in top} & extra, name
        if not name.startswith("lth.text"):
            assert not {module.partition(".")[0] for module in imported(file)} & extra, name


def imported_by(node: ast.stmt) -> list[str]:
    """The modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_files_are_short() -> None:
    """The Snakefile under 60 lines, scripts at most 25 (they unpack, call one function, and write), modules 300."""
    assert len((ROOT / "workflow" / "Snakefile").read_text().splitlines()) < 60
    for limit, pattern in ((25, "workflow/scripts/*.py"), (300, "lth/**/*.py")):
        files = sorted(ROOT.glob(pattern))
        assert files
        assert [file.name for file in files if len(file.read_text().splitlines()) > limit] == []


def test_scripts_import_only_what_they_call() -> None:
    """From the core and pathlib: whatever else they need, a function of the core should do."""
    for file in sorted(ROOT.glob("workflow/scripts/*.py")):
        assert {module.partition(".")[0] for module in imported(file)} <= {"lth", "pathlib"}, file.name


def test_a_job_validates_a_study_at_most_once() -> None:
    """Jobs get validated parameters; of the configuration, which is not, they read only how and where to compute."""
    for file in sorted(ROOT.glob("workflow/scripts/*.py")):
        text = file.read_text()
        assert text.count("Study.model_validate(") <= 1, file.name
        read = re.findall(r'snakemake\.config(?:\.get\("(\w+)")?', text)
        assert set(read) <= {"compute", "data_root"}, file.name


def loaded_by(statements: str) -> set[str]:
    """The packages that a new Python has loaded after some statements."""
    code = f"{statements}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def imports_of(text: str) -> str:
    """The import statements of the core among the lines of a file, also those further in."""
    return "\n".join(re.findall(r"^ *(from lth\.\S+ import [\w, ]+)$", text, flags=re.MULTILINE))


HEAVY = {"torch", "torchvision", "numpy", "pandas", "scipy", "matplotlib", "sklearn"}


def test_building_the_graph_imports_nothing_heavy() -> None:
    """A dry run of thousands of jobs should take seconds."""
    statements = "".join(imports_of(file.read_text()) + "\n" for file in sorted(ROOT.glob("workflow/rules/*.smk")))
    assert "lth.checks.read" in statements
    assert loaded_by(statements) & HEAVY == set()


def test_a_training_job_imports_no_more_than_it_needs() -> None:
    """Its start is paid once a round: no torchvision, pandas, SciPy, matplotlib or scikit-learn.

    And torch only where it listens: not before `job` is called.
    """
    for script in ("round", "evaluate"):
        text = (ROOT / f"workflow/scripts/{script}.py").read_text()
        assert loaded_by(imports_of(text.split("with job(")[0])) & HEAVY == set()
        statements = imports_of(text)
        loaded = loaded_by(statements)
        assert "torch" in loaded
        assert loaded & HEAVY <= {"torch", "numpy"}, script


def test_environments_ask_for_what_the_package_asks_for() -> None:
    """Conda calls two packages by other names; Snakemake itself is outside of its jobs' environments."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {
        re.sub("^torch>", "pytorch>", line).replace("matplotlib>", "matplotlib-base>")
        for line in project["dependencies"]
    }
    texts = asked | set(project["optional-dependencies"]["text"])
    for name, expected in (("lth", asked), ("lth-text", texts)):
        listed = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text())["dependencies"]
        assert {line.replace(" ", "") for line in listed if not line.startswith("python ")} == expected


def test_snakemake_has_nothing_to_say(tmp_path: Path) -> None:
    """`snakemake --lint` fails on any finding; snakefmt has the last word on layout."""
    outcome = Project.new(tmp_path / "project").run("--lint")
    assert outcome.status == 0, outcome.text
    snakefmt = [sys.executable, "-m", "snakefmt", "--check", "Snakefile", "workflow/Snakefile", "workflow/rules"]
    done = subprocess.run(snakefmt, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
