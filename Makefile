# Each target is enough by itself on a fresh machine with make and Python 3.13, as root and as an ordinary user.
# `make` alone says what there is.

.DEFAULT_GOAL := help
.PHONY: help env dev run demo test test-long check bench agent lock pages news clean
.SUFFIXES:
SHELL := /bin/sh

PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest -p no:cacheprovider

# make hands variables to its commands; these are ours or the shell's own and would mean something else there.
unexport SECONDS ONLY ARGS VERSION ARCH

# These count only where they stand on make's own command line: others have variables of these names.
DEMO_SECONDS := $(if $(findstring command line,$(origin SECONDS)),--seconds $(SECONDS))
AGENT_FOR := $(if $(findstring command line,$(origin ARCH)),$(addprefix --arch=,$(ARCH)))
BENCH_ONLY := $(if $(ONLY),--only $(ONLY))

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-10s %s\n", $$1, $$2 }'

env: ## make .venv and find or install PostgreSQL's server binaries; afterwards .venv/bin/tipd is the program
	@scripts/env.sh runtime
	@scripts/postgres.sh

dev:
	@scripts/env.sh dev

run: env ## set everything up and run the daemon (ARGS="--config FILE …")
	@exec .venv/bin/tipd run $(ARGS)

demo: env ## the daemon against a miniature Internet on loopback (SECONDS=30 ends by itself)
	@exec $(PYTHON) -m demo $(DEMO_SECONDS) $(ARGS)

test: dev ## all tests but the long hunts (ARGS="-k name")
	@scripts/postgres.sh
	@# where one is missing and cannot be installed, the tests that need it fail and say how to install it
	@scripts/chromium.sh >/dev/null || true
	@scripts/program.sh zsh fish systemd-analyze strace 7z || true
	@scripts/test.sh $(ARGS)

test-long: dev ## the long hunts: kill -9 at random moments, fuzzing by the hour
	@scripts/postgres.sh
	@$(PYTEST) -m long $(ARGS)

check: dev ## style, types, who may import whom, and the house rules
	@scripts/check.sh

bench: dev ## benchmarks, as ratios in one run (ONLY=a,b)
	@scripts/postgres.sh
	@$(PYTHON) scripts/bench.py $(BENCH_ONLY) $(ARGS)

agent: ## build dist/tipd-agent, one file for mail hosts (ARCH="x86_64 aarch64")
	@scripts/env.sh runtime
	@$(PYTHON) scripts/agent.py $(AGENT_FOR) $(ARGS)

lock: ## renew the hash-locked requirements (ARGS=--upgrade takes newer versions)
	@scripts/lock.sh $(ARGS)

pages: dev ## write the generated reference pages
	@$(PYTHON) scripts/pages.py

news: dev ## show the next entry of the changelog (VERSION=1.2.3 writes it)
	@$(PYTHON) -m towncrier build $(if $(VERSION),--yes --version $(VERSION),--draft --version next)

clean: ## remove the environment and what the tools left (no state of the daemon)
	@rm -rf .venv .deps build dist tipd.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
