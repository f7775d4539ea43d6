# make demo: install and run the bundled model on a small task set. make test: install and pass the tests.
# Python 3.11 or newer is all that is assumed; the first of these that is new enough is used.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: demo test torture lint bench readme clean

demo: .venv/installed
	@echo "A small, randomly initialised SAIL-VL2 answers drawn pictures: the way is real, the scores are chance."
	$(BIN)/sailbench run --model sailvl2-random --tasks @demo --out out/demo --groups

test: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

# Every fault many times, then a soak of MINUTES: prints what was lost, doubled, wrong. An hour in all on two cores.
MINUTES ?= 20
torture: .venv/installed-dev
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m torture --minutes $(MINUTES)

lint: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "sailbench needs Python 3.11 or newer (make PYTHON=/path/to/python3.11)"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch .venv/installed $@

# Half an hour on two cores; figures of a busy machine say so in their heading.
bench: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/harness.py --write
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/engine.py --write

readme: .venv/installed
	$(BIN)/python recipes/readme.py

clean:
	rm -rf .venv out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
