"""What strategies need of the data, known before anything is trained."""

from collections.abc import Mapping
from typing import Any

SMOTE_NEIGHBOURS = 5
# A sample of a class interpolates with so many others.
LEAST_SAMPLES = {"smote": SMOTE_NEIGHBOURS + 1}


def least_samples(config: Mapping[str, Any]) -> int:
    """Return how many training samples every class needs for the strategies of a study; which classes gain is not known yet."""
    return max((LEAST_SAMPLES.get(strategy["oversampling"], 1) for strategy in config["resampling"]["strategies"]), default=1)
