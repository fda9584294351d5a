# One command each. `make help` lists them.

# What .venv is made with: the first of these that is new enough, unless PYTHON says which.
PYTHONS := python3 python3.15 python3.14 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(or $(shell for each in $(PYTHONS); do $$each -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$each && break; done),python3)
VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
STACK := $(BIN)/python -m roaming_hub.stack
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
NOT_INSTALLED = { echo "pip could not install the packages: see above. It needs the network this once, or a mirror \
(PIP_INDEX_URL); then the same command again. If .venv is broken: make clean"; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help demo up test check faults conformance mutations bench fmt lock clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 13

demo: $(VENV)/.run ## a throw-away hub with simulated partners; Ctrl-C ends it (DEMO_EXIT=1: ends by itself)
	@$(STACK) demo

up: $(VENV)/.run ## a durable hub on this machine: data in HUB_STATE (default .hub)
	@$(STACK) up

test: $(VENV)/.dev ## all checks and all tests, on throw-away servers
	@$(STACK) exec -- $(MAKE) --no-print-directory _check _pytest

check: $(VENV)/.dev ## format, lint, types, import rules, missing migrations
	@$(STACK) exec -- $(MAKE) --no-print-directory _check

faults: $(VENV)/.dev ## kill, starve and flood real processes under load, restore backups (below 15 minutes)
	@$(STACK) exec -- $(BIN)/python -m pytest -q -p no:randomly $(wildcard tests/faults tests/drills)

# HUB: versions URL of a hub that runs already; the other CONFORMANCE_ variables are in tests/conformance/README.md.
HUB ?=
REPORT ?= $(if $(HUB),conformance-report.md,docs/conformance.md)

conformance: $(VENV)/.dev ## a test per rule of OCPI 2.2.1, written up in docs/conformance.md (HUB=<versions url>: another hub's)
	@CONFORMANCE_HUB="$(HUB)" $(BIN)/python -m pytest -q -p no:django -p no:randomly --confcutdir=tests/conformance \
		-p tests.conformance.report --report=$(REPORT) tests/conformance

mutations: $(VENV)/.dev ## show that those tests notice when a behaviour is gone, in docs/conformance.md (many minutes)
	@$(BIN)/python -m tests.conformance.mutate --into docs/conformance.md

# ROWS: only these, such as "relay fanout". BENCH_MEMORY_REQUESTS: how many calls the row about memory takes.
ROWS ?=

bench: $(VENV)/.dev $(BENCH_VENV)/.bench ## the hub beside its yardsticks, in docs/benchmarks.md (40 minutes; ROWS="relay fanout")
	@BENCH_PYTHON="$(CURDIR)/$(BENCH_VENV)/bin/python" $(BIN)/python -m benchmarks $(ROWS)

fmt: $(VENV)/.dev ## format the code and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(VENV)/.dev ## write the lock files anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --quiet pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --quiet --extra otel -c requirements.lock pyproject.toml -o requirements-otel.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --quiet --extra dev -c requirements-otel.lock pyproject.toml -o requirements-dev.lock

clean: ## remove what can be made again; the data in .hub stays
	rm -rf $(VENV) $(BENCH_VENV) .static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Steps of `test` and `check`, run inside the stack (migrations are compared with a real database).
.PHONY: _check _pytest
_check:
	@echo "ruff format"; $(BIN)/ruff format --check --quiet .
	@echo "ruff check"; $(BIN)/ruff check --quiet .
	@echo "mypy"; $(BIN)/mypy .
	@echo "lint-imports"; $(BIN)/lint-imports --no-cache
	@echo "makemigrations --check"; $(BIN)/python manage.py makemigrations --check --dry-run

_pytest:
	@$(BIN)/python -m pytest -q --ignore=tests/conformance --ignore=tests/faults --ignore=tests/drills

# The virtual environment, which is there when its last part is. A stamp per lock file, so that nothing is installed twice.
$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or later, or set PYTHON."; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { \
		echo "$$($(PYTHON) --version) is too old: the hub needs 3.11 or later. Install a newer one beside it, or say where one is: \
make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv/ensurepip. On Debian and Ubuntu: apt install $(notdir $(PYTHON))-venv"; exit 1; }
	@echo "making $(VENV) (about half a minute, this once)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock | $(BIN)/pip
	@$(PIP_INSTALL) -r requirements.lock || $(NOT_INSTALLED)
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(BIN)/pip
	@$(PIP_INSTALL) -r requirements-dev.lock || $(NOT_INSTALLED)
	@touch $@

# What only the benchmarks need, away from the hub's own packages: the yardsticks, a profiler.
$(BENCH_VENV)/.bench: benchmarks/yardsticks/requirements.lock benchmarks/yardsticks/py-ocpi.lock | $(BIN)/pip
	@test -x $(BENCH_VENV)/bin/python || $(BIN)/python -m venv $(BENCH_VENV)
	@test -x $(BENCH_VENV)/py-ocpi/bin/python || $(BIN)/python -m venv $(BENCH_VENV)/py-ocpi
	@$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BENCH_VENV)/py-ocpi/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r benchmarks/yardsticks/py-ocpi.lock
	@touch $@
