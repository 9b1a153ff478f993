# make run    set up, run the default study, build its report     (STUDY=studies/cifar10.yaml runs another)
# make test   set up, run all tests
# make lint   set up, check style, types and workflow

PYTHON ?= python3.11
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
STUDY ?= config.yaml
NAME = $(shell sed -n "s/^study:[ \"']*\([a-z0-9_-]*\).*/\1/p" $(STUDY))
REPORTS = reports/$(NAME)
SNAKEMAKE = PATH=$(BIN):$$PATH snakemake --workflow-profile workflow/profiles/default --configfile $(STUDY)

.PHONY: run report dry-run test lint setup

run: setup
	@$(SNAKEMAKE)
	@$(MAKE) --no-print-directory report

# Built again only where a notebook is newer.
report: setup
	@if [ ! -f $(REPORTS)/report.html ] || [ -n "$$(find $(REPORTS) -name '*.html' -newer $(REPORTS)/report.html)" ]; then \
		PATH=$(BIN):$$PATH snakemake --cores 1 --quiet all --report $(REPORTS)/report.html --configfile $(STUDY); fi
	@echo "The report is $(CURDIR)/$(REPORTS)/report.html; its notebooks and figures are in $(REPORTS)/*/."

dry-run: setup
	@$(SNAKEMAKE) --dry-run --quiet rules

test: setup
	@PATH=$(BIN):$$PATH python -m pytest tests -n 2 --dist loadfile

lint: setup
	@PATH=$(BIN):$$PATH ruff check .
	@PATH=$(BIN):$$PATH ruff format --check .
	@PATH=$(BIN):$$PATH mypy
	@PATH=$(BIN):$$PATH snakefmt --check Snakefile workflow/rules
	@PATH=$(BIN):$$PATH snakemake --lint

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@
