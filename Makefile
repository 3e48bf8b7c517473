# Needs Python 3.11 or newer, make, and at first a package index. Everything else comes from wheels.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# More than there are processors: most of a test is waiting.
JOBS   ?= 4

.DEFAULT_GOAL := help
.PHONY: help install demo up test check bench chaos outages safeguards wheel clean

help: ## Say what there is to make
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name words; do printf '  %-14s %s\n' "$$name" "$$words"; done

install: $(STAMP) ## Install Dialer and its tools into .venv; a second run needs no network

# The index is asked only when what is installed could differ: the stamp is older than the lists of packages.
$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed. Name another one: make PYTHON=python3.12 install"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@# Of this one only the models of the Compose specification are used; its other requirements contradict ours.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps compose-viz==0.3.5
	@touch $(STAMP)

demo: $(STAMP) ## Watch a whole campaign against simulated people: a messy CSV in, calls held, outcomes in two CRMs
	$(BIN)/dialer demo

up: $(STAMP) ## Run everything on this machine, with simulated people for a carrier
	$(BIN)/dialer up --sandbox

test: $(STAMP) ## Run every test that takes no minutes
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m 'not slow'

check: $(STAMP) ## Lint, formatting, types, and which module may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## Measure, side by side with what it is compared to
	$(BIN)/python -m bench

chaos: $(STAMP) ## Break a running system and hold it to the carrier's own ledger; ALL=1 in every way, ONLY=1,10 SEED=7
	$(BIN)/python -m tests.chaos $(if $(ALL),--all) $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json)

outages: $(STAMP) ## Let each vendor die in the middle of a demo, and compare what came of every person
	$(BIN)/python -m tests.outages $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED))

safeguards: $(STAMP) ## Take each safeguard out of a copy of the code, and see which test turns red
	$(BIN)/python -m tests.safeguards

wheel: $(STAMP) ## Build dist/*.whl
	$(BIN)/python -m build --wheel

clean: ## Remove what demos and tests left
	rm -rf .dialer dist build .pytest_cache .mypy_cache .ruff_cache
