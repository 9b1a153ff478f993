"""Label noise: which samples are taken for mislabelled."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from hbr.errors import StudyError
from hbr.registry import Setting, complete
from hbr.training.dynamics import Dynamics


def lowest(aum: np.ndarray, count: int) -> np.ndarray:
    """Return booleans that flag the ``count`` samples of lowest AUM; ties go to the first (arXiv 2504.07031 v1: 552)."""
    if count >= len(aum):
        raise StudyError(f"noise.rules: count is {count}, but there are only {len(aum)} samples; write a smaller count")
    flagged = np.zeros(len(aum), dtype=bool)
    flagged[np.argsort(aum, kind="stable")[:count]] = True
    return flagged


def threshold_margins(aum: np.ndarray, extra: np.ndarray, percentile: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each sample's AUM lies above the threshold, mean over variants, and each variant's threshold.

    ``aum`` and ``extra`` are ``(variants, samples)``, of trainings with threshold samples; ``extra`` marks the threshold
    samples. A variant's threshold is the
    percentile of the AUM of its threshold samples (Pleiss et al. 2020, section 4). A variant in which a sample bore the
    extra label says nothing of it and is left out; below 0 means flagged.
    """
    limits = np.array([np.percentile(row[mask], percentile) for row, mask in zip(aum, extra, strict=True)])
    excess = np.where(extra, 0, aum - limits[:, None])
    return excess.sum(0) / np.maximum((~extra).sum(0), 1), limits


def threshold_scores(
    dynamics: Sequence[Dynamics], variants: Sequence[int], extra: Mapping[int, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return AUM and marks of threshold samples, ``(variants, samples)``, for :func:`threshold_margins`.

    ``dynamics`` are of trainings with threshold samples, ``variants`` their variants; members of one are averaged.
    ``extra`` marks each variant's threshold samples.
    """
    scores: dict[int, list[np.ndarray]] = {}
    for variant, member in zip(variants, dynamics, strict=True):
        scores.setdefault(variant, []).append(member.margin_sum.astype(np.float64) / member.epochs)
    order = sorted(scores)
    aum = np.stack([np.mean(scores[variant], axis=0) for variant in order])
    return aum, np.stack([extra[variant] for variant in order])


def flag_samples(samples: pd.DataFrame, rule: NoiseRule, trained: Trained | None = None) -> tuple[pd.DataFrame, np.ndarray]:
    """Return sample, its id where it is known, class, aum, score, threshold and flag of each sample, and variants' thresholds.

    ``samples`` is the table of hardness by AUM; ``trained``, of :func:`threshold_scores`, is for rules that need it.
    """
    names = [name for name in ("sample", "id", "class", "hardness") if name in samples]
    table = samples[names].rename(columns={"hardness": "aum"})
    flags = METHODS[rule.method].flag(table["aum"].to_numpy(), rule.settings, trained)
    return table.assign(score=flags.score, threshold=flags.threshold, flagged=flags.flagged), flags.limits


def detection(flagged: np.ndarray, planted: np.ndarray) -> dict[str, float]:
    """Return precision and recall of ``flagged`` against the ``planted`` samples (booleans), with their numbers.

    NaN where nothing was flagged, or nothing planted. ``chance`` is the precision of flagging at random.
    """
    hits = int((flagged & planted).sum())
    flags, plants = int(flagged.sum()), int(planted.sum())
    return {
        "planted": plants,
        "found": hits,
        "precision": hits / flags if flags and plants else np.nan,
        "recall": hits / plants if plants else np.nan,
        "chance": plants / len(planted) if plants else np.nan,
    }
