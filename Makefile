# make run    set up, run the default study, build its report     (STUDY=studies/cifar10.yaml runs another)
# make plan   print what is to train, and what it will cost where trainings were timed
# make audit  check the finished study: nothing changed, and every number follows from its artifacts
# make test   set up, run all tests
# make test-conda  set up, run a small study with --use-conda in environments of a local channel (docs/conda.md)
# make test-slurm  set up, run a small study on a throw-away SLURM (docs/your-cluster.md)
# make lint   set up, check style, types and workflow

PYTHON ?= python3.11
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
SLURM_VENV := .venv-slurm
STUDY ?= config.yaml
NAME = $(shell sed -n "s/^study:[ \"']*\([a-z0-9_-]*\).*/\1/p" $(STUDY))
REPORTS = reports/$(NAME)
# Trainings that may run at once where there are GPUs; without one, cores are the limit.
MEMBERS_PER_GPU ?= 1
GPUS := $(shell nvidia-smi --list-gpus 2>/dev/null | wc -l)
LIMITS = $(if $(filter-out 0,$(GPUS)),--resources gpu=$(shell echo $$(($(GPUS) * $(MEMBERS_PER_GPU)))))
SNAKEMAKE = PATH=$(BIN):$$PATH snakemake --workflow-profile workflow/profiles/default $(LIMITS) --configfile $(STUDY)

.PHONY: run report plan audit dry-run test test-conda test-slurm lint setup

# The study file is checked first: Snakemake loads it before the workflow can say what is wrong with it.
# Then data sets made before are prepared alone: Snakemake plans all at once, and would run again what uses data that may
# turn out the same.
run: setup
	@PATH=$(BIN):$$PATH python workflow/scripts/plan_study.py --check $(STUDY)
	@[ ! -d results/$(NAME) ] || $(SNAKEMAKE) --quiet all --cores all prepared
	@$(SNAKEMAKE)
	@$(MAKE) --no-print-directory report

# Built again only where a notebook is newer.
report: setup
	@if [ ! -f $(REPORTS)/report.html ] || [ -n "$$(find $(REPORTS) -name '*.html' -newer $(REPORTS)/report.html)" ]; then \
		PATH=$(BIN):$$PATH snakemake --cores 1 --quiet all --report $(REPORTS)/report.html --configfile $(STUDY); fi
	@echo "The report is $(CURDIR)/$(REPORTS)/report.html; its notebooks and figures are in $(REPORTS)/*/."

plan: setup
	@PATH=$(BIN):$$PATH python workflow/scripts/plan_study.py $(STUDY)

audit: setup
	@PATH=$(BIN):$$PATH python workflow/scripts/audit_study.py $(STUDY)

dry-run: setup
	@$(SNAKEMAKE) --dry-run --quiet rules

test: setup
	@PATH=$(BIN):$$PATH python -m pytest tests -n 2 --dist loadfile

test-conda: setup
	@PATH=$(BIN):$$PATH python -m pytest tests/conda/check_conda.py -rs

test-slurm: $(SLURM_VENV)/.ready
	@PATH=$(BIN):$$PATH $(SLURM_VENV)/bin/python -m pytest tests/slurm/check_slurm.py tests/slurm/check_packing.py -rs

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

# The SLURM plugin stays out of the first environment: where no controller answers, it adds seconds to every start of Snakemake.
$(SLURM_VENV)/.ready: $(VENV)/.ready requirements-slurm.txt
	$(BIN)/python -m venv $(SLURM_VENV)
	$(BIN)/python -c "import site; print(*site.getsitepackages(), '$(CURDIR)/workflow/executors', sep='\n')" > $$(echo $(SLURM_VENV)/lib/python*/site-packages)/base.pth
	$(SLURM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-slurm.txt
	@touch $@
