# Everything a person or a build server does with this project. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

UV := $(shell command -v uv 2>/dev/null || echo .tools/uv/bin/uv)
RUN := $(UV) run --frozen
# A process for each processor, each with a PostgreSQL and a Temporal of its own; a file's tests stay together.
IN_PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile
UI_SOURCES := $(shell find ui -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: help demo up test check bench fuzz conformance format clean python ui test-python test-ui test-browser

help: ## list what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: python ui ## set everything up and run one financing case from documents to a verified ledger
	@$(RUN) scf demo

up: python ui ## set everything up and start the platform; it stays up and keeps its data
	@$(RUN) scf up

test: test-python test-ui test-browser ## set everything up and run all tests: Python, ui, browser

test-python: python
	@$(RUN) scf doctor --only temporal
	@$(RUN) pytest -m "not browser" $(IN_PARALLEL)

test-ui: ui
	@npm --prefix ui test

test-browser: python ui
	@$(RUN) pytest -m browser

check: python ui/node_modules/.installed ## style, types, import arrows, front-end types and lint
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) lint-imports
	@npm --prefix ui run check

bench: python ## measure, beside a peer or a floor, and write bench/results/latest.json
	@$(RUN) python -m bench

fuzz: python ## try a million broken inputs on what reads FEEL, BPMN, DMN, times, values and states
	@PYTHONPATH=tests $(RUN) python -m fuzz $(FUZZ)

conformance: python ## run the conformance suites in ../shared and write docs/conformance.md
	@$(RUN) python -m scripts.conformance

format: python ## put the code into the agreed style
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

clean: ## remove what was built and installed
	rm -rf .venv .tools ui/node_modules scf/web .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz

# --- what the above stands on -------------------------------------------------------------------------

python: .venv/.synced ## install uv, if it is missing, and the locked Python packages

.venv/.synced: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen
	@touch $@

.tools/uv/bin/uv:
	@scripts/install-uv .tools/uv

ui: scf/web/index.html ## build the web app

ui/node_modules/.installed: ui/package.json ui/package-lock.json
	@scripts/require-node
	@npm --prefix ui ci --no-audit --no-fund
	@touch $@

scf/web/index.html: ui/node_modules/.installed $(UI_SOURCES) graphql/schema.graphql
	@npm --prefix ui run build
	@touch $@
