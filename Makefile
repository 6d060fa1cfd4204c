# The only set-up there is: `make demo` on a fresh machine, `make test` before a commit. `make` alone lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
JOBS := 2
# Which tests: make test TESTS="tests/test_signal.py -k saturated"
TESTS :=

# System packages that some tests use; without them those tests are skipped with the reason.
TEST_PACKAGES := xvfb fonts-dejavu-core libdbus-1-3 libegl1 libfontconfig1 libgl1 libgl1-mesa-dri libglib2.0-0 \
	libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxkbcommon-x11-0

.PHONY: help demo gui test lint format docs bench clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

$(BIN)/python:
	@.ci/make-venv $(VENV)

# One stamp for each set of libraries, renewed when what is asked for has changed.
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing blotquant into $(VENV)"
	@$(PIP) -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing blotquant and what its tests need into $(VENV)"
	@$(PIP) -e ".[test,test-napari]"
	@touch $(VENV)/.installed $@

$(VENV)/.installed-gui: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing blotquant and napari into $(VENV)"
	@$(PIP) -e ".[napari]"
	@touch $(VENV)/.installed $@

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing blotquant and what its documentation needs into $(VENV)"
	@$(PIP) -e ".[docs]"
	@touch $(VENV)/.installed $@

demo: $(VENV)/.installed ## set up, measure the test images and a whole simulated study, say where the report is
	@$(BIN)/blotquant run test_images/study -o demo-results/test-images --overwrite
	@$(BIN)/blotquant demo -o demo-results
	@echo "report: $(CURDIR)/demo-results/results/report.html"

test: $(VENV)/.installed-test ## every check and every test; the counts come last
	@[ -z "$(TEST_PACKAGES)" ] || .ci/system-packages $(TEST_PACKAGES) || echo "going on without them"
	@$(MAKE) --no-print-directory --keep-going lint; lint=$$?; \
	[ $$lint = 0 ] || echo "lint failed (see above): the run fails even if every test passes"; \
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS) && [ $$lint = 0 ]

lint: lint-style lint-format lint-types ## style, format, types
.PHONY: lint-style lint-format lint-types
lint-style: $(VENV)/.installed-test
	@$(BIN)/ruff check .
lint-format: $(VENV)/.installed-test
	@$(BIN)/ruff format --check .
lint-types: $(VENV)/.installed-test
	@$(BIN)/mypy

format: $(VENV)/.installed-test ## put the code in order
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

gui: $(VENV)/.installed-gui ## the window, on the test images
	@$(BIN)/blotquant view test_images/study

docs: $(VENV)/.installed-docs ## the documentation, into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site
	@echo "documentation: $(CURDIR)/site/index.html"

bench: $(VENV)/.installed-test ## speed, memory and accuracy, each benchmark checking its answers
	@for script in tests/benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean: ## remove what the targets above made
	rm -rf $(VENV) site dist demo-results .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
