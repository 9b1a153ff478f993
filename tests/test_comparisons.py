"""What is compared with what, in which family, and the verdicts of a whole study made of known predictions."""

import numpy as np
import pandas as pd
import pytest
from made_up import STRATEGY, changed, listed
from scipy import stats

from hbr.analysis.comparisons import compare_runs, gaps_of_runs, mark_same_plans, pair_runs
from hbr.analysis.measures import measure_runs
from hbr.analysis.predictions import load_predictions, predictions_of
from hbr.analysis.statistics.contrasts import errors_of_contrasts
from hbr.analysis.statistics.study import judge_gaps
from hbr.analysis.statistics.untested import untested_reason
from hbr.analysis.statistics.verdicts import holm
from hbr.data.files import write_arrays
from hbr.errors import StudyError
from hbr.training.outcomes import Outcomes

HARD = np.array([False, False, False, True])
TRUE, PLACEBO = "resampled-aum-random-easy-alpha1", "placebo-shuffled-aum-random-easy-alpha1"
# The recall of the four classes of each condition.
STUDY = {
    "baseline": (0.95, 0.9, 0.85, 0.5),
    "control": (0.95, 0.9, 0.85, 0.5),
    TRUE: (0.9, 0.88, 0.85, 0.7),
    "resampled-aum-smote-easy-alpha1": (0.95, 0.9, 0.85, 0.5),
    PLACEBO: (0.95, 0.92, 0.8, 0.4),
    "pruned-aum-dlp-30": (0.8, 0.8, 0.8, 0.6),
    "pruned-aum-clp-30": (0.9, 0.85, 0.8, 0.4),
    "pruned-aum-dlp-50": (0.8, 0.7, 0.8, 0.6),
    "denoised-lowest": (0.95, 0.9, 0.85, 0.5),
}
# Of these the study above has run some.
CONDITIONS, CONTRASTS = listed(
    changed(rates=(30, 50), resampling={"strategies": [STRATEGY, {**STRATEGY, "oversampling": "smote"}]})
)
CONTRASTS = CONTRASTS[CONTRASTS["condition"].isin(STUDY) & CONTRASTS["reference"].isin(STUDY)]


def drawn_runs(recall, rng, runs, per_class=400, plans=None):
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
        plan = "" if plans is None else plans[variant]
        found.append(Outcomes(logits, labels, history, 0, 0, variant, member, 10, plan=plan))
    return found


@pytest.fixture(scope="module")
def study():
    """Return class metrics and predictions of a study of 4 variants, 2 of what is pruned by 50 percent."""
    rng = np.random.default_rng(0)
    classes, predictions = [], {}
    for name, recall in STUDY.items():
        variants = [0] if name == "baseline" else [1, 2] if name.endswith("50") else [1, 2, 3, 4]
        runs = drawn_runs(recall, rng, [(variant, 1) for variant in variants])
        classes.append(measure_runs(runs, {"dataset": "made_up", "condition": name})[0])
        predictions[name] = predictions_of(runs)
    return pd.concat(classes, ignore_index=True), predictions


def contrasts_among(classes):
    known = set(classes["condition"])
    return CONTRASTS[CONTRASTS["condition"].isin(known) & CONTRASTS["reference"].isin(known)]


def judged(study, metrics=("recall",), gaps=("max_min",), margin=0.01, seed=3):
    classes, predictions = study
    found, contrasts = gaps_of_runs(classes, HARD), contrasts_among(classes)
    sampling = errors_of_contrasts(predictions, contrasts, HARD, 200, seed).gaps
    return judge_gaps(found, contrasts, CONDITIONS, predictions, sampling, margin, (metrics, gaps), resamples=200, seed=seed)


@pytest.fixture(scope="module")
def table_of_study(study):
    """Return the table of the study, which takes seconds, once; nobody may change it."""
    return judged(study)


def row_of(table, condition, reference, metric="recall", gap="max_min"):
    where = {"condition": condition, "reference": reference, "metric": metric, "gap": gap}
    found = table[np.logical_and.reduce([table[column] == value for column, value in where.items()])]
    assert len(found) == 1, (where, len(found))
    return found.iloc[0]


def test_every_condition_has_its_references_and_families():
    found = CONTRASTS
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
    assert set(exploratory["condition"]) == set(STUDY) - {
        "baseline",
        "control",
        TRUE,
        "resampled-aum-smote-easy-alpha1",
    }


def test_a_placebo_is_compared_with_its_own_degree_and_estimator_alone():
    placebos = {"kinds": ["shuffled"], "alphas": [1.0, 2.0]}
    _, found = listed(changed(estimators=("aum", "el2n"), alphas=(1.0, 2.0), placebos=placebos))
    against = found[found["family"] == "placebo"]
    # Placebos are those of the first estimator.
    names = [f"aum-random-easy-alpha{alpha}" for alpha in (1, 2)]
    assert list(zip(against["condition"], against["reference"], strict=True)) == [
        (f"resampled-{name}", f"placebo-shuffled-{name}") for name in names
    ]


def test_pairs_share_their_seeds_and_the_rest_is_left_out():
    rows = [
        {"dataset": "d", "condition": name, "kind": kind, "reference": reference, "variant": v, "member": m, "value": x}
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


def test_a_study_is_judged_by_what_its_predictions_say(table_of_study):
    table = table_of_study
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
    assert (worse["total_p"] < 0.05, worse["verdict"]) == (True, "exploratory")


def test_numbers_of_a_row_are_those_of_its_pairs(study, table_of_study):
    classes, _ = study
    recall = classes[classes["metric"] == "recall"]
    wide = {
        name: cell.pivot_table(index="variant", columns="class", values="value") for name, cell in recall.groupby("condition")
    }
    gap = {name: cell.max(axis=1) - cell.min(axis=1) for name, cell in wide.items()}
    expected = stats.ttest_rel(gap[TRUE], gap["control"])
    row = row_of(table_of_study, TRUE, "control")
    assert row["p"] == pytest.approx(expected.pvalue)
    assert row["difference"] == pytest.approx((gap[TRUE] - gap["control"]).mean())
    assert row["total_error"] == pytest.approx(np.hypot(row["error"], row["shared_error"]))
    # Two recalls of 400 samples each, of condition and control: their binomial errors bound that of the difference.
    independent = np.sqrt(sum(p * (1 - p) / 400 for p in (0.9, 0.7, 0.95, 0.5)))
    assert 0 < row["test_error"] < 1.2 * independent


@pytest.mark.slow
def test_families_are_the_declared_gaps_of_the_declared_metrics(study, table_of_study):
    table = judged(study, metrics=("recall", "precision"), gaps=("max_min", "std"))
    declared = table[table["family"].notna()]
    assert set(declared["metric"]) == {"recall", "precision"}
    assert set(declared["gap"]) == {"max_min", "std"}
    assert declared["family"].value_counts().to_dict() == {"resampling": 8, "placebo": 4, "pruning": 4}
    for _, rows in declared.groupby("family"):
        np.testing.assert_allclose(rows["p_adjusted"], holm(rows["total_p"].to_numpy()))
    assert table.loc[table["family"].isna(), "p_adjusted"].isna().all()
    # Fewer tests are corrected for where fewer are declared.
    alone = row_of(table_of_study, TRUE, "control")
    assert alone["p_adjusted"] <= row_of(table, TRUE, "control")["p_adjusted"]


@pytest.mark.slow
def test_the_margin_decides_what_is_equivalent(study):
    wide = row_of(judged(study, margin=0.1), "resampled-aum-smote-easy-alpha1", "control")
    narrow = row_of(judged(study, margin=1e-5), "resampled-aum-smote-easy-alpha1", "control")
    assert (wide["verdict"], wide["margin"]) == ("equivalent", 0.1)
    assert narrow["verdict"] == "inconclusive"
    assert narrow["variants_needed"] > 4
    assert wide["difference"] == narrow["difference"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_table(study, table_of_study):
    pd.testing.assert_frame_equal(judged(study), table_of_study)
    other = judged(study, seed=4)
    assert not other["test_error"].equals(table_of_study["test_error"])
    assert other["difference"].equals(table_of_study["difference"])


# What compares nothing

SAME, OTHER = "the very plan", "another plan"


def degenerate(plans):
    """Return a study of four variants whose conditions have the plans that are named, and plans of their own else."""
    rng = np.random.default_rng(1)
    classes, predictions = [], {}
    for name in ("control", TRUE, PLACEBO, "pruned-aum-dlp-30", "pruned-aum-clp-30", "denoised-lowest"):
        recall = STUDY[name]
        own = dict(enumerate(plans.get(name, [name] * 4), 1))
        who = {"dataset": "made_up", "condition": name}
        runs = drawn_runs(recall, rng, [(variant, 1) for variant in range(1, 5)], plans=own)
        classes.append(measure_runs(runs, who)[0])
        predictions[name] = predictions_of(runs)
    return pd.concat(classes, ignore_index=True), predictions


@pytest.mark.slow
def test_the_plans_of_the_control_are_no_evidence():
    reasons = {
        TRUE: "alpha 1 changes no class's count; nothing is tested",
        "denoised-lowest": "the rule lowest flags no sample; nothing is tested",
        "pruned-aum-dlp-30": "30 % of the samples are none; nothing is tested",
    }
    # The runs differ, as on a GPU they may: plans decide, not results.
    table = judged(degenerate(dict.fromkeys(("control", *reasons), [SAME] * 4)))
    for condition, reason in reasons.items():
        rows = table[(table["condition"] == condition) & (table["reference"] == "control")]
        assert len(rows) == 12
        assert set(rows["verdict"]) == {"not tested"}
        assert set(rows["remark"]) == {reason}
        numbers = ["difference", "total_p", "equivalence_p", "p_adjusted", "variants_needed", "test_error"]
        assert rows[numbers].isna().all(axis=None)
        assert (rows["variants"] == 0).all()
    other = row_of(table, PLACEBO, "control")
    pd.testing.assert_series_equal(other, row_of(judged(degenerate({})), PLACEBO, "control"), check_names=False)


@pytest.mark.slow
def test_references_other_than_the_control_may_have_the_same_plans_too():
    pruned = {"pruned-aum-dlp-30": [OTHER] * 4, "pruned-aum-clp-30": [OTHER] * 4}
    table = judged(degenerate({TRUE: [SAME] * 4, PLACEBO: [SAME] * 4, **pruned}))
    row = row_of(table, TRUE, PLACEBO)
    assert (row["verdict"], row["remark"]) == ("not tested", "the placebo draws the true plans; nothing is tested")
    assert row_of(table, TRUE, "control")["verdict"] == "improves"
    row = row_of(table, "pruned-aum-dlp-30", "pruned-aum-clp-30")
    assert row["remark"] == "both ways of pruning remove the same samples at 30 %; nothing is tested"


@pytest.mark.slow
def test_variants_of_one_plan_are_left_out_of_a_comparison():
    classes, predictions = study = degenerate({TRUE: [SAME, OTHER, SAME, OTHER], PLACEBO: [SAME, SAME, OTHER, SAME]})
    row = row_of(judged(study), TRUE, PLACEBO)
    assert (row["variants"], row["pairs"]) == (3, 3)
    assert row["remark"] == "1 of 4 variants have the plan of the reference and are left out"
    gaps = gaps_of_runs(classes, HARD)
    cell = gaps[(gaps["metric"] == "recall") & (gaps["gap"] == "max_min") & (gaps["variant"] > 1)]
    by_variant = cell.pivot(index="variant", columns="condition", values="value")
    assert row["difference"] == pytest.approx((by_variant[TRUE] - by_variant[PLACEBO]).mean())
    assert row["value"] == pytest.approx(by_variant[TRUE].mean())
    kept = {
        name: type(runs)(
            runs.predictions[1:], runs.variants[1:], runs.members[1:], runs.labels, np.array(["a" if name == TRUE else "b"] * 3)
        )
        for name, runs in predictions.items()
        if name in (TRUE, PLACEBO)
    }
    fewer = classes[classes["variant"] > 1]
    contrast = pd.DataFrame({"condition": [TRUE], "reference": [PLACEBO], "family": ["placebo"]})
    sampling = errors_of_contrasts(kept, contrast, HARD, 200, 3).gaps
    alone = judge_gaps(
        gaps_of_runs(fewer, HARD), contrast, CONDITIONS, kept, sampling, 0.01, (("recall",), ("max_min",)), 200, 3
    )
    same = ["difference", "total_p", "total_error", "equivalence_p", "shared_error", "test_error", "crossed_lower"]
    np.testing.assert_allclose(row[same].astype(float), row_of(alone, TRUE, PLACEBO)[same].astype(float))


def test_classes_of_one_plan_have_no_interval():
    classes, predictions = degenerate({"control": [SAME] * 4, TRUE: [SAME] * 4})
    contrasts = contrasts_among(classes)
    pairs = mark_same_plans(pair_runs(classes, contrasts, ["metric", "class"]), predictions)
    table = compare_runs(pairs, ["metric", "class"]).set_index(["condition", "reference"])
    assert table.loc[(TRUE, "control"), ["lower", "upper"]].isna().all(axis=None)
    assert table.loc[(PLACEBO, "control"), ["lower", "upper"]].notna().all(axis=None)


def test_the_test_sets_error_of_accuracy_is_that_of_the_mean_of_equal_classes(study, table_of_study):
    classes, predictions = study
    errors = errors_of_contrasts(predictions, contrasts_among(classes), HARD, resamples=200, seed=3).classes
    found = errors.set_index(["metric", "class", "condition", "reference"])["shared_error"].sort_index()
    means = table_of_study[table_of_study["gap"] == "mean"].set_index(["metric", "condition", "reference"])["shared_error"]
    pd.testing.assert_series_equal(found["accuracy", -1], means["recall"], check_like=True, rtol=1e-4)
    # Classes share no test sample: the variance of the mean is the mean of theirs, by the number of classes.
    where = (TRUE, "control")
    recalls = np.array([found[("recall", label, *where)] for label in range(4)])
    assert np.sqrt((recalls**2).sum()) / 4 == pytest.approx(found[("accuracy", -1, *where)], rel=0.3)
    assert found["precision"].max() > 0


def test_plans_that_are_not_known_count_as_different():
    runs = predictions_of(drawn_runs((0.5, 0.5, 0.5, 0.5), np.random.default_rng(0), [(1, 1)]))
    pairs = pd.DataFrame({"condition": ["a"], "reference": ["b"], "variant": [1]})
    assert not mark_same_plans(pairs, {"a": runs, "b": runs})["same_plan"].any()


def test_a_strategy_that_cannot_act_is_named():
    row = {"kind": "resampled", "reference_kind": "control", "oversampling": "none", "undersampling": "easy", "alpha": 0.5}
    row |= {"remark": "the plans are those of the reference", "gap": "std"}
    assert untested_reason(row) == "none / easy at alpha 0.5 changes no class's count; nothing is tested"


@pytest.mark.slow
def test_equally_hard_classes_have_no_gap_of_hard_and_easy(study):
    classes, predictions = study
    contrasts = contrasts_among(classes)
    nobody = np.zeros(4, dtype=bool)
    family = (("recall",), ("max_min", "hard_easy"))
    sampling = errors_of_contrasts(predictions, contrasts, nobody, resamples=50, seed=0).gaps
    table = judge_gaps(
        gaps_of_runs(classes, nobody), contrasts, CONDITIONS, predictions, sampling, 0.01, family, resamples=50, seed=0
    )
    row = row_of(table, TRUE, "control", gap="hard_easy")
    assert (row["verdict"], row["family"]) == ("not tested", "resampling")
    assert row["remark"] == "no class is harder than the others, so hard - easy has no value; nothing is tested"
    assert row_of(table, TRUE, "control")["verdict"] == "improves"


def test_predictions_without_plans_are_of_another_version(tmp_path):
    write_arrays(tmp_path / "predictions.npz", predictions=np.zeros((1, 2), np.int16))
    with pytest.raises(StudyError, match=r"predictions.npz has no labels; it is not of this version: delete it and run again"):
        load_predictions(tmp_path / "predictions.npz")
