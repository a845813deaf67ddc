# One entry for everything a contributor or CI does. `make` lists the targets.
# The rest is in make/: cloud (build, deploy, template checks), openapi (the OpenAPI file), proof (second opinions),
# endurance (long runs), bench (measurements), docs (the documentation site), release (releases).

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-builtin-rules
.DELETE_ON_ERROR:

PYTHON ?= python3
PORT   ?= 8080
DATA   ?= .data
# Arguments handed on to pytest: make test ARGS="-k names -x"
ARGS   ?=
# Processes that run tests beside each other: one more than two cores have, since many wait for the emulator;
# 0 is the one of pytest itself, for a debugger.
WORKERS ?= 3

VENV    := .venv
BIN     := $(VENV)/bin
UV      := $(BIN)/uv
TOOLS   := .tools
SETUP   := $(VENV)/.stamp
EMULATOR := $(TOOLS)/emulator/.stamp
SAM     := $(TOOLS)/sam/.stamp
AWSCLI  := $(TOOLS)/awscli/.stamp
CHECKOV := $(TOOLS)/checkov/.stamp

# The import roots, for the tools that do not read them from pyproject.toml.
export PYTHONPATH := $(CURDIR):$(CURDIR)/layers/artifact_store:$(CURDIR)/functions:$(CURDIR)/client/src

# What `make check` runs; those in make/ add theirs.
CHECKS := lint types imports secrets dependencies

include make/*.mk

##@ Use
.PHONY: run
run: $(SETUP) $(EMULATOR) ## Serve the API on this machine (PORT=8080 DATA=.data)
	@exec $(BIN)/python -m local --port $(PORT) --data-dir $(DATA)

.PHONY: demo
demo: $(SETUP) $(EMULATOR) ## Run an ADK agent that saves and loads real files through the API
	@$(BIN)/python examples/demo.py

##@ Work
.PHONY: setup
setup: $(SETUP) $(EMULATOR) ## Make .venv and the emulator's venv

.PHONY: test
test: $(SETUP) $(EMULATOR) ## Unit and integration tests with coverage (ARGS= for pytest)
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -m "not e2e and not browser" -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(ARGS)

.PHONY: unit
unit: $(SETUP) ## Unit tests only, no emulator (ARGS= for pytest)
	$(BIN)/python -m pytest tests/unit $(ARGS)

.PHONY: account
account: $(SETUP) ## The service straight on S3, on an account's bucket (RUN_INTEGRATION_TESTS=1 S3_TEST_BUCKET=…)
	@test "$${RUN_INTEGRATION_TESTS:-}" = 1 -a -n "$${S3_TEST_BUCKET:-}" \
	  || { echo "RUN_INTEGRATION_TESTS=1 and S3_TEST_BUCKET say that, and where, artifacts may be saved and deleted." >&2; exit 2; }
	$(BIN)/python -m pytest -k "direct_on_account or test_direct" tests/conformance tests/integration/client/test_direct.py $(ARGS)

# Debian's Chromium; other machines bring their own Chromium or Chrome.
.PHONY: browser
browser: $(SETUP) $(EMULATOR) ## Look at ADK's page with our artifacts in Chromium (PICTURES=docs/pictures for the docs')
	@command -v chromium google-chrome chromium-browser >/dev/null || { echo "Installing Chromium (about 100 MB, once)…"; \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium >/dev/null; }
	$(BIN)/python -m pytest -m browser tests/browser $(ARGS)

.PHONY: check
check: $(CHECKS) ## Everything that is checked without running the code

.PHONY: lint
lint: $(SETUP) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(SETUP) ## mypy, strict
	$(BIN)/mypy

.PHONY: imports
imports: $(SETUP) ## Which package may import which
	$(BIN)/lint-imports

# Detectors of what merely looks random are off: digests and made-up ids are everywhere. AWS's own examples are no secrets.
.PHONY: secrets
secrets: $(SETUP) ## No key, token or password in what is committed
	@git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --disable-plugin HexHighEntropyString \
	  --disable-plugin Base64HighEntropyString --disable-plugin KeywordDetector --exclude-secrets '(EXAMPLE|^hunter2|^password)$$'

.PHONY: dependencies
dependencies: $(SETUP) ## What is installed fits together
	@$(UV) pip check --quiet --python $(BIN)/python

.PHONY: format
format: $(SETUP) ## Apply ruff's fixes and format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

##@ Keep
# UPGRADE=1 takes newer versions; without it only what a changed group demands moves.
# $(call compile,LOCK,OPTIONS): a lock that comes out the same keeps its time, so that nothing is installed again.
define compile
@echo "Locking $(1)…"
@cp -p $(1) $(1).before
@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  $(if $(UPGRADE),--upgrade) $(2) -o $(1)
@! cmp -s $(1) $(1).before || touch -r $(1).before $(1)
@rm $(1).before
endef

.PHONY: lock
lock: $(UV) ## Compile pyproject's dependency groups into requirements/ (UPGRADE=1 for newer versions)
	$(call compile,requirements/bootstrap.txt,--group bootstrap)
	$(call compile,requirements/dev.txt,--group dev)
	$(call compile,requirements/emulator.txt,--group emulator)
	$(call compile,requirements/sam.txt,--group sam)
	$(call compile,requirements/seaweedfs.txt,--group seaweedfs)
	$(call compile,requirements/checkov.txt,--group checkov)
	$(call compile,requirements/workflows.txt,--group workflows)
	$(call compile,requirements/awscli.txt,--group awscli)
	$(call compile,requirements/bench.txt,--group bench)
	$(call compile,requirements/awslambdaric.txt,--group awslambdaric)
	$(call compile,requirements/cfn-lint-serverless.txt,--group cfn-lint-serverless --no-deps)
	$(call compile,layers/runtime/requirements.txt,--group functions -c requirements/dev.txt)

.PHONY: clean
clean: ## Remove what was built and cached (the venvs too)
	rm -rf $(VENV) $(TOOLS) .aws-sam dist client/dist .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9_-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ------------------------------------------------------------------------------- the venvs, made when a lock changes
# A stamp is touched last, so a broken installation is made again.

$(UV): requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Use: make PYTHON=python3.12 …" >&2; exit 1; }
	@test -x $(BIN)/pip || echo "Making $(VENV) with $$($(PYTHON) --version)…"
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV) \
	  || { echo "This Python cannot make a venv. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(SETUP): requirements/dev.txt $(wildcard client/pyproject.toml) | $(UV)
	@echo "Installing the libraries and tools into $(VENV) (about 300 MB, once)…"
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@if [ -f client/pyproject.toml ]; then \
	  $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable client; fi
	@touch $@

# $(call tool_venv,NAME,WHAT): a venv of its own from requirements/NAME.txt. (ministack's botocore pin holds
# only if everything is installed in one command.)
define tool_venv
@echo "Installing $(2)…"
@$(UV) venv --quiet --clear --python $(BIN)/python $(TOOLS)/$(1)
@$(UV) pip install --quiet --python $(TOOLS)/$(1)/bin/python --require-hashes -r requirements/$(1).txt
@touch $@
endef

$(EMULATOR): requirements/emulator.txt | $(UV)
	$(call tool_venv,emulator,the AWS emulator (about 80 MB, once))

$(SAM): requirements/sam.txt | $(UV)
	$(call tool_venv,sam,the SAM CLI (about 340 MB, once))

$(AWSCLI): requirements/awscli.txt | $(UV)
	$(call tool_venv,awscli,the AWS CLI (about 110 MB, once))

$(CHECKOV): requirements/checkov.txt | $(UV)
	$(call tool_venv,checkov,checkov (about 250 MB, once))
