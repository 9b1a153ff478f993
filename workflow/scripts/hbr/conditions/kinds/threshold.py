"""Threshold samples: some samples make up an extra class, which shows what wrong labels look like in training."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hbr.conditions.kind import Base, Condition, Draw, Kind
from hbr.conditions.noise import rule_of
from hbr.data.plans import THRESHOLD, Plan, identity_plan
from hbr.errors import StudyError


class Threshold(Kind):
    """One condition, where a rule of label noise looks at threshold samples."""

    order, section = 60, "noise"

    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield the condition; it is compared with none."""
        if any(rule_of(**rule).needs_threshold_samples for rule in config["noise"]["rules"].values()):
            yield Condition("threshold", ("threshold",), *self.runs(config))

    def runs(self, config: Mapping[str, Any]) -> tuple[range, range]:
        """Return the draws of threshold samples, and members."""
        noise = config["noise"]
        return range(1, noise["threshold_variants"] + 1), range(1, noise["members"] + 1)

    def plan(self, draw: Draw, **settings: Any) -> Plan:
        """Return the plan with threshold samples."""
        # No variant in the key: variants are parts of one random order.
        return plan_threshold(draw.labels, draw.image_shape, draw.variant, draw.rng("threshold samples"))

    def label(self, condition: Condition, by: str) -> str:
        """Return the words for it."""
        return "threshold samples"


def plan_threshold(labels: np.ndarray, image_shape: tuple[int, ...], variant: int, rng: np.random.Generator) -> Plan:
    """Return the plan that gives N / (k + 1) random samples the label of one extra class, k (Pleiss et al. 2020, section 4).

    Variants (from 1) take disjoint samples: successive parts of one random order, so hand in the same ``rng`` state for all.
    Raises ``StudyError`` where the data are too few for the variant, or a class would be left empty.
    """
    classes = int(labels.max()) + 1
    size = len(labels) // (classes + 1)
    chosen = rng.permutation(len(labels))[(variant - 1) * size : variant * size]
    if len(chosen) < max(size, 1):
        raise StudyError(
            f"noise.threshold_variants: {classes} classes give at most {classes + 1} disjoint draws of threshold samples, "
            f"{variant} are asked for; write a smaller number"
        )
    plan = identity_plan(labels, image_shape)
    plan.labels[chosen], plan.origin[chosen] = classes, THRESHOLD
    if plan.class_counts(classes + 1).min() < 1:
        raise StudyError("noise.rules: threshold samples leave a class without samples; the data are too few for the rule")
    return plan


KIND = Threshold()
