# Everything a fresh machine needs is python3 with pip and venv, git and make.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# pgspot pins an old parser, so the checkers of SQL live apart.
CHECKERS := .venv-check/.ready
# A process for each core, each with a server of its own.
PYTEST_ARGS ?= -n auto

.DEFAULT_GOAL := help
.PHONY: help demo test check migration freeze drift docs soak mutants bench screenshots clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(READY): pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

$(CHECKERS): Makefile
	python3 -m venv .venv-check
	.venv-check/bin/python -m pip install --quiet --disable-pip-version-check 'squawk-cli>=2.30,<3' 'pgspot>=0.9,<1'
	@touch $@

demo: $(READY) ## Import a sample community, run it live and show it on a web page
	$(BIN)/ttfd demo

test: $(READY) ## Run the tests on an embedded PostgreSQL
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(READY) $(CHECKERS) ## Lint, check types, SQL, and that generated files are up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/make_migration.py --check
	$(BIN)/python tools/async_to_sync.py --check
	$(BIN)/python tools/check_sql.py

migration: $(READY) ## Write the generated files anew: migrations from sql/, sync modules from async ones
	$(BIN)/python tools/make_migration.py
	$(BIN)/python tools/async_to_sync.py

freeze: $(READY) ## At a release, from 1.0 on: freeze the migrations as they are
	$(BIN)/python tools/freeze.py

drift: $(READY) ## Say what in the database of DATABASE_URL is not as the migrations make it
	$(BIN)/ttfd migrate --drift

docs: $(READY) ## Write docs/functions.md and docs/errors.md from the catalog
	$(BIN)/python tools/make_docs.py

soak: $(READY) ## Kill, cut, fill and restore for 10 minutes (SOAK_ARGS="--minutes 1", or --full)
	$(BIN)/python tools/soak.py $(SOAK_ARGS)

mutants: $(READY) ## Break each guard and see that a test notices
	$(BIN)/python tools/mutate.py

bench: $(READY) ## Measure, beside its peers (BENCH_ARGS=--quick for a rough look)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m bench $(BENCH_ARGS)

screenshots: $(READY) ## Write a picture of every page of the website, phone and desktop, to build/screenshots
	$(BIN)/python tools/screenshots.py build/screenshots

clean: ## Stop the embedded PostgreSQL and remove what make has made; what else is in .ttfd stays
	@if [ -x $(BIN)/ttfd ]; then $(BIN)/ttfd pg stop || true; $(BIN)/ttfd demo --remove || true; fi
	rm -rf $(VENV) .venv-check .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
