"""What trainings cost: seconds and memory of Snakemake's benchmarks, machines of the outcomes, and tables of these."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from hbr.data.files import reading
from hbr.study.labellings import LABELLINGS
from hbr.training.outcomes import EARLIER_SECONDS
from hbr.training.settings import TrainingSettings

_COLUMNS = ["dataset", "condition", "machine", "seconds", "memory_mb", "data", "examples", "precision", "settings"]
# Where trainings lie, and the rule that made them.
_RULES = {"members": "train_member", "folds": "train_fold"}
_TOLD = ("machine", "precision", "dataset", "examples", "settings")


def outcomes_of(study: str, dataset: str, root: Path = Path()) -> list[Path]:
    """Return the outcomes of all trainings there are of some studies and data sets, sorted; ``*`` means any."""
    below = "*/variant*/member*/outcomes.npz"
    return sorted(path for folder in _RULES for path in root.glob(f"results/{study}/{dataset}/{folder}/{below}"))


def timed_trainings(outcomes: Iterable[Path]) -> pd.DataFrame:
    """Return one row for every training that was timed.

    Columns: names of data set and condition, machine, seconds, peak memory (MB), checksum of the prepared data, examples,
    precision and settings (:class:`TrainingSettings`; ``None`` of a version that did not keep them). Seconds are of all runs of
    a training that was stopped and resumed, but for what it did after its last checkpoint.
    """
    rows = []
    for path in sorted(outcomes):
        member, variant, condition, folder, dataset, study = (parent.name for parent in list(path.parents)[:6])
        timed = path.parents[7] / f"benchmarks/results/{study}/{_RULES[folder]}/{dataset}"
        timings = timed / f"{condition}/{variant}_{member}.tsv"
        if timings.is_file():
            measured, told = pd.read_csv(timings, sep="\t"), told_by(path)
            earlier = path.with_name(EARLIER_SECONDS)
            rows.append(
                {
                    "dataset": dataset,
                    "condition": LABELLINGS[condition] if folder == "folds" else condition,
                    "machine": told["machine"] or "a machine that its outcomes do not name",
                    "seconds": float(measured["s"].median()) + (float(earlier.read_text()) if earlier.exists() else 0),
                    "memory_mb": float(measured["max_rss"].max()),
                    "data": told["dataset"],
                    "examples": int(told["examples"]),
                    "precision": told["precision"],
                    "settings": TrainingSettings.read(told["settings"]) if told["settings"] else None,
                }
            )
    return pd.DataFrame(rows, columns=_COLUMNS)


def cost_table(timed: pd.DataFrame) -> pd.DataFrame:
    """Return what the trainings of :func:`timed_trainings` cost, by data set, condition and way to train, and in all (``all``).

    A way to train is a machine and a precision.

    Columns: trainings, median seconds of one, hours of all, peak memory in MB.
    """
    rows = []
    for dataset in timed["dataset"].unique():
        own = timed[timed["dataset"] == dataset]
        for condition, part in [*own.groupby("condition"), ("all", own)]:
            for (machine, precision), group in part.groupby(["machine", "precision"]):
                rows.append(
                    {
                        "dataset": dataset,
                        "condition": condition,
                        "machine": machine,
                        "precision": precision,
                        "trainings": len(group),
                        "median_seconds": group["seconds"].median(),
                        "hours": group["seconds"].sum() / 3600,
                        "peak_memory_mb": group["memory_mb"].max(),
                    }
                )
    columns = ["dataset", "condition", "machine", "precision", "trainings", "median_seconds", "hours", "peak_memory_mb"]
    return pd.DataFrame(rows, columns=columns)


def told_by(path: Path) -> dict[str, str]:
    """Return what outcomes say of their training, empty where they are of a version that did not; logits are left alone."""
    with reading(path, "an .npz of plain arrays"), np.load(path, allow_pickle=False) as archive:
        return {name: str(archive[name]) if name in archive.files else "" for name in _TOLD}
