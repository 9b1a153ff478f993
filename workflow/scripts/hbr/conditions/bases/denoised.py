"""The samples that a rule of label noise leaves."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hbr.conditions.kind import Base, BaseKind, Draw, joined
from hbr.data.plans import Plan, check_samples, kept_plan
from hbr.errors import StudyError


class Denoised(BaseKind):
    """All samples but those that a rule flags; the argument is the rule's name."""

    def bases(self, config: Mapping[str, Any]) -> list[Base]:
        """Return one base a rule of ``noise.denoised``."""
        return [Base("denoised", (joined("denoised", rule),), rule) for rule in config["noise"]["denoised"]]

    def inputs(self, argument: str) -> dict[str, str]:
        """Return the table of flagged samples."""
        return {"flagged": f"noise/{argument}/samples.parquet"}

    def plan(self, draw: Draw, argument: str) -> Plan:
        """Return what is not flagged, in its old order; raise ``StudyError`` where a class would be left empty."""
        flagged = draw.table("flagged", "sample", "class", "flagged")
        check_samples(flagged, draw.all_labels, draw.files["flagged"], draw.dataset, whole=True)
        return plan_denoised(draw.all_labels, draw.image_shape, flagged["flagged"].to_numpy(bool), draw.class_names)


def plan_denoised(labels: np.ndarray, image_shape: tuple[int, ...], flagged: np.ndarray, class_names: tuple[str, ...]) -> Plan:
    """Return the plan without the ``flagged`` samples (booleans); what is kept stands in its old order.

    Raises ``StudyError`` where a class would be left empty.
    """
    plan = kept_plan(labels, np.flatnonzero(~flagged), image_shape)
    counts = plan.class_counts(len(class_names))
    if counts.min() < 1:
        raise StudyError(
            f"noise.rules: all samples of class {class_names[int(np.argmin(counts))]!r} are flagged; write a stricter rule"
        )
    return plan


BASE = Denoised()
