# Two commands: `make demo` looks at the sample photos, bare and masked, `make test` runs the tests.
VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin
# Extra groups that the tests are to cover: `make test TRAIN=1` installs torch (5.5 GB) too.
TRAIN ?=
# Processes that run the tests, of one thread each; each test may ask for more.
WORKERS ?= 2
SINGLE = MASQUERADE_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.PHONY: install demo test lint ruff mypy imports lock clean

install: $(VENV)/.base

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(VENV)/bin/python pyproject.toml requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.test: $(VENV)/.base requirements/test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	touch $@

$(VENV)/.train: $(VENV)/.test requirements/train.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements/train.txt
	touch $@

demo: install
	rm -rf demo/masked
	$(BIN)/masquerade mask samples demo/masked --worn any --seed 4
	$(BIN)/masquerade look samples demo/masked/images --save demo/pictures --report demo/report.html

test: $(if $(TRAIN),$(VENV)/.train,$(VENV)/.test)
	$(MAKE) --no-print-directory --jobs=2 lint
	$(BIN)/python -m pytest -m alone
	$(SINGLE) $(BIN)/python -m pytest -m "not alone" -n $(WORKERS) --dist worksteal --cov --cov-report=term:skip-covered \
		--cov-fail-under=$(if $(TRAIN),90,80)

lint: mypy ruff imports

ruff: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

mypy: $(VENV)/.test
	$(BIN)/mypy

imports: $(VENV)/.test
	$(BIN)/lint-imports

# Write the lock files anew from pyproject.toml.
lock: $(VENV)/bin/python
	sh tools/lock.sh $(BIN)/python

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
