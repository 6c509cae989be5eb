# Two commands from nothing: `make demo` sees the whole graph run, `make test` proves it. Both set up .venv first.

PYTHON ?= python3
CORES ?= 2
STUDY ?= config/demo.yaml
VENV := .venv
BIN := $(VENV)/bin
# Every package is pinned with the checksums of its files (requirements*.lock, written by `make lock`); pip refuses any
# other file, resolves nothing, and runs no package's code while it installs. Of connection-pool there is only a source
# package; the locked setuptools builds it.
# pip compiles one file after the other, which takes as long as all the rest; here all cores do it, afterwards.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps \
	--only-binary :all: --no-binary connection-pool --no-build-isolation
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib

.PHONY: help setup setup-text setup-cluster setup-export setup-docs setup-dev docs notebooks animations lock zoo licences demo test test-cluster test-oldest check reference format clean

help:  ## what can be done
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.installed  ## make .venv with the locked requirements

setup-text: $(VENV)/.installed-text  ## add what studies of texts need

setup-cluster: $(VENV)/.installed-cluster  ## add what sends jobs to SLURM and LSF

setup-export: $(VENV)/.installed-export  ## add what writes tickets as ONNX

setup-docs: $(VENV)/.installed-docs  ## add what builds the documentation

setup-dev: $(VENV)/.installed-dev

# torch's CPU build where pip finds it (its index, or a folder in PIP_FIND_LINKS), else PyPI's with the libraries of CUDA,
# which are gigabytes. A file that is found but is not the locked one is no reason to take the other.
$(VENV)/.installed: requirements.lock requirements-build.lock requirements-torch-cpu.lock requirements-torch.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements-build.lock
	@echo "torch, and its CPU build if there is one ..."
	@$(PIP) -r requirements-torch-cpu.lock 2>$(VENV)/torch-cpu.log || \
		if grep "DO NOT MATCH THE HASHES" $(VENV)/torch-cpu.log; then exit 1; else $(PIP) -r requirements-torch.lock; fi
	$(PIP) -r requirements.lock
	@$(COMPILE); touch $@

# The command `lth`, as in an installation.
$(BIN)/lth: | $(VENV)/.installed
	@printf '#!/bin/sh\nexec "$${0%%/*}/python" "%s/tools/checkout.py" "$$@"\n' "$(CURDIR)" > $@
	@chmod +x $@

setup setup-text setup-cluster setup-export setup-docs setup-dev: $(BIN)/lth

$(VENV)/.installed-text: $(VENV)/.installed requirements-text.lock
	$(PIP) -r requirements-text.lock
	@$(COMPILE); touch $@

$(VENV)/.installed-cluster: $(VENV)/.installed requirements-cluster.lock
	$(PIP) -r requirements-cluster.lock
	@$(COMPILE); touch $@

$(VENV)/.installed-export: $(VENV)/.installed requirements-export.lock
	$(PIP) -r requirements-export.lock
	@$(COMPILE); touch $@

$(VENV)/.installed-docs: $(VENV)/.installed requirements-docs.lock
	$(PIP) -r requirements-docs.lock
	@$(COMPILE); touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(PIP) -r requirements-dev.lock
	@$(COMPILE); touch $@

lock: setup-dev  ## after a change of requirements*.txt: write the locks anew; UPGRADE=1 also takes newer releases of the rest
	$(BIN)/python tools/lock.py $(if $(UPGRADE),--upgrade)

zoo: setup  ## pack the tickets that zoo/index.yaml names, of studies whose results are here
	$(BIN)/python -m tools.zoo

licences: setup-dev setup-text  ## after `make lock`: write docs/dependencies.md anew
	$(BIN)/python tools/licences.py

docs: setup-docs  ## the documentation as a site in site/; needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "open site/index.html"

notebooks: setup  ## run docs/notebooks and write the outputs into them
	$(BIN)/python -m tools.notebooks

demo: setup  ## the whole graph on embedded data, in minutes on a laptop; ends with the verdict
	$(BIN)/snakemake --configfile config/demo.yaml --cores $(CORES) --quiet rules
	@$(BIN)/python -m lth verdict results/demo

test: setup-dev check  ## linters, types and the whole suite; in CI (CI set) also on a SLURM, which it installs
	@tests/cluster/slurm/install.sh
	$(BIN)/python -m pytest -n $(CORES) --dist worksteal -rs

test-cluster: setup-dev  ## the tests on a SLURM; as root on Debian installs its packages (slurmctld, slurmd, munge)
	@LTH_INSTALL_SLURM=1 tests/cluster/slurm/install.sh
	$(BIN)/python -m pytest -n $(CORES) --dist worksteal -rs tests/cluster

test-oldest: $(VENV)/oldest/.installed  ## the tests of the workflow on the oldest Snakemake that pyproject.toml allows
	PYTHONPATH=$(CURDIR)/$(VENV)/oldest LTH_SNAKEMAKE=$$(sed -n 's/^snakemake==//p' requirements-oldest.txt) \
		$(BIN)/python -m pytest -n $(CORES) --dist worksteal -rs $(OLDEST_TESTS)

# Guards, signals, what is patched, results and their bytes, use as a module: what hangs on Snakemake's inside.
OLDEST_TESTS := $(addprefix tests/workflow/test_,canaries.py signals.py guards.py results.py module.py contract.py unchanged.py)

$(VENV)/oldest/.installed: $(VENV)/.installed-dev requirements-oldest.lock
	rm -rf $(@D)
	$(PIP) --target $(@D) -r requirements-oldest.lock
	@touch $@

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/snakemake --configfile config/demo.yaml --lint

reference: setup  ## write what is made from the code: tables of keys and commands, the schema for editors
	$(BIN)/python -m tools.reference config/README.md
	$(BIN)/python -m lth schema > config/schema.json
	$(BIN)/python -m tools.house docs/design.md
	$(BIN)/python -m tools.commands docs/reference/cli.md

format: setup-dev  ## put every file into the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile workflow/Snakefile workflow/rules

animations: setup  ## GIFs of a study's tickets and of progressive trainings: make animations STUDY=config/demo.yaml
	$(BIN)/snakemake --configfile $(STUDY) --cores $(CORES) --quiet rules -- animations

clean:  ## remove the environment (results stay)
	rm -rf $(VENV)
