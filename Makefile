# The commands a person needs. All state lives under FORECAST_HOME (default: data/).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FORECAST_HOME ?= $(CURDIR)/data
export FORECAST_HOME

.PHONY: demo test dev check lint types contracts fast bench setup sample features-page

demo: setup  ## run the whole chain on the shipped sample and print a forecast and a report
	$(BIN)/forecast-pipeline demo

test: setup  ## every test, the slow ones included
	$(BIN)/python -m pytest -n 2 --dist loadfile -q

dev: setup  ## the Dagster UI on the same data, at http://127.0.0.1:3000
	$(BIN)/forecast-pipeline dev

check: lint types contracts fast  ## everything that needs no model to be trained

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

fast: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile -q -m "not slow"

bench: setup  ## ratios against peers, measured side by side
	$(BIN)/python benchmarks/run.py

sample: setup  ## make the shipped sample again from its seed
	$(BIN)/forecast-pipeline simulate --output data/sample

features-page: setup  ## docs/features.md again from the catalogue
	$(BIN)/python -c "from forecast_pipeline.features.catalogue.page import features_page; print(features_page(), end='')" > docs/features.md

setup: $(VENV)/.complete  ## the environment in .venv, from the lock file

$(VENV)/.complete: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed, was %d.%d' % sys.version_info[:2])"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@
