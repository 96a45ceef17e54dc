# Everything a newcomer needs is `make run`, `make serve` and `make test`; `make` alone lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
OUT ?= plan-demo
WORKERS ?= 2
ROOMS := matching catalog buyers service benchmarks tests
ENGINE := $(shell find matching -name '*.py' 2>/dev/null)
WEB := $(shell find service/web/assets -type f 2>/dev/null) service/web/build.py
LOOPS := $(shell find matching -name '*.pyx' -o -name '*.pxi' 2>/dev/null)
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

# Python would read every module's text again at each start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run serve test lint format lock audit sbom bench bench-smoke clean

help: ## List these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.warm ## Make .venv with everything in it, from the lock file

run: setup ## Plan the sample season, draw the plan, and put both in plan-demo/
	@$(BIN)/mca demo --out $(OUT)

serve: setup ## Serve the sample season at http://127.0.0.1:8000 and print one login per role
	@$(BIN)/mca serve --demo

test: lint ## Check style, types and imports, then run every test
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -q

lint: setup ## Check style, types and imports only
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "Some files are not formatted: run 'make format'." >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## Format the code and mend what can be mended without thought
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lock: setup ## Renew all lock files from pyproject.toml
	@export UV_CUSTOM_COMPILE_COMMAND="make lock"; \
	compile="$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.11"; \
	$$compile --all-extras pyproject.toml --output-file requirements.lock; \
	$$compile --group pyproject.toml:compiler --output-file requirements-compiler.lock; \
	$$compile --group pyproject.toml:node --output-file requirements-node.lock; \
	$$compile --no-deps --group pyproject.toml:communes --output-file requirements-communes.lock

audit: setup ## Ask whether a locked package has a known fault
	@$(BIN)/pip-audit --disable-pip --require-hashes -r requirements.lock && echo "No known faults." || { \
		echo "Known faults stand above. Where none do, no source of advisories could be reached, and nothing is known." >&2; exit 1; }

sbom: setup ## Write sbom.json, the bill of materials of everything that is locked (CycloneDX)
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --short-PURLs \
		--output-format JSON --output-file sbom.json && echo "sbom.json lists what requirements.lock pins."

bench: setup ## Measure every instance and phase (long)
	@$(BIN)/python -m benchmarks

bench-smoke: setup ## Measure the smallest instances only
	@$(BIN)/python -m benchmarks --smoke

clean: ## Remove the environment, caches and the demo's plan
	@rm -rf $(VENV) $(OUT) mca-demo sbom.json service/web/built catalog/built test-artefacts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	@find $(ROOMS) -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is renewed only when what it was made from has changed.
$(VENV)/.installed: requirements.lock pyproject.toml
	@if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		python=$$(PYTHON="$(PYTHON)" bash .ci/find-python); \
		"$$python" -m venv --clear $(VENV); \
	fi
	@echo "Installing what requirements.lock pins into $(VENV) (once, a minute or two) ..."
	@awk '/^uv==/ {own = 1; print; next} own && /^    --hash/ {print; next} {own = 0} END {print "    # uv alone"}' requirements.lock > $(VENV)/uv.txt
	@$(PIP) --require-hashes -r $(VENV)/uv.txt
	@# uv takes a fraction of pip's time; where it reaches no index, because only pip is told of one, pip does it.
	@$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock || \
		$(PIP) --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.compiled: $(VENV)/.installed $(LOOPS) hatch_build.py requirements-compiler.lock
	@if ! $(BIN)/python hatch_build.py --has-compiler 2>/dev/null; then \
		echo "No C compiler here: installing the one that requirements-compiler.lock pins ..."; \
		$(PIP) --require-hashes -r requirements-compiler.lock; \
	fi
	@echo "Compiling the trip search ..."
	@$(BIN)/python hatch_build.py
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

service/web/built/manifest.json: $(VENV)/.installed $(WEB) requirements-node.lock
	@if ! command -v npm >/dev/null 2>&1; then \
		echo "No npm here: installing the one that requirements-node.lock pins ..."; \
		$(PIP) --require-hashes -r requirements-node.lock; \
	fi
	@echo "Fetching and laying out what the pages are made of ..."
	@$(BIN)/python service/web/build.py

catalog/built/communes.json.gz: $(VENV)/.installed catalog/build_communes.py requirements-communes.lock
	@echo "Making the list of communes ..."
	@$(BIN)/python catalog/build_communes.py

$(VENV)/.warm: $(VENV)/.compiled service/web/built/manifest.json catalog/built/communes.json.gz $(ENGINE)
	@echo "Compiling the engine's other loops ..."
	@$(BIN)/python -m compileall -q -j $(WORKERS) $(ROOMS)
	@# For this very processor; a wheel's loops (hatch_build.py) run on every one of its kind, a third slower.
	@$(BIN)/python -m matching.warmup service/season
	@touch $@
