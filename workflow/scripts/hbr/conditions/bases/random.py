"""What is left when a share of each class is pruned at random, for each variant anew (arXiv 2504.07031 v2, case study 1)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hbr.conditions.kind import Base, BaseKind, Draw
from hbr.data.plans import Plan, kept_plan
from hbr.errors import StudyError


class Random(BaseKind):
    """The argument is the share in percent that is pruned of each class."""

    def bases(self, config: Mapping[str, Any]) -> list[Base]:
        """Return one base a rate of ``limited.rates``."""
        return [Base("random", ("baseline",), str(rate), "limited") for rate in config["limited"]["rates"]]

    def plan(self, draw: Draw, argument: str) -> Plan:
        """Return what is left, in its old order; raise ``StudyError`` where a class would be left empty."""
        rng = draw.rng(draw.variant, "random base")
        return plan_random(draw.all_labels, draw.image_shape, int(argument), draw.class_names, rng)


def plan_random(
    labels: np.ndarray, image_shape: tuple[int, ...], percent: int, class_names: tuple[str, ...], rng: np.random.Generator
) -> Plan:
    """Return the plan without ``percent`` of each class, drawn at random; what is kept stands in its old order.

    Equally large classes stay so. From the same ``rng`` state a higher rate prunes what a lower one does, and more. Raises
    ``StudyError`` where a class would be left empty.
    """
    # One order for all rates, which pairs them.
    order = rng.permutation(len(labels))
    kept = []
    for label, name in enumerate(class_names):
        samples = order[labels[order] == label]
        if not (left := kept_count(len(samples), percent)):
            raise StudyError(
                f"limited.rates: {percent} % leaves none of the {len(samples)} samples of class {name!r}; write a smaller rate"
            )
        kept.append(samples[len(samples) - left :])
    return kept_plan(labels, np.sort(np.concatenate(kept)), image_shape)


def kept_count(samples: int, percent: int) -> int:
    """Return how many of a class's samples are left."""
    return samples - round(samples * percent / 100)


BASE = Random()
