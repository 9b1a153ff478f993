"""Pruning: the easiest samples leave the training set, of all of it (DLP) or of each class (CLP)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hbr.conditions.kind import ALL, Base, Condition, Draw, Kind, check_known, joined
from hbr.conditions.strategies import by_hardness
from hbr.data.plans import Plan, kept_plan
from hbr.errors import StudyError
from hbr.hardness.allocation import largest_remainder

DATASET, CLASS = "dataset", "class"
# By the names that studies give them.
METHODS = {"dlp": DATASET, "clp": CLASS}


class Pruned(Kind):
    """One condition an estimator, method and rate."""

    order, section = 40, "pruning"

    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield the conditions, compared with the control of all samples."""
        pruning = config["pruning"]
        for estimator in pruning["estimators"]:
            for method in pruning["methods"]:
                for rate in map(str, pruning["rates"]):
                    yield Condition(
                        "pruned",
                        ("pruned", estimator, method, rate),
                        *self.runs(config),
                        compared=ALL,
                        estimator=estimator,
                        method=method,
                        rate=rate,
                    )

    def inputs(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, str]:
        """Return the table of hardness."""
        return {"samples": f"hardness/{condition.estimator}/samples.parquet"}

    def settings(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return method and rate."""
        return {"method": condition.method, "rate": int(condition.rate)}

    def plan(self, draw: Draw, **settings: Any) -> Plan:
        """Return the plan without the easiest samples of the base."""
        rank = draw.samples("samples", "difficulty_rank")["difficulty_rank"].to_numpy()
        method, rate = METHODS[settings["method"]], settings["rate"] / 100
        return plan_pruned(draw.labels, draw.image_shape, rank, method, rate, draw.class_names, draw.rng(draw.variant, "ties"))

    def label(self, condition: Condition, by: str) -> str:
        """Return `DLP 30 %`."""
        return f"{condition.method.upper()} {condition.rate} %{by}"

    def contrasts(self, condition: Condition, conditions: Mapping[str, Condition]) -> list[tuple[str, str, str]]:
        """Compare DLP with CLP of the same estimator and rate."""
        clp = joined("pruned", condition.estimator, "clp", condition.rate)
        return [(condition.name, clp, "pruning")] if condition.method == "dlp" and clp in conditions else []

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse estimators that are not there or not of all samples, and runs that have no partner."""
        # A default that nothing is pruned by names no estimator of the study.
        if config["pruning"]["rates"]:
            check_known("pruning.estimators", config["pruning"]["estimators"], config)
            self.check_paired(config)


def plan_pruned(
    labels: np.ndarray,
    image_shape: tuple[int, ...],
    difficulty: np.ndarray,
    method: str,
    rate: float,
    class_names: tuple[str, ...],
    rng: np.random.Generator,
) -> Plan:
    """Return the plan without the easiest ``rate`` (0 to 1) of the samples; what is kept stands in its old order.

    ``difficulty`` is one number a sample, high = hard. ``method`` is ``dataset`` (DLP: classes may become unequal) or
    ``class`` (CLP: every class loses the same share). Both remove round(rate N) samples in total; which of equal
    difficulty leave, ``rng`` decides. Raises ``StudyError`` where a class would be left empty.
    """
    removed = pruned_samples(labels, difficulty, method, rate, rng)
    plan = kept_plan(labels, np.setdiff1d(np.arange(len(labels)), removed), image_shape)
    counts = plan.class_counts(len(class_names))
    if counts.min() < 1:
        raise StudyError(
            f"pruning.rates: {rate:g} of the {method} leaves class {class_names[int(np.argmin(counts))]!r} without samples; "
            "write a smaller rate"
        )
    return plan


def pruned_samples(
    labels: np.ndarray, difficulty: np.ndarray, method: str, rate: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the indices of the easiest samples that pruning removes, easiest first (DLP) or class by class (CLP)."""
    order = by_hardness(difficulty, rng)
    total = round(rate * len(labels))
    if method == DATASET:
        return order[:total]
    quotas = largest_remainder(rate * np.bincount(labels), total)
    of_class = [order[labels[order] == label] for label in range(len(quotas))]
    return np.concatenate([samples[:quota] for samples, quota in zip(of_class, quotas, strict=True)])


KIND = Pruned()
