"""The line of gap against error: what a network's accuracy alone lets one expect of its gap."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from hbr.analysis.gaps import gap_metrics
from hbr.analysis.trajectories import TRACED, later_half, sized

TRAJECTORY, PUBLISHED, PUBLISHED_HIGH = "trajectory", "published", "published above 90 %"
# Above it networks are of one kind, and the line is straighter.
HIGH_ACCURACY = 0.9
_FEWEST_POINTS = 3


@dataclass(frozen=True)
class Line:
    """gap = intercept + slope x error, in shares, by least squares over ``points``; NaN where there is none.

    ``slope_error`` is the slope's standard error: over runs, or of the fit where every point is a network of its own.
    ``residual`` is the standard deviation of the points around it, ``spearman`` the rank correlation of accuracy and gap,
    ``lowest_error`` and ``highest_error`` are the ends of what it was fitted to.
    """

    slope: float = np.nan
    slope_error: float = np.nan
    intercept: float = np.nan
    residual: float = np.nan
    spearman: float = np.nan
    lowest_error: float = np.nan
    highest_error: float = np.nan
    points: int = 0
    runs: int = 0
    remark: str = ""

    @property
    def slope_df(self) -> int:
        """Return the degrees of freedom of ``slope_error``: of runs their number less 1, of networks that less 2."""
        return self.runs - (2 if self.points == self.runs else 1)


def line_of(error: np.ndarray, gap: np.ndarray) -> Line:
    """Return the least-squares line through networks that share nothing, one point each."""
    known = np.isfinite(error) & np.isfinite(gap)
    error, gap = error[known], gap[known]
    if len(error) < _FEWEST_POINTS:
        return Line(points=len(error), runs=len(error), remark=f"{len(error)} points give no line")
    if np.ptp(error) == 0:
        return Line(points=len(error), runs=len(error), remark="all points have one error")
    fit = stats.linregress(error, gap)
    residual = float(np.sqrt(((gap - fit.intercept - fit.slope * error) ** 2).sum() / (len(error) - 2)))
    ranks = float(stats.spearmanr(-error, gap).statistic) if np.ptp(gap) > 0 else np.nan
    ends = float(error.min()), float(error.max())
    numbers = float(fit.slope), float(fit.stderr), float(fit.intercept)
    return Line(*numbers, residual, ranks, *ends, len(error), len(error))


def line_of_runs(trajectories: pd.DataFrame, gap: str) -> Line:
    """Return the line through the second half of the trajectories of one condition's runs.

    Epochs of one run are no networks of their own: the standard error of the slope is that of the mean of the runs' own
    slopes, NaN with one run.
    """
    rows = later_half(sized(trajectories))
    runs = [(own["error"].to_numpy(), own[gap].to_numpy()) for _, own in rows.groupby(["variant", "member"])]
    if not any(len(error) > 1 for error, _ in runs):
        return Line(points=len(rows), runs=len(runs), remark="one evaluated epoch in the second half of the training")
    found = line_of(rows["error"].to_numpy(), rows[gap].to_numpy())
    slopes = np.array([stats.linregress(*run).slope for run in runs if len(run[0]) > 1 and np.ptp(run[0]) > 0])
    error = float(slopes.std(ddof=1) / np.sqrt(len(slopes))) if len(slopes) > 1 else np.nan
    return Line(**asdict(found) | {"slope_error": error, "runs": len(runs)})


def gaps_of_networks(recalls: pd.DataFrame, hard: np.ndarray | None, compat: str = "none") -> pd.DataFrame:
    """Return one row a published network: network, error and each gap of class recall.

    ``recalls`` has one row a network and class: network, class, recall. The test set has as many images of each class, so that
    the mean of class recall is the accuracy. ``hard`` is a boolean a class, ``None`` where none are grouped.
    """
    rows = []
    for network, own in recalls.groupby("network", sort=False):
        recall = own.sort_values("class")["recall"].to_numpy(np.float64)
        gaps = gap_metrics(recall, np.zeros(len(recall), bool) if hard is None else hard, compat)
        rows.append({"network": network, "error": 1 - gaps["mean"], **{gap: gaps[gap] for gap in TRACED}})
    return pd.DataFrame(rows, columns=["network", "error", *TRACED])


def networks_of(tables: Sequence[pd.DataFrame], hard: np.ndarray | None = None, compat: str = "none") -> pd.DataFrame | None:
    """Return :func:`gaps_of_networks` of tables of class recalls, ``None`` where there are none."""
    return gaps_of_networks(pd.concat(tables), hard, compat) if tables else None


def lines_of_networks(networks: pd.DataFrame) -> dict[str, dict[str, Line]]:
    """Return the lines through published networks by source and gap: all, and those above 90 %.

    ``networks`` is of :func:`gaps_of_networks`.
    """
    high = networks[networks["error"] < 1 - HIGH_ACCURACY]
    return {
        source: {gap: line_of(rows["error"].to_numpy(), rows[gap].abs().to_numpy()) for gap in TRACED}
        for source, rows in ((PUBLISHED, networks), (PUBLISHED_HIGH, high))
    }


def lines_table(dataset: str, lines: dict[tuple[str, str], dict[str, Line]]) -> pd.DataFrame:
    """Return one row a line and gap; ``lines`` are by source and, of trajectories, condition."""
    rows: list[dict[str, Any]] = []
    for (source, condition), by_gap in lines.items():
        who = {"dataset": dataset, "source": source, "condition": condition}
        rows += [{**who, "gap": gap, **asdict(line)} for gap, line in by_gap.items()]
    return pd.DataFrame(rows, columns=["dataset", "source", "condition", "gap", *(field.name for field in fields(Line))])
