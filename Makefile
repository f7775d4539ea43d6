# make demo: install and run the bundled model on the smoke tasks. make test: install and pass the tests.
# Python 3.11 or newer is all that is assumed; the first of these that is new enough is used.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: demo test test-slow test-lowest wheel audit sbom torture lint bench readme clean

demo: .venv/installed
	$(BIN)/sailbench run --model sailvl2-nano --tasks @smoke --out out/demo --groups

test: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m "not slow"

# What takes minutes: real Ray clusters, other harnesses in environments of their own.
test-slow: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -m slow

# The tests on the lowest versions that pyproject.toml allows, in an environment of their own. TORCH names the build of torch
# that is taken: cpu, cu124, auto for what this machine has, or nothing for the package index's own.
# Warnings fail nothing there: among old releases they are of one another.
TORCH ?= cpu
LOWEST := build/lowest
test-lowest: build/tools/uv
	$(TOOLS)/uv pip compile --quiet --resolution lowest-direct --python $(BIN)/python $(if $(TORCH),--torch-backend $(TORCH)) \
		--extra chinese pyproject.toml --output-file build/lowest.txt
	$(TOOLS)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(TOOLS)/uv pip install --quiet --python $(LOWEST)/bin/python $(if $(TORCH),--torch-backend $(TORCH)) \
		--requirement build/lowest.txt pytest hypothesis
	$(TOOLS)/uv pip install --quiet --python $(LOWEST)/bin/python --no-deps --editable .
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -W default -m "not slow and not peers" -p no:cacheprovider

# What a user installs: built, put into an environment of its own, and run from another folder.
wheel: .venv/installed
	.ci/wheel

# Weaknesses published of the installed packages; a package that cannot be looked up is a failure too.
audit: build/tools/pip-audit .venv/installed
	$(BIN)/python -m pip freeze --exclude-editable | sed "s/+.*//" > build/installed.txt
	$(TOOLS)/pip-audit --strict --no-deps --disable-pip --progress-spinner off --requirement build/installed.txt

# The bill of materials of the installed packages, in CycloneDX.
sbom: build/tools/cyclonedx-py .venv/installed
	$(TOOLS)/cyclonedx-py environment --pyproject pyproject.toml --mc-type library --output-reproducible \
		--output-file build/sbom.json $(BIN)/python
	@echo build/sbom.json

# Tools that look at the project from outside: none of them is installed beside it.
TOOLS := build/tools/venv/bin
build/tools/uv build/tools/pip-audit: build/tools/%: | .venv/bin/python
	$(BIN)/python -m venv build/tools/venv
	$(TOOLS)/python -m pip install --quiet --disable-pip-version-check $*
	@touch $@
build/tools/cyclonedx-py: | .venv/bin/python
	$(BIN)/python -m venv build/tools/venv
	$(TOOLS)/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom
	@touch $@

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
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/noise.py --limit 60 --write

readme: .venv/installed
	$(BIN)/python recipes/readme.py

clean:
	rm -rf .venv out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
