# Everything here needs only Python 3.11 or newer and make. Another interpreter: make PYTHON=python3.12 install
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := $(BIN)/headwater
# OpenMetadata's client, and the systems that its connectors read, in environments of their own: they disagree about
# the versions of what they need.
INTEROP := .venv-interop/client/installed .venv-interop/sources/installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo serve test verify lint format bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv with Headwater, its extras and the tools

# A virtual environment with uv in it; uv then installs everything else from the lock.
$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Headwater needs Python 3.11 or newer; try: make PYTHON=python3.12 install" or 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(INSTALLED): pyproject.toml requirements-dev.txt | $(BIN)/uv
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements-dev.txt
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv-interop/%/installed: tests/interop/%.txt | $(BIN)/uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip sync --quiet --python $(@D)/bin/python --require-hashes $<
	@touch $@

demo: $(INSTALLED) ## Train small models, catalogue them and open the result
	$(BIN)/headwater demo

serve: $(INSTALLED) ## Start a server on this machine
	$(BIN)/headwater serve

test: $(INSTALLED) ## Run the tests (everything that is not slow)
	$(BIN)/pytest -n 3 -m "not slow"

verify: $(INSTALLED) $(INTEROP) ## Run the slow proofs
	$(BIN)/pytest -n 2 --dist worksteal -m slow

lint: $(INSTALLED) ## Check style, format, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(INSTALLED) ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: $(INSTALLED) ## Measure, side by side with other systems
	$(BIN)/python -m benchmarks

COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade --quiet

lock: $(BIN)/uv ## Write the lock files anew: from pyproject.toml, and those of tests/interop
	$(COMPILE) pyproject.toml --all-extras --group dev --output-file requirements-dev.txt
	for each in client sources; do $(COMPILE) tests/interop/$$each.in --override tests/interop/overrides.txt \
		--output-file tests/interop/$$each.txt || exit; done

clean: ## Remove .venv, caches and build output
	rm -rf .venv .venv-interop .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
