"""Folds: every image of a data set, test images too, is left out of the training of one of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hbr.data.datasets import PreparedDataset, prepare
from hbr.data.repeats import first_alike
from hbr.errors import StudyError

# Share of the labels that are changed on purpose to see how well mistakes are found.
PLANTED_SHARE = 0.05


def plant(labels: np.ndarray, classes: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return labels of which a ``share`` of each class, rounded, are another class's, any other alike.

    Unlike :func:`.datasets.flip_labels` it works on classes of any sizes, which change a little.
    """
    chosen = np.concatenate(
        [
            rng.permutation(samples)[: round(share * len(samples))]
            for samples in (np.flatnonzero(labels == label) for label in range(classes))
        ]
    )
    planted = labels.copy()
    planted[chosen] = (labels[chosen] + rng.integers(1, classes, len(chosen))) % classes
    return planted


def divide(labels: np.ndarray, alike: np.ndarray, folds: int, class_names: Sequence[str], seed: int) -> np.ndarray:
    """Return the fold of each image, from 1; folds are alike in size and classes, as far as copies allow.

    ``alike`` is of :func:`.repeats.first_alike`: an image is in the fold of its copies, since networks trained on one of them
    would know the other. Raises ``StudyError`` where a class has fewer different images than there are folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    counts = np.array([len(np.unique(alike[labels == label])) for label in range(len(class_names))])
    if counts.min() < folds:
        raise StudyError(
            f"suspects.folds: class {class_names[int(counts.argmin())]!r} has {counts.min()} different images, too few for "
            f"{folds}; write a smaller number, or add images"
        )
    # Where there are no copies, folds of one image less or more are surer than those of a division by groups.
    kind, groups = (StratifiedKFold, None) if len(np.unique(alike)) == len(alike) else (StratifiedGroupKFold, alike)
    division = kind(folds, shuffle=True, random_state=seed % 2**32).split(np.empty(len(labels)), labels, groups)
    places = np.empty(len(labels), dtype=np.int64)
    for fold, (_, held_out) in enumerate(division, 1):
        places[held_out] = fold
    return places


def fold_table(dataset: PreparedDataset, folds: int, seed: int, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row an image, those of the training set first: split, sample, class, label, planted, fold.

    ``class`` is the label that the image bears, ``label`` the one that it has in the folds: another one for a ``share``.
    """
    given = np.concatenate([dataset.train_labels, dataset.test_labels])
    labels = plant(given, dataset.classes, share, rng)
    sizes = (len(dataset.train_labels), len(dataset.test_labels))
    columns = {"split": np.repeat(["train", "test"], sizes), "sample": np.concatenate([np.arange(size) for size in sizes])}
    columns |= {"class": given, "label": labels, "planted": labels != given}
    alike = first_alike(dataset.train_images, dataset.test_images)
    return pd.DataFrame({**columns, "fold": divide(labels, alike, folds, dataset.class_names, seed)})


def fold_dataset(dataset: PreparedDataset, table: pd.DataFrame, fold: int, mirrored: bool = False) -> PreparedDataset:
    """Return the data set whose test images are those of a fold, and whose training images are all others.

    ``table`` is of :func:`fold_table`. Images stand in its order, and are normalised by what is trained on alone. With
    ``mirrored`` the mirror images of those of the fold follow them: judged both ways, an image is judged more surely.
    """
    images = np.concatenate([dataset.train_images, dataset.test_images])
    labels, held_out = table["label"].to_numpy(), (table["fold"] == fold).to_numpy()
    parts = images[~held_out], labels[~held_out], images[held_out], labels[held_out]
    if mirrored:
        parts = *parts[:2], np.concatenate([parts[2], parts[2][:, :, ::-1]]), np.tile(parts[3], 2)
    return prepare(*parts, dataset.class_names, origin=f"fold {fold}")
