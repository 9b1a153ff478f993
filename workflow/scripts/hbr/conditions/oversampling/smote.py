"""Synthetic images between neighbours of a class: SMOTE (Chawla et al. 2002), in flattened pixel space as the paper does."""

import numpy as np

from hbr.conditions.strategies import Added, Counts
from hbr.data.plans import SYNTHETIC
from hbr.errors import StudyError

NEIGHBOURS = 5
# A sample of a class interpolates with so many others.
LEAST_SAMPLES = NEIGHBOURS + 1


def add(
    labels: np.ndarray, wanted: Counts, rng: np.random.Generator, *, images: np.ndarray, class_names: tuple[str, ...]
) -> Added:
    """Return synthetic uint8 images of each class, of imbalanced-learn's SMOTE (k = 5).

    Raises ``StudyError`` where a class has too few samples to have neighbours.
    """
    from imblearn.over_sampling import SMOTE

    counts = np.bincount(labels)
    for label in wanted:
        if counts[label] < LEAST_SAMPLES:
            raise StudyError(
                f"class {class_names[label]!r} has {counts[label]} samples; smote needs at least {LEAST_SAMPLES}: use random"
            )
    # SMOTE refuses a single class, so one that needs nothing keeps it company.
    company = [label for label in np.unique(labels) if label not in wanted][: 0 if len(wanted) > 1 else 1]
    chosen = np.isin(labels, [*wanted, *company])
    flat = images[chosen].reshape(int(chosen.sum()), -1).astype(np.float32)
    strategy = {label: int(counts[label]) + extra for label, extra in wanted.items()}
    smote = SMOTE(sampling_strategy=strategy, k_neighbors=NEIGHBOURS, random_state=int(rng.integers(2**31)))
    resampled, resampled_labels = smote.fit_resample(flat, labels[chosen])
    made = np.rint(resampled[len(flat) :]).clip(0, 255).astype(np.uint8).reshape(-1, *images.shape[1:])
    return Added(np.arange(len(made)), np.asarray(resampled_labels[len(flat) :], dtype=np.int64), SYNTHETIC, made)
