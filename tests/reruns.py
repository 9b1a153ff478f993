"""Changes to finished studies, what each makes Snakemake do, and the page that says so."""

import copy
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml
from conftest import ROOT, Study
from forked import Job, snakemake_forked

from hbr.study.studies import SCHEMA as SCHEMA_FILE
from hbr.training.recipe import Recipe

SCRIPTS = ROOT / "workflow/scripts"
# In the order of the workflow.
RULES = [
    rule
    for file in re.findall(r'^include: "(.+)"$', (ROOT / "Snakefile").read_text(), flags=re.MULTILINE)
    for rule in re.findall(r"^(?:use rule \w+ as|rule) (\w+)", (ROOT / file).read_text(), flags=re.MULTILINE)
]
PAGES = [rule for rule in RULES if rule.startswith("render_")]
SCHEMA = yaml.safe_load(SCHEMA_FILE.read_text())
Change = Callable[[Study], None]


@dataclass(frozen=True)
class Case:
    """One change to one finished study."""

    label: str
    change: Change
    base: str = "digits"


# Changes


def settings(**values: object) -> Change:
    """Return a change of the study file; `__` stands for a dot in the path of a key."""

    def change(study: Study) -> None:
        for path, value in values.items():
            *above, last = path.split("__")
            place = study.config
            for part in above:
                place = place[int(part)] if isinstance(place, list) else place[part]
            place[last] = value
        study.write(study.config)

    return change


def edit(path: str, replace: Callable[[str], str]) -> Change:
    def change(study: Study) -> None:
        file = study.folder / path
        before = file.read_text()
        file.write_text(replace(before))
        assert file.read_text() != before, path

    return change


def append(path: str, text: str = "\n_EDITED = True\n") -> Change:
    return edit(path, lambda before: before + text)


def every_rule_file(replace: Callable[[str], str]) -> Change:
    def change(study: Study) -> None:
        for file in [study.folder / "Snakefile", *(study.folder / "workflow/rules").glob("*.smk")]:
            file.write_text(replace(file.read_text()))

    return change


def touch_everything(study: Study) -> None:
    """Give all files, results too, new dates in no order."""
    files = sorted(path for path in study.folder.rglob("*") if path.is_file() and ".snakemake" not in path.parts)
    random.Random(0).shuffle(files)
    for age, path in enumerate(files):
        os.utime(path, ns=(2_000_000_000_000_000_000 + age,) * 2)


def reorder(study: Study) -> None:
    def reversed_keys(value: object) -> object:
        if isinstance(value, dict):
            return {key: reversed_keys(value[key]) for key in reversed(value)}
        return value

    config = reversed_keys(study.config)
    # The order of estimators and data sets is that of figures and tables.
    for path in (("hardness", "estimators"), ("datasets",)):
        above = config[path[0]] if len(path) > 1 else config
        above[path[-1]] = dict(reversed(above[path[-1]].items()))
    study.write(config)


def edit_captions(study: Study) -> None:
    for path in (study.folder / "workflow/report").rglob("*.rst"):
        path.write_text(path.read_text() + "\nMore.\n")


def replace_arrays(study: Study) -> None:
    np.savez(study.folder / "mine.npz", images=np.ones((4, 8, 8), np.uint8), labels=np.arange(4))


def from_arrays(study: Study) -> None:
    np.savez(study.folder / "new.npz", images=np.ones((4, 8, 8), np.uint8), labels=np.arange(4))
    settings(datasets__digits__source="arrays", datasets__digits__file="new.npz")(study)


def pool_to_score(**keys: object) -> Change:
    """Return the addition of a set to be scored, from a file of its own."""

    def change(study: Study) -> None:
        np.savez(study.folder / "pool.npz", images=np.ones((4, 8, 8), np.uint8))
        settings(datasets__digits__scored={"pool": {"file": "pool.npz", **keys}})(study)

    return change


def pool_from(**keys: object) -> Change:
    """Return a change of the pool for one that is read from files of its own."""

    def change(study: Study) -> None:
        (study.folder / "pool/0").mkdir(parents=True, exist_ok=True)
        (study.folder / "pool/0/1.png").touch()
        np.savez(study.folder / "pool.npz", images=np.ones((4, 8, 8), np.uint8), labels=np.arange(4))
        settings(datasets__digits__pools={"mixture": keys})(study)

    return change


def labels_from(**keys: object) -> Change:
    """Return the training on labels by others, from a file of its own."""

    def change(study: Study) -> None:
        np.savez(study.folder / "others.npz", one=np.arange(4), two=np.arange(4))
        settings(datasets__digits__labels={"file": "others.npz", "key": "one", **keys})(study)

    return change


def people_from(name: str, **keys: object) -> Change:
    """Return a change of a reference; its file holds what the study's own does, and more."""

    def change(study: Study) -> None:
        held = np.load(study.folder / "people.npz")
        np.savez(study.folder / "other_people.npz", **held, votes=held["counts"])
        own = study.config["datasets"]["digits"]["references"][name]
        settings(**{f"datasets__digits__references__{name}": own | keys})(study)

    return change


# Finished studies to change


def own_functions(study: Study) -> None:
    (study.folder / "mine.py").write_text("import helper\ndef network(): ...\ndef doubt(): ...\ndef other(): ...\n")
    (study.folder / "helper.py").write_text("")
    study.config["datasets"]["digits"] |= {"network": "mine:network"}
    del study.config["datasets"]["digits"]["width"]
    study.config["hardness"]["estimators"]["aum"] = {"method": "mine:doubt", "direction": "high-is-hard"}


def source(**settings: object) -> Change:
    def change(study: Study) -> None:
        old = study.config["datasets"]["digits"]
        study.config["datasets"]["digits"] = {**settings, **{key: old[key] for key in ("network", "width", "recipe")}}
        np.savez(study.folder / "mine.npz", images=np.zeros((4, 8, 8), np.uint8), labels=np.arange(4))
        shutil.copyfile(study.folder / "mine.npz", study.folder / "other.npz")
        for name in ("pictures/a/1.png", "other_pictures/a/1.png", "resources/cifar-10-python.tar.gz"):
            (study.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (study.folder / name).touch()

    return change


def second_data_set(study: Study) -> None:
    study.config["datasets"]["second"] = copy.deepcopy(study.config["datasets"]["digits"])
    for kind in ("results", "reports"):
        shutil.copytree(study.folder / kind / "digits/digits", study.folder / kind / "digits/second")


def second_strategy(study: Study) -> None:
    study.config["resampling"]["strategies"].append({"oversampling": "random", "undersampling": "easy"})
    for kind in ("plans", "members", "measures"):
        folder = study.folder / "results/digits/digits" / kind
        shutil.copytree(folder / "resampled-aum-smote-easy-alpha1", folder / "resampled-aum-random-easy-alpha1")


def quick_network(study: Study) -> None:
    study.config["datasets"]["digits"]["network"] = "quick-cnn"
    del study.config["datasets"]["digits"]["width"]
    np.savez(study.folder / "results/digits/digits/whitening.npz", filters=np.zeros(1))


# The study with every kind of condition.
WHOLE = "whole"
BASES: dict[str, Change] = {
    "own functions": own_functions,
    "folder": source(source="folder", root="pictures", image_size=8, test_fraction=0.5),
    "arrays": source(source="arrays", file="mine.npz", test_fraction=0.5),
    "torchvision": source(source="torchvision", name="CIFAR10"),
    "quick network": quick_network,
    "residual network": settings(datasets__digits__network="resnet8"),
    "two data sets": second_data_set,
    "two strategies": second_strategy,
}


_FOLLOWS = "Input files updated by another job"


def _outputs(jobs: list[Job]) -> set[tuple[bool, tuple[str, ...]]]:
    return {(job.follows, job.output) for job in jobs}


class Bench:
    """Finished studies, and what a change of one would make Snakemake do."""

    def __init__(self, finished: Study, whole: Study, folder: Path) -> None:
        self.finished, self.whole, self.folder = finished, whole, folder
        self.studies: dict[str, Study] = {}
        self.from_nothing: dict[str, list[Job]] = {}
        self.kept: dict[str, dict[Path, tuple[os.stat_result, bytes]]] = {}

    def study(self, base: str) -> Study:
        """Return a finished study; all but digits are made by declaring its results to be theirs."""
        if base not in self.studies:
            original = self.whole if base == WHOLE else self.finished
            study = self.studies[base] = original.copied(self.folder / base.replace(" ", "-"))
            if base in BASES:
                BASES[base](study)
                study.write(study.config)
                status, text = snakemake_forked(study.folder, "--touch", "--forceall", "--quiet", "all")
                assert status == 0, text
                assert study.jobs() == [], base
        return self.studies[base]

    @contextmanager
    def changed(self, case: Case) -> Iterator[Study]:
        """Yield the case's study with the change; take it back afterwards, dates too."""
        study = self.study(case.base)
        if case.base not in self.kept:
            self.kept[case.base] = {path: (path.stat(), path.read_bytes()) for path in self._files(study)}
        before, config = self.kept[case.base], copy.deepcopy(study.config)
        try:
            case.change(study)
            yield study
        finally:
            study.config = config
            for path in self._files(study):
                if path not in before:
                    path.unlink()
            for path, (stat, content) in before.items():
                now = path.stat()
                if (now.st_mtime_ns, now.st_size) != (stat.st_mtime_ns, stat.st_size):
                    path.write_bytes(content)
                    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def jobs(self, case: Case) -> list[Job]:
        """Return what would run after the change."""
        with self.changed(case) as study:
            return study.jobs()

    def section(self, cases: Sequence[Case]) -> dict[str, list[Job]]:
        """Return the jobs of each case by its label.

        Of sources that jobs of the same rules declare only the first is edited; which jobs an edit of the others reruns follows
        from what the jobs declare, and is held to the dry run where there is one. Of keys of the recipe one is changed, too:
        all travel in one text.
        """
        tried, measured, recipes = set(), {}, {}
        for case in cases:
            if case.label.startswith("recipes."):
                measured[case.label] = self._of_recipe(case, recipes)
                continue
            expected = self._declared_by(case) if case.label in SOURCES else None
            key = (case.base, case.label if expected is None else frozenset(job.rule for job in expected if not job.follows))
            if expected is None or key not in tried:
                measured[case.label] = self.jobs(case)
                assert expected is None or _outputs(measured[case.label]) == _outputs(expected), case.label
            else:
                measured[case.label] = expected
            tried.add(key)
        return measured

    def _of_recipe(self, case: Case, tried: dict[str, list[Job]]) -> list[Job]:
        """Return the jobs after a change of the recipe, which must be another text than before and than others."""
        with self.changed(case) as study:
            text = Recipe.of(study.config["recipes"]["quick"]).text
            assert text not in tried, case.label
            unchanged = Recipe.of(self.finished.config["recipes"]["quick"]).text
            assert text != unchanged, case.label
            tried[text] = next(iter(tried.values())) if tried else study.jobs()
        return tried[text]

    def _declared_by(self, case: Case) -> list[Job]:
        """Return the jobs of a finished study that declare a source, and those that use what others of them write."""
        if case.base not in self.from_nothing:
            self.from_nothing[case.base] = self.study(case.base).jobs("--forceall")
        rerun: list[Job] = []
        written: set[str] = set()
        # Snakemake tells of a job after those whose outputs it reads.
        for job in self.from_nothing[case.base]:
            declares, follows = case.label in job.input, not written.isdisjoint(job.input)
            if declares or follows:
                rerun.append(replace(job, reason="" if declares and not follows else _FOLLOWS))
                written.update(job.output)
        return rerun

    @staticmethod
    def _files(study: Study) -> list[Path]:
        return [path for path in study.folder.rglob("*") if path.is_file() and ".snakemake" not in path.parts]


# Cases

MODULES = [path.relative_to(ROOT).as_posix() for path in sorted((SCRIPTS / "hbr").rglob("*.py"))]
STARTED = [path.relative_to(ROOT).as_posix() for path in sorted(SCRIPTS.glob("*.py"))]
NOTEBOOKS = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "workflow/notebooks").glob("*.py"))]
SOURCES = [*MODULES, *STARTED, *NOTEBOOKS]

# What the small study does not use.
OF_OTHERS = {
    re.compile("noise|placebo|prun|threshold|denoised|verdicts|limited|holdout|bases/random|pool|mixtures|confidence"): WHOLE,
    re.compile("score_images|training/scores|fold(?!er)|suspect"): WHOLE,
    re.compile("reference|ground_truth|human|doubtful|published|rank_agreement"): WHOLE,
    re.compile("quick_cnn|whitening"): "quick network",
    re.compile("residual"): "residual network",
}


def base_of(path: str) -> str:
    """Return the finished study that uses a file."""
    return next((base for pattern, base in OF_OTHERS.items() if pattern.search(path)), "digits")


CODE = [
    *(Case(path, append(path), base_of(path)) for path in SOURCES),
    Case("a user's own module, or what it imports", append("helper.py"), "own functions"),
    Case(
        "the `shell:` text of a rule, a space included (here `measure_gaps`)",
        edit("workflow/rules/analysis.smk", lambda text: text.replace('" --gaps {output', '"  --gaps {output')),
    ),
]

_DIGITS = "datasets__digits__"
_RECIPE = "recipes__quick__"
_FORGETTING = "hardness__estimators__forgetting__"
_OWN = "hardness__estimators__aum__"
_STRATEGY = {"oversampling": "smote", "undersampling": "easy"}
_FROM_POOL = {"oversampling": "pool-hard", "undersampling": "easy"}
# Another value of every key of the recipe that can be changed alone.
_OTHER_RECIPE: dict[str, object] = {
    "epochs": 32,
    "batch_size": 4,
    "learning_rate": 0.2,
    "momentum": 0.2,
    "nesterov": False,
    "weight_decay": 0.1,
    "bias_factor": 2,
    "frozen_scale": True,
    "schedule": "cosine",
    "decay_factor": 0.1,
    "warmup_epochs": 2,
    "start_factor": 0.3,
    "end_factor": 0.3,
    "lookahead_steps": 5,
    "lookahead_decay": 0.9,
    "lookahead_power": 1,
    "flip": True,
    "crop_padding": 2,
    "evaluate_every": 3,
    "el2n_epoch": 1,
    "precision": "bfloat16",
}
# For every key of the schema another value, and the finished study it is tried on.
KEYS: dict[str, tuple[str, Change]] = {
    "study": ("digits", settings(study="other")),
    "seed": ("digits", settings(seed=1)),
    "compat": ("digits", settings(compat="v1")),
    "checkpoint_minutes": ("digits", settings(checkpoint_minutes=7)),
    "datasets.*.source": ("digits", from_arrays),
    "datasets.*.name": ("torchvision", settings(**{_DIGITS + "name": "CIFAR100"})),
    "datasets.*.mirror": ("torchvision", settings(**{_DIGITS + "mirror": "https://example.org/"})),
    "datasets.*.archive_folder": ("torchvision", settings(**{_DIGITS + "archive_folder": "archives"})),
    "datasets.*.root": ("folder", settings(**{_DIGITS + "root": "other_pictures"})),
    "datasets.*.file": ("arrays", settings(**{_DIGITS + "file": "other.npz"})),
    "datasets.*.image_size": ("folder", settings(**{_DIGITS + "image_size": 9})),
    "datasets.*.test_fraction": ("digits", settings(**{_DIGITS + "test_fraction": 0.4})),
    "datasets.*.split_seed": ("digits", settings(**{_DIGITS + "split_seed": 1})),
    "datasets.*.network": ("digits", settings(**{_DIGITS + "network": "resnet8"})),
    "datasets.*.width": ("digits", settings(**{_DIGITS + "width": 5})),
    "datasets.*.network_settings.*": ("own functions", settings(**{_DIGITS + "network_settings": {"depth": 3}})),
    "datasets.*.recipe": (
        "digits",
        lambda study: settings(
            recipes__other={**study.config["recipes"]["quick"], "epochs": 3}, **{_DIGITS + "recipe": "other"}
        )(study),
    ),
    "datasets.*.scored.*.file": ("digits", pool_to_score()),
    "datasets.*.scored.*.array": ("digits", pool_to_score(array="others")),
    "datasets.*.scored.*.conditions": ("digits", pool_to_score(conditions="all")),
    **{
        f"datasets.*.pools.*.{key}": (WHOLE, settings(**{f"{_DIGITS}pools__mixture__{key}": value}))
        for key, value in (("per_class", 70), ("components", 2), ("dimensions", 10))
    },
    "datasets.*.pools.*.source": (WHOLE, pool_from(source="folder", root="pool")),
    "datasets.*.pools.*.root": (WHOLE, pool_from(source="folder", root="pool")),
    "datasets.*.pools.*.file": (WHOLE, pool_from(source="arrays", file="pool.npz")),
    "datasets.*.pools.*.most_per_class": (WHOLE, pool_from(source="arrays", file="pool.npz", most_per_class=3)),
    **{
        f"datasets.*.labels.{key}": ("digits", labels_from(**keys))
        for key, keys in (("file", {}), ("key", {"key": "two"}), ("match", {"match": "stem"}), ("ids", {"ids": "two"}))
    },
    "datasets.*.references.*.kind": (WHOLE, people_from("networks", kind="label-errors", part="test")),
    **{
        f"datasets.*.references.*.{key}": (WHOLE, people_from(name, **{key: value}))
        for key, name, value in (
            ("file", "votes", "other_people.npz"),
            ("licence", "votes", "MIT"),
            ("citation", "votes", "others"),
            ("key", "votes", "votes"),
            ("part", "votes", "train"),
            ("match", "votes", "stem"),
            ("ids", "votes", "names"),
            ("keys", "labels", ["one", "two"]),
            ("networks", "networks", ["one"]),
        )
    },
    # 32 stands as batch_size and 4 as width: a comparison of bare values would see no difference.
    **{f"recipes.*.{key}": ("digits", settings(**{_RECIPE + key: value})) for key, value in _OTHER_RECIPE.items()},
    "recipes.*.milestones": (
        "digits",
        settings(**{_RECIPE + "schedule": "step", _RECIPE + "milestones": [2], _RECIPE + "warmup_epochs": 0}),
    ),
    "recipes.*.alternating_flips": (
        "digits",
        settings(**{_RECIPE + "flip": True, _RECIPE + "alternating_flips": True}),
    ),
    "baseline.members": ("digits", settings(baseline__members=3)),
    "hardness.members": ("digits", settings(hardness__members=[2])),
    "hardness.estimators.*.method": ("own functions", settings(**{_OWN + "method": "mine:other"})),
    "hardness.estimators.*.direction": ("own functions", settings(**{_OWN + "direction": "low-is-hard"})),
    "hardness.estimators.*.first_epoch": ("digits", settings(**{_FORGETTING + "first_epoch": 2})),
    "hardness.estimators.*.last_epoch": ("digits", settings(**{_FORGETTING + "last_epoch": 3})),
    "hardness.estimators.*.never_learned": ("digits", settings(**{_FORGETTING + "never_learned": "zero"})),
    "hardness.estimators.*.margin": ("digits", settings(hardness__estimators__aum__margin="probabilities")),
    "hardness.estimators.*.norm": (
        "digits",
        settings(hardness__estimators={"aum": {}, "forgetting": {"method": "el2n", "norm": "l1"}}),
    ),
    "stability.tolerance_percent": ("digits", settings(stability={"tolerance_percent": 5})),
    "stability.partitions": ("digits", settings(stability={"partitions": 3})),
    "resampling.estimators": ("digits", settings(resampling__estimators=["forgetting"])),
    "resampling.strategies.oversampling": ("digits", settings(resampling__strategies__0__oversampling="random")),
    "resampling.strategies.undersampling": ("digits", settings(resampling__strategies__0__undersampling="random")),
    "resampling.alphas": ("digits", settings(resampling__alphas=[2])),
    "resampling.variants": ("digits", settings(resampling__variants=3)),
    "resampling.members": ("digits", settings(resampling__members=2)),
    "resampling.sharpness": ("digits", settings(resampling__sharpness=0)),
    "resampling.hardness_offset.*": ("digits", settings(resampling__hardness_offset=3)),
    "resampling.balance": ("digits", settings(resampling__balance="keep")),
    "resampling.spread_warning": ("digits", settings(resampling__spread_warning=2)),
    "datasets.*.reproduces": ("digits", settings(**{_DIGITS + "reproduces": "CIFAR10"})),
    "datasets.*.flipped_labels": ("digits", settings(**{_DIGITS + "flipped_labels": 0.1})),
    "datasets.*.flip_seed": ("digits", settings(**{_DIGITS + "flip_seed": 1, _DIGITS + "flipped_labels": 0.1})),
    "hardness.estimators.*.source": (WHOLE, settings(hardness__estimators__aum_denoised__source="baseline")),
    "placebos.kinds": (WHOLE, settings(placebos__kinds=["random"])),
    "placebos.alphas": (WHOLE, settings(resampling__alphas=[1, 2], placebos__alphas=[2])),
    **{
        f"placebos.strategies.{side}": (
            WHOLE,
            settings(resampling__strategies=[_STRATEGY, _FROM_POOL, strategy], placebos__strategies=[strategy]),
        )
        for side, strategy in (
            ("oversampling", {"oversampling": "random", "undersampling": "easy"}),
            ("undersampling", {"oversampling": "smote", "undersampling": "random"}),
        )
    },
    "pruning.estimators": (WHOLE, settings(pruning__estimators=["forgetting"])),
    "pruning.methods": (WHOLE, settings(pruning__methods=["dlp"])),
    "pruning.rates": (WHOLE, settings(pruning__rates=[50])),
    "pruning.variants": (WHOLE, settings(pruning__variants=2)),
    # The control must have as many members.
    "pruning.members": (WHOLE, settings(pruning__members=2, resampling__members=2)),
    "limited.rates": (WHOLE, settings(limited__rates=[40])),
    "limited.strategies.oversampling": (WHOLE, settings(limited__strategies__0__oversampling="smote")),
    "limited.strategies.undersampling": (WHOLE, settings(limited__strategies__0__undersampling="random")),
    "limited.alphas": (WHOLE, settings(limited__alphas=[0.5])),
    "limited.hardness": (WHOLE, settings(limited__hardness=["full"])),
    "limited.variants": (WHOLE, settings(limited__variants=2)),
    "limited.members": (WHOLE, settings(limited__members=2)),
    "noise.estimator": (
        WHOLE,
        settings(hardness__estimators__late={"method": "aum", "first_epoch": 2}, noise__estimator="late"),
    ),
    "noise.rules.*.method": (WHOLE, settings(noise__rules__lowest={"method": "below", "threshold": 0})),
    "noise.rules.*.count": (WHOLE, settings(noise__rules__lowest__count=6)),
    "noise.rules.*.threshold": (WHOLE, settings(noise__rules__lowest={"method": "below", "threshold": 1})),
    "noise.rules.*.percentile": (WHOLE, settings(noise__rules__pleiss__percentile=98)),
    "noise.denoised": (WHOLE, settings(noise__denoised=["lowest", "pleiss"])),
    "noise.threshold_variants": (WHOLE, settings(noise__threshold_variants=3)),
    "noise.variants": (WHOLE, settings(noise__variants=2)),
    "noise.members": (WHOLE, settings(noise__members=2, resampling__members=2)),
    "suspects.folds": (WHOLE, settings(suspects__folds=3)),
    "suspects.members": (WHOLE, settings(suspects__members=2)),
    "suspects.planted": (WHOLE, settings(suspects__planted="never")),
    "statistics.margin_points": ("digits", settings(statistics__margin_points=2)),
    "statistics.metrics": ("digits", settings(statistics__metrics=["precision"])),
    "statistics.gaps": ("digits", settings(statistics__gaps=["std"])),
    "statistics.resamples": ("digits", settings(statistics__resamples=300)),
}
CONFIG = [
    *(Case(key, change, base) for key, (base, change) in KEYS.items()),
    Case("the order of `hardness.estimators`", settings(hardness__estimators={"forgetting": {}, "aum": {}})),
    Case(
        "the order of `resampling.strategies`",
        lambda study: settings(resampling__strategies=study.config["resampling"]["strategies"][::-1])(study),
        "two strategies",
    ),
    Case(
        "a file added to, removed from or resized in a `root`",
        lambda study: (study.folder / "pictures/a/2.png").touch(),
        "folder",
    ),
    Case("the arrays in a `file`", replace_arrays, "arrays"),
]

GROWTH = [
    Case("one more baseline member", settings(baseline__members=3)),
    Case("one more estimator of hardness", settings(hardness__estimators__el2n={})),
    Case("one more estimator to resample by", settings(resampling__estimators=["aum", "forgetting"])),
    Case(
        "one more strategy",
        lambda study: settings(
            resampling__strategies=[
                *study.config["resampling"]["strategies"],
                {"oversampling": "random", "undersampling": "easy"},
            ]
        )(study),
    ),
    Case("one more alpha", settings(resampling__alphas=[1, 0.5])),
    Case("one more variant", settings(resampling__variants=3)),
    Case("one more member a variant", settings(resampling__members=2)),
    Case(
        "one more data set",
        lambda study: settings(datasets__second={**study.config["datasets"]["digits"], "split_seed": 1})(study),
    ),
    Case("one more set of images to be scored", pool_to_score()),
    Case(
        "one more pool",
        settings(datasets__digits__pools__other={"source": "gaussian-mixture", "per_class": 50}),
        WHOLE,
    ),
    Case("one more rate of pruning", settings(pruning__rates=[30, 50]), WHOLE),
    Case("one more rate of limited data", settings(limited__rates=[50, 40]), WHOLE),
    Case("one more kind of placebo", settings(placebos__kinds=["shuffled", "random"]), WHOLE),
    Case("one more rule of label noise", settings(noise__rules__below={"method": "below", "threshold": 0}), WHOLE),
    Case("one more denoised condition", settings(noise__denoised=["lowest", "pleiss"]), WHOLE),
]

NOTHING = [
    Case("new dates of all files: sources, study file, results", touch_everything),
    Case("comments in the Snakefile and the rules", every_rule_file(lambda text: text + "\n# More.\n")),
    Case(
        "threads and resources of a rule",
        edit("workflow/rules/training.smk", lambda text: text.replace("threads: 1", "threads: 2").replace("gpu=1", "gpu=2")),
    ),
    Case(
        "messages and priorities of a rule",
        edit(
            "workflow/rules/training.smk",
            lambda text: text.replace("    threads: 1", '    message: "Hello"\n    priority: 9\n    threads: 1'),
        ),
    ),
    Case("captions of the report", edit_captions),
    Case(
        "descriptions in the schema",
        edit(str(SCHEMA_FILE.relative_to(ROOT)), lambda text: text.replace("description: ", "description: so ", 1)),
    ),
    Case("the profile", append("workflow/profiles/default/config.yaml", "\nprintshellcmds: true\n")),
    Case("`envs/`, where the study ran without `--use-conda`", append("envs/training.yaml", "  - tqdm\n")),
    Case("the order of keys in the study file", reorder),
    Case("a default written out", settings(**{_RECIPE + "milestones": [], "resampling__sharpness": 1})),
    Case(
        "1 written as 1.0",
        settings(**{_RECIPE + "warmup_epochs": 1.0, "resampling__alphas": [1.0], "resampling__hardness_offset": 2}),
    ),
    Case("`hardness.members: 2` written as `[1, 2]`", settings(hardness__members=[1, 2])),
    Case(
        "the name of a recipe",
        lambda study: settings(recipes={"renamed": study.config["recipes"]["quick"]}, **{_DIGITS + "recipe": "renamed"})(study),
    ),
    Case(
        "a recipe that no data set uses",
        lambda study: settings(recipes__unused={**study.config["recipes"]["quick"], "epochs": 9})(study),
    ),
]
SECTIONS = {"code": CODE, "config": CONFIG, "growth": GROWTH, "nothing": NOTHING}


# The page

HEAD = """\
# What reruns

Measured by dry runs of a finished small study (one data set, 2 baseline members, 2 estimators of hardness, control and one
condition with 2 variants of 1 member, 6 trainings) after every single change; what that study does not have, in one with a
placebo, a pool, pruning, limited data, label noise and suspects beside (30 trainings). Of sources that jobs of the same rules
declare one is edited; for the others the page says what these declarations mean. Of the keys of a recipe one is changed.
`tests/test_invalidation.py` measures all of it again at each test run and compares it with this page;
`WRITE_PAGE=1 python -m pytest tests/test_invalidation.py -k page` writes it anew.

"4 of 6" means that so many of the rule's jobs rerun, a rule alone that all do; "+2" are jobs without a result yet. *First*
are the jobs where the rerun begins, *then* those that use what others wrote.
"""
TITLES = {
    "code": ("Code", "you edit"),
    "config": ("The study file", "you change"),
    "growth": ("Growing a study", "you add"),
}
TAIL = """\
## What is not seen

- **Versions of packages, and the machine.** After an upgrade that matters: `snakemake --forcerun prepare_dataset
  train_member ...`.
- **An image edited to the same name and size** in a `root`: `snakemake --forcerun prepare_dataset`.
- **Without a profile of the project** (`make` gives one; else `--workflow-profile workflow/profiles/default`) results above
  1 MB are compared by date, smaller ones and all sources by content. Copy results with their dates (`cp -a`, `rsync -a`), or
  what follows from large ones reruns.

## After copying results

With `.snakemake` beside them there is nothing to do. Without it, run `snakemake --touch --forceall` once: it declares that
the results belong to this study file and this code. Without `--forceall` it declares this only of results with the wrong
dates, and later changes pass the others by.
"""


def page(measured: dict[str, dict[str, list[Job]]], small: list[Job], whole: list[Job]) -> str:
    """Return the page; changes of one effect share a row. The jobs are those of the two studies, from nothing."""
    of_small, of_whole = (Counter(job.rule for job in jobs) for jobs in (small, whole))
    bases = {case.label: case.base for cases in SECTIONS.values() for case in cases}
    parts = [HEAD]
    for section, (title, column) in TITLES.items():
        rows: dict[tuple[str, str], list[str]] = {}
        starts: dict[tuple[str, str], int] = {}
        for label, jobs in measured[section].items():
            totals = of_whole if bases[label] == WHOLE else of_small
            first = [job for job in jobs if not job.follows]
            effect = (_cell(first, totals) or "nothing", _cell([job for job in jobs if job.follows], totals))
            rows.setdefault(effect, []).append(label)
            starts[effect] = min((RULES.index(job.rule) for job in first), default=len(RULES))
        lines = [f"## {title}\n", f"| {column} | first | then |", "|---|---|---|"]
        lines += [f"| {_names(rows[effect])} | {effect[0]} | {effect[1]} |" for effect in sorted(rows, key=starts.__getitem__)]
        parts.append("\n".join(lines) + "\n")
    nothing = [f"- {label}" for label, jobs in measured["nothing"].items() if not jobs]
    return "\n".join([*parts, "## What reruns nothing\n\n" + "\n".join(nothing) + "\n", TAIL])


def _names(labels: list[str]) -> str:
    """Return the labels of a row; a folder whose files all stand in it is named once."""
    names = []
    for label in labels:
        folder = [other for other in MODULES if Path(other).parent == Path(label).parent]
        whole = len(folder) > 1 and set(folder) <= set(labels)
        name = f"{Path(label).parent}/*.py" if whole else label
        names.append(name if " " in name else f"`{name.removeprefix('workflow/').removeprefix('scripts/')}`")
    return ", ".join(dict.fromkeys(names))


def _cell(jobs: list[Job], totals: Counter[str]) -> str:
    """Return rules and counts, in the order of the workflow."""
    new, again = Counter(job.rule for job in jobs if job.new), Counter(job.rule for job in jobs if not job.new)
    if new == totals:
        return "everything, new"
    words = []
    for rule in RULES:
        if again[rule]:
            words.append(rule if again[rule] == totals[rule] else f"{rule} {again[rule]} of {totals[rule]}")
        if new[rule]:
            words.append(f"{rule} +{new[rule]}")
    # Written in one word where all pages of the study rerun.
    return ", ".join(words).replace(", ".join(page for page in PAGES if totals[page]), "render_*")
