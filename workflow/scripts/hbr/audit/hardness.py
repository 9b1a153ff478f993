"""The audit of hardness and what is made of it: tables made again from stored dynamics."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hbr.analysis.noise import preferred_classes, rule_summary, share_by_class
from hbr.audit.findings import Check
from hbr.audit.place import Place
from hbr.audit.tables import same_bytes
from hbr.conditions.names import BASELINE, THRESHOLD, alpha_text, hardness_runs, needs_control, runs_of, source_of
from hbr.conditions.noise import flag_samples, rule_of, threshold_scores
from hbr.data.datasets import PreparedDataset, load_ids, with_ids
from hbr.data.files import read_table
from hbr.data.plans import load_plan
from hbr.hardness.agreement import comparison_tables
from hbr.hardness.allocation import allocation_table
from hbr.hardness.classes import class_table, sample_table
from hbr.hardness.ensembles import ensemble_pairs
from hbr.hardness.estimators import Estimator, definition, estimator_of_study, instance_scores
from hbr.hardness.review import offset_table, review_table
from hbr.hardness.stability import stability_tables, table_of
from hbr.seeds import derive_rng
from hbr.training.dynamics import load_dynamics


def check_hardness(place: Place, data: PreparedDataset, check: Check) -> None:
    """Check the tables of samples and of classes of every estimator."""
    for name in place.config["hardness"]["estimators"]:
        source = source_of(place.config, name)
        runs = hardness_runs(place.config, source)
        numbers = [member if source == BASELINE else number for number, (_, member) in enumerate(runs, 1)]
        estimator, text, scores, places = _scores(place, name, runs)
        labels, folder = data.train_labels[places], place.results / f"hardness/{name}"
        ids = place.results / "ids.parquet"
        samples = with_ids(sample_table(scores, labels, estimator.direction, numbers, places), load_ids(ids), ids)
        classes = class_table(scores, labels, data.class_names, estimator.direction, text)
        check.artifacts += 2
        check.expect(same_bytes(folder / "samples.parquet", samples), f"{folder / 'samples.parquet'} does not follow")
        check.expect(same_bytes(folder / "classes.csv", classes), f"{folder / 'classes.csv'} does not follow")


def check_robustness(place: Place, data: PreparedDataset, check: Check) -> None:
    """Check the tables of stability, and those that compare estimators."""
    stability, offset = place.config["stability"], float(place.config["resampling"]["hardness_offset"])
    balance = place.config["resampling"]["balance"]
    key, names = (place.config["seed"], place.name), list(place.config["hardness"]["estimators"])
    for name in names:
        runs = runs_of(place.config, source_of(place.config, name))
        estimator, text, scores, places = _scores(place, name, runs)
        pairs = ensemble_pairs(len(runs), stability["partitions"], derive_rng(*key, "stability"))
        labels, tolerance = data.train_labels[places], float(stability["tolerance_percent"])
        tables = stability_tables(scores, labels, data.class_names, estimator.direction, offset, tolerance, pairs, balance)
        for file, table in tables.items():
            path = place.results / f"stability/{name}/{file}.csv"
            check.artifacts += 1
            check.expect(same_bytes(path, table_of(table, name, text)), f"{path} does not follow from the dynamics")
    samples = {name: read_table(place.results / f"hardness/{name}/samples.parquet") for name in names}
    classes = {name: read_table(place.results / f"hardness/{name}/classes.csv") for name in names}
    alphas, resamples = map(float, place.config["resampling"]["alphas"]), place.config["statistics"]["resamples"]
    tables = comparison_tables(samples, classes, [*alphas], offset, resamples, derive_rng(*key, "estimators"), balance)
    for file, table in tables.items():
        path = place.results / f"estimators/{file}.csv"
        check.artifacts += 1
        check.expect(same_bytes(path, table), f"{path} does not follow from the tables of hardness")


def _scores(place: Place, name: str, runs: Sequence[tuple[int, int]]) -> tuple[Estimator, str, np.ndarray, np.ndarray]:
    """Return an estimator, its definition, the scores of some trainings of its source, and which samples these are of."""
    estimator, source = estimator_of_study(place.config, name), source_of(place.config, name)
    places = load_plan(place.plan(source, runs[0][0])).source
    scores = []
    for run in runs:
        dynamics = load_dynamics(place.member(source, *run) / "dynamics.npz")
        scores.append(instance_scores(dynamics, estimator))
    return estimator, definition(estimator, dynamics.epochs, dynamics.el2n_epoch), np.stack(scores), places


def check_allocations(place: Place, check: Check) -> None:
    """Check every allocation."""
    resampling, compat = place.config["resampling"], place.config["compat"]
    if not needs_control(place.config):
        return
    offset = float(resampling["hardness_offset"])
    hardness: dict[str, pd.DataFrame] = {}
    tables: dict[str, list[pd.DataFrame]] = {}
    # Without strategies only the control is allocated, by the first estimator.
    for estimator in resampling["estimators"][: None if resampling["strategies"] else 1]:
        classes = hardness[estimator] = read_table(place.results / f"hardness/{estimator}/classes.csv")
        tables[estimator] = []
        for alpha in ["0", *map(alpha_text, resampling["alphas"] if resampling["strategies"] else [])]:
            path = place.allocation(estimator, alpha)
            table = allocation_table(classes, float(alpha), offset, compat, resampling["balance"])
            check.artifacts += 1
            check.expect(same_bytes(path, table), f"{path} does not follow from its class hardness")
            total = int(table["granted"].sum()) == int(classes["samples"].sum())
            check.expect(total or compat == "v1", f"{path} does not sum to the size of the training set")
            tables[estimator].append(table)
    offsets = [offset_table(table, offset, resampling["balance"]).assign(estimator=name) for name, table in hardness.items()]
    for file, table in (
        ("review.csv", review_table(hardness, tables, float(resampling["spread_warning"]))),
        ("offsets.csv", pd.concat(offsets)),
    ):
        path = place.results / "allocations" / file
        check.artifacts += 1
        check.expect(same_bytes(path, table), f"{path} does not follow from its allocations")


def check_noise(place: Place, data: PreparedDataset, check: Check) -> None:
    """Check what each rule of label noise flags, and what is made of it."""
    noise, flagged = place.config["noise"], {}
    if not noise["rules"]:
        return
    samples = read_table(place.results / f"hardness/{noise['estimator']}/samples.parquet")
    for name, keys in noise["rules"].items():
        rule, trained = rule_of(**keys), None
        if rule.needs_threshold_samples:
            runs = runs_of(place.config, THRESHOLD)
            dynamics = [load_dynamics(place.member(THRESHOLD, *run) / "dynamics.npz") for run in runs]
            plans = {variant: load_plan(place.plan(THRESHOLD, variant)) for variant in place.variants(THRESHOLD)}
            extra = {variant: plan.labels == data.classes for variant, plan in plans.items()}
            trained = threshold_scores(dynamics, [variant for variant, _ in runs], extra)
        flagged[name], _ = flag_samples(samples, rule, trained)
        path = place.results / f"noise/{name}/samples.parquet"
        check.artifacts += 1
        check.expect(same_bytes(path, flagged[name]), f"{path} does not follow from the dynamics")
    ids = next(iter(flagged.values()))["id"].to_numpy()
    runs = hardness_runs(place.config, BASELINE)
    members = [load_dynamics(place.member(BASELINE, *run) / "dynamics.npz") for run in runs]
    for file, table in (
        ("rules.csv", rule_summary(flagged, data.planted)),
        ("classes.csv", share_by_class(flagged, data.class_names)),
        ("preferred.parquet", with_ids(preferred_classes(members, data.train_labels, data.classes), ids, "ids.parquet")),
    ):
        path = place.results / "noise" / file
        check.artifacts += 1
        check.expect(same_bytes(path, table), f"{path} does not follow from what is flagged")
