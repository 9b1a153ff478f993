"""Precision beside recall, by hand."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from hbr.analysis.figures.precision import precision_recall
from hbr.analysis.precision import baseline_points, change_points, correlation_table, correlations, mean_summary

WHO = {"dataset": "d", "reference": np.nan, "strategy": np.nan, "alpha": np.nan}


def measured(condition, kind, runs, **told):
    """Return class metrics of runs: recall and precision of each class."""
    rows = []
    for variant, member, recall, precision in runs:
        run = {**WHO, "condition": condition, "kind": kind, "label": condition, "variant": variant, "member": member, **told}
        for metric, values in (("recall", recall), ("precision", precision), ("f1", [9, 9, 9])):
            rows += [{**run, "class": c, "metric": metric, "value": value} for c, value in enumerate(values)]
    return pd.DataFrame(rows)


BASELINE = measured(
    "baseline", "baseline", [(0, 1, [0.9, 0.5, 0.7], [0.8, 0.6, 0.7]), (0, 2, [0.7, 0.5, 0.9], [0.8, 0.4, 0.9])]
)
# One run where more recall is less precision, two of another variant where it is more; the means are .5 .6 .7 and .8 .7 .75.
OTHER = measured(
    "other",
    "resampled",
    [
        (1, 1, [0.5, 0.6, 0.7], [0.9, 0.6, 0.5]),
        (2, 1, [0.5, 0.6, 0.7], [0.7, 0.8, 0.9]),
        (2, 2, [0.5, 0.6, 0.7], [0.8, 0.7, 0.85]),
    ],
)
ALLOCATION = pd.DataFrame({"class": [0, 1, 2], "class_name": ["ant", "bee", "cat"], "group": ["easy", "hard", "easy"]})


def test_points_of_the_baseline_are_means_over_members():
    points = baseline_points(pd.concat([BASELINE, OTHER]), ALLOCATION)
    assert points[["class_name", "group", "n"]].to_numpy().tolist() == [
        ["ant", "easy", 2],
        ["bee", "hard", 2],
        ["cat", "easy", 2],
    ]
    np.testing.assert_allclose(points[["recall", "precision"]], [[0.8, 0.8], [0.5, 0.5], [0.8, 0.8]])
    # The t-quantile of one degree of freedom is 12.706; of .9 and .7 the standard error is .1.
    assert points["recall_upper"][0] == pytest.approx(0.8 + 12.706 * 0.1, abs=1e-3)
    # Members that are alike by coarse values are not certain.
    assert np.isnan(points["precision_lower"][0])


def test_correlations_by_hand():
    changes = pd.DataFrame({"condition": "other", "recall": [0.1, 0.2, 0.3], "precision": [0.0, -0.1, -0.9]})
    found = correlations(pd.concat([BASELINE, OTHER]), changes).set_index(["condition", "coefficient"])
    # Deviations -.1 0 .1 and .05 -.05 0 of the means: -.005 / (.1 sqrt 2 x .05 sqrt 2), and by ranks 1 2 3 and 3 1 2.
    assert found.loc[("other", "pearson"), "value"] == pytest.approx(-0.5)
    assert found.loc[("other", "spearman"), "value"] == pytest.approx(-0.5)
    assert found.loc[("other", "spearman"), "of_changes"] == pytest.approx(-1)
    assert np.isnan(found.loc[("baseline", "spearman"), "of_changes"])
    # By ranks: -1 of variant 1; 1 and, of 1 2 3 and 2 1 3, a half of variant 2, whose mean is 3/4; two leave all open.
    own = found.loc[("other", "spearman")]
    assert (own["mean"], own["units"]) == (pytest.approx(-1 / 8), 2)
    assert np.isnan([own["lower"], own["upper"]]).all()
    # Members are the units of the baseline: 1, and of 2 1 3 and 2 1 3 again 1.
    own = found.loc[("baseline", "spearman")]
    assert (own["mean"], own["units"]) == (pytest.approx(1), 2)
    assert np.isnan(own["lower"])
    # A third variant like the second: 1/6 +- 4.303 x 7/12 is cut.
    third = OTHER[OTHER["variant"] == 2].assign(variant=3)
    own = correlations(pd.concat([OTHER, third]), changes).set_index("coefficient").loc["spearman"]
    assert (own["mean"], own["lower"], own["upper"], own["units"]) == (pytest.approx(1 / 6), -1, 1, 3)
    table = correlation_table(found.reset_index())
    assert table["condition"].tolist() == ["baseline", "other"]
    assert table["Spearman of a run (95 % interval)"].tolist() == ["1.00", "-0.12"]
    assert table["Spearman of changes"].tolist() == ["", "-1.00"]


def test_classes_that_are_all_alike_have_no_correlation():
    flat = measured("flat", "control", [(1, 1, [0.5, 0.5, 0.5], [0.1, 0.2, 0.3])])
    found = correlations(flat, pd.DataFrame({"condition": [], "recall": [], "precision": []}))
    assert found["units"].tolist() == [0, 0]
    assert found["value"].isna().all()
    assert (correlation_table(found).drop(columns=["condition", "n"]) == "").all().all()


def test_changes_stand_beside_each_other():
    rows = [("a", "control", 0, "recall", 0.1), ("a", "control", 0, "precision", -0.2), ("a", "control", 0, "f1", 0.5)]
    rows += [("a", "control", -1, "accuracy", 0.9)]
    table = pd.DataFrame(rows, columns=["condition", "reference", "class", "metric", "difference"])
    assert change_points(table.assign(label="A", variants=4)).to_dict("records") == [
        {"condition": "a", "reference": "control", "class": 0, "recall": 0.1, "precision": -0.2, "label": "A", "variants": 4}
    ]


def gaps(condition, kind, value, **told):
    who = {**WHO, "condition": condition, "kind": kind, "rate": np.nan, "method": np.nan, **told}
    who |= dict.fromkeys({"oversampling", "undersampling"} - set(told), np.nan)
    return [
        {**who, "variant": variant, "member": 1, "metric": metric, "gap": gap, "value": value + add + 0.01 * variant}
        for variant in (1, 2)
        for metric, add in (("recall", 0), ("precision", 0.1))
        for gap in ("mean", "max_min")
    ]


def test_means_by_alpha_and_by_rate_begin_at_their_own_control():
    rows = gaps("control", "control", 0.5) + gaps("control-random-50", "control", 0.3)
    rows += gaps("r", "resampled", 0.6, strategy="random / easy", alpha=2.0, reference="control")
    named = {"oversampling": "holdout", "undersampling": "easy", "reference": "control-random-50"}
    rows += gaps("l", "limited", 0.4, alpha=1.0, rate=50, method="full", **named)
    every = pd.DataFrame(rows).assign(pool=np.nan)
    table = mean_summary(every).set_index(["along", "line", "place", "metric"])
    assert table["mean"].to_dict() == pytest.approx(
        {
            ("alpha", "random / easy", 0, "recall"): 0.515,
            ("alpha", "random / easy", 0, "precision"): 0.615,
            ("alpha", "random / easy", 2, "recall"): 0.615,
            ("alpha", "random / easy", 2, "precision"): 0.715,
            ("rate", "no resampling", 50, "recall"): 0.315,
            ("rate", "no resampling", 50, "precision"): 0.415,
            ("rate", "holdout / easy", 50, "recall"): 0.415,
            ("rate", "holdout / easy", 50, "precision"): 0.515,
        }
    )
    assert set(table["variants"]) == {2}
    for kind, way in (("limited", "alpha"), ("resampled", "rate")):
        assert set(mean_summary(every[every["kind"] != kind])["along"]) == {way}


def test_intervals_over_variants_by_hand():
    # Over three classes a coefficient is that of 0 1 x and 0 1 2: Spearman 1, 1 and a half of variants 1 to 3.
    runs = [(1, 1, [0, 0.1, 0.2], [0, 0.1, 0.3]), (2, 1, [0, 0.1, 0.2], [0, 0.5, 0.9]), (3, 1, [0, 0.1, 0.2], [0.1, 0, 0.3])]
    found = correlations(measured("c", "control", runs), pd.DataFrame({"condition": [], "recall": [], "precision": []}))
    own = found.set_index("coefficient").loc["spearman"]
    # The standard error is 1/6, the t-quantile of two degrees of freedom 4.303: 5/6 -+ 0.717.
    assert (own["mean"], own["units"]) == (pytest.approx(5 / 6), 3)
    assert own["lower"] == pytest.approx(5 / 6 - 4.303 / 6, abs=1e-3)


def test_names_of_classes_stand_beside_each_other_where_their_points_do():
    close = {"recall": [0.9, 0.902, 0.9, 0.5], "precision": [0.9, 0.9, 0.902, 0.5], "group": "easy", "n": 2}
    names = ["first", "second", "third", "fourth"]
    ends = {f"{metric}_{end}": np.nan for metric in ("recall", "precision") for end in ("lower", "upper")}
    points = pd.DataFrame({"class": range(4), "class_name": names, **close, **ends})
    changes = points.assign(condition="a", variants=2)
    figure = precision_recall(points, changes, "made_up")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
    matplotlib.pyplot.close("all")
