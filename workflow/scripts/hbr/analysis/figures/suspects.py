"""Pictures of suspects, from the training and the test set."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hbr.analysis.figures.images import shown_id
from hbr.analysis.figures.names import ABOVE_IMAGE, class_labels
from hbr.analysis.suspects import FIRST
from hbr.data.datasets import PreparedDataset


def first_images(suspects: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a person looks at first."""
    return suspects.nsmallest(FIRST, "rank")


def images_of(rows: pd.DataFrame, data: PreparedDataset) -> np.ndarray:
    """Return the images of rows with split and sample, uint8."""
    parts = {"train": data.train_images, "test": data.test_images}
    return np.stack([parts[split][sample] for split, sample in zip(rows["split"], rows["sample"], strict=True)])


def suspect_captions(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return what stands above each image: label, suggested class with its votes, out-of-fold margin and id.

    ``rows`` are of :func:`hbr.analysis.suspects.suspect_list`, ``names`` those of all classes.
    """
    labels = class_labels(range(len(names)), names, ABOVE_IMAGE)
    return [
        f"{labels[row['class']]}\n→ {labels[row['suggested']]} ({row['votes']} of {row['members']})\n"
        f"margin {row['margin']:.1f}, {shown_id(str(row['id']))}"
        for row in rows.to_dict("records")
    ]
