"""Gap against error: trajectories, lines, and changes beside accuracy, by hand, by scipy, and on a finished study."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hbr.analysis.gap_accuracy import (
    ACCURACY,
    BEYOND,
    EQUAL,
    GAP,
    PREDICTED,
    changes_of_pairs,
    relate_changes,
    resampled_changes,
)
from hbr.analysis.gap_lines import TRAJECTORY, Line, gaps_of_networks, line_of, line_of_runs, lines_of_networks
from hbr.analysis.gap_tables import by_contrast, change_table, explained, line_table, lines_sentences, shown_conditions
from hbr.analysis.gaps import GAPS
from hbr.analysis.predictions import RunPredictions
from hbr.analysis.trajectories import TRACED, trajectories_of, value_at_error
from hbr.data.files import read_table
from hbr.training.outcomes import Outcomes

CONTRASTS = pd.DataFrame({"condition": ["other"], "reference": ["control"]})
LABELS = {"other": "Other", "control": "the control"}


def traced(condition, runs):
    """Return trajectories of runs: by variant and member the errors and the gaps, epoch by epoch; all gaps are alike."""
    rows = []
    for (variant, member), points in runs.items():
        for epoch, (error, gap) in enumerate(points, 1):
            who = {"dataset": "d", "condition": condition, "variant": variant, "member": member, "epoch": epoch, "error": error}
            rows.append({**who, **dict.fromkeys(TRACED, gap)})
    return pd.DataFrame(rows)


def predictions(runs, plan):
    variants, members = map(np.array, zip(*runs, strict=True))
    nothing = np.zeros((len(runs), 2), np.int16)
    return RunPredictions(nothing, variants, members, np.zeros(2, int), np.array([plan] * len(runs)))


def related(control, other, plans=("a", "b")):
    """Return the rows of ``gap_accuracy.csv`` of one gap by quantity; intervals are without the test set's error."""
    table = pd.concat([traced("control", control), traced("other", other)])
    runs = {"control": predictions(control, plans[0]), "other": predictions(other, plans[1])}
    lines = {"control": {gap: line_of_runs(traced("control", control), gap) for gap in TRACED}}
    found = relate_changes(changes_of_pairs(table, CONTRASTS, runs), lines, {}, {})
    return found[found["gap"] == "max_min"].set_index("quantity"), found


def test_a_trajectory_holds_gaps_of_evaluated_epochs():
    history = np.array([[1, 0.1, 1, 0.5, 0.4], [2, 0.1, 1, 0.5, np.nan], [3, 0.1, 1, 0.5, 0.5]])
    labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0], np.uint8)
    recalls = np.array([[0.2, 0.6], [np.nan, np.nan], [1.0, 0.0]])
    run = Outcomes(np.zeros((4, 2), np.float16), labels, history, 0, 0, 1, 2, 4, predictions=predicted, recalls=recalls)
    who = {"dataset": "d", "condition": "c"}
    table = trajectories_of([run], np.array([True, False]), who)
    assert table[["condition", "variant", "member", "epoch"]].to_numpy().tolist() == [["c", 1, 2, 1], ["c", 1, 2, 3]]
    np.testing.assert_allclose(table[["error", "max_min", "hard_easy"]], [[0.6, 0.4, -0.4], [0.5, 1, 1]])
    # Outcomes that kept no recalls have those of their predictions, of the end; without groups no gap between them.
    old = Outcomes(np.zeros((4, 2), np.float16), labels, history, 0, 0, 1, 2, 4, predictions=predicted)
    table = trajectories_of([old], None, who)
    assert table[["epoch", "max_min"]].to_numpy().tolist() == [[3, 1]]
    assert table["hard_easy"].isna().all()


@pytest.mark.parametrize(
    ("error", "value"),
    [(0.5, 9), (0.45, 8.5), (0.2, 1), (0.25, 2.5), (0.35, 5.5), (0.6, 10), (0.1, np.nan), (0.7, np.nan)],
)
def test_a_run_is_taken_when_it_last_had_an_error(error, value):
    # It passes 0.25 and 0.35 three times: last on the way from (0.4, 7) to (0.2, 1).
    errors, values = np.array([0.6, 0.2, 0.5, 0.4, 0.2]), np.array([10.0, 5, 9, 8, 1])
    values[3] = 8 if error == 0.45 else 7
    assert value_at_error(errors, values, error) == pytest.approx(value, nan_ok=True)


def test_a_line_is_that_of_scipy():
    rng = np.random.default_rng(0)
    error = rng.uniform(0.03, 0.2, 30)
    gap = 0.03 + 1.2 * error + rng.normal(0, 0.01, 30)
    line, fit = line_of(error, gap), stats.linregress(error, gap)
    assert (line.slope, line.intercept, line.slope_error) == pytest.approx((fit.slope, fit.intercept, fit.stderr))
    assert line.spearman == pytest.approx(stats.spearmanr(1 - error, gap).statistic)
    assert line.residual == pytest.approx(np.sqrt(((gap - fit.intercept - fit.slope * error) ** 2).sum() / 28))
    assert (line.points, line.slope_df, line.lowest_error) == (30, 28, error.min())
    assert line_of(error[:2], gap[:2]).remark == "2 points give no line"
    assert line_of(np.full(4, 0.1), gap[:4]).remark == "all points have one error"


def test_a_line_of_runs_is_of_the_second_half_of_their_epochs():
    # By hand: slopes 2 and 1 of the two runs, 0.5 their standard error; what comes before epoch 3 counts nothing.
    first = [(0.9, 0.0), (0.8, 1.0), (0.5, 0.6), (0.4, 0.4)]
    second = [(0.9, 1.0), (0.8, 0.0), (0.5, 0.5), (0.4, 0.4)]
    line = line_of_runs(traced("control", {(1, 1): first, (2, 1): second}), "max_min")
    assert (line.slope, line.slope_error, line.points, line.runs) == pytest.approx((1.5, 0.5, 4, 2))
    assert (line.intercept, line.slope_df) == pytest.approx((-0.2, 1))
    alone = line_of_runs(traced("control", {(1, 1): [(0.5, 0.3)]}), "max_min")
    assert alone.remark == "one evaluated epoch in the second half of the training"


def test_lines_of_published_networks_by_hand():
    recalls = {"a": [0.9, 0.8], "b": [1.0, 0.96], "c": [0.99, 0.95], "d": [0.98, 0.93]}
    rows = [{"network": name, "class": c, "recall": value} for name, own in recalls.items() for c, value in enumerate(own)]
    networks = gaps_of_networks(pd.DataFrame(rows).sample(frac=1, random_state=0).sort_values("network"), None)
    np.testing.assert_allclose(networks["error"], [0.15, 0.02, 0.03, 0.045])
    np.testing.assert_allclose(networks["max_min"], [0.1, 0.04, 0.04, 0.05])
    lines = lines_of_networks(networks)
    assert {source: own["max_min"].points for source, own in lines.items()} == {"published": 4, "published above 90 %": 3}
    assert lines["published"]["hard_easy"].remark == "0 points give no line"


def test_changes_beside_accuracy_by_hand():
    # The control's line has slope 2; the condition errs .05 less and its gap is .15 smaller, .1 of which the line predicts.
    control = {(1, 1): [(0.5, 0.6), (0.4, 0.4), (0.3, 0.2)], (2, 1): [(0.5, 0.6), (0.4, 0.4), (0.3, 0.2)]}
    other = {(1, 1): [(0.5, 0.5), (0.25, 0.05)], (2, 1): [(0.5, 0.7), (0.25, 0.05)]}
    rows, _ = related(control, other)
    assert rows["difference"].to_dict() == pytest.approx(
        # The condition passed the control's .3 at .05 + .2 x .45 and .05 + .2 x .65, where the control has .2.
        {GAP: -0.15, ACCURACY: 0.05, PREDICTED: -0.1, BEYOND: -0.05, EQUAL: (-0.06 - 0.02) / 2}
    )
    assert rows.loc[EQUAL, ["variants", "pairs", "remark"]].tolist() == [2, 2, ""]
    rows, _ = related(control, {run: [points[-1]] for run, points in other.items()})
    assert np.isnan(rows.loc[EQUAL, "difference"])
    assert rows.loc[EQUAL, "remark"] == "in 2 of 2 pairs neither run passed the last error of the other"
    rows, _ = related(control, other, plans=("a", "a"))
    assert rows.empty


def test_intervals_are_those_of_a_t_test_on_variant_means():
    rng = np.random.default_rng(3)
    control = {(v, m): [(0.5, 0.6), (0.3, 0.3), (0.2, 0.2)] for v in (1, 2, 3) for m in (1, 2)}
    other = {run: [(0.5, 0.6), (0.3, 0.25), (0.2 + rng.normal(0, 0.01), 0.2 + rng.normal(0, 0.02))] for run in control}
    rows, _ = related(control, other)
    ends = np.array([other[run][-1] for run in control]) - [0.2, 0.2]
    # The runs of the control are all alike, so that the slope of their second half, 1, has no error.
    for quantity, change in ((GAP, ends[:, 1]), (ACCURACY, -ends[:, 0]), (BEYOND, ends[:, 1] - ends[:, 0])):
        expected = stats.ttest_1samp(change.reshape(3, 2).mean(1), 0).confidence_interval(0.95)
        assert tuple(rows.loc[quantity, ["lower", "upper"]]) == pytest.approx(tuple(expected))


POINT = st.floats(0.02, 0.6)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.floats(-1, 3), st.floats(0, 0.3), st.lists(st.tuples(POINT, POINT), min_size=4, max_size=4))
def test_what_only_moves_along_the_line_is_not_beyond_it(slope, intercept, ends):
    runs = [(1, 1), (1, 2), (2, 1), (2, 2)]

    def along(final):
        return [(error, intercept + slope * error) for error in (0.9, 0.8, 0.7, final)]

    control = {run: along(own) for run, (own, _) in zip(runs, ends, strict=True)}
    other = {run: along(own) for run, (_, own) in zip(runs, ends, strict=True)}
    rows, _ = related(control, other)
    assert rows.loc[[BEYOND, EQUAL], "difference"].to_numpy(float) == pytest.approx(0, abs=1e-9)
    assert rows.loc[PREDICTED, "difference"] == pytest.approx(rows.loc[GAP, "difference"], abs=1e-9)


def test_accuracy_under_resampled_tests_is_mean_recall_where_classes_are_alike():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    drawn = {
        name: RunPredictions(
            np.where(rng.random((2, 60)) < share, labels, 0).astype(np.int16), np.array([1, 2]), np.ones(2, int), labels, plans
        )
        for name, share, plans in (("control", 0.7, np.array(["a", "a"])), ("other", 0.8, np.array(["b", "a"])))
    }
    found = resampled_changes(drawn, CONTRASTS, np.array([True, False, False]), 20, 0)["other", "control"]
    # Variant 2 has the control's plan and is left out.
    assert found.variants.tolist() == [1]
    assert found.gaps.shape == (20, 1, len(GAPS))
    np.testing.assert_allclose(found.accuracy, found.gaps[..., GAPS.index("mean")], atol=1e-6)
    assert resampled_changes(drawn, CONTRASTS.iloc[:0], np.array([True, False, False]), 20, 0) == {}


def beside(gap, predicted, beyond, lower, upper):
    row = {"lower": lower, "upper": upper, "remark": "why"}
    named = {(GAP, ""): gap, (PREDICTED, TRAJECTORY): predicted, (BEYOND, TRAJECTORY): beyond}
    return {key: {**row, "difference": value} for key, value in named.items()}


def aside():
    """Return a change beyond the line of a gap whose own change may be 0."""
    rows = beside(0.01, -0.02, 0.03, 0.01, 0.05)
    return rows | {(GAP, ""): {**rows[GAP, ""], "lower": -0.01, "upper": 0.03}}


def test_a_change_is_told_beside_what_accuracy_explains():
    lead = "the change of accuracy alone would change it by -2.0 points, and beyond that it changes by "
    assert explained(beside(-0.1, -0.02, -0.08, -0.1, -0.06)) == f"{lead}-8.0 (-10.0 to -6.0): more than accuracy explains"
    assert explained(beside(-0.01, -0.02, 0.01, 0.005, 0.015)).endswith("+1.0 (+0.5 to +1.5): less than accuracy explains")
    assert explained(beside(-0.1, -0.02, -0.08, -0.2, 0.06)).endswith(": not shown to be more than accuracy explains")
    # Its own change may be 0, so that it is neither more nor less.
    assert explained(aside()).endswith(
        "+3.0 (+1.0 to +5.0): it is not where accuracy alone would put it, though its own change may be chance"
    )
    assert explained(beside(-0.1, np.nan, np.nan, np.nan, np.nan)) == ""
    assert explained({}) == ""


def test_what_is_not_on_the_line_is_judged_and_told_apart_with_what_chance_alone_gives():
    rows = [aside(), *[beside(0, 0, 0, -0.1, 0.1)] * 18]
    every = pd.concat([changes_of(f"c{number}", own) for number, own in enumerate(rows)])
    told = lines_sentences(every, "max_min", {f"c{number}": f"Label {number}" for number in range(19)}, networks=True)
    assert told == (
        "The gap is not where accuracy alone would put it, though its own change may be chance, in 1 of 19 comparisons: "
        "Label 0. "
        "In none of 19 comparisons is the gap shown to change by more than accuracy explains. "
        "The intervals are not corrected for their number: about 0.9 of 19 would miss 0 by chance alone."
    )


def changes_of(condition, rows):
    """Return rows of ``gap_accuracy.csv`` of what is beside one change."""
    who = {"condition": condition, "reference": "control", "gap": "max_min"}
    return pd.DataFrame([{**who, "quantity": quantity, "line": line, **row} for (quantity, line), row in rows.items()])


def test_tables_and_sentences():
    control = {(v, 1): [(0.5, 0.6), (0.4, 0.4), (0.3, 0.2)] for v in (1, 2)}
    other = {(1, 1): [(0.5, 0.6), (0.3, 0.05)], (2, 1): [(0.5, 0.6), (0.3, 0.06)]}
    _, every = related(control, other)
    table = change_table(every, "max_min", LABELS)
    assert table.loc[0, ["condition", "change of the gap", "beyond"]].tolist() == [
        "Other",
        *["-14.5 (-20.9 to -8.1)"] * 2,
    ]
    told = lines_sentences(every, "max_min", LABELS, networks=False)
    assert told.startswith("The gap changes by more than accuracy explains in 1 of 1 comparison: Other. The study names no")
    assert lines_sentences(every.iloc[:0], "max_min", LABELS, networks=True) == (
        "The study compares no condition with another, so there is no change to explain."
    )
    assert len(by_contrast(every)) == len(TRACED)
    lines = pd.DataFrame([{"source": "published", "condition": np.nan, "gap": "max_min", **vars(Line(remark="none"))}])
    # That of accuracy and gap is turned, so that its sign is that of the slope of gap against error.
    named = line_table(lines.assign(slope=2.0, spearman=-0.5), LABELS)
    assert named["Spearman of error and gap"].tolist() == ["0.50"]
    assert line_table(lines, LABELS)[["line", "slope (standard error)", "error (%)"]].to_numpy().tolist() == [
        ["published networks", "", "none"]
    ]
    conditions = pd.DataFrame({"condition": ["baseline", "control", "other"], "kind": ["baseline", "control", "resampled"]})
    conditions["reference"] = [np.nan, np.nan, "control"]
    trajectories = pd.concat([traced("control", control), traced("other", other)])
    assert shown_conditions(trajectories, conditions) == {"control": ["other"]}
    assert shown_conditions(trajectories.iloc[:0], conditions) == {"baseline": []}


def test_changes_of_gaps_are_those_of_the_verdicts(finished):
    home = finished.folder / "results/digits/digits"
    changes = read_table(home / "gap_accuracy.csv")
    own = changes[changes["quantity"] == GAP].set_index(["condition", "reference", "gap"])
    told = read_table(home / "gap_differences.csv").query("metric == 'recall'").set_index(["condition", "reference", "gap"])
    names = {"difference": "difference", "lower": "total_lower", "upper": "total_upper"}
    assert len(own) == len(TRACED)
    for name, other in names.items():
        np.testing.assert_allclose(own[name], told.loc[own.index, other], atol=1e-9)
    accuracy = read_table(home / "class_differences.csv").query("metric == 'accuracy'")["difference"].iloc[0]
    np.testing.assert_allclose(changes.loc[changes["quantity"] == ACCURACY, "difference"], accuracy, atol=1e-9)
    lines = read_table(home / "gap_lines.csv")
    assert set(lines["source"]) == {TRAJECTORY}
    assert (lines["runs"] == 2).all()
