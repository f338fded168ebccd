# Two commands do everything on a fresh machine with git, make and Python >= 3.11:
#   make demo   creates the environment, installs the core, runs the main job
#   make test   the same with every package and tool, then every test
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
BOOT   := .bootstrap
# uv where it is installed; else fetched with pip into a private environment.
UV     := $(shell command -v uv 2>/dev/null || echo $(BOOT)/bin/uv)
BIN    := .venv/bin
# Trust what the machine trusts, so that a proxy of its own does not stop the installation.
export UV_SYSTEM_CERTS ?= true
DATA   ?= ../shared/data
SOURCES := pyproject.toml $(wildcard integrations/*/pyproject.toml)

.PHONY: help demo test test-matrix test-models lint format typecheck bench clean
help:
	@grep -E '^#   make' Makefile | sed 's/^#   //'
	@echo 'make lint typecheck   what CI checks before the tests'
	@echo 'make test-matrix      the integrations against the oldest and the newest frameworks (minutes, network)'
	@echo 'make test-models      the optional verifiers, with torch and transformers (a large download)'
	@echo 'make bench            every figure the documentation quotes (DATA=folder of labelled data)'

$(BOOT)/bin/uv:
	$(PYTHON) -m venv $(BOOT)
	$(BOOT)/bin/pip install --quiet uv

.venv/.core: $(UV) $(SOURCES)
	$(UV) sync --quiet --inexact
	@touch $@

.venv/.dev: $(UV) $(SOURCES)
	$(UV) sync --quiet --inexact --group dev
	@touch .venv/.core $@

demo: .venv/.core
	@$(BIN)/guardlayer demo

test: .venv/.dev
	$(BIN)/pytest -n 2 --dist loadgroup

test-matrix: $(UV)
	$(PYTHON) tools/matrix.py --uv $(UV)

# torch and transformers are no part of the environment: they come for this run only.
test-models: $(UV)
	$(UV) run --isolated --group dev --with torch --with transformers pytest -q tests/verifiers/test_optional_models.py -W ignore

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

typecheck: .venv/.dev
	$(BIN)/mypy

bench: .venv/.dev
	$(BIN)/python benchmarks/run.py --data $(DATA)

clean:
	rm -rf .venv $(BOOT) .pytest_cache .mypy_cache .ruff_cache .hypothesis
