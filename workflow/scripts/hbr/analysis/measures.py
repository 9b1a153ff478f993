"""Measures of one condition's runs, as long tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hbr.analysis.metrics import accuracy, class_metrics, confusion_matrix
from hbr.training.outcomes import HISTORY_COLUMNS, Outcomes


def measure_runs(runs: Sequence[Outcomes], description: Mapping[str, str]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return class metrics with accuracy (class -1), confusion counts above 0, and learning curves.

    ``description`` are the columns that say which condition it is; variant and member come from the runs.
    """
    metrics, confusions, histories = [], [], []
    for run in runs:
        classes = run.test_logits.shape[1]
        confusion = confusion_matrix(run.test_labels, run.predictions, classes)
        who: dict[str, Any] = {**description, "variant": run.variant, "member": run.member}
        metrics.append({**who, "class": -1, "metric": "accuracy", "value": accuracy(confusion)})
        for metric, values in class_metrics(confusion).items():
            metrics += [{**who, "class": c, "metric": metric, "value": value} for c, value in enumerate(values)]
        pairs = [(t, p, confusion[t, p]) for t in range(classes) for p in range(classes) if confusion[t, p]]
        confusions += [{**who, "class": t, "predicted": p, "count": count} for t, p, count in pairs]
        histories.append(pd.DataFrame(run.history, columns=list(HISTORY_COLUMNS)).assign(**who))
    return pd.DataFrame(metrics), pd.DataFrame(confusions), pd.concat(histories)
