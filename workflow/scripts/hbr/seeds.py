"""Seeds of everything random, so that conditions are paired and members differ."""

import hashlib

import numpy as np


def derive_seed(study_seed: int, *key: str | int) -> int:
    """Return a 63-bit seed that is a function of the study's seed and a key.

    No condition ever enters a training key: member 3 of variant 2 starts from the same weights and sees the same
    shuffles under every condition, which is what pairs the conditions.
    """
    text = "/".join(str(part) for part in (study_seed, *key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def seed_of_test_sets(study_seed: int, dataset: str) -> int:
    """Return the seed of resampled test sets, the same for all conditions of a data set."""
    return derive_seed(study_seed, dataset, "test samples") % 2**32


def derive_rng(study_seed: int, *key: str | int) -> np.random.Generator:
    """Return a NumPy generator seeded by :func:`derive_seed`."""
    return np.random.default_rng(derive_seed(study_seed, *key))
