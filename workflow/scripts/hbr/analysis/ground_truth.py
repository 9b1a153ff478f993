"""What people, and other networks, say of a data set's images, as numbers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import recall_score


def published_recalls(
    predictions: np.ndarray, networks: Sequence[str], labels: np.ndarray, class_names: Sequence[str]
) -> pd.DataFrame:
    """Return one row a network and class: network, class, class_name and recall, a share of the class's test images.

    ``predictions`` are ``(networks, images)``.
    """
    classes = np.arange(len(class_names))
    tables = []
    for name, own in zip(networks, predictions, strict=True):
        recall = recall_score(labels, own, labels=classes, average=None, zero_division=0)
        tables.append(pd.DataFrame({"network": name, "class": classes, "class_name": list(class_names), "recall": recall}))
    return pd.concat(tables, ignore_index=True)
