# make run    set up, run the default study, build its report     (STUDY=studies/cifar10.yaml runs another)
# make plan   print what is to train, and what it will cost where trainings were timed
# make lists  write which files are hardest, most suspect, flagged as label noise, dropped or added by each plan, to lists/
# make audit  check the finished study: nothing changed, and every number follows from its artifacts
# make test   set up, run all tests
# make test-fast   set up, run those that start no other program, in under a minute
# make test-conda  set up, run a small study with --use-conda in environments of a local channel (docs/conda.md)
# make test-slurm  set up, run a small study on a throw-away SLURM (docs/your-cluster.md)
# make lint   set up, check style, types and workflow

PYTHON ?= python3.11
VENV := .venv
SLURM_VENV := .venv-slurm
STUDY ?= config.yaml
# Paths reach the shell through the environment: there a space, a quote or a dollar in them is nothing special.
override STUDY := $(value STUDY)
export STUDY
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# The environment is whole: a user's own packages and settings of Python have no say.
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE
export PYTHONNOUSERSITE := 1
export PYTHONUTF8 := 1
# Modules, not scripts: pip writes the place of the environment into the first line of a script, and a clone may be moved.
# -P keeps files beside the study from standing in for modules of the same name.
RUN := python -P -m
# Trainings that may run at once where there are GPUs; without one, cores are the limit.
MEMBERS_PER_GPU ?= 1
GPUS := $(shell nvidia-smi --list-gpus 2>/dev/null | wc -l)
LIMITS = $(if $(filter-out 0,$(GPUS)),--resources gpu=$(shell echo $$(($(GPUS) * $(MEMBERS_PER_GPU)))))
SNAKEMAKE = $(RUN) snakemake --workflow-profile workflow/profiles/default $(LIMITS) --configfile "$$STUDY"

.PHONY: run report plan audit lists dry-run test test-fast test-conda test-slurm lint setup

# The study file is checked first: Snakemake loads it before the workflow can say what is wrong with it.
# Where there are results, data and plans are made first: Snakemake plans all at once, and would train again on those that may
# turn out the same. Where no plan can be made, the run says why and makes the rest.
run: setup
	@name="$$(python workflow/scripts/plan_study.py --name "$$STUDY")" || exit 1; \
	[ ! -d "results/$$name" ] || { $(SNAKEMAKE) --quiet all --cores all prepared && { $(SNAKEMAKE) --quiet all --cores all planned || true; }; }
	@$(SNAKEMAKE)
	@$(MAKE) --no-print-directory report

# Built again only where a notebook is newer.
report: setup
	@reports="reports/$$(python workflow/scripts/plan_study.py --name "$$STUDY")"; \
	if [ ! -f "$$reports/report.html" ] || [ -n "$$(find "$$reports" -name '*.html' -newer "$$reports/report.html")" ]; then \
		$(RUN) snakemake --cores 1 --quiet all --report "$$reports/report.html" --configfile "$$STUDY" || exit 1; fi; \
	echo "The report is $$PWD/$$reports/report.html; its notebooks and figures are in $$reports/*/."

plan: setup
	@python workflow/scripts/plan_study.py "$$STUDY"

audit: setup
	@python workflow/scripts/audit_study.py "$$STUDY"

lists: setup
	@python workflow/scripts/write_lists.py "$$STUDY"

dry-run: setup
	@$(SNAKEMAKE) --dry-run --quiet rules

test: setup
	@python -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

test-fast: setup
	@python -m pytest tests -n 2 --fast

test-conda: setup
	@python -m pytest tests/conda/check_conda.py -rs

test-slurm: $(SLURM_VENV)/.ready
	@$(SLURM_VENV)/bin/python -m pytest tests/slurm/check_slurm.py tests/slurm/check_packing.py -rs

lint: setup
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) snakefmt --check Snakefile workflow/rules
	@$(RUN) snakemake --lint

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.lock
	@touch $@

# The SLURM plugin stays out of the first environment: where no controller answers, it adds seconds to every start of Snakemake.
# What it borrows it finds by relative paths, so that the clone may be moved.
$(SLURM_VENV)/.ready: $(VENV)/.ready requirements-slurm.txt
	$(VENV)/bin/python -m venv $(SLURM_VENV)
	for site in $(SLURM_VENV)/lib/python*/site-packages; do \
		printf '%s\n' "../../../../$(VENV)/lib/$$(basename "$$(dirname "$$site")")/site-packages" ../../../../workflow/executors > "$$site/base.pth"; done
	$(SLURM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements-slurm.txt
	@touch $@
