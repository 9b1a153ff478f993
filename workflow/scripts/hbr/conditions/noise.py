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


@dataclass(frozen=True)
class NoiseRule:
    """A rule as a study sets it: ``method`` is a key of :data:`METHODS`, ``settings`` are all of the method's own, by name."""

    method: str
    settings: Mapping[str, Any]

    @classmethod
    def read(cls, text: str) -> "NoiseRule":
        """Return the rule of a JSON text."""
        return rule_of(**json.loads(text))

    @property
    def text(self) -> str:
        """Return method and all settings as one JSON text, the same for equal rules."""
        return json.dumps({"method": self.method, **self.settings}, sort_keys=True)

    @property
    def needs_threshold_samples(self) -> bool:
        """Return whether the rule looks at trainings with threshold samples."""
        return METHODS[self.method].needs_threshold_samples


@dataclass(frozen=True)
class Flags:
    """What a rule says of each sample: flagged is what scores below the threshold; ``limits`` are AUMs, one a variant."""

    score: np.ndarray
    threshold: float
    flagged: np.ndarray
    limits: np.ndarray = field(default_factory=lambda: np.empty(0))


Trained = tuple[np.ndarray, np.ndarray]
_Flag = Callable[[np.ndarray, Mapping[str, Any], Trained | None], Flags]


@dataclass(frozen=True)
class Method:
    """A way to find label noise; see :func:`method`."""

    flag: _Flag
    needs_threshold_samples: bool
    settings: Mapping[str, Setting]


METHODS: dict[str, Method] = {}


def method(name: str, *, needs_threshold_samples: bool = False, **settings: Setting) -> Callable[[_Flag], _Flag]:
    """Return a decorator that makes a function of AUM, settings and trainings on threshold samples a method, under a name.

    ``settings`` are its own keys in a study file. Raises ``ValueError`` where a name or key is taken.
    """
    if name in METHODS or any(known_settings().get(key, one) != one for key, one in settings.items()) or "method" in settings:
        raise ValueError(f"method {name} of label noise: its name, or a key of it, stands twice")

    def register(flag: _Flag) -> _Flag:
        METHODS[name] = Method(flag, needs_threshold_samples, settings)
        return flag

    return register


def known_settings() -> dict[str, Setting]:
    """Return the settings of all methods by key."""
    return {key: setting for one in METHODS.values() for key, setting in one.settings.items()}


def rule_of(method: str, **keys: Any) -> NoiseRule:
    """Return a rule by the keys of a study file; raise ``StudyError``, key first."""
    if method not in METHODS:
        raise StudyError(f"method: {method!r} is none of {', '.join(METHODS)}")
    return NoiseRule(method, complete(f"method {method}", METHODS[method].settings, keys))


@method("count", count=Setting("samples to flag", {"type": "integer", "minimum": 1, "maximum": 1_000_000_000}))
def flag_lowest(aum: np.ndarray, settings: Mapping[str, Any], trained: Trained | None) -> Flags:
    """Flag a fixed number of samples of lowest AUM."""
    flagged = lowest(aum, settings["count"])
    return Flags(aum, aum[flagged].max(), flagged)


@method(
    "below",
    threshold=Setting("AUM below which samples are flagged", {"type": "number", "minimum": -1_000_000, "maximum": 1_000_000}),
)
def flag_below(aum: np.ndarray, settings: Mapping[str, Any], trained: Trained | None) -> Flags:
    """Flag samples with an AUM below a threshold."""
    return Flags(aum, settings["threshold"], aum < settings["threshold"])


@method(
    "threshold-samples",
    needs_threshold_samples=True,
    percentile=Setting("percentile of the AUM of threshold samples", {"type": "number", "exclusiveMinimum": 0, "maximum": 100}),
)
def flag_by_threshold_samples(aum: np.ndarray, settings: Mapping[str, Any], trained: Trained | None) -> Flags:
    """Flag samples with an AUM below a percentile of that of samples of an extra class (Pleiss et al. 2020, section 4)."""
    if trained is None:
        raise ValueError("threshold-samples needs trainings with threshold samples")
    margins, limits = threshold_margins(*trained, settings["percentile"])
    return Flags(margins, 0.0, margins < 0, limits)


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
