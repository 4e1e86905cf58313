# Everything here works on a fresh clone: `.venv` is made on first use from requirements.lock (Python 3.11 or newer).
# `make` alone prints what there is. To choose an interpreter: `make distclean`, then `make test PYTHON=python3.13`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PYTHON

BIN := .venv/bin
TREES = $(wildcard src tests tools bench)
# Rooms that decide and never do: every branch has its test.
PURE := src/outwait/core/*,src/outwait/policy/*,src/outwait/diagnosis/*,src/outwait/dialects/*,src/outwait/plan/*,$\
	src/outwait/exchange/machine.py,src/outwait/exchange/inputs.py,src/outwait/exchange/effects.py,$\
	src/outwait/exchange/phase.py,src/outwait/exchange/timeline.py,src/outwait/exchange/turns.py
FUZZ_SECONDS ?= 60

.PHONY: help demo test check check-static unit fmt lint types cov bench routing docs conformance faults kills mutants fuzz lock clean distclean

help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/.stamp: requirements.lock pyproject.toml tools/bootstrap
	@tools/bootstrap
	@touch $@

demo: .venv/.stamp ## a silent model, a proxy that cuts silence, and outwait in between: watch it hold (under a minute)
	@$(BIN)/outwait demo

test: .venv/.stamp ## every test, with real nginx, HAProxy and SDKs (fetched when they can be, else those tests skip)
	@tools/test-needs
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: check-static unit ## what to run before every commit: style, types, import arrows, unit tests (under a minute)

check-static: lint types ## the part of `check` that runs no code of ours

unit: .venv/.stamp ## the fast tests alone
	@tools/unit

fmt: .venv/.stamp ## put the code in order
	@$(BIN)/ruff check --fix-only --quiet $(TREES)
	@$(BIN)/ruff format $(TREES)

lint: .venv/.stamp ## style and import arrows
	@$(BIN)/ruff check $(TREES)
	@$(BIN)/ruff format --check $(TREES)
	@$(BIN)/lint-imports --no-logo

types: .venv/.stamp ## mypy, strict
	@$(BIN)/mypy $(TREES)

cov: .venv/.stamp ## branch coverage of the whole suite; the pure rooms must have all of it
	@tools/test-needs
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage html --quiet
	@$(BIN)/coverage report
	@$(BIN)/coverage report --include='$(PURE)' --fail-under=100

bench: .venv/.stamp ## ratios against nginx, in interleaved runs (writes docs/benchmarks.md; ARGS="--only w1")
	@tools/test-needs
	@$(BIN)/python -m bench --write-docs $(ARGS)

routing: .venv/.stamp ## channels in trouble, replayed in virtual time (writes docs/routing.md)
	@$(BIN)/python -m bench.routing --write-docs --check $(ARGS)

docs: .venv/.stamp ## check what the docs say: links, files, commands, options, targets
	@$(BIN)/python -m pytest -q tests/test_docs.py tests/test_docs_tables.py tests/test_docs_dialects.py tests/test_docs_limits.py

conformance: .venv/.stamp ## every SDK against every upstream behind nginx and HAProxy (minutes; writes docs/conformance.md)
	@tools/test-needs
	@$(BIN)/python -m tests.conformance --write-docs $(ARGS)

faults: .venv/.stamp ## every fault in every phase, on real sockets (writes docs/faults.md)
	@$(BIN)/python -m tests.faults --write-docs $(ARGS)

kills: .venv/.stamp ## 500 workers killed at random moments under load (half an hour)
	@$(BIN)/python tests/faults/kills.py --kills 500 $(ARGS)

mutants: .venv/.stamp ## change the machine in many small ways; a change no test notices is bad news
	@$(BIN)/python tools/mutate.py

fuzz: .venv/.stamp ## feed garbage to the wire, FUZZ_SECONDS (60) for each target of tests/fuzz
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/fuzz/requirements.lock
	@for target in tests/fuzz/fuzz_*.py; do \
		echo "$$target"; $(BIN)/python "$$target" -max_total_time=$(FUZZ_SECONDS); done

lock: .venv/.stamp ## resolve the dependencies anew and write requirements.lock (hashes, no addresses)
	@tools/lock

clean: ## remove what runs leave behind
	@rm -rf .coverage .coverage.* htmlcov dist mutants .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## also remove .venv and .tools
	@rm -rf .venv .tools
