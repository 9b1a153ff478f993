"""Margins of logits."""

import numpy as np


def margins(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the logit of each image's label less the largest other one; ``logits`` are ``(images, classes)``.

    Below 0 another class is more likely.
    """
    own = logits[np.arange(len(labels)), labels]
    others = logits.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    margin: np.ndarray = own - others.max(1)
    return margin
