"""The statistics of one study: every contrast, with the test set's error, within the declared families."""

from collections.abc import Mapping, Sequence

import pandas as pd

from hbr.analysis.comparisons import mark_same_plans, pair_runs
from hbr.analysis.predictions import RunPredictions
from hbr.analysis.statistics.tables import add_verdicts, compare_cells
from hbr.analysis.statistics.untested import with_reasons


def judge_gaps(
    gaps: pd.DataFrame,
    contrasts: pd.DataFrame,
    conditions: pd.DataFrame,
    runs: Mapping[str, RunPredictions],
    sampling: pd.DataFrame,
    margin: float,
    family: tuple[Sequence[str], Sequence[str]],
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Return one row a contrast, metric and gap with estimates, tests and verdicts (docs/statistics.md names the columns).

    ``gaps`` are the gaps of runs, ``contrasts`` and ``conditions`` what is compared and what is said of each, ``runs`` the
    predictions by condition, ``sampling`` the errors of gaps of :func:`.contrasts.errors_of_contrasts`, ``margin`` that of
    equivalence in shares. ``family`` are the metrics and the gaps that the study declared; other rows of a contrast are
    exploratory, whatever its family. The margin stands in the table. Where condition and reference trained on one plan,
    nothing is tested, and the remark says why.
    """
    metrics, names = family
    paired = mark_same_plans(pair_runs(gaps, contrasts, ["metric", "gap"]), runs)
    table = compare_cells(paired, ["metric", "gap"], margin, sampling=sampling, resamples=resamples, seed=seed)
    declared = table["metric"].isin(list(metrics)) & table["gap"].isin(list(names))
    families = table[["condition", "reference"]].merge(contrasts, how="left", on=["condition", "reference"])["family"]
    samples = max((len(found.labels) for found in runs.values()), default=0)
    judged = add_verdicts(table, margin, family=families.where(declared.to_numpy()), test_samples=samples)
    return with_reasons(judged, conditions).assign(margin=margin)
