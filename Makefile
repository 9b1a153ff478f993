# make run    set up, run the default study, build its pages and report     (STUDY=studies/cifar10.yaml runs another)
#             IMAGES=<folder or .zip> looks at your own images, writes a study for them (studies/own/) and runs it
# make look IMAGES=...   the first part of it: say what there is, write the study file, say how long it will take
# make plan   print what is to train, and what it will cost where trainings were timed
# make lists  write which files are hardest, most suspect, flagged as label noise, dropped or added by each plan, to lists/
# make audit  check the finished study: nothing changed, and every number follows from its artifacts
# make ledger STUDIES="config.yaml studies/..."   judge several finished studies together: ledger/index.html and ledger/claims.csv
# make pack   write a finished study as one archive (FILE=..., <study>.tar.gz if left out; PICTURES=no leaves images out)
# make unpack FILE=...   put such an archive into this clone, ready for make audit and, with the pictures, make run
# make test   set up, run all tests
# make test-fast   set up, run those that start no other program and damage no files, in 75 seconds
# make test-conda  set up, run a small study with --use-conda in environments of a local channel (docs/conda.md)
# make test-slurm  set up, run a small study on a throw-away SLURM (docs/your-cluster.md)
# make test-browser  set up, look at the start page and chapters in a headless Chromium of this machine, by axe-core from npm
# make lint   set up, check style, types and workflow

# The first that there is: the pins of requirements.lock have builds for each.
PYTHON ?= $(or $(shell for version in 3.11 3.12 3.13; do python$$version -c "" 2>/dev/null && echo python$$version && break; done),python3.11)
VENV := .venv
SLURM_VENV := .venv-slurm
BROWSER_VENV := .venv-browser
AXE := 4.11.4
STUDY ?= config.yaml
# Paths reach the shell through the environment: there a space, a quote or a dollar in them is nothing special.
override STUDY := $(value STUDY)
export STUDY
override IMAGES := $(value IMAGES)
export IMAGES
override FILE := $(value FILE)
export FILE
PICTURES ?= yes
override STUDIES := $(value STUDIES)
export STUDIES
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

.PHONY: run look report plan audit lists ledger pack unpack dry-run test test-fast test-conda test-slurm test-browser lint setup

# A user's own images: the study file is written where there is none. Networks on the images as they are come first, since
# their hardness says which offset resampling needs; the images before them, since only their content tells who trains again.
ifneq ($(IMAGES),)
run: setup
	@study="$$(python workflow/scripts/describe_images.py "$$IMAGES")" && \
	tables="$$(python workflow/scripts/settle_offset.py --tables "$$study")" && \
	{ [ -z "$$tables" ] || { STUDY="$$study"; $(SNAKEMAKE) --cores all prepared && $(SNAKEMAKE) --cores all $$tables; }; } && \
	python workflow/scripts/settle_offset.py "$$study" && \
	$(MAKE) --no-print-directory run IMAGES= STUDY="$$study"
else
# The study file is checked first: Snakemake loads it before the workflow can say what is wrong with it.
# Where there are results, data and plans are made first: Snakemake plans all at once, and would train again on those that may
# turn out the same. Where no plan can be made, the run says why and makes the rest. What fails without a word is run again aloud.
run: setup
	@name="$$(python workflow/scripts/plan_study.py --name "$$STUDY")" || exit 1; \
	[ ! -d "results/$$name" ] || { { $(SNAKEMAKE) --quiet all --cores all prepared || $(SNAKEMAKE) --cores all prepared; } && \
	{ $(SNAKEMAKE) --quiet all --cores all planned || true; }; }
	@$(SNAKEMAKE)
	@$(MAKE) --no-print-directory report
endif

look: setup
	@python workflow/scripts/describe_images.py "$$IMAGES"

# Built again only where a notebook is newer.
report: setup
	@name="$$(python workflow/scripts/plan_study.py --name "$$STUDY")" || exit 1; reports="reports/$$name"; \
	[ -f "$$reports/index.html" ] || { echo "error: $$reports has no index.html: run \`make run STUDY=$$STUDY\` first" >&2; exit 1; }; \
	if [ ! -f "$$reports/report.html" ] || [ -n "$$(find "$$reports" -name '*.html' -newer "$$reports/report.html")" ]; then \
		set -- snakemake --cores 1 --report "$$reports/report.html" --configfile "$$STUDY"; \
		$(RUN) "$$@" --quiet all || $(RUN) "$$@" || exit 1; fi; \
	echo "Begin with $$PWD/$$reports/index.html: what the study answers."; \
	echo "The report is $$PWD/$$reports/report.html; its notebooks and figures are in $$reports/*/."

plan: setup
	@python workflow/scripts/plan_study.py "$$STUDY"

audit: setup
	@python workflow/scripts/audit_study.py "$$STUDY"

lists: setup
	@python workflow/scripts/write_lists.py "$$STUDY"

# Words of the shell: a study file has no space in its name here.
ledger: setup
	@python workflow/scripts/judge_studies.py $${STUDIES:-"$$STUDY"}

pack: setup
	@python workflow/scripts/pack_study.py "$$STUDY" --pictures $(PICTURES) $(if $(FILE),--file="$$FILE")

unpack: setup
	@python workflow/scripts/pack_study.py --unpack="$$FILE"

dry-run: setup
	@python workflow/scripts/plan_study.py --name "$$STUDY" >/dev/null
	@$(SNAKEMAKE) --dry-run --quiet rules

# Two processes with a thread each: threads of linear algebra that wait for one another stand still on a busy machine.
test test-fast: export OMP_NUM_THREADS := 1

test: setup
	@python -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

test-fast: setup
	@python -m pytest tests -n 2 --fast

test-conda: setup
	@python -m pytest tests/conda/check_conda.py -rs

test-slurm: $(SLURM_VENV)/.ready
	@$(SLURM_VENV)/bin/python -m pytest tests/slurm/check_slurm.py tests/slurm/check_packing.py -rs

test-browser: $(BROWSER_VENV)/.ready
	@$(BROWSER_VENV)/bin/python -m pytest tests/browser/check_browser.py -rs

lint: setup
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) snakefmt --check Snakefile workflow/rules
	@$(RUN) snakemake --lint

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@

# The SLURM plugin stays out of the first environment: where no controller answers, it adds seconds to every start of Snakemake.
# What it borrows it finds by relative paths, so that the clone may be moved.
$(SLURM_VENV)/.ready: $(VENV)/.ready requirements-slurm.txt
	$(VENV)/bin/python -m venv $(SLURM_VENV)
	for site in $(SLURM_VENV)/lib/python*/site-packages; do \
		printf '%s\n' "../../../../$(VENV)/lib/$$(basename "$$(dirname "$$site")")/site-packages" ../../../../workflow/executors > "$$site/base.pth"; done
	$(SLURM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-slurm.txt
	@touch $@

# Chapters are written by nbconvert's templates, which it finds in its environment. Without npm, or its registry, the tests say what
# they lack.
$(BROWSER_VENV)/.ready: $(VENV)/.ready tests/browser/requirements.txt
	$(VENV)/bin/python -m venv $(BROWSER_VENV)
	for site in $(BROWSER_VENV)/lib/python*/site-packages; do \
		printf '%s\n' "../../../../$(VENV)/lib/$$(basename "$$(dirname "$$site")")/site-packages" > "$$site/base.pth"; done
	ln -sfn ../$(VENV)/share $(BROWSER_VENV)/share
	$(BROWSER_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/browser/requirements.txt
	cd $(BROWSER_VENV) && npm pack --silent axe-core@$(AXE) && tar -xzf axe-core-$(AXE).tgz --strip-components 1 package/axe.min.js || true
	@[ ! -f $(BROWSER_VENV)/axe.min.js ] || touch $@
