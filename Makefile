# make budgets: set everything up and judge this project's own budgets on an emulated Raspberry Pi 4
# make test:    set everything up and run all tests
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
COMMA := ,
# Tests start thousands of processes, and pytest in itself: without its byte code, most of their time is compiling.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup device budgets rows test lint bars models docs lock clean

help:
	@sed -n 's/^# make/make/p' $(MAKEFILE_LIST)

.venv/ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if v == (3, 11) else f"make needs Python 3.11 (tflite-runtime has no wheels for {v[0]}.{v[1]}): make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv || { echo "python3.11 -m venv failed: apt-get install python3.11-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: .venv/ready

device: .venv/ready
	$(BIN)/edgesense devices setup pi

budgets: device
	$(PYTEST) --edge-device=pi -m "not row" tests/budgets

# make rows:    judge every row of the table of results, docs/results.md, on this computer and the emulated board (an hour or more)
rows: device
	$(PYTEST) --edge-device=host --edge-device=pi -m row tests/budgets

test: device
	$(PYTEST) -n 2 tests --ignore=tests/budgets
	$(PYTEST) --edge-device=host -m "not row" tests/budgets

# make lint:    ruff, mypy --strict and import-linter
lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# make bars:    run every benchmark behind a claim and sum up
bars: device
	$(BIN)/python benchmarks/bars.py

# make models:  train every committed model and the table of results anew (hours; goes on; RECORDINGS=DIR adds a column)
models: device
	$(BIN)/edgesense optimize --all --anew --output models --report docs/results.md \
	  $(if $(RECORDINGS),--dataset $(RECORDINGS) --classes normal$(COMMA)wheeze$(COMMA)crackle)

# make docs:    the documentation as a site, in site/
docs: .venv/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# make lock:    resolve requirements/dev.txt anew
lock: .venv/ready
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --strip-extras --no-annotate --no-header \
	  --extra litert --extra tflite --extra audio --extra profile --extra train --extra search --extra report --extra testing --extra esp32 \
	  --output-file requirements/dev.txt pyproject.toml requirements/dev.in

clean:
	rm -rf .venv .tox .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist site *.egg-info .edgesense
