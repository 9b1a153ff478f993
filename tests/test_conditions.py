"""One contract for every kind of condition, base and strategy: what is registered is held to it by itself."""

import copy
import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, whole_config
from hypothesis import given, settings
from hypothesis import strategies as st
from snakemake.utils import validate

from hbr.conditions.kind import ALL, BaseKind, Draw, Kind, joined, load, make_plan, registered
from hbr.conditions.kinds.limited import FULL, OWN
from hbr.conditions.kinds.pruned import METHODS
from hbr.conditions.names import (
    bases_of,
    condition_rows,
    conditions_of,
    contrasts_of,
    hardness_runs,
    kinds,
    needs_control,
    plan_inputs,
    plan_modules,
    plan_spec,
    tracked_conditions,
)
from hbr.conditions.placebos import RANDOM, SHUFFLED
from hbr.conditions.pools import Pool
from hbr.conditions.resampling import plan_resampled
from hbr.conditions.strategies import NEEDS, NONE, Reserve, apply, needs_of
from hbr.data.datasets import prepare, save_dataset
from hbr.data.files import write_table
from hbr.data.plans import HOLDOUT, KEPT, OWN_IMAGES, Plan, check_plan
from hbr.data.pools import save_pool
from hbr.errors import StudyError
from hbr.hardness.allocation import allocation_table
from hbr.study.studies import SCHEMA

SIZE, CLASSES = 90, 3
LABELS = np.arange(SIZE) % CLASSES
IMAGES = np.random.default_rng(3).integers(0, 256, (SIZE, 4, 4, 3), dtype=np.uint8)
DIFFICULTY = np.random.default_rng(4).permutation(SIZE) / (SIZE - 1)
# The first 60 samples are resampled, the rest is their reserve.
INSIDE = 60
# One of each class.
FLAGGED = [3, 40, 77]
CLASS_TABLE = pd.DataFrame({"class": range(CLASSES), "class_name": list("abc"), "hardness": [1.0, 2.0, 3.0]})
CLASS_TABLE = CLASS_TABLE.assign(direction="high-is-hard")
OVER, UNDER = registered("oversampling"), registered("undersampling")


def study() -> dict:
    """Return a study with every kind of condition and every strategy."""
    config = whole_config()
    strategies = [{"oversampling": over, "undersampling": under} for over in [NONE, *OVER] for under in [NONE, *UNDER]]
    config["resampling"] |= {"strategies": strategies, "alphas": [1, 0.5]}
    config["placebos"] |= {"kinds": [SHUFFLED, RANDOM], "strategies": strategies[-2:]}
    config["limited"] |= {"rates": [50], "strategies": strategies, "alphas": [1], "hardness": [FULL, OWN]}
    validate(config, str(SCHEMA))
    return config


CONFIG = study()
CONDITIONS = conditions_of(CONFIG)


class Watched(dict):
    """Things by name that remember which were taken."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.taken: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.taken.add(name)
        return super().__getitem__(name)


# Strategies


def things() -> Watched:
    outside = np.arange(INSIDE, SIZE)
    everything = {
        "hardness": DIFFICULTY[:INSIDE],
        "images": IMAGES[:INSIDE],
        "class_names": ("a", "b", "c"),
        "sharpness": 1.0,
        "reserve": Reserve(outside, LABELS[outside]),
        "pool": Pool(IMAGES, LABELS, DIFFICULTY, np.array([0.2, 0.5, 0.9])),
    }
    assert everything.keys() == NEEDS.keys()
    return Watched(everything)


def resampled(granted: list[int], over: str, under: str, seed: int = 0) -> Plan:
    return plan_resampled(LABELS[:INSIDE], (4, 4, 3), np.array(granted), over, under, np.random.default_rng(seed), things())


@pytest.mark.parametrize("over", [NONE, *OVER])
@pytest.mark.parametrize("under", [NONE, *UNDER])
@settings(max_examples=5, deadline=None)
@given(split=st.tuples(st.integers(15, 25), st.integers(15, 25)), seed=st.integers(0, 99))
def test_strategies_meet_the_allocation_with_samples_that_exist(over, under, split, seed):
    granted = np.array([*split, INSIDE - sum(split)])
    plan = resampled(granted, over, under, seed)
    # `none` leaves the classes of its side as they are.
    expected = np.where(granted > 20, 20 if over == NONE else granted, 20 if under == NONE else granted)
    assert plan.class_counts(CLASSES).tolist() == expected.tolist()
    check_plan(plan, LABELS, "plan")
    kept = plan.source[plan.origin == KEPT]
    assert len(np.unique(kept)) == len(kept)
    assert (kept < INSIDE).all()
    assert (plan.source[plan.origin == HOLDOUT] >= INSIDE).all()
    assert len(plan.synthetic) == np.isin(plan.origin, OWN_IMAGES).sum()
    assert plan.checksum == resampled(granted, over, under, seed).checksum


@pytest.mark.parametrize("over", [NONE, *OVER])
@pytest.mark.parametrize("under", [NONE, *UNDER])
def test_a_balanced_allocation_is_the_identity(over, under):
    plan = resampled([20, 20, 20], over, under)
    np.testing.assert_array_equal(plan.source, np.arange(INSIDE))
    assert (plan.origin == KEPT).all()


@pytest.mark.parametrize("name", OVER)
def test_an_oversampling_strategy_is_handed_what_it_declares(name):
    handed = things()
    added = apply("oversampling", name, LABELS[:INSIDE], {0: 3, 2: 4}, np.random.default_rng(0), handed)
    assert handed.taken == needs_of("oversampling", name) <= NEEDS.keys()
    assert np.bincount(added.labels).tolist() == [3, 0, 4]


@pytest.mark.parametrize("name", UNDER)
def test_an_undersampling_strategy_is_handed_what_it_declares(name):
    handed = things()
    dropped = apply("undersampling", name, LABELS[:INSIDE], {0: 3, 2: 4}, np.random.default_rng(0), handed)
    assert handed.taken == needs_of("undersampling", name) <= NEEDS.keys()
    assert np.bincount(LABELS[np.unique(dropped)]).tolist() == [3, 0, 4]


# Kinds and bases


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return a folder with all that plans are made of."""
    folder = tmp_path_factory.mktemp("results")
    save_dataset(folder / "dataset.npz", prepare(IMAGES, LABELS, IMAGES[:9], LABELS[:9], ("a", "b", "c")))
    flagged = np.isin(np.arange(SIZE), FLAGGED)
    samples = pd.DataFrame({"sample": np.arange(SIZE), "class": LABELS, "difficulty_rank": DIFFICULTY, "flagged": flagged})
    write_table(_made(folder / "noise/lowest/samples.parquet"), samples)
    knowing = {"aum": samples, "aum_denoised": samples[~flagged]}
    for variant in (1, 2):
        draw = Draw.of(folder / "dataset.npz", variant=variant, key=(0, "d"), files={})
        base = load("bases", "random").BASE.plan(draw, "50")
        knowing[f"aum/random-50/variant{variant}"] = samples.iloc[base.source]
    for estimator, known in knowing.items():
        write_table(_made(folder / f"hardness/{estimator}/samples.parquet"), known)
        classes = CLASS_TABLE.assign(samples=np.bincount(known["class"]))
        for alpha in ("0", "0.5", "1"):
            path = _made(folder / f"allocations/{estimator}/alpha{alpha}.csv")
            write_table(path, allocation_table(classes, float(alpha)))
    labels = np.tile(LABELS, 2)
    save_pool(folder / "pools/mixture/pool.npz", [IMAGES, IMAGES], labels, np.arange(2 * SIZE), "")
    scores = pd.DataFrame({"class": labels, "confidence": np.tile(DIFFICULTY, 2)})
    write_table(folder / "pools/mixture/scores.parquet", scores)
    write_table(folder / "pools/mixture/classes.csv", pd.DataFrame({"real_confidence": [0.2, 0.5, 0.9]}))
    return folder


def _made(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def drawn(results, name: str, variant: int = 1, seed: int = 0) -> tuple[Plan, Watched]:
    condition = CONDITIONS[name]
    files = Watched({key: results / file.format(variant=variant) for key, file in plan_inputs(CONFIG, condition).items()})
    draw = Draw.of(results / "dataset.npz", variant=variant, key=(seed, "d"), files=files)
    return make_plan(draw, **json.loads(json.dumps(plan_spec(CONFIG, condition)))), files


def test_the_study_holds_every_kind_and_every_base():
    assert {condition.kind for condition in CONDITIONS.values()} == set(registered("kinds")) == set(kinds())
    assert {condition.base.kind for condition in CONDITIONS.values()} == set(registered("bases"))
    assert all(isinstance(load("kinds", name).KIND, Kind) for name in registered("kinds"))
    assert all(isinstance(load("bases", name).BASE, BaseKind) for name in registered("bases"))
    assert len({kind.order for kind in kinds().values()}) == len(kinds())


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_plan_is_made_of_what_is_declared_and_of_its_base(results, name):
    try:
        plan, files = drawn(results, name)
    except StudyError:
        # Not every base leaves a reserve that is large enough.
        assert "reserve" in needs_of("oversampling", CONDITIONS[name].oversampling)
        return
    check_plan(plan, LABELS, name)
    assert plan.checksum == drawn(results, name)[0].checksum
    assert files.taken == set(files)
    ground = load("bases", CONDITIONS[name].base.kind).BASE
    draw = Draw.of(results / "dataset.npz", variant=1, key=(0, "d"), files=files)
    base = ground.plan(draw, CONDITIONS[name].base.argument)
    assert len(np.unique(base.source)) == len(base)
    real = ~np.isin(plan.origin, (*OWN_IMAGES, HOLDOUT))
    assert np.isin(plan.source[real], base.source).all()
    np.testing.assert_array_equal(draw.on(base).reserve, np.setdiff1d(np.arange(SIZE), base.source))
    for module in plan_modules(CONFIG, CONDITIONS[name]):
        assert (ROOT / f"workflow/scripts/{module.replace('.', '/')}.py").is_file()


def test_a_control_is_its_base_and_variants_draw_differently(results):
    assert drawn(results, "control")[0].source.tolist() == list(range(SIZE))
    on_base = drawn(results, "control-denoised-lowest")[0]
    assert on_base.checksum == drawn(results, "denoised-lowest")[0].checksum
    assert on_base.source.tolist() == [place for place in range(SIZE) if place not in FLAGGED]
    for name in (
        "resampled-aum-random-easy-alpha1",
        "placebo-random-aum-smote-hard-alpha1",
        "limited-full-aum-random-50-holdout-none-alpha1",
        "control-random-50",
        "threshold",
    ):
        assert drawn(results, name, 1)[0].checksum != drawn(results, name, 2)[0].checksum


def test_hardness_that_knows_too_few_samples_is_refused(results, tmp_path):
    known = pd.read_parquet(results / "hardness/aum_denoised/samples.parquet")
    write_table(tmp_path / "samples.parquet", known)
    draw = Draw.of(results / "dataset.npz", variant=1, key=(0, "d"), files={"samples": tmp_path / "samples.parquet"})
    with pytest.raises(StudyError, match=r"samples.parquet does not speak of all samples of the base; delete it"):
        make_plan(draw, **plan_spec(CONFIG, CONDITIONS["pruned-aum-dlp-30"]))


@pytest.mark.parametrize("registry", ["kinds", "bases", "oversampling", "undersampling"])
def test_what_is_not_registered_is_refused_by_name(registry):
    near = registered(registry)[0]
    with pytest.raises(StudyError, match=f"'{near}x' is not registered under hbr/conditions/{registry}; did you mean '{near}'"):
        load(registry, f"{near}x")


def test_the_schema_knows_what_is_registered():
    schema = yaml.safe_load(SCHEMA.read_text())["properties"]
    registries = re.findall(r"registry: (\w+)", SCHEMA.read_text())
    assert set(registries) == {"oversampling", "undersampling"}
    assert schema["limited"]["properties"]["hardness"]["items"]["enum"] == [FULL, OWN]
    assert schema["pruning"]["properties"]["methods"]["items"]["enum"] == list(METHODS)
    assert schema["placebos"]["properties"]["kinds"]["items"]["enum"] == [SHUFFLED, RANDOM]
    assert all(kind.section in schema for kind in kinds().values())


# Conditions of a study


def test_names_fit_the_workflow_and_labels_and_names_are_all_different():
    pattern = re.search(r'condition=r"(.+)"', (ROOT / "Snakefile").read_text())[1]
    assert all(re.fullmatch(pattern, name) for name in CONDITIONS)
    rows = condition_rows(CONFIG)
    assert [row["condition"] for row in rows] == list(CONDITIONS)
    assert len({row["label"] for row in rows}) == len(CONDITIONS)


def test_every_condition_but_baseline_control_and_threshold_is_compared():
    compared = {condition for condition, _, _ in contrasts_of(CONFIG)}
    alone = {condition.kind for name, condition in CONDITIONS.items() if name not in compared}
    assert alone == {"baseline", "control", "threshold"}
    assert {reference for _, reference, _ in contrasts_of(CONFIG)} <= set(CONDITIONS)


def test_choices_from_a_pool_are_compared_with_random_ones_of_the_same_samples():
    pairs = {(condition, reference) for condition, reference, family in contrasts_of(CONFIG) if family == "pool"}
    for condition, reference in pairs:
        one, other = CONDITIONS[condition], CONDITIONS[reference]
        assert one.oversampling in ("pool-hard", "pool-average", "pool-hardest")
        assert other.oversampling == "pool-random"
        alike = ("kind", "base", "pool", "undersampling", "alpha", "method", "rate", "estimator", "reference")
        assert all(getattr(one, part) == getattr(other, part) for part in alike)
    chosen = [one for one in CONDITIONS.values() if one.pool and one.kind in ("resampled", "limited")]
    assert {one.kind for one in chosen} == {"resampled", "limited"}
    assert len(pairs) == sum(one.oversampling != "pool-random" for one in chosen) > 0


def test_a_pool_that_is_named_as_the_estimator_is_read_from_where_it_lies():
    config = copy.deepcopy(CONFIG)
    config["limited"]["strategies"] = [{"oversampling": "pool-hard", "undersampling": "easy"}]
    for dataset in config["datasets"].values():
        dataset["pools"] = {"aum": {"source": "gaussian-mixture", "per_class": 1, "components": 1, "dimensions": 1}}
    limited = [one for one in conditions_of(config).values() if one.kind == "limited"]
    of_base = next(one for one in limited if one.method == OWN)
    inputs = plan_inputs(config, of_base)
    assert (of_base.pool, of_base.estimator) == ("aum", "aum")
    assert inputs["pool_scores"] == "pools/aum/scores.parquet"
    assert inputs["allocation"] == "allocations/aum/random-50/variant{variant}/alpha1.csv"


def test_conditions_of_a_study_with_everything():
    strategy = {"oversampling": "random", "undersampling": "easy"}
    config = {
        "baseline": {"members": 3},
        "hardness": {"members": [1, 3], "estimators": {"aum": {}, "late": {"method": "aum", "source": "denoised-few"}}},
        "resampling": {
            "estimators": ["aum", "late"],
            "strategies": [strategy],
            "alphas": [1, 0.5],
            "variants": 2,
            "members": 2,
        },
        "placebos": {"kinds": ["shuffled"], "strategies": [strategy], "alphas": [0.5]},
        "pruning": {"estimators": ["aum"], "methods": ["dlp", "clp"], "rates": [30], "variants": 2, "members": 1},
        "limited": {
            "rates": [50],
            "strategies": [strategy, {**strategy, "oversampling": "holdout"}],
            "alphas": [1],
            "hardness": ["full", "base"],
            "variants": 3,
            "members": 1,
        },
        "noise": {
            "rules": {"few": {"method": "count", "count": 3}, "pleiss": {"method": "threshold-samples", "percentile": 99}},
            "denoised": ["few"],
            "threshold_variants": 3,
            "variants": 1,
            "members": 2,
        },
    }
    conditions = conditions_of(config)
    assert list(conditions) == [
        "baseline",
        "control",
        "control-denoised-few",
        "control-random-50",
        "resampled-aum-random-easy-alpha1",
        "resampled-aum-random-easy-alpha0.5",
        "resampled-late-random-easy-alpha1",
        "resampled-late-random-easy-alpha0.5",
        "placebo-shuffled-aum-random-easy-alpha0.5",
        "limited-full-aum-random-50-random-easy-alpha1",
        "limited-full-aum-random-50-holdout-easy-alpha1",
        "limited-base-aum-random-50-random-easy-alpha1",
        "limited-base-aum-random-50-holdout-easy-alpha1",
        "pruned-aum-dlp-30",
        "pruned-aum-clp-30",
        "denoised-few",
        "threshold",
    ]
    assert conditions["resampled-late-random-easy-alpha1"].reference == "control-denoised-few"
    few = conditions["denoised-few"]
    assert (few.kind, few.reference, few.method) == ("denoised", "control", "few")
    assert conditions["threshold"].runs == [(variant, member) for variant in (1, 2, 3) for member in (1, 2)]
    assert conditions["pruned-aum-dlp-30"].runs == [(1, 1), (2, 1)]
    assert few.runs == hardness_runs(config, "denoised-few") == [(1, 1), (1, 2)]
    assert hardness_runs(config, "baseline") == [(0, 1), (0, 3)]
    assert len(conditions["control-denoised-few"].runs) == 4
    assert len(conditions["control-random-50"].runs) == 3
    assert [base.name for base in bases_of(config)] == [ALL.name, joined("denoised", "few"), joined("random", "50")]
    assert tracked_conditions(config) == {"baseline", "denoised-few", "control-random-50"}
    limited = "limited-{}-aum-random-50-{}-easy-alpha1"
    assert contrasts_of(config) == [
        ("resampled-aum-random-easy-alpha1", "control", "resampling"),
        ("resampled-aum-random-easy-alpha0.5", "control", "resampling"),
        ("resampled-late-random-easy-alpha1", "control-denoised-few", "resampling"),
        ("resampled-late-random-easy-alpha0.5", "control-denoised-few", "resampling"),
        ("placebo-shuffled-aum-random-easy-alpha0.5", "control", ""),
        *((name, "control-random-50", "limited") for name in conditions if conditions[name].kind == "limited"),
        ("pruned-aum-dlp-30", "control", ""),
        ("pruned-aum-clp-30", "control", ""),
        ("denoised-few", "control", ""),
        ("resampled-aum-random-easy-alpha0.5", "placebo-shuffled-aum-random-easy-alpha0.5", "placebo"),
        (limited.format("full", "holdout"), limited.format("full", "random"), "holdout"),
        (limited.format("base", "random"), limited.format("full", "random"), ""),
        (limited.format("base", "holdout"), limited.format("base", "random"), "holdout"),
        (limited.format("base", "holdout"), limited.format("full", "holdout"), ""),
        ("pruned-aum-dlp-30", "pruned-aum-clp-30", "pruning"),
    ]


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("resampling", {"strategies": []}),
        ("pruning", {"rates": []}),
        ("noise", {"denoised": []}),
        ("placebos", {"kinds": []}),
        ("limited", {"rates": []}),
    ],
)
def test_controls_are_run_where_anything_is_compared_with_them(section, change):
    config = {**CONFIG, section: {**CONFIG[section], **change}}
    if section == "noise":
        config["resampling"] = {**CONFIG["resampling"], "estimators": ["aum"]}
    found = conditions_of(config)
    compared = {one.reference for one in found.values() if one.reference}
    assert compared == {name for name, one in found.items() if one.kind == "control"}
    assert needs_control(config)


def test_limited_data_alone_have_controls_of_their_own():
    without = {"placebos": {"kinds": []}, "noise": {"denoised": [], "rules": {}}, "pruning": {"rates": []}}
    without |= {"resampling": {"strategies": [], "estimators": ["aum"]}}
    config = {**CONFIG, **{section: {**CONFIG[section], **change} for section, change in without.items()}}
    found = conditions_of(config)
    assert {one.reference for one in found.values() if one.kind == "limited"} == {"control-random-50"} <= set(found)
    assert needs_control(config)
