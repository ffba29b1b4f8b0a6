# Two commands: `make run` and `make test`. Needs Python 3.11 or later and nothing else.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps

.PHONY: run test bench lint faults format

run: $(VENV)/ready
	@PORT=$(PORT) $(BIN)/python -m config.ground.run

test: $(VENV)/ready-dev
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(VENV)/ready-dev
	@$(BIN)/python -m tests.benchmarks $(ARGS)

faults: $(VENV)/ready-dev
	@MANDJE_FAULTS=all $(BIN)/python -m pytest -s -m faults tests $(ARGS)

lint: $(VENV)/ready-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/djlint templates --lint --quiet
	@MANDJE_ENV=test $(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/ready-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# The environment is made anew only when a lock changed or Python itself did.
$(VENV)/ready: requirements-build.lock requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Mandje needs Python 3.11 or later; try: make PYTHON=python3.12 run" if sys.version_info < (3, 11) else 0)'
	@echo "Installing the dependencies (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements-build.lock
	@$(PIP) --no-build-isolation -r requirements.lock
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.lock
	@$(PIP) --no-build-isolation -r requirements-dev.lock
	@touch $@
