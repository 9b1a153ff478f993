"""What a study still costs: trainings done and to do, expected hours and storage, from what was measured so far."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hbr.conditions.names import BASELINE, conditions_of
from hbr.study.dry_run import PlannedJob
from hbr.study.labellings import LABELLINGS
from hbr.study.suspects import fold_runs, labellings
from hbr.training.settings import TrainingSettings

_RESULTS = ("outcomes.npz", "dynamics.npz", "weights.npz")
# Bytes of names, settings and history in them.
_BESIDE = 15_000


def training_table(config: Mapping[str, Any], dataset: str, jobs: Sequence[PlannedJob], results: Path) -> pd.DataFrame:
    """Return one row a condition: trainings, done, to do, of these again, and megabytes of those to do (NaN while unknown).

    Trainings without a fold stand below, a row for each labelling. ``jobs`` are what Snakemake plans; ``results`` is the data
    set's folder, where the size of what was trained is seen.
    """
    stated = [(name, "train_member", "members", name, one.runs) for name, one in conditions_of(config).items()]
    stated += [(LABELLINGS[name], "train_fold", "folds", name, fold_runs(config)) for name in labellings(config)]
    rows = []
    for words, rule, folder, condition, runs in stated:
        wanted = {"dataset": dataset, "condition": condition}
        own = [job for job in jobs if job.rule == rule and wanted.items() <= job.wildcards.items()]
        members = [results / f"{folder}/{condition}/variant{v}/member{m}" for v, m in runs]
        kept = [member for member in members if all((member / name).is_file() for name in _RESULTS)]
        sizes = [sum((member / name).stat().st_size for name in _RESULTS) for member in kept]
        size = float(np.median(sizes)) if sizes else _training_bytes(config, dataset, condition, results)
        rows.append(
            {
                "condition": words,
                "trainings": len(members),
                "done": len(members) - len(own),
                "to do": len(own),
                "again": sum(not job.new for job in own),
                "MB": len(own) * size / 1e6 if own else 0.0,
            }
        )
    return pd.DataFrame(rows)


def expected_hours(config: Mapping[str, Any], dataset: str, todo: int, timed: pd.DataFrame, results: Path) -> list[str]:
    """Return one sentence a machine that trainings like these were timed on: the hours the missing ones would take there.

    ``timed`` are :func:`hbr.study.costs.timed_trainings`, of any study. Those of the same data and network count; where none
    had as many epochs, seconds are taken in proportion to them.
    """
    if not todo:
        return ["nothing is left to train"]
    wanted = TrainingSettings.of(config, dataset)
    alike = _alike(wanted, dataset, timed, results)
    if alike.empty:
        return ["expected hours: unknown, as no training of this network on this data was timed yet; one training will tell"]
    epochs = alike["settings"].map(lambda settings: settings.recipe.epochs)
    sentences = []
    for machine, group in alike.groupby("machine"):
        same = epochs[group.index] == wanted.recipe.epochs
        used = group[same] if same.any() else group
        factors = wanted.recipe.epochs / epochs[used.index]
        seconds = float((used["seconds"] * factors).median())
        scaled = "" if same.any() else f", brought to {wanted.recipe.epochs} epochs"
        sentences.append(
            f"expected hours on {machine}: {todo * seconds / 3600:.2g} ({todo} trainings of {seconds:,.0f} s, "
            f"the median of {len(used)} timed{scaled})"
        )
    return sentences


def _alike(wanted: TrainingSettings, dataset: str, timed: pd.DataFrame, results: Path) -> pd.DataFrame:
    """Return the trainings of the same data, or data set of this name while it is not prepared, and network."""

    def is_alike(told: TrainingSettings | None) -> bool:
        return told is not None and (told.network, told.network_settings, told.recipe.batch_size) == (
            wanted.network,
            wanted.network_settings,
            wanted.recipe.batch_size,
        )

    path = results / "dataset.npz"
    if path.is_file():
        with np.load(path, allow_pickle=False) as arrays:
            of_data = timed["data"] == str(arrays["checksum"])
    else:
        of_data = timed["dataset"] == dataset
    return timed[of_data & timed["settings"].map(is_alike).astype(bool)]


def _training_bytes(config: Mapping[str, Any], dataset: str, condition: str, results: Path) -> float:
    """Return the size of one training's results, from the shapes of the prepared data."""
    path = results / "dataset.npz"
    if not path.is_file():
        return float("nan")
    with np.load(path, allow_pickle=False) as arrays:
        samples, tested, classes = len(arrays["train_labels"]), len(arrays["test_labels"]), len(arrays["class_names"])
    epochs = config["recipes"][config["datasets"][dataset]["recipe"]]["epochs"] if condition == BASELINE else 0
    # Three float16 an epoch, six float32 and an int16 an example; last and mean logits in float16, an int64 label and a
    # prediction a test sample.
    return samples * (6 * epochs + 26) + tested * (4 * classes + 9) + _BESIDE
