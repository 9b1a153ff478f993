"""A study that was never trained: its tables, and what draws each of its figures."""

import copy
import io

import numpy as np
import pandas as pd

from hbr.analysis.columns import against_control, with_conditions
from hbr.analysis.comparisons import compare_runs, gaps_of_runs, pair_runs, sized_differences, summarise
from hbr.analysis.figures import agreement, ground_truth, noise, pruning, stability
from hbr.analysis.figures.baseline import class_recall, learning_curves
from hbr.analysis.figures.effect import class_changes, recall_by_class
from hbr.analysis.figures.gap_accuracy import changes_at_equal_accuracy, gap_against_error
from hbr.analysis.figures.hardness import (
    allocation_counts,
    class_order,
    drawing_rates,
    hardness_distributions,
    offset_influence,
)
from hbr.analysis.figures.images import image_sheet
from hbr.analysis.figures.limited import limited_gaps
from hbr.analysis.figures.pools import pool_captions, pool_gaps
from hbr.analysis.figures.precision import mean_recall_precision, precision_recall
from hbr.analysis.figures.verdicts import gap_changes, placebo_changes
from hbr.analysis.gap_accuracy import changes_of_pairs, relate_changes
from hbr.analysis.gap_lines import TRAJECTORY, line_of_runs, lines_of_networks, lines_table
from hbr.analysis.ground_truth import CLASSES, SAMPLES, WITHIN, Order, noise_rows
from hbr.analysis.limited import limited_summary
from hbr.analysis.noise import rule_summary, share_by_class
from hbr.analysis.pools import pool_summaries
from hbr.analysis.precision import baseline_points, change_points, mean_summary
from hbr.analysis.predictions import RunPredictions
from hbr.analysis.pruning import pruned_shares, rate_summary
from hbr.analysis.statistics.tables import add_verdicts, compare_cells
from hbr.analysis.tables import recall_summary
from hbr.analysis.trajectories import TRACED
from hbr.conditions.names import condition_rows, contrasts_of
from hbr.hardness.agreement import comparison_tables
from hbr.hardness.classes import class_table, sample_table
from hbr.hardness.ensembles import ensemble_pairs
from hbr.hardness.estimators import HIGH_IS_HARD
from hbr.hardness.stability import stability_tables, table_of

STRATEGY = {"oversampling": "random", "undersampling": "easy"}
CONFIG = {
    "baseline": {"members": 2},
    "hardness": {"members": 2, "estimators": {"aum": {}, "el2n": {}}},
    "resampling": {"estimators": ["aum"], "strategies": [STRATEGY], "alphas": [1.0], "variants": 2, "members": 1},
    "placebos": {"kinds": ["shuffled", "random"], "strategies": [STRATEGY], "alphas": [1.0]},
    "pruning": {"estimators": ["aum"], "methods": ["dlp", "clp"], "rates": [30], "variants": 2, "members": 1},
    "limited": {"rates": [], "strategies": [STRATEGY], "alphas": [1.0], "hardness": ["full"], "variants": 2, "members": 1},
    "noise": {
        "rules": {"lowest": {"method": "count", "count": 3}},
        "denoised": ["lowest"],
        "threshold_variants": 2,
        "variants": 2,
        "members": 1,
    },
}


def changed(estimators=("aum",), alphas=(1.0,), rates=(30,), **sections):
    """Return the configuration of a study with conditions of every kind, changed."""
    config = copy.deepcopy(CONFIG)
    config["resampling"] |= {"estimators": list(estimators), "alphas": list(alphas)}
    config["placebos"]["alphas"] = list(alphas)[:1]
    config["pruning"]["rates"] = list(rates)
    for name, settings in sections.items():
        config[name] |= settings
    return config


def listed(config):
    """Return what the workflow's tables of conditions and contrasts would hold, as they are read."""
    conditions = pd.DataFrame(condition_rows(config))
    contrasts = pd.DataFrame(contrasts_of(config), columns=["condition", "reference", "family"])
    return [pd.read_csv(io.StringIO(table.to_csv(index=False))) for table in (conditions, contrasts)]


def made_up(classes, variants, **more):
    """Return allocation, class metrics, gaps and judged differences of a study that was never trained."""
    rng = np.random.default_rng(0)
    hard = np.arange(classes) >= classes / 2
    group = np.where(hard, "hard", "easy")
    names = [f"${number}^2$" for number in range(classes)]
    positions = np.arange(classes)
    allocation = pd.DataFrame({"class": positions, "class_name": names, "group": group, "position": positions})
    rows = []
    conditions, contrasts = listed(changed(**more))
    for who in conditions.to_dict("records"):
        who["dataset"] = "made_up"
        runs = [(0, 1), (0, 2)] if who["kind"] == "baseline" else [(variant, 1) for variant in range(1, variants + 1)]
        for variant, member in runs:
            for metric in ("recall", "precision", "f1", "mcc"):
                values = 0.95 - 0.3 * positions / classes + rng.normal(0, 0.02, classes)
                run = {**who, "variant": variant, "member": member, "metric": metric}
                rows.append(pd.DataFrame({**run, "class": positions, "value": values}))
    table = pd.concat(rows, ignore_index=True)
    gaps = gaps_of_runs(table, hard)
    judged = compare_cells(pair_runs(gaps, contrasts, ["metric", "gap"]), ["metric", "gap"], 0.01, resamples=100, mixed=False)
    family = judged[["condition", "reference"]].merge(contrasts, how="left", on=["condition", "reference"])["family"]
    declared = (judged["metric"] == "recall") & (judged["gap"] == "max_min")
    judged = add_verdicts(judged, 0.01, family=family.where(declared)).assign(margin=0.01)
    drawn = contrasts[contrasts["condition"].isin(conditions.loc[conditions["kind"] == "resampled", "condition"])]
    by_class = compare_runs(pair_runs(table, drawn, ["metric", "class"]), ["metric", "class"])
    return allocation, *(with_conditions(found, conditions) for found in (table, gaps, judged, by_class))


def every_figure(classes, variants, names=None, estimators=("aum", "el2n")):
    """Return what draws each figure of a study that was never trained, and its tables, by name; those by class come first."""
    limited = {"rates": [33, 50], "strategies": [STRATEGY, {**STRATEGY, "oversampling": "holdout"}]}
    more = {"estimators": estimators, "rates": (10, 30), "limited": limited}
    allocation, table, gaps, judged, by_class = made_up(classes, variants, **more)
    if names is not None:
        allocation["class_name"] = names
    resampled = judged[(judged["kind"] == "resampled") & against_control(judged)]
    of_recall = resampled[resampled["metric"] == "recall"]
    shown = table[table["kind"].isin(["baseline", "control", "resampled"])]
    changes = by_class[(by_class["kind"] == "resampled") & against_control(by_class)]
    contrasts = of_recall[["condition", "reference", "family"]].drop_duplicates(["condition", "reference"])
    pairs = pair_runs(gaps[gaps["metric"] == "recall"], contrasts, ["metric", "gap"])
    pairs["difference"] = sized_differences(pairs)
    moved = change_points(changes).merge(allocation[["class", "group"]], on="class")
    rates = rate_summary(gaps[gaps["metric"] == "recall"], "gap")
    recall = rate_summary(table[table["metric"] == "recall"], "class")
    labels = np.arange(10 * classes) % classes
    rng = np.random.default_rng(1)
    aum = rng.normal(2, 2, len(labels))
    samples = pd.DataFrame({"class": labels, "hardness": aum, "difficulty_rank": rng.permutation(len(labels)) / len(labels)})
    flags = {
        "below": pd.DataFrame({"class": labels, "aum": aum, "score": aum, "threshold": 0.0, "flagged": aum < 0}),
        "pleiss": pd.DataFrame({"class": labels, "aum": aum, "score": aum - 1, "threshold": 0.0, "flagged": aum < 1}),
    }
    planted = np.arange(len(labels)) < (0 if classes == 2 else 5)
    images = pd.DataFrame(
        {"sample": [0, 1], "id": ["0", "a/b.png"], "class": [0, 1], "preferred": 1, "votes": 7, "members": 8, "aum": [-1.5, 2]}
    )
    captions = noise.image_captions(images, allocation["class_name"], planted)
    drawn = pool_captions(images.assign(confidence=0.123, otherwise=[0, 0.25]), allocation["class_name"])
    pooled = pool_summaries(gaps[gaps["metric"] == "recall"].assign(pool="edm"))["control"]
    ranks = allocation.set_index(["class", "class_name"])[[]].assign(aum=np.arange(classes), el2n=np.arange(classes))
    decile = {"decile": range(1, 11), "copies": np.linspace(0.5, 1.5, 10)}
    draws = pd.concat([pd.DataFrame({"strategy": "smote / easy", "alpha": alpha, **decile}) for alpha in (1.0, 1e-05)])
    baseline = summarise(table[(table["kind"] == "baseline") & (table["metric"] == "recall")], ["class"])
    per_class = samples.groupby("class")["hardness"].agg(hardness="mean", spread="std").reset_index()
    hardness = allocation[["class", "class_name"]].assign(
        direction="low-is-hard",
        members=8,
        difficulty_rank=np.arange(classes),
        hardness=per_class["hardness"],
        hardness_lower=per_class["hardness"] - per_class["spread"],
        hardness_upper=per_class["hardness"] + per_class["spread"],
    )
    granted = pd.concat([allocation.assign(alpha=a, samples=10, granted=10 + a * np.arange(classes)) for a in (0.0, 1.0)])
    parts = [("rank", np.nan), ("allocation", 0.5), ("allocation", 1.0)]
    value = np.arange(classes, dtype=float)
    bounds = {"value": value, "lower": value - 1, "upper": value + 1, "members": 8, "resamples": 100, "estimator": "aum"}
    open_still = pd.concat([allocation.assign(quantity=quantity, alpha=a, **bounds) for quantity, a in parts])
    shares = pruned_shares(samples).assign(estimator="aum")
    taken = share_by_class(flags, tuple(allocation["class_name"]))
    offsets = pd.concat([allocation.assign(offset=o, factor=1 + value / (classes + o)) for o in (0.0, 1.0, 9.0)])
    offsets = offsets.assign(hardness=offsets["class"] + 0.5, study=offsets["offset"] == 1)
    return {
        "recall_by_class": (recall_by_class, recall_summary(shown), allocation, "made_up"),
        "class_changes": (class_changes, changes, allocation, "made_up"),
        "pruning_classes": (pruning.pruning_classes, recall, allocation, "aum", "made_up"),
        "pruned_share": (pruning.pruned_share, shares, allocation, "made_up"),
        "noise_by_class": (noise.noise_by_class, taken, range(classes), "made_up"),
        "lowest_images": (image_sheet, np.zeros((2, 8, 8, 1), dtype=np.uint8), captions, "made_up", 6),
        "suspect_images": (image_sheet, np.zeros((2, 8, 8, 1), dtype=np.uint8), captions, "made_up", 5),
        "pool_images": (image_sheet, np.zeros((2, 8, 8, 1), dtype=np.uint8), drawn, "made_up"),
        "precision_recall": (precision_recall, baseline_points(table, allocation), moved, "made_up"),
        "class_order": (class_order, ranks, "made_up"),
        "class_recall": (class_recall, baseline.merge(allocation[["class", "class_name"]]), "made_up", 2),
        "hardness_distributions": (hardness_distributions, samples, hardness, "aum", "made_up"),
        "offset_influence": (offset_influence, offsets, "made_up", "aum"),
        "allocation": (allocation_counts, granted, "made_up", "aum"),
        "class_uncertainty": (agreement.class_uncertainty, open_still, "made_up"),
        # Without classes:
        "gap_changes": (gap_changes, of_recall, pairs, "made_up"),
        "pool_gaps": (pool_gaps, pooled, "made_up"),
        "mean_recall_precision": (mean_recall_precision, mean_summary(gaps), "made_up"),
        "placebos": (placebo_changes, judged, "made_up", "recall", "max_min"),
        "pruning_recall": (pruning.pruning_by_rate, rates, ["mean"], "made_up"),
        "pruning_gaps": (pruning.pruning_by_rate, rates, ["max_min", "std"], "made_up"),
        "limited_gaps": (limited_gaps, limited_summary(gaps), ["max_min", "std"], "made_up"),
        "noise_detection": (noise.noise_detection, rule_summary(flags, planted), "made_up"),
        "cumulative_aum": (noise.cumulative_aum, flags, planted, 8, "made_up"),
        "drawing_rates": (drawing_rates, draws, "made_up"),
    }


def gap_and_error():
    """Return what draws the figures of gap against error, and their tables, by name."""
    rng, rows, runs = np.random.default_rng(0), [], {}
    kinds = {"control": "control", "a": "resampled", "b": "placebo"}
    for name in kinds:
        for variant in (1, 2, 3):
            error = np.array([0.5, 0.3, 0.2, 0.1]) + rng.normal(0, 0.01, 4)
            own = {gap: 0.1 + error + rng.normal(0, 0.01, 4) for gap in TRACED}
            who = {"dataset": "made_up", "condition": name, "variant": variant, "member": 1, "epoch": range(1, 5)}
            rows.append(pd.DataFrame({**who, "error": error, **own}))
        nothing = np.zeros((3, 2), np.int16)
        runs[name] = RunPredictions(nothing, np.array([1, 2, 3]), np.ones(3, int), np.zeros(2, int), np.array([name] * 3))
    table = pd.concat(rows)
    contrasts = pd.DataFrame({"condition": ["a", "b"], "reference": "control"})
    lines = {"control": {gap: line_of_runs(table[table["condition"] == "control"], gap) for gap in TRACED}}
    error = rng.uniform(0.095, 0.105, 6)
    networks = pd.DataFrame({"network": range(6), "error": error, **dict.fromkeys(TRACED, 0.05 + error)})
    published = lines_of_networks(networks)
    changes = relate_changes(changes_of_pairs(table, contrasts, runs), lines, published, {})
    changes = changes.assign(label=changes["condition"].str.upper(), reference_kind="control")
    every = {(TRAJECTORY, name): own for name, own in lines.items()} | {(name, ""): own for name, own in published.items()}
    table = table.assign(kind=table["condition"].map(kinds), label=table["condition"])
    shown = {"control": ["a", "b"]}
    drawn = (table, shown, lines_table("made_up", every), networks, "max_min", "made_up")
    return {
        "gap_against_error": (gap_against_error, *drawn),
        "changes_at_equal_accuracy": (changes_at_equal_accuracy, changes, "max_min", "made_up"),
    }


def figures_of_members():
    """Return what draws each figure of ensembles, and its tables, by name."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 4
    scores = {name: 4 + labels + rng.normal(size=60) + 0.3 * rng.normal(size=(4, 60)) for name in ("one", "two")}
    pairs = ensemble_pairs(4, 3, rng)
    names = ("a", "b", "c", "d")
    stable = {name: stability_tables(own, labels, names, HIGH_IS_HARD, 0.0, 2.0, pairs) for name, own in scores.items()}
    tables = {kind: pd.concat([table_of(own[kind], name, "words") for name, own in stable.items()]) for kind in stable["one"]}
    samples = {name: sample_table(own, labels, HIGH_IS_HARD, [1, 2, 3, 4], None) for name, own in scores.items()}
    classes = {name: class_table(own, labels, names, HIGH_IS_HARD, "words") for name, own in scores.items()}
    beside = comparison_tables(samples, classes, [1.0], dict.fromkeys(classes, 0.0), 20, rng)
    epochs = pd.DataFrame({"member": [1, 1, 2, 2], "epoch": [1, 2, 1, 2], "learning_rate": [0.1, 0.2, 0.1, 0.2]})
    history = epochs.assign(train_accuracy=[0.5, 0.6, 0.7, 0.8], test_accuracy=[0.4, 0.5, 0.5, 0.7], train_loss=[3, 2, 2, 1])
    sheet = rng.integers(0, 255, (3, 8, 8, 3)).astype(np.uint8)
    return {
        "learning_curves": (learning_curves, history, "made_up"),
        "pruning_stability": (stability.pruning_stability, tables["pruning"], "made_up"),
        "allocation_stability": (stability.allocation_stability, tables["allocation"], "made_up"),
        "members_enough": (
            stability.members_enough,
            tables["allocation"],
            tables["ranks"],
            tables["members_enough"],
            "made_up",
        ),
        "estimator_agreement": (agreement.estimator_agreement, beside["correlations"], "made_up"),
        "estimator_overlap": (agreement.estimator_overlap, beside["overlap"], "made_up"),
        **{f"{kind}images": (image_sheet, sheet, ["ant", "bee", "cat"], "made_up") for kind in ("", "easiest_", "hardest_")},
    }


def against_people():
    """Return what draws the figures of hardness against what people see, and their tables, by name."""
    rng = np.random.default_rng(0)
    names = list("abcd")
    ends = {"lower": 0.1, "upper": 0.6, "classes_lower": [0, np.nan, np.nan], "classes_upper": [0.8, np.nan, np.nan]}
    levels = {"level": [CLASSES, SAMPLES, WITHIN], "correlation": [0.5, 0.4, 0.3], "ceiling": [0.9, 0.8, 0.8]}
    order = [pd.DataFrame({**levels, **ends, "estimator": "aum", "reference": name}) for name in ("votes", "labels")]
    doubt = {"class": range(4), "class_name": names, "doubt": [0.1, 0.2, 0.3, 0.1], "doubt_lower": 0.05, "doubt_upper": 0.35}
    doubts = pd.concat([pd.DataFrame({**doubt, "reference": name}) for name in ("votes", "labels")])
    hardness = pd.DataFrame({"class": range(4), "class_name": names, "difficulty_rank": [2, 4, 3, 1]})
    truth = np.arange(60) % 10 == 0
    orders = [Order("aum", "train", truth + rng.normal(size=(2, 60)), np.arange(60))]
    rule = pd.DataFrame({"sample": range(60), "score": rng.normal(size=60), "flagged": np.arange(60) < 9})
    found = noise_rows(truth, np.arange(60), orders, {"lowest": rule}, 50, 0)
    found = pd.concat([found.assign(reference=name, truth="most say otherwise") for name in ("votes", "labels")])
    change = {"condition": ["a", "b"], "label": ["A", "B"], "training_set": 0.1, "before": 0.1, "change": [0.01, -0.01]}
    changes = pd.DataFrame({**change, "lower": [0.005, np.nan], "upper": [0.02, np.nan], "variants": 2, "reference": "labels"})
    return {
        "human_doubt": (ground_truth.human_doubt, doubts, hardness, "aum", "made_up"),
        "human_order": (ground_truth.human_order, pd.concat(order), "made_up"),
        "human_noise": (ground_truth.human_noise, found, "made_up"),
        "doubtful_share": (ground_truth.doubtful_share, changes, "made_up"),
    }
