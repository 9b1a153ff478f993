"""What strategies need of the data, known before anything is trained."""

from collections.abc import Mapping, Sequence
from typing import Any

from hbr.errors import StudyError

SMOTE_NEIGHBOURS = 5
# A sample of a class interpolates with so many others.
LEAST_SAMPLES = {"smote": SMOTE_NEIGHBOURS + 1}


def least_samples(config: Mapping[str, Any]) -> int:
    """Return how many training samples every class needs for the strategies of a study; which classes gain is not known yet."""
    return max((LEAST_SAMPLES.get(strategy["oversampling"], 1) for strategy in config["resampling"]["strategies"]), default=1)


def check_counts(counts: Sequence[int], class_names: Sequence[str], least: int, where: str) -> None:
    """Raise ``StudyError`` where a class has fewer than ``least`` training samples; ``where`` names the data."""
    few = [f"{name!r} ({count})" for name, count in zip(class_names, counts, strict=True) if count < least]
    if few:
        told = ", ".join(few[:5]) + (f" and {len(few) - 5} more" if len(few) > 5 else "")
        raise StudyError(
            f"{where}: smote needs at least {least} training samples of every class, as any may turn out hard, but there are "
            f"fewer of {told}; use oversampling random, or leave the classes out"
        )
