# The two commands of the README are `make demo` and `make test`; both set everything up first.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# What Qt and OpenGL need to open a window on a virtual screen; Debian's names.
SYSTEM_PACKAGES = xvfb xauth libegl1 libgl1 libgl1-mesa-dri libglib2.0-0 libdbus-1-3 \
	libfontconfig1 libfreetype6 libx11-xcb1 libxkbcommon0 libxkbcommon-x11-0 libxcb-cursor0 \
	libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-render0 \
	libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xkb1 \
	fonts-dejavu-core
# Each opens windows of its own; more than four only share the same cores and memory.
TEST_WORKERS ?= $(shell $(PYTHON) -c 'import os; print(max(1, min(4, os.cpu_count() or 1)))')
# What Python compiles is kept, else each of the many processes that tests start does it again.
TEST_ENVIRONMENT = env -u PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint types layers unit screenshots bench bench-compare system clean

demo: $(VENV)/ready-all
	$(BIN)/celltrack demo

# The types take one core for long: the tests begin beside them.
test:
	$(MAKE) --jobs=2 lint types layers unit

lint: $(VENV)/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready-test
	$(BIN)/mypy

layers: $(VENV)/ready-test
	$(BIN)/lint-imports

unit: $(VENV)/ready-test system
	tools/with_display $(TEST_ENVIRONMENT) $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal

screenshots: $(VENV)/ready-test system
	tools/with_display $(BIN)/python docs/screenshots.py

bench: $(VENV)/ready-test system
	$(BIN)/python benchmarks/bench.py

bench-compare: $(VENV)/ready-test system
	$(BIN)/python benchmarks/bench.py --compare benchmarks/table.json

system:
	tools/install_system_packages $(SYSTEM_PACKAGES)

$(VENV)/bin/python:
	tools/make_venv $(PYTHON) $(VENV)

$(VENV)/ready-all: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	touch $@

$(VENV)/ready-test: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build dist celltrack-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
