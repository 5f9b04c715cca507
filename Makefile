# make demo   install loralint as a user would and run it on the project of issue 1678
# make test   run the tests
# make lint   run every static check, loralint on its own code among them
# make test-lowest  the promises of verification with the lowest versions that pyproject.toml allows
# make clean  remove what the above made
#
# Another Python, side by side: make test PYTHON=python3.13 VENV=.venv-3.13
#
# The tests of `loralint verify` load models. What they need is installed, torch for the CPU only;
# where PyTorch has no such build for a Python they are skipped and say so, except on 3.11, where
# that is an error. RUNTIME=yes makes it one everywhere, RUNTIME=no does without.

PYTHON ?= python3
VENV ?= .venv
DEMO_VENV ?= .venv-demo
LOWEST_VENV ?= .venv-lowest
PYTEST_ARGS ?= -n auto --maxprocesses 4
RUNTIME ?= $(if $(filter 3.11,$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')),yes,auto)
# Without its own index pip takes the build for CUDA, several gigabytes, on Linux. That index is
# asked for nothing else.
TORCH := torch==2.13.0
CPU := $(if $(filter Linux,$(shell uname)),+cpu)
TORCH_INDEX := --extra-index-url https://download.pytorch.org/whl/cpu --retries 1
STATIC := '.[dev]'
EVERYTHING := '.[dev,runtime,models]'

export PIP_DISABLE_PIP_VERSION_CHECK = 1

BIN := $(VENV)/bin
DEMO := examples/phi-2
SOURCES := $(shell find loralint -name '*.py' 2>/dev/null)

# $(call venv,FOLDER): a virtual environment with a working pip; a half-made one is made again.
venv = $(1)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(1)

.PHONY: help demo test test-lowest lint clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# make/make/p' Makefile

$(VENV)/.installed: pyproject.toml
	@$(call venv,$(VENV))
	@packages=$(STATIC); \
	if [ $(RUNTIME) != no ]; then \
		if $(BIN)/python -m pip install --quiet $(TORCH)$(CPU) $(TORCH_INDEX); then packages=$(EVERYTHING); \
		elif [ $(RUNTIME) = yes ]; then \
			$(BIN)/python -m pip install --quiet $(TORCH) || exit 1; packages=$(EVERYTHING); \
		else echo 'No CPU build of PyTorch for this Python: the tests that load models are skipped.' >&2; fi; \
	fi; \
	$(BIN)/python -m pip install --quiet --editable "$$packages"
	@touch $@

$(DEMO_VENV)/.installed: pyproject.toml $(SOURCES)
	@$(call venv,$(DEMO_VENV))
	$(DEMO_VENV)/bin/python -m pip install --quiet .
	@touch $@

# Findings are what the demo is for: anything but exit status 1 with a revision mismatch fails.
demo: $(DEMO_VENV)/.installed
	@echo '$$ loralint check $(DEMO)'
	@status=0; \
	report=$$($(DEMO_VENV)/bin/loralint check $(DEMO)) || status=$$?; \
	printf '%s\n' "$$report"; \
	if [ $$status -ne 1 ]; then \
		echo "make demo: loralint ended with $$status, 1 (findings) was expected" >&2; exit 1; \
	fi; \
	case "$$report" in \
		*LOR201*|*revision-mismatch*) ;; \
		*) echo 'make demo: the revision mismatch of $(DEMO) was not found' >&2; exit 1;; \
	esac; \
	echo; echo 'These are the findings that $(DEMO) is there to show: see $(DEMO)/README.md.'

test: $(VENV)/.installed
	runtime=optional; if [ $(RUNTIME) != no ] && $(BIN)/python -c 'import torch' 2>/dev/null; then runtime=required; fi; \
	LORALINT_TEST_RUNTIME=$$runtime $(BIN)/python -m pytest $(PYTEST_ARGS)

# torch is that of the other tests: low ones have no build for the CPU where pip looks.
$(LOWEST_VENV)/.installed: pyproject.toml tools/lowest.py
	@$(call venv,$(LOWEST_VENV))
	$(LOWEST_VENV)/bin/python -m pip install --quiet $(TORCH)$(CPU) $(TORCH_INDEX)
	$(LOWEST_VENV)/bin/python -m pip install --quiet --editable . 'pytest>=8.2' 'hypothesis>=6.100' \
		$$($(LOWEST_VENV)/bin/python tools/lowest.py runtime | grep -v ';')
	@touch $@

test-lowest: $(LOWEST_VENV)/.installed
	LORALINT_TEST_RUNTIME=required $(LOWEST_VENV)/bin/python -m pytest tests/verify/test_lowest.py

lint: $(VENV)/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/doors.py
	$(BIN)/loralint check loralint

clean:
	rm -rf $(VENV) $(DEMO_VENV) $(LOWEST_VENV) build dist .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .loralint_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
