"""The change of a gap beside that of accuracy: what the line of gap against error predicts, and the change at equal error."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hbr.analysis.comparisons import SIGNED_GAPS, mark_same_plans, pair_runs
from hbr.analysis.gap_lines import TRAJECTORY, Line
from hbr.analysis.gaps import GAPS
from hbr.analysis.predictions import RunPredictions
from hbr.analysis.statistics.contrasts import tested_pairs_of_contrasts
from hbr.analysis.statistics.paired import difference_matrix, reach, t_estimate, variant_means
from hbr.analysis.statistics.sampling import resampled_gaps, resampled_tests, variance_components
from hbr.analysis.trajectories import TRACED, difference_at_equal_error, sized

# What a row tells of a contrast and gap: changes of the gap, of accuracy, what the line predicts of it, what is beyond, and
# the change of the gap at equal error.
GAP, ACCURACY, PREDICTED, BEYOND, EQUAL = "gap", "accuracy", "predicted", "beyond", "equal error"
_COLUMNS = ["dataset", "condition", "reference", "gap", "quantity", "line", "difference", "error", "lower", "upper"]
_COLUMNS += ["variants", "pairs", "remark"]
_RUN = ["variant", "member"]


class Resampled(NamedTuple):
    """Changes under resampled test sets, and the variant of each pair.

    Those of gaps are ``(resamples, pairs, gaps)`` as in ``GAPS``, those of accuracy ``(resamples, pairs)``.
    """

    gaps: np.ndarray
    accuracy: np.ndarray
    variants: np.ndarray


def changes_of_pairs(trajectories: pd.DataFrame, contrasts: pd.DataFrame, runs: Mapping[str, RunPredictions]) -> pd.DataFrame:
    """Return one row a contrast, pair and gap with gap_change, accuracy_change and equal_change, in shares.

    Pairs share variant and member, hence their seeds; those of one plan compare nothing and are left out. Gaps with a sign
    enter in their size. equal_change is of :func:`.trajectories.difference_at_equal_error`.
    """
    own = sized(trajectories)
    by_run = dict(tuple(own.groupby(["condition", *_RUN], sort=False)))
    ends = own.groupby(["condition", *_RUN], sort=False).tail(1)
    values = ends.melt(["dataset", "condition", *_RUN], ["error", *TRACED], "gap", "value")
    pairs = mark_same_plans(pair_runs(values, contrasts[["condition", "reference"]], ["gap"]), runs)
    pairs = pairs[~pairs["same_plan"]]
    who = ["dataset", "condition", "reference", *_RUN]
    errors = pairs[pairs["gap"] == "error"][[*who, "difference"]].rename(columns={"difference": "accuracy_change"})
    table = pairs[pairs["gap"] != "error"][[*who, "gap", "difference"]].rename(columns={"difference": "gap_change"})
    table = table.merge(errors.assign(accuracy_change=-errors["accuracy_change"]), on=who)
    table["equal_change"] = [
        difference_at_equal_error(
            by_run[row["condition"], row["variant"], row["member"]],
            by_run[row["reference"], row["variant"], row["member"]],
            row["gap"],
        )
        for row in table.to_dict("records")
    ]
    return table


def resampled_changes(
    runs: Mapping[str, RunPredictions],
    contrasts: pd.DataFrame,
    hard: np.ndarray,
    resamples: int,
    seed: int,
    compat: str = "none",
) -> dict[tuple[str, str], Resampled]:
    """Return the changes of every contrast under the test sets of its verdicts; pairs of one plan are left out.

    Arguments as of :func:`.statistics.contrasts.errors_of_contrasts`.
    """
    names = list(dict.fromkeys([*contrasts["condition"], *contrasts["reference"]]))
    if not names:
        return {}
    weights = resampled_tests(runs[names[0]].labels, resamples, np.random.default_rng(seed))
    gaps, accuracy, signed = {}, {}, [GAPS.index(gap) for gap in SIGNED_GAPS]
    for name in names:
        own = runs[name]
        gaps[name] = resampled_gaps(own.predictions, own.labels, hard, weights, compat=compat)
        accuracy[name] = weights @ (own.predictions == own.labels).astype(np.float32).T / len(own.labels)
        gaps[name][..., signed] = np.abs(gaps[name][..., signed])
    found = {}
    for condition, reference, places, partners in tested_pairs_of_contrasts(runs, contrasts):
        moved = gaps[condition][:, places] - gaps[reference][:, partners]
        beside = accuracy[condition][:, places] - accuracy[reference][:, partners]
        found[condition, reference] = Resampled(moved, beside.astype(np.float64), runs[condition].variants[places])
    return found


def relate_changes(
    changes: pd.DataFrame,
    lines: Mapping[str, Mapping[str, Line]],
    published: Mapping[str, Mapping[str, Line]],
    resampled: Mapping[tuple[str, str], Resampled],
) -> pd.DataFrame:
    """Return one row a contrast, gap, quantity and, of what a line predicts and what is beyond, line; in shares.

    ``changes`` is of :func:`changes_of_pairs`, ``lines`` are those of trajectories by reference and gap, ``published`` those of
    networks by source and gap. difference is the mean of variant means, with the 95 % interval of
    :func:`.statistics.paired.t_estimate`: over variants, with the test set's error as ``resampled`` shows it, and with the
    slope's own. At equal error the test set's error is that of the gap's change, since predictions are kept of the end alone.
    """
    rows: list[dict[str, Any]] = []
    for key, cell in changes.groupby(["dataset", "condition", "reference", "gap"], sort=False):
        dataset, condition, reference, gap = map(str, key)
        who = {"dataset": dataset, "condition": condition, "reference": reference, "gap": gap}
        drawn = resampled.get((condition, reference))
        moves, gains = cell["gap_change"], cell["accuracy_change"]
        rows.append(_row(who, GAP, "", cell.assign(change=moves), _shared(drawn, gap, 1, 0)))
        rows.append(_row(who, ACCURACY, "", cell.assign(change=gains), _shared(drawn, gap, 0, 1)))
        of_gap = {TRAJECTORY: lines[reference][gap]} | {source: own[gap] for source, own in published.items()}
        for source, line in of_gap.items():
            slope = line.slope
            own = float(np.nan_to_num(line.slope_error) * gains.mean()) ** 2, line.slope_df
            for quantity, parts in ((PREDICTED, (0, -slope)), (BEYOND, (1, slope))):
                change = parts[0] * moves + parts[1] * gains
                told = _row(who, quantity, source, cell.assign(change=change), _shared(drawn, gap, *parts), *own)
                rows.append(told | ({"remark": line.remark} if line.remark else {}))
        equal = cell.assign(change=cell["equal_change"])
        told = _row(who, EQUAL, "", equal, _shared(drawn, gap, 1, 0))
        if missing := int(equal["change"].isna().sum()):
            told["remark"] = f"in {missing} of {len(cell)} pairs neither run passed the last error of the other"
        rows.append(told)
    return pd.DataFrame(rows, columns=_COLUMNS)


def _shared(drawn: Resampled | None, gap: str, of_gap: float, of_accuracy: float) -> float:
    """Return the variance that the test set adds to a sum of both changes, beyond what the spread between variants holds."""
    if drawn is None or not np.isfinite([of_gap, of_accuracy]).all():
        return 0.0
    change = of_gap * drawn.gaps[..., GAPS.index(gap)] + of_accuracy * drawn.accuracy
    return float(np.nan_to_num(variance_components(change, drawn.variants).shared))


def _row(
    who: Mapping[str, str],
    quantity: str,
    line: str,
    cell: pd.DataFrame,
    shared: float,
    slope_variance: float = 0.0,
    slope_df: int = 1,
) -> dict[str, Any]:
    known = cell.dropna(subset="change")
    means = variant_means(difference_matrix(known, "change"))
    found = t_estimate(means, shared + slope_variance)
    numbers = {"difference": found.mean, "error": found.error, "lower": found.lower, "upper": found.upper}
    if slope_variance and np.isfinite(found.error):
        # Satterthwaite (1946): unlike the test set's, the error of a slope of few runs is itself uncertain.
        own, df = float(means.var(ddof=1)) / len(means), len(means) - 1
        total_df = found.error**4 / (np.array([own, slope_variance]) ** 2 / [df, slope_df]).sum()
        half = float(reach(0.05, own**0.5, df, found.error, total_df))
        numbers |= {"lower": found.mean - half, "upper": found.mean + half}
    remark = "no value" if not len(means) else "one variant" if len(means) == 1 else ""
    return {**who, "quantity": quantity, "line": line, **numbers, "variants": len(means), "pairs": len(known), "remark": remark}
