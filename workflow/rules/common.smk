"""The only functions of the workflow: what the rules look up."""

import hashlib
import json
import os
import shlex
import shutil
import sys
import time
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError


def own_folder():
    """Return this workflow's folder: not the outermost Snakefile's, which may be another that takes this one as a module."""
    here = workflow.current_basedir
    if hasattr(here, "__fspath__"):
        return Path(here).parents[1]
    # A module from a repository: Snakemake fetches single files of it, while scripts need their package beside them.
    import git

    repository = getattr(here, "hosted_repo", None)
    repository = repository.repo if repository else git.Repo(here.repo_path)
    commit = repository.commit(here.ref).hexsha
    unpacked = Path(".snakemake/hbr").absolute()
    stamp = unpacked / ".commit"
    if not stamp.is_file() or stamp.read_text() != commit:
        unpacked.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=unpacked.parent) as folder:
            packed, fresh = Path(folder) / "packed.tar", Path(folder) / "fresh"
            with packed.open("wb") as stream:
                repository.archive(stream, commit)
            with tarfile.open(packed) as archive:
                archive.extractall(fresh, filter="data")
            (fresh / stamp.name).write_text(commit)
            shutil.rmtree(unpacked, ignore_errors=True)
            fresh.rename(unpacked)
    return unpacked / Path(here.path).parents[1]


OWN_FOLDER = own_folder()
SCRIPTS = OWN_FOLDER / "workflow/scripts"
sys.path.insert(0, str(SCRIPTS))

from hbr.study.claims.tables import tables_of_claims
from hbr.conditions.names import (
    BASELINE,
    THRESHOLD,
    alpha_text,
    condition_rows,
    conditions_of,
    contrasts_of,
    hardness_runs,
    least_classes,
    least_samples,
    plan_inputs,
    plan_modules,
    plan_spec,
    needs_control,
    runs_of,
    source_of,
    tracked_conditions,
)
from hbr.conditions.noise import rule_of
from hbr.conditions.pools import pools_of
from hbr.study.configuration import check_file, check_meaning, check_shape
from hbr.data.archives import ARCHIVES
from hbr.study.presence import (
    expand_paths,
    fingerprint_of_arrays,
    present_sources,
    source_fingerprint,
)
from hbr.data.folds import PLANTED_SHARE
from hbr.analysis.prepared_references import PEOPLE
from hbr.data.references import fingerprint_of_reference
from hbr.errors import StudyError
from hbr.hardness.estimators import estimator_of_study
from hbr.study.offsets import offset_by
from hbr.study.modules import (
    check_plugins,
    plugin_files,
    plugin_folder,
    plugin_folders,
    source_files,
)
from hbr.study.setting import setting_of
from hbr.study.start_page.tables import start_page_setting, tables_of_start_page
from hbr.study.studies import SCHEMA, check_data
from hbr.study.surroundings import forget_settings
from hbr.study.unfinished import told_of
from hbr.training.networks import builder_of, is_whitened
from hbr.study.reported import chapter_title, reported_figures
from hbr.study.pools import pools_of_dataset
from hbr.study.references import (
    has_ground_truth,
    known_noise,
    labels_of_dataset,
    references_of_dataset,
)
from hbr.study.scored import TRAIN, ScoredSet, scored_sets
from hbr.study.labellings import GIVEN, PLANTED, outcomes_of_runs
from hbr.study.suspects import fold_runs, labellings
from hbr.study.timers import cancel_timers
from hbr.training.recipe import Recipe
from hbr.training.settings import network_settings

# Jobs inherit it.
forget_settings(os.environ)


STARTED = time.time()
# Those of the command line, or those of a Snakefile that takes this workflow as a module and gives it its config.
STUDY_FILES = [Path(path) for path in workflow.configfiles or ["config.yaml"]]
PLUGIN_FOLDERS = plugin_folders(STUDY_FILES)

try:
    for path in STUDY_FILES:
        check_file(path)
except StudyError as error:
    raise WorkflowError(f"The config is refused. {error}") from None

# Study files are whole: --configfile replaces config.yaml, it does not overlay it.
if not workflow.config_settings.configfiles:

    configfile: "config.yaml"


try:
    check_shape(config, yaml.safe_load(SCHEMA.read_text()))
    validate(config, str(SCHEMA))
    check_meaning(config)
    expand_paths(config)
    check_data(config)
    check_plugins(config, PLUGIN_FOLDERS)
    # A job's own process is no place to refuse: what it writes anew is deleted by then.
    FINGERPRINTS = (
        present_sources(config) if workflow.exec_mode.name == "DEFAULT" else {}
    )
except StudyError as error:
    raise WorkflowError(f"The config is refused. {error}") from None

CHAPTERS = [
    "baseline",
    "hardness",
    "robustness",
    *(["noise"] if config["noise"]["rules"] else []),
    *(["suspects"] if config["suspects"]["folds"] else []),
    *(["ground_truth"] if has_ground_truth(config) else []),
    *(["allocation", "effect"] if config["resampling"]["strategies"] else []),
    *(["pools"] if pools_of(config) else []),
    *(["placebos"] if config["placebos"]["kinds"] else []),
    *(["limited"] if config["limited"]["rates"] else []),
    *(
        ["precision"]
        if config["resampling"]["strategies"] or config["limited"]["rates"]
        else []
    ),
    *(["pruning"] if config["pruning"]["rates"] else []),
    "gap_and_accuracy",
]


FIGURES = reported_figures(OWN_FOLDER / "workflow/report/figures")


def more_figures(chapter):
    """Return what draws the figures of a chapter that its notebook does not, by name."""
    return {
        figure.name: figure.draws
        for figure in FIGURES
        if figure.chapter == chapter and figure.draws
    }


def pages_of(chapter):
    """Return by name what the rule of a chapter writes, its page and its figures as SVG and PNG with titles and captions."""
    title = chapter_title(OWN_FOLDER / f"workflow/notebooks/{chapter}.py")
    place = f"{CHAPTERS.index(chapter) + 1} " if chapter in CHAPTERS else ""
    pages = {
        "html": report(
            f"<reports>/{{dataset}}/{chapter}.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={"data set": "{dataset}", "notebook": place + title},
        )
    }
    for figure in FIGURES:
        if figure.chapter == chapter:
            path = f"<reports>/{{dataset}}/figures/{figure.name}"
            pages[figure.name] = report(
                f"{path}.svg",
                caption=f"../report/figures/{chapter}/{figure.name}.rst",
                category="Figures",
                labels={"data set": "{dataset}", "figure": figure.label},
            )
            pages[f"{figure.name}_png"] = f"{path}.png"
    return pages


def sources(script, plugin=None, notebook=None, modules=(), data=()):
    """Return a script and the modules it runs; a user's own function, a notebook and ``modules`` that are loaded by name add their files and their modules, ``data`` are files that are no code."""
    files = [*source_files(SCRIPTS / script, SCRIPTS)]
    if notebook:
        files += source_files(OWN_FOLDER / notebook, SCRIPTS)
        drawn = more_figures(Path(notebook).stem).values()
        modules = [*modules, *(draws.partition(":")[0] for draws in drawn)]
    for module in modules:
        files += plugin_files(module, (SCRIPTS,), SCRIPTS)
    if plugin and ":" in plugin:
        files += plugin_files(plugin.partition(":")[0], PLUGIN_FOLDERS, SCRIPTS)
    files += [OWN_FOLDER / path for path in data]
    # Relative, so that a clone elsewhere finds the inputs unchanged.
    return list(dict.fromkeys(map(os.path.relpath, files)))


def digest(script, **more):
    """Return a SHA-256 of a rule's sources, for its params.

    Snakemake compares inputs by content only where they are newer than the results: by inputs alone it would miss
    a module edited while the job ran, and one unpacked with an old date.
    """
    contents = hashlib.sha256()
    for path in map(Path, sources(script, **more)):
        contents.update(path.read_bytes() if path.is_file() else b"")
    return contents.hexdigest()


def flags(**settings):
    """Return a function that writes settings as one text of flags.

    Snakemake compares the values of a rule's params as a set, without their names: were they params of their own,
    epochs raised from 4 to 32 would go unseen where width is 4 and batch_size 32.
    """

    def write_flags(wildcards):
        values = {
            name: value(wildcards) if callable(value) else value
            for name, value in settings.items()
        }
        return " ".join(
            f"--{name.replace('_', '-')}={shlex.quote(plain(value))}"
            for name, value in values.items()
        )

    return write_flags


def plain(value):
    """Return a value as text: 1.0 is written 1, as YAML may."""
    return alpha_text(value) if isinstance(value, float) else str(value)


def plugins(plugin):
    """Return a function that looks up the folder of a user's own function, empty where that is the one run from."""

    def find_folder(wildcards):
        name, colon, _ = plugin(wildcards).partition(":")
        folder = plugin_folder(name, PLUGIN_FOLDERS) if colon else None
        return os.path.relpath(folder) if folder not in (None, Path()) else ""

    return find_folder


def source(path):
    """Return one file of the workflow, relative to the working directory."""
    return os.path.relpath(OWN_FOLDER / path)


def dataset_key(key, default=""):
    """Return a function that looks a key of the data set up."""
    return lambda wildcards: config["datasets"][wildcards.dataset].get(key, default)


def recipe_of(wildcards):
    """Return the data set's recipe as one JSON text."""
    name = config["datasets"][wildcards.dataset]["recipe"]
    return Recipe.of(config["recipes"][name]).text


def is_mirrored(wildcards):
    """Return 1 where networks are trained on mirror images, which then mean the same, 0 elsewhere."""
    return int(Recipe.read(recipe_of(wildcards)).flip)


def network_builder(wildcards):
    """Return the module:function that builds the data set's network."""
    return builder_of(config["datasets"][wildcards.dataset]["network"])


def whitening_of_network(wildcards):
    """Return the filters of the data set's images where its network needs them."""
    needed = is_whitened(config["datasets"][wildcards.dataset]["network"])
    return "<results>/{dataset}/whitening.npz" if needed else []


def whitening_of_fold(wildcards):
    """Return the filters of the images that a fold is trained on, where the network needs them."""
    folder = "<results>/{dataset}/folds/{condition}/variant{variant}"
    return f"{folder}/whitening.npz" if whitening_of_network(wildcards) else []


def share_to_plant(wildcards):
    """Return the share of labels that folds change on purpose: none of the labels as given."""
    return PLANTED_SHARE if wildcards.condition == PLANTED else 0.0


def files_of_folds(labelling, file):
    """Return one file of every training without a fold."""
    return [
        f"<results>/{{dataset}}/folds/{labelling}/variant{fold}/member{member}/{file}"
        for fold, member in fold_runs(config)
    ]


def estimator_method(wildcards):
    """Return the estimator's method: its own name where it is built in."""
    estimators = config["hardness"]["estimators"]
    return estimators[wildcards.estimator].get("method", wildcards.estimator)


def estimator_text(wildcards):
    """Return all settings of an estimator as one JSON text."""
    return estimator_of_study(config, wildcards.estimator).text


def offset_of_estimator(wildcards):
    """Return what is added to the class hardness of an estimator."""
    return offset_by(config, wildcards.estimator)


def dynamics_of(condition, runs, dataset="{dataset}"):
    """Return the dynamics of some runs of a condition."""
    return [
        f"<results>/{dataset}/members/{condition}/variant{variant}/member{member}/dynamics.npz"
        for variant, member in runs
    ]


def dynamics_of_source(wildcards):
    """Return the dynamics that an estimator reads."""
    source = source_of(config, wildcards.estimator)
    return dynamics_of(source, hardness_runs(config, source), wildcards.dataset)


def all_dynamics_of_source(wildcards):
    """Return the dynamics of every training of the condition that an estimator reads."""
    source = source_of(config, wildcards.estimator)
    return dynamics_of(source, runs_of(config, source), wildcards.dataset)


def plan_of_source(wildcards):
    """Return the plan of the trainings that an estimator reads; that of a denoised condition is the same in all variants."""
    source = source_of(config, wildcards.estimator)
    variant = hardness_runs(config, source)[0][0]
    return f"<results>/{wildcards.dataset}/plans/{source}/variant{variant}/plan.parquet"


def numbers_of_source(wildcards):
    """Return the numbers of the members that an estimator reads: the baseline's own, or 1, 2, 3 ..."""
    source = source_of(config, wildcards.estimator)
    runs = hardness_runs(config, source)
    return [
        member if source == BASELINE else place
        for place, (_, member) in enumerate(runs, 1)
    ]


def control_of_base(wildcards):
    """Return the control of a base: its samples as they are."""
    return next(
        condition
        for condition in CONDITIONS.values()
        if condition.kind == "control" and condition.base.name == wildcards.base
    )


def plan_of_base(wildcards):
    """Return the plan of the trainings of one variant of a base."""
    control = control_of_base(wildcards).name
    return f"<results>/{wildcards.dataset}/plans/{control}/variant{wildcards.variant}/plan.parquet"


def members_of_base(wildcards):
    """Return the numbers of the members that were trained on one variant of a base."""
    return list(control_of_base(wildcards).members)


def dynamics_of_base(wildcards):
    """Return the dynamics of the trainings on one variant of a base."""
    runs = [(wildcards.variant, member) for member in members_of_base(wildcards)]
    return dynamics_of(control_of_base(wildcards).name, runs, wildcards.dataset)


def noise_rule(wildcards):
    """Return the rule of label noise."""
    return rule_of(**config["noise"]["rules"][wildcards.noise_rule])


def threshold_runs(wildcards):
    """Return the trainings with threshold samples, for the rule that looks at them."""
    needed = noise_rule(wildcards).needs_threshold_samples
    return runs_of(config, THRESHOLD) if needed else []


def threshold_variants(wildcards):
    """Return the variant of each training with threshold samples."""
    return [variant for variant, _ in threshold_runs(wildcards)]


def threshold_plans(wildcards):
    """Return the plans with threshold samples, none for a rule that does not look at them."""
    return [
        f"<results>/{wildcards.dataset}/plans/threshold/variant{variant}/plan.parquet"
        for variant in dict.fromkeys(threshold_variants(wildcards))
    ]


def threshold_dynamics(wildcards):
    """Return the dynamics of the trainings with threshold samples."""
    return dynamics_of(THRESHOLD, threshold_runs(wildcards), wildcards.dataset)


def archive_files(wildcards):
    """Return the files a data set is made of, apart from folders of images."""
    dataset = config["datasets"][wildcards.dataset]
    if dataset["source"] == "arrays":
        return [dataset["file"]]
    if dataset["source"] == "torchvision":
        return [
            f"<resources>/{archive.filename}" for archive in ARCHIVES[dataset["name"]]
        ]
    return []


def archive_key(key):
    """Return a function that looks a key up in the first data set that uses an archive and has it."""

    def lookup_archive(wildcards):
        for dataset in config["datasets"].values():
            archives = ARCHIVES.get(dataset.get("name"), ())
            names = [archive.filename for archive in archives]
            if wildcards.archive in names and dataset.get(key):
                return dataset[key]
        return ""

    return lookup_archive


def data_fingerprint(wildcards):
    """Return a digest of a folder's names and sizes, or of the checksums inside an .npz: dates must not decide."""
    name = wildcards.dataset
    return FINGERPRINTS.get(name) or source_fingerprint(config["datasets"][name])


LABELS = {name: labels_of_dataset(keys) for name, keys in config["datasets"].items()}


def labels_file(wildcards):
    """Return the file with the labels that a data set is trained on instead of its own, if any."""
    labels = LABELS[wildcards.dataset]
    return labels.file if labels else []


def labels_fingerprint(wildcards):
    """Return a digest of that file, empty without one."""
    labels = LABELS[wildcards.dataset]
    return fingerprint_of_reference(Path(labels.file)) if labels else ""


CONDITIONS = conditions_of(config)


# The conditions whose gaps are traced over the epochs: the baseline, and all that is compared.
TRACED = list(
    dict.fromkeys(
        [BASELINE, *(name for pair in contrasts_of(config) for name in pair[:2])]
    )
)


# The allocation that says which classes are hard, where the study groups them.
GROUPING = (
    f"<results>/{{dataset}}/allocations/{config['resampling']['estimators'][0]}/alpha0.csv"
    if needs_control(config)
    else []
)


def published_networks(wildcards):
    """Return the class recalls of the published networks that a data set names."""
    return [
        f"<results>/{wildcards.dataset}/references/{name}.csv"
        for name, keys in REFERENCES[wildcards.dataset].items()
        if keys.kind == "predictions"
    ]


def of_kinds(*kinds, section="resampling"):
    """Return the conditions of some kinds that are on the bases of a section, in the study's order."""
    return [
        name
        for name, condition in CONDITIONS.items()
        if condition.kind in kinds and condition.base.section == section
    ]


def condition_of(wildcards):
    """Return the condition that a file is asked for of."""
    if wildcards.condition not in CONDITIONS:
        raise WorkflowError(
            f"{wildcards.condition} is no condition of this study; it has {', '.join(CONDITIONS)}"
        )
    return CONDITIONS[wildcards.condition]


def plan_sources(wildcards):
    """Return the code that makes a plan: that of its kind, its base and its strategy, and of no other."""
    return sources(
        "plan_condition.py", modules=plan_modules(config, condition_of(wildcards))
    )


def plan_digest(wildcards):
    """Return a digest of the code that makes a plan."""
    return digest(
        "plan_condition.py", modules=plan_modules(config, condition_of(wildcards))
    )


def plan_files(wildcards):
    """Return what a plan is made of beside the prepared data."""
    files = plan_inputs(config, condition_of(wildcards)).values()
    return [f"<results>/{wildcards.dataset}/{file}" for file in files]


def members_of(file):
    """Return a function that lists one file of every member of a condition."""

    def list_members(wildcards):
        where = f"<results>/{wildcards.dataset}/members/{wildcards.condition}"
        return [
            f"{where}/variant{variant}/member{member}/{file}"
            for variant, member in condition_of(wildcards).runs
        ]

    return list_members


def all_runs():
    """Return variant and member of every training of a data set, by condition, or by the labels that folds are trained with."""
    runs = {name: condition.runs for name, condition in CONDITIONS.items()}
    return runs | {labelling: fold_runs(config) for labelling in labellings(config)}


def all_outcomes(wildcards):
    """Return the outcomes of every training of the study."""
    return [
        path
        for dataset in config["datasets"]
        for path in outcomes_of_runs(f"<results>/{dataset}", all_runs())
    ]


def plans_of_all(wildcards):
    """Return every plan of the study."""
    return [
        f"<results>/{dataset}/plans/{name}/variant{variant}/plan.parquet"
        for dataset in config["datasets"]
        for name, condition in CONDITIONS.items()
        for variant in condition.variants
    ]


TRACKED = tracked_conditions(config)


def keep_dynamics(wildcards):
    """Return what a training keeps: every epoch where hardness is estimated from it, else sums."""
    return "epochs" if wildcards.condition in TRACKED else "sums"


SCORED = {name: scored_sets(keys) for name, keys in config["datasets"].items()}


def keep_weights(wildcards):
    """Return whether a training keeps its weights: where it keeps every epoch, and where a scored set asks all to."""
    sets = SCORED[wildcards.dataset].values()
    asked = any(scored.conditions == "all" for scored in sets)
    return "yes" if asked or keep_dynamics(wildcards) == "epochs" else "no"


POOLS = {name: pools_of_dataset(keys) for name, keys in config["datasets"].items()}


def pool_keys(wildcards):
    """Return what the study says of a pool."""
    return POOLS[wildcards.dataset][wildcards.pool]


def pool_key(key, default=""):
    """Return a function that looks a key of a pool up."""
    return lambda wildcards: config["datasets"][wildcards.dataset]["pools"][
        wildcards.pool
    ].get(key, default)


def pool_fingerprint(wildcards):
    """Return a digest of a pool's images, empty for one that the workflow makes."""
    return source_fingerprint(
        config["datasets"][wildcards.dataset]["pools"][wildcards.pool]
    )


REFERENCES = {
    name: references_of_dataset(keys) for name, keys in config["datasets"].items()
}


def reference_of(wildcards):
    """Return what the study says of a reference."""
    known = REFERENCES[wildcards.dataset]
    if wildcards.reference not in known:
        raise WorkflowError(
            f"{wildcards.reference} is no reference of {wildcards.dataset}; it has {', '.join(known) or 'none'}"
        )
    return known[wildcards.reference]


def people(part):
    """Return a function that names the references of a data set that are people's votes or labels of one part."""

    def named(wildcards):
        return [
            name
            for name, keys in REFERENCES[wildcards.dataset].items()
            if keys.kind in PEOPLE and keys.part == part
        ]

    return named


def prepared_references(names):
    """Return a function that lists the prepared files of named references."""

    def files(wildcards):
        return [
            f"<results>/{wildcards.dataset}/references/{name}.npz"
            for name in names(wildcards)
        ]

    return files


def references_named(wildcards):
    """Return the names of all references of a data set."""
    return list(REFERENCES[wildcards.dataset])


def told_of_references(wildcards):
    """Return licence and citation of each reference of a data set, as JSON."""
    told = REFERENCES[wildcards.dataset].items()
    return json.dumps(
        {
            name: {"licence": keys.licence, "citation": keys.citation}
            for name, keys in told
        }
    )


def every_plan():
    """Return condition and variant of every plan of a data set."""
    return [
        (name, variant)
        for name, condition in CONDITIONS.items()
        for variant in condition.variants
    ]


def scored_set(wildcards):
    """Return a scored set; a pool is one, and beside pools training images are, which no study need name."""
    if wildcards.images in POOLS[wildcards.dataset]:
        return ScoredSet()
    if wildcards.images == TRAIN:
        return ScoredSet(array="train_images")
    return SCORED[wildcards.dataset][wildcards.images]


def users_images(wildcards):
    """Return the user's file of a scored set, nothing where it is the workflow's own."""
    return scored_set(wildcards).file or []


def own_images(wildcards):
    """Return the workflow's own file of a scored set, nothing where it is a user's."""
    if wildcards.images in POOLS[wildcards.dataset]:
        return "<results>/{dataset}/pools/{images}/pool.npz"
    return [] if scored_set(wildcards).file else "<results>/{dataset}/dataset.npz"


def array_to_score(wildcards):
    """Return the array of the file of a scored set that holds the images."""
    return scored_set(wildcards).array


def fingerprint_to_score(wildcards):
    """Return a digest of the user's file of a scored set; what is the workflow's own has its own."""
    file = scored_set(wildcards).file
    return fingerprint_of_arrays(Path(file)) if file else ""


def scores_of_members(wildcards, images):
    """Return what each network that hardness is averaged over says of a pool, or of the training images."""
    home = f"<results>/{wildcards.dataset}/members/{BASELINE}"
    return [
        f"{home}/variant{variant}/member{member}/scores/{images}.npz"
        for variant, member in hardness_runs(config, BASELINE)
    ]


def scores_of_dataset(wildcards):
    """Return what the networks of a data set say of its scored sets."""
    return [
        f"<results>/{wildcards.dataset}/members/{condition}/variant{variant}/member{member}/scores/{name}.npz"
        for name, scored in SCORED[wildcards.dataset].items()
        for condition in (CONDITIONS if scored.conditions == "all" else [BASELINE])
        for variant, member in CONDITIONS[condition].runs
    ]


def allocated():
    """Return the estimators that allocate: without strategies only the control is, by the first."""
    estimators = config["resampling"]["estimators"]
    return estimators if config["resampling"]["strategies"] else estimators[:1]


def allocations_shown(wildcards):
    """Return the allocations of the study, the control's first."""
    alphas = (
        config["resampling"]["alphas"] if config["resampling"]["strategies"] else []
    )
    return collect(
        "<results>/{dataset}/allocations/{estimator}/alpha{alpha}.csv",
        dataset=wildcards.dataset,
        estimator=allocated(),
        alpha=[0, *map(alpha_text, alphas)],
    )


def base_allocations(wildcards):
    """Return the allocations by hardness of each base at the first alpha, none where only the baseline's is taken."""
    alpha = alpha_text(config["limited"]["alphas"][0])
    return [
        f"<results>/{wildcards.dataset}/allocations/{condition.allocation}/{condition.base.name}/variant{variant}/alpha{alpha}.csv"
        for condition in CONDITIONS.values()
        if condition.base.section == "limited" and condition.name in TRACKED
        for variant in condition.variants
    ]


def reviews(datasets):
    """Return the reviews of the allocations of some data sets, none for a study without a control."""
    return [
        f"<results>/{dataset}/allocations/review.csv"
        for dataset in (datasets if needs_control(config) else [])
    ]


def claims_tables(wildcards):
    """Return everything that claims are judged by, of all data sets."""
    tables = tables_of_claims(config)
    return [
        f"<results>/{dataset}/{table}"
        for dataset in config["datasets"]
        for table in tables
    ]


def start_page_tables(wildcards):
    """Return everything that the start page is made of, of all data sets."""
    tables = tables_of_start_page(config)
    return [
        f"<results>/{dataset}/{table}"
        for dataset in config["datasets"]
        for table in tables
    ]


def start_page_templates():
    """Return the templates of the start page, that of the page and that of the report's opening first."""
    names = ("page.html", "opening.html", "parts.html", "style.css")
    return [f"workflow/report/start_page/{name}" for name in names]


def chapter_titles():
    """Return the title of each chapter by its name."""
    folder = OWN_FOLDER / "workflow/notebooks"
    return {chapter: chapter_title(folder / f"{chapter}.py") for chapter in CHAPTERS}


def stability_tables(table):
    """Return one table of the stability of every estimator."""
    return collect(
        "<results>/{{dataset}}/stability/{estimator}/{table}.csv",
        estimator=config["hardness"]["estimators"],
        table=table,
    )


def named_inputs(input):
    """Return a notebook's inputs by name; code is not for notebooks."""
    return {
        name: value if isinstance(value, str) else list(value)
        for name in input.keys()
        if name not in ("code", "notebook")
        for value in [input.get(name)]
    }


def notebook_inputs(wildcards, input):
    """Return a notebook's inputs as JSON."""
    return json.dumps(named_inputs(input))


def rows_of_kinds(*kinds):
    """Return what the conditions of some kinds are and are called."""
    shown = of_kinds(*kinds)
    return [row for row in condition_rows(config) if row["condition"] in shown]


def allocation_inputs(wildcards, input):
    """Return the inputs of the chapter on allocations, and what it says of the conditions that it shows, no others."""
    rows = rows_of_kinds("control", "resampled")
    return json.dumps(named_inputs(input) | {"conditions": rows})
