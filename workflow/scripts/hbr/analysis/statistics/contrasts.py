"""The test set's error in every contrast of a study: the same test sets, drawn and counted once, for gaps and for classes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from hbr.analysis.predictions import RunPredictions, variants_of_one_plan
from hbr.analysis.statistics.sampling import (
    gaps_of_classes,
    paired_places,
    resampled_classes,
    resampled_tests,
    sampling_errors,
    variance_components,
)


class ContrastErrors(NamedTuple):
    """The test set's errors of contrasts, in shares, in two tables with the columns condition, reference and metric.

    ``gaps`` has the columns of :func:`.sampling.sampling_errors`, one row a gap of recall and of precision. ``classes`` has
    class and shared_error, one row a class and, of the metric accuracy, one with class -1. No two classes share a test
    sample, so that the errors of recall are independent of one another.
    """

    gaps: pd.DataFrame
    classes: pd.DataFrame


class ComparedPairs(NamedTuple):
    """Condition and reference of a contrast, and the places among their runs of the pairs that compare two plans."""

    condition: str
    reference: str
    places: np.ndarray
    partners: np.ndarray


def tested_pairs_of_contrasts(runs: Mapping[str, RunPredictions], contrasts: pd.DataFrame) -> Iterator[ComparedPairs]:
    """Yield each contrast's paired runs: pairs of one plan compare nothing and are left out, with contrasts of no others."""
    for condition, reference in zip(contrasts["condition"].astype(str), contrasts["reference"].astype(str), strict=True):
        places, partners = paired_places(runs[condition], runs[reference])
        same = np.isin(runs[condition].variants[places], variants_of_one_plan(runs[condition], runs[reference]))
        if not same.all():
            yield ComparedPairs(condition, reference, places[~same], partners[~same])


def errors_of_contrasts(
    runs: Mapping[str, RunPredictions],
    contrasts: pd.DataFrame,
    hard: np.ndarray,
    resamples: int,
    seed: int,
    compat: str = "none",
) -> ContrastErrors:
    """Return the test set's error in every contrast (condition, reference), for gaps, classes and accuracy.

    ``runs`` are the predictions by condition, ``hard`` a boolean a class. Test sets are drawn from ``seed``, the same for all
    contrasts; the bootstrap over runs starts anew for each, so none depends on the others. Of pairs those of
    :func:`tested_pairs_of_contrasts` count.
    """
    gaps = [pd.DataFrame(columns=["gap", "test_error", "shared_error", "crossed_lower", "crossed_upper", *_WHO])]
    classes = []
    names = list(dict.fromkeys([*contrasts["condition"], *contrasts["reference"]]))
    labels = runs[names[0]].labels if names else np.empty(0, int)
    weights = resampled_tests(labels, resamples, np.random.default_rng(seed))
    sizes = np.bincount(labels, minlength=len(hard)) / max(1, len(labels))
    for metric in ("recall", "precision"):
        values = {name: resampled_classes(runs[name].predictions, labels, len(hard), weights, metric) for name in names}
        gaps_of = {name: gaps_of_classes(of_classes, hard, compat) for name, of_classes in values.items()}
        for condition, reference, places, partners in tested_pairs_of_contrasts(runs, contrasts):
            variants, both = runs[condition].variants[places], (condition, reference)
            moved = gaps_of[condition][:, places], gaps_of[reference][:, partners]
            errors = sampling_errors(variants, *moved, np.random.default_rng(seed))
            gaps.append(errors.assign(condition=condition, reference=reference, metric=metric))
            changes = values[condition][:, places] - values[reference][:, partners]
            told = {(metric, label): changes[..., label] for label in range(len(hard))}
            if metric == "recall":
                told["accuracy", -1] = changes @ sizes
            shared = (np.sqrt(variance_components(change, variants).shared) for change in told.values())
            classes += [(*both, *cell, error) for cell, error in zip(told, shared, strict=True)]
    told_of = pd.DataFrame(classes, columns=[*_WHO, "class", "shared_error"])
    return ContrastErrors(pd.concat(gaps[1:] or gaps, ignore_index=True), told_of.astype({"class": int, "shared_error": float}))


_WHO = ["condition", "reference", "metric"]
