"""The rules in somebody else's workflow, from another folder: `module` and `use rule`, as Snakemake documents them."""

import shutil
from pathlib import Path

import pytest
from tiny import RESULTS, ROOT, STUDY, Project

pytestmark = pytest.mark.workflow

SNAKEFILE = f"""\
module tickets:
    snakefile: "{ROOT / "workflow" / "Snakefile"}"
    config: config


use rule * from tickets


rule mine:
    input:
        "{RESULTS}/tickets/digits/seed0/round00/ticket.safetensors",
    output:
        "mine.txt",
    shell:
        "cp {{input}} {{output}}"
"""


def test_the_rules_work_in_another_workflow(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "study.yaml").write_text(STUDY)
    shutil.copytree(ROOT / "workflow" / "profiles", tmp_path / "profiles")
    outcome = Project(tmp_path).run("mine.txt")
    assert outcome.status == 0, outcome.text
    assert (tmp_path / "mine.txt").stat().st_size > 0
