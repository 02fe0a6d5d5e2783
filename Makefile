# Everything a developer types. `make setup` needs a network once; afterwards nothing here does.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/installed
# One process more than two cores have: tests wait for servers. Servers are started once a process.
PARALLEL := --numprocesses 3 --dist worksteal
# Tests start Python by the hundred: each start must find its modules compiled, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-long chaos screenshots lint bench

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(INSTALLED) ## the environment in .venv, with strongroom in it

$(INSTALLED): requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'Strongroom needs Python 3.11 or later, and $(or $(PYTHON),none of those found) is not. Name one: make setup PYTHON=/path/to/python3' >&2; \
		exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## archive a simulated day and prove it (CONVERSATIONS=300 SEED=1 DAY=yesterday)
	$(BIN)/python -m embedded demo

up: setup ## the same stack with the Legal desk, left running until Ctrl-C
	$(BIN)/python -m embedded up

test: setup ## the tests, in under ten minutes
	$(BIN)/pytest -m 'not long' $(PARALLEL)

test-long: setup ## the tests that take longer
	$(BIN)/pytest -m long --numprocesses 2 --dist loadfile

screenshots: setup ## the pictures of docs/legal-desk.md and docs/runbook.md
	DESK_SCREENSHOTS=$(CURDIR)/docs/desk $(BIN)/pytest -m long tests/desk/browser/test_browser_screenshots.py
	DESK_SCREENSHOTS=$(CURDIR)/docs/desk $(BIN)/pytest tests/desk/browser/test_browser_operations.py

chaos: setup ## nights of 2,000 conversations under a thousand kills, judged (CHAOS="--seeds 3 --kills 50"); about an hour
	cd tests && PYTHONPATH=.. ../$(BIN)/python -m chaos $(CHAOS)

lint: setup ## format, rules, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## the benches: var/bench/NAME.json
	$(BIN)/python -m bench
