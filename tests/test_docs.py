"""The documentation: links and anchors exist, code in it runs, and the site requests nothing from elsewhere."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import lth
from lth.analysis.figures import FIGURES
from lth.checks.read import read_study
from lth.cli.program import COMMANDS
from tools import commands, notebooks, site

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "config/*.md", "benchmarks/*.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)
NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
CONFIGURATION = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
MKDOCS = importlib.util.find_spec("mkdocs") and importlib.util.find_spec("material")


def code_of(page: str, marker: str, language: str) -> list[str]:
    """The code blocks below a marker."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"<!-- {marker} -->\n```{language}\n(.*?)```", text, re.DOTALL)


def prose(path: Path) -> str:
    """A page without its code; a notebook's text."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return "\n\n".join(notebooks.source_of(cell) for cell in cells if cell["cell_type"] == "markdown")
    return site.FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """What a page's headings are called in links, as Git hosts and the site do it alike; and ids of the reference."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading).strip().lower() for heading in headings)
    made = {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}
    return made | set(re.findall(r"^::: (\S+)$", prose(path), re.MULTILINE))


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_of_the_repository(page: Path) -> None:
    for link in site.LINK.finditer(re.sub(r"`[^`\n]*`", "", prose(page))):
        if re.match(r"[a-z]+:", link["target"]):
            continue
        name, _, anchor = link["target"].partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_relative_to(ROOT.resolve()), link[0]
        assert target.exists(), link[0]
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link[0]


def test_the_navigation_has_every_page() -> None:
    named = set(re.findall(r"[\w./-]+\.md", yaml.safe_dump(CONFIGURATION["nav"])))
    folder = ROOT / "docs"
    pages = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")} | {*site.PAGES}
    pages |= {path.relative_to(folder).with_suffix(".md").as_posix() for path in NOTEBOOKS}
    assert named == {page for page in pages if not page.startswith("results/data/")}


def test_the_reference_has_every_name_of_the_library() -> None:
    text = (ROOT / "docs/reference/lth.md").read_text(encoding="utf-8")
    assert {f"lth.{name}" for name in lth.__all__} == set(re.findall(r"^::: (\S+)$", text, re.MULTILINE))


def test_the_page_of_commands_is_made_from_the_code() -> None:
    """If this fails: make reference"""
    text = commands.page()
    assert (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8") == text
    assert re.findall(r"^## `lth (\S+)`$", text, re.MULTILINE) == [*COMMANDS]


def test_every_figure_is_explained_in_report_order() -> None:
    text = (ROOT / "docs/reading-a-report.md").read_text(encoding="utf-8").split("## Figures")[1]
    assert re.findall(r"^\| `(\w+)` \|", text.split("## An example")[0], re.MULTILINE) == [*FIGURES]


def test_the_example_of_a_verdict_is_one_of_the_page_that_it_links() -> None:
    text = (ROOT / "docs/reading-a-report.md").read_text(encoding="utf-8").split("## An example")[1].split("\n## ")[0]
    page = (ROOT / "docs/results/transfer.md").read_text(encoding="utf-8")
    quoted = re.findall(r"\d+\.\d\d+ %|[+-]\d+\.\d\d", text)
    assert len(quoted) == 8
    assert [number for number in quoted if number not in page] == []


def test_headline_numbers_are_those_of_the_page_of_results() -> None:
    """Of the README and the first page, on the pages that they link; those are checked against their data."""
    for name in ("README.md", "docs/index.md"):
        first = (ROOT / name).read_text(encoding="utf-8").split("![")[0]
        pages = set(re.findall(r"results/[\w-]+\.md", first))
        found = " ".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in pages)
        numbers = re.findall(r"\d+\.\d+\b", first.replace("Python 3.11", ""))
        assert len(numbers) >= 9
        assert [number for number in numbers if not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", found)] == []
        assert "n = 8" in first


@pytest.mark.parametrize("page", ["start.md", "library.md"])
def test_code_in_pages_runs(page: str, tmp_path: Path) -> None:
    """All of it, in order, as one script; start.md with two seeds, since the first notebook has the same lines."""
    blocks = code_of(page, "run", "python")
    assert blocks
    code = "\n".join(blocks)
    short = page == "start.md"
    assert code.count("range(6)") == short
    (tmp_path / "script.py").write_text(code.replace("range(6)", "range(2)") if short else code)
    told = ran(tmp_path, "script.py")
    assert ("shuffled" if short else "significantly better than") in told
    shown = re.findall(r"```text\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    exact = [block for block in shown if "±" not in block and " to " not in block]  # last bits depend on the processor
    assert [block for block in exact if block not in told] == []
    assert exact or page == "start.md"


def ran(folder: Path, *command: str) -> str:
    """What a Python command prints, run in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_has_the_lines_of_the_first_page() -> None:
    """Its library in ten lines is that of docs/start.md, but for remarks."""
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert re.sub(r" +# .*", "", block) == code_of("start.md", "run", "python")[0]
    assert len([line for line in block.splitlines() if line]) <= 10


def test_studies_in_pages_are_valid() -> None:
    text = (ROOT / "docs/studies.md").read_text(encoding="utf-8")
    names = re.findall(r"<!-- check: (\w+) -->", text)
    assert len(names) == 4
    for name in names:
        (study,) = code_of("studies.md", f"check: {name}", "yaml")
        read_study(yaml.safe_load(study), [])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_and_show_what_they_say(path: Path) -> None:
    """If the outputs are of other code: make notebooks."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["metadata"][notebooks.SOURCES] == notebooks.sources_digest(kept)
    made = notebooks.run(path)
    for cells in (kept["cells"], made["cells"]):
        shown = json.dumps([cell["outputs"] for cell in cells if cell["cell_type"] == "code"])
        assert shown.count("image/png") >= 2
        assert shown.count("is significantly better than") == 2


def test_the_example_runs_and_is_short(tmp_path: Path) -> None:
    example = ROOT / "examples/own_network.py"
    told = ran(tmp_path, str(example), "--seeds", "2", "--epochs", "1", "--to", "made")
    assert "With 2 seeds these 2 comparisons are descriptive only" in told
    assert "made: torch, trained weights, density 12.50 %" in told
    assert (tmp_path / "made/state_dict.pt").exists()
    after = example.read_text(encoding="utf-8").split('"""', 2)[2]
    lines = [line for line in after.splitlines() if line.strip() and not line.strip().startswith(("#", '"""'))]
    assert len(lines) <= 30


def test_the_dockerfile_copies_what_there_is() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    allowed = re.findall(r"^!(.+)$", kept, re.MULTILINE)
    assert [name for name in copied if not any(Path(name).match(pattern) for pattern in allowed)] == []
    needed = re.search(r"^\$\(VENV\)/\.installed: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert needed
    assert {*needed[1].split()} <= {*copied}  # or `make demo` would install anew
    assert "RUN ln -s workflow/profiles profiles" in text
    assert (ROOT / "profiles").readlink() == Path("workflow/profiles")


def test_ci_does_what_the_script_does() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    assert jobs["test"]["steps"][-1] == {"run": ".ci/run"}


@pytest.mark.parametrize(
    ("link", "source", "here", "expected"),
    [
        ("[a](../config/quick.yaml)", "docs/studies.md", "studies.md", "[a](config/quick.yaml)"),
        ("[a](../config/README.md#imp)", "docs/studies.md", "studies.md", "[a](config/README.md#imp)"),
        ("[a](../docs/studies.md)", "config/README.md", "config/README.md", "[a](../studies.md)"),
        ("[a](../../config/quick.yaml)", "docs/results/x.md", "results/x.md", "[a](../config/quick.yaml)"),
        ("[`a`](../lth/cli.py)", "docs/studies.md", "studies.md", "`a`"),
        ("[a](../README.md)", "docs/studies.md", "studies.md", "[a](index.md)"),
        ("[a](notebooks/n.ipynb)", "docs/studies.md", "studies.md", "[a](notebooks/n.md)"),
        ("[a](https://x.org/a) [b](#c)", "docs/studies.md", "studies.md", "[a](https://x.org/a) [b](#c)"),
    ],
)
def test_links_in_the_site(link: str, source: str, here: str, expected: str) -> None:
    known = {"index.md", "studies.md", "config/quick.yaml", "config/README.md", "notebooks/n.md"}
    assert site.linked(link, source, here, known) == expected


@pytest.mark.skipif(not MKDOCS, reason="mkdocs is not installed: make setup-docs")
def test_the_site_is_built_without_warnings_and_requests_nothing_from_elsewhere(tmp_path: Path) -> None:
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 25
    for page in pages:
        text = page.read_text(encoding="utf-8")
        elements = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*>", text)
        assert [element for element in elements if re.search(r"""(?:src|href)=["']?(?:https?:)?//""", element)] == []
        assert 'class="mermaid"' not in text
    for sheet in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"url\([\"']?https?:|@import", sheet.read_text(encoding="utf-8")), sheet
