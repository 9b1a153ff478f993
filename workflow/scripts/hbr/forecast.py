"""What a study still costs: trainings done and to do, expected hours and storage, from what was measured so far."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hbr.conditions.names import BASELINE, conditions_of
from hbr.costs import StudyFolders

_RESULTS = ("outcomes.npz", "dynamics.npz")


def training_table(config: Mapping[str, Any], dataset: str, folders: StudyFolders) -> pd.DataFrame:
    """Return one row a condition: trainings, done, to do, and megabytes the missing ones will take (NaN while unknown)."""
    rows = []
    for condition, stated in conditions_of(config).items():
        members = [folders.results / f"members/{condition}/variant{v}/member{m}" for v, m in stated.runs]
        done = [member for member in members if all((member / name).is_file() for name in _RESULTS)]
        sizes = [sum((member / name).stat().st_size for name in _RESULTS) for member in done]
        size = float(np.median(sizes)) if sizes else _training_bytes(config, dataset, condition, folders)
        todo = len(members) - len(done)
        megabytes = todo * size / 1e6 if todo else 0.0
        rows.append({"condition": condition, "trainings": len(members), "done": len(done), "to do": todo, "MB": megabytes})
    return pd.DataFrame(rows)


def expected_hours(todo: int, timed: pd.DataFrame) -> list[str]:
    """Return one sentence a machine that trainings were timed on: the hours the missing ones would take there."""
    if not todo:
        return ["nothing is left to train"]
    if timed.empty:
        return ["expected hours: unknown, as no training of this data set was timed yet; one training will tell"]
    return [
        f"expected hours on {machine}: {todo * group.median() / 3600:.2g} ({todo} trainings of {group.median():,.0f} s, "
        f"the median of {len(group)} timed)"
        for machine, group in timed.groupby("machine")["seconds"]
    ]


def _training_bytes(config: Mapping[str, Any], dataset: str, condition: str, folders: StudyFolders) -> float:
    """Return the size of one training's results, from the shapes of the prepared data."""
    path = folders.results / "dataset.npz"
    if not path.is_file():
        return float("nan")
    with np.load(path, allow_pickle=False) as arrays:
        samples, tested, classes = len(arrays["train_labels"]), len(arrays["test_labels"]), len(arrays["class_names"])
    epochs = config["recipes"][config["datasets"][dataset]["recipe"]]["epochs"] if condition == BASELINE else 0
    # Three float16 an epoch and five float32 an example; float16 logits and int64 labels a test sample.
    return samples * (6 * epochs + 20) + tested * (2 * classes + 8)
