# One room for every command. `make` alone prints this help.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# The distribution's interpreter first: it is an optimised build (PGO, LTO), which a home-built one often isn't,
# and pure Python runs 1.15 to 1.65 times faster on it.
PYTHON ?= $(shell for p in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
UV := .venvs/uv/bin/uv
UV_OPTIONS := --quiet --python-preference only-system
DATA ?= ./data

help:  ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venvs/uv/bin/uv:
	@[ -n "$(PYTHON)" ] || { echo "ringwall needs Python 3.11 or newer: install it, or name it with make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv .venvs/uv >/dev/null 2>&1 || { rm -rf .venvs/uv; scripts/system-packages venv; $(PYTHON) -m venv .venvs/uv; }
	@.venvs/uv/bin/pip install --quiet --disable-pip-version-check -r requirements/uv.txt

# An environment with exactly what a lock names: $(call environment,directory,lock)
define environment
	@echo "setting up $(1)" >&2
	@$(UV) venv $(UV_OPTIONS) --clear --python $(PYTHON) $(1)
	@$(UV) pip sync $(UV_OPTIONS) --python $(1)/bin/python $(2)
endef

$(BIN)/.ready: pyproject.toml requirements/dev.txt | $(UV)
	$(call environment,$(VENV),requirements/dev.txt)
	@$(UV) pip install $(UV_OPTIONS) --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# The aws CLI and the peers pin their own botocore, so each lives in an environment of its own.
.venvs/%/.ready: requirements/%.txt | $(UV)
	$(call environment,.venvs/$*,$<)
	@touch $@

setup: $(BIN)/.ready  ## make .venv with the locked dependencies and .venv/bin/ringwall

awscli: .venvs/awscli/.ready  ## the real aws CLI, in .venvs/awscli

system:  ## what the tests need of the system (nft, ip, conntrack), where this is root with apt
	@scripts/system-packages test

CLIENTS := ansible libcloud custodian prowler
clients: $(CLIENTS:%=.venvs/%/.ready) .venvs/javascript/.ready  ## other people's clients, as `make test-clients` drives them
	@scripts/system-packages clients

.venvs/javascript/.ready: tests/clients/programs/javascript/package-lock.json
	@scripts/system-packages javascript
	@echo "setting up .venvs/javascript" >&2
	@mkdir -p $(@D) && cp $(<D)/package.json $(<D)/package-lock.json $(@D)/
	@cd $(@D) && npm ci --silent --no-audit --no-fund
	@touch $@

run: setup  ## start the server on ./data, ready for `aws`
	@$(BIN)/ringwall serve --data $(DATA)

demo: setup awscli system  ## prove the whole story with real parts (root, Linux, at most 60 s)
	@$(BIN)/python scripts/demo.py

test: setup awscli system check  ## format, lint, types, imports and all tests but the slow ones
	$(BIN)/python -m pytest -m "not slow and not clients"

test-clients: setup awscli clients  ## other people's clients, unmodified, against a real server
	$(BIN)/python -m pytest tests/clients -m clients --timeout 600

test-slow: setup awscli system  ## the tests that take minutes: kill -9 under load and the like
	$(BIN)/python -m pytest -m "slow and not deep" --timeout 1800

test-deep: setup system  ## the data plane a million times over: random worlds, packets and paths; takes long
	$(BIN)/python -m pytest -m deep --timeout 7200

check: setup lint types imports  ## everything that reads the code without running it

fmt: setup  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup  ## format and lint, as a check; public names have docstrings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/interrogate --quiet src/ringwall

types: setup  ## mypy, strict
	$(BIN)/mypy

imports: setup  ## the layers, as docs/ARCHITECTURE.md draws them
	$(BIN)/lint-imports --no-cache

golden: setup  ## write the golden files anew; read the diff before you commit it
	RINGWALL_GOLDEN=write $(BIN)/python -m pytest tests/compiler tests/operations -m "not slow" -k golden

generate: setup  ## write the wire tables anew from the locked botocore
	$(BIN)/python scripts/generate_shapes.py
	$(BIN)/python scripts/generate_cli_model.py
	$(BIN)/python scripts/generate_partitions.py

docs: setup  ## write docs/reference/operations.md, the generated parts of docs/reference.md and docs/man anew
	$(BIN)/python scripts/generate_operations.py
	$(BIN)/python scripts/generate_reference.py
	$(BIN)/python scripts/generate_man.py

FUZZ_SECONDS ?= 60
fuzz: .venvs/fuzz/.ready  ## coverage-guided fuzzing of the whole route for FUZZ_SECONDS (default 60); what fails lies in .fuzz
	@mkdir -p .fuzz/corpus
	PYTHONPATH=src .venvs/fuzz/bin/python tests/fuzz/coverage_guided.py .fuzz/corpus \
		-max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=4096 -artifact_prefix=.fuzz/

bench: setup .venvs/peers/.ready system  ## speed, as ratios within one run; results for docs/BENCHMARKS.md
	$(BIN)/python -m bench

bench-dataplane: setup system  ## speed of the data plane beside its peers (root); SHORT=1: a few minutes
	@scripts/system-packages peers
	$(BIN)/python -m bench.dataplane $(if $(SHORT),--short)

lock: $(UV)  ## write the locked requirements anew
	@scripts/lock

.PHONY: help setup awscli clients system run demo test test-clients test-slow test-deep check fmt lint types imports golden generate docs fuzz bench bench-dataplane lock
