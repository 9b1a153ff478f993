"""What is compared with what, in which family, and the verdicts of a whole study made of known predictions."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hbr.analysis.columns import CONDITION_COLUMNS, PARTS
from hbr.analysis.comparisons import contrasts_of, gaps_of_runs, pair_runs
from hbr.analysis.measures import measure_runs
from hbr.analysis.predictions import predictions_of
from hbr.analysis.statistics.study import judge_gaps
from hbr.analysis.statistics.verdicts import holm
from hbr.training.outcomes import Outcomes

HARD = np.array([False, False, False, True])
STRATEGY = {"estimator": "aum", "oversampling": "random", "undersampling": "easy", "alpha": "1"}
TRUE, PLACEBO = "resampled-aum-random-easy-alpha1", "placebo-shuffled-aum-random-easy-alpha1"
PRUNED = {"kind": "pruned", "reference": "control", "estimator": "aum"}
# Parts of each condition, and the recall of its four classes.
STUDY = {
    "baseline": ({"kind": "baseline"}, (0.95, 0.9, 0.85, 0.5)),
    "control": ({"kind": "control", "alpha": "0"}, (0.95, 0.9, 0.85, 0.5)),
    TRUE: ({"kind": "resampled", "reference": "control", **STRATEGY}, (0.9, 0.88, 0.85, 0.7)),
    "resampled-aum-smote-easy-alpha1": (
        {"kind": "resampled", "reference": "control", **STRATEGY, "oversampling": "smote"},
        (0.95, 0.9, 0.85, 0.5),
    ),
    PLACEBO: ({"kind": "placebo", "reference": "control", "method": "shuffled", **STRATEGY}, (0.95, 0.92, 0.8, 0.4)),
    "pruned-aum-dlp-30": ({**PRUNED, "method": "dlp", "rate": "30"}, (0.8, 0.8, 0.8, 0.6)),
    "pruned-aum-clp-30": ({**PRUNED, "method": "clp", "rate": "30"}, (0.9, 0.85, 0.8, 0.4)),
    "pruned-aum-dlp-50": ({**PRUNED, "method": "dlp", "rate": "50"}, (0.8, 0.7, 0.8, 0.6)),
    "denoised-lowest": ({"kind": "denoised", "reference": "control", "method": "lowest"}, (0.95, 0.9, 0.85, 0.5)),
    "threshold": ({"kind": "threshold"}, (0.95, 0.9, 0.85, 0.5)),
}


def drawn_runs(recall, rng, runs, per_class=400):
    """Return runs that are right as often as said, up to a few samples that differ between runs."""
    labels = np.repeat(np.arange(4), per_class)
    found = []
    for variant, member in runs:
        predictions = labels.copy()
        for label, share in enumerate(recall):
            wrong = per_class - round(share * per_class) + rng.integers(-1, 2)
            start = label * per_class
            predictions[start : start + wrong] = (label + 1) % 4
        logits = np.eye(4, dtype=np.float16)[predictions]
        history = np.array([[1, 0.1, 1.0, 0.5, (predictions == labels).mean()]])
        found.append(Outcomes(logits, labels, history, 0, 0, variant, member, 10))
    return found


@pytest.fixture(scope="module")
def study():
    """Return class metrics and predictions of a study of 4 variants, 2 of what is pruned by 50 percent."""
    rng = np.random.default_rng(0)
    classes, predictions = [], {}
    for name, (parts, recall) in STUDY.items():
        variants = [0] if name == "baseline" else [1, 2] if name.endswith("50") else [1, 2, 3, 4]
        runs = drawn_runs(recall, rng, [(variant, 1) for variant in variants])
        who = {"dataset": "made_up", "condition": name, **{part: parts.get(part, np.nan) for part in PARTS}}
        classes.append(measure_runs(runs, who)[0])
        predictions[name] = predictions_of(runs)
    return pd.concat(classes, ignore_index=True), predictions


def judged(study, metrics=("recall",), gaps=("max_min",), margin=0.01, seed=3):
    classes, predictions = study
    contrasts = contrasts_of(classes[CONDITION_COLUMNS].drop_duplicates())
    gaps_found = gaps_of_runs(classes, HARD)
    return judge_gaps(gaps_found, contrasts, predictions, HARD, margin, (metrics, gaps), resamples=200, seed=seed)


def row_of(table, condition, reference, metric="recall", gap="max_min"):
    where = {"condition": condition, "reference": reference, "metric": metric, "gap": gap}
    found = table[np.logical_and.reduce([table[column] == value for column, value in where.items()])]
    assert len(found) == 1, (where, len(found))
    return found.iloc[0]


def test_every_condition_has_its_references_and_families(study):
    found = contrasts_of(study[0][CONDITION_COLUMNS].drop_duplicates())
    families = dict(zip(zip(found["condition"], found["reference"], strict=True), found["family"], strict=True))
    assert len(families) == len(found)
    families = {pair: family for pair, family in families.items() if isinstance(family, str)}
    assert families == {
        (TRUE, "control"): "resampling",
        ("resampled-aum-smote-easy-alpha1", "control"): "resampling",
        # The placebo of the other strategy, and CLP at 50 %, are not in the study.
        (TRUE, PLACEBO): "placebo",
        ("pruned-aum-dlp-30", "pruned-aum-clp-30"): "pruning",
    }
    exploratory = found[found["family"].isna()]
    assert set(exploratory["reference"]) == {"control"}
    assert set(exploratory["condition"]) == {name for name, (parts, _) in STUDY.items() if "reference" in parts} - {
        TRUE,
        "resampled-aum-smote-easy-alpha1",
    }


def test_a_placebo_is_compared_with_its_own_degree_and_estimator_alone():
    rows = pd.DataFrame(
        [
            {"condition": f"{kind}-{estimator}-{alpha}", "kind": kind, "reference": "control", "estimator": estimator}
            | {"oversampling": "random", "undersampling": "easy", "alpha": alpha, "method": None, "rate": None}
            for kind in ("resampled", "placebo")
            for estimator in ("aum", "el2n")
            for alpha in (1.0, 2.0)
            if (kind, estimator) != ("placebo", "el2n")
        ]
    )
    found = contrasts_of(rows)
    against = found[found["family"] == "placebo"]
    assert list(zip(against["condition"], against["reference"], strict=True)) == [
        ("resampled-aum-1.0", "placebo-aum-1.0"),
        ("resampled-aum-2.0", "placebo-aum-2.0"),
    ]


def test_pairs_share_their_seeds_and_the_rest_is_left_out():
    who = dict.fromkeys(CONDITION_COLUMNS)
    rows = [
        {**who, "dataset": "d", "condition": name, "kind": kind, "reference": reference, "variant": v, "member": m, "value": x}
        for name, kind, reference, v, m, x in [
            ("control", "control", None, 1, 1, 0.5),
            ("control", "control", None, 2, 1, 0.7),
            ("t", "resampled", "control", 1, 1, 0.4),
            ("t", "resampled", "control", 2, 1, 0.9),
            ("t", "resampled", "control", 2, 2, 0.9),
        ]
    ]
    contrasts = pd.DataFrame({"condition": ["t"], "reference": ["control"], "family": ["resampling"]})
    found = pair_runs(pd.DataFrame(rows), contrasts, [])
    assert found["difference"].tolist() == pytest.approx([-0.1, 0.2])
    assert set(found["reference"]) == {"control"}


def test_a_study_is_judged_by_what_its_predictions_say(study):
    table = judged(study)
    better = row_of(table, TRUE, "control")
    # 0.45 against 0.2, up to a sample or two of 400 at each end.
    assert better["difference"] == pytest.approx(-0.25, abs=0.006)
    assert (better["verdict"], better["variants"], better["pairs"], better["margin"]) == ("improves", 4, 4, 0.01)
    same = row_of(table, "resampled-aum-smote-easy-alpha1", "control")
    assert same["verdict"] in ("equivalent", "inconclusive")
    assert abs(same["difference"]) < 0.01
    assert row_of(table, TRUE, PLACEBO)["difference"] == pytest.approx(-0.35, abs=0.006)
    assert row_of(table, TRUE, PLACEBO)["verdict"] == "improves"
    assert row_of(table, "pruned-aum-dlp-30", "pruned-aum-clp-30")["verdict"] == "improves"
    assert row_of(table, "pruned-aum-dlp-50", "control")["variants"] == 2
    # As large as the change by resampling, and yet nothing that was declared.
    worse = row_of(table, PLACEBO, "control")
    assert pd.isna(worse["family"])
    assert pd.isna(worse["p_adjusted"])
    assert (worse["total_p"] < 0.05, worse["verdict"]) == (True, "inconclusive")


def test_numbers_of_a_row_are_those_of_its_pairs(study):
    classes, _ = study
    recall = classes[classes["metric"] == "recall"]
    wide = {
        name: cell.pivot_table(index="variant", columns="class", values="value") for name, cell in recall.groupby("condition")
    }
    gap = {name: cell.max(axis=1) - cell.min(axis=1) for name, cell in wide.items()}
    expected = stats.ttest_rel(gap[TRUE], gap["control"])
    row = row_of(judged(study), TRUE, "control")
    assert row["p"] == pytest.approx(expected.pvalue)
    assert row["difference"] == pytest.approx((gap[TRUE] - gap["control"]).mean())
    assert row["total_error"] == pytest.approx(np.hypot(row["error"], row["shared_error"]))
    # Two recalls of 400 samples each, of condition and control: their binomial errors bound that of the difference.
    independent = np.sqrt(sum(p * (1 - p) / 400 for p in (0.9, 0.7, 0.95, 0.5)))
    assert 0 < row["test_error"] < 1.2 * independent


def test_families_are_the_declared_gaps_of_the_declared_metrics(study):
    table = judged(study, metrics=("recall", "precision"), gaps=("max_min", "std"))
    declared = table[table["family"].notna()]
    assert set(declared["metric"]) == {"recall", "precision"}
    assert set(declared["gap"]) == {"max_min", "std"}
    assert declared["family"].value_counts().to_dict() == {"resampling": 8, "placebo": 4, "pruning": 4}
    for _, rows in declared.groupby("family"):
        np.testing.assert_allclose(rows["p_adjusted"], holm(rows["total_p"].to_numpy()))
    assert table.loc[table["family"].isna(), "p_adjusted"].isna().all()
    # Fewer tests are corrected for where fewer are declared.
    alone = row_of(judged(study), TRUE, "control")
    assert alone["p_adjusted"] <= row_of(table, TRUE, "control")["p_adjusted"]


def test_the_margin_decides_what_is_equivalent(study):
    wide = row_of(judged(study, margin=0.1), "resampled-aum-smote-easy-alpha1", "control")
    narrow = row_of(judged(study, margin=1e-5), "resampled-aum-smote-easy-alpha1", "control")
    assert (wide["verdict"], wide["margin"]) == ("equivalent", 0.1)
    assert narrow["verdict"] == "inconclusive"
    assert narrow["variants_needed"] > 4
    assert wide["difference"] == narrow["difference"]


def test_the_same_seed_gives_the_same_table(study):
    pd.testing.assert_frame_equal(judged(study), judged(study))
    other = judged(study, seed=4)
    assert not other["test_error"].equals(judged(study)["test_error"])
    assert other["difference"].equals(judged(study)["difference"])
