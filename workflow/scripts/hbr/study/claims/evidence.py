"""What a study has to say on one data set: its tables, by name, and how it was trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from hbr.analysis.columns import with_conditions
from hbr.analysis.predictions import RunPredictions, load_predictions
from hbr.data.files import read_table
from hbr.hardness.estimators import HIGH_IS_HARD
from hbr.hardness.uncertainty import member_weights

# What a study lacks that has no table of such a name.
_LACKS = {
    "allocations/*": "gives no class more or fewer samples: it resamples nothing",
    "gap_*": "compares no condition with a control: it resamples nothing",
    "contrasts.csv": "compares no condition with a control: it resamples nothing",
    "noise/*": "has no rules of label noise",
    "ground_truth/*": "names no references: people's votes or labels of its images",
}


class NotMeasuredError(Exception):
    """The study holds nothing that speaks of a claim; the message says what is missing."""


@dataclass(frozen=True)
class Evidence:
    """The tables of one data set. ``files`` maps names, as ``gaps.csv`` or ``hardness/aum/samples.parquet``, to paths.

    ``stands_for`` is the paper's data set it is, or empty; ``setting`` names network and epochs; ``paper`` says whether they
    are the paper's. ``estimator`` sorts and groups the classes, ``noise_estimator`` finds label noise; ``sources`` are the
    conditions that estimators read, ``methods`` their methods; ``pools`` are those that the workflow did not make itself;
    ``study`` is its name where several are judged together.
    """

    dataset: str
    files: Mapping[str, Path]
    stands_for: str = ""
    setting: str = ""
    paper: bool = False
    estimator: str = "aum"
    noise_estimator: str = "aum"
    sources: Mapping[str, str] = field(default_factory=dict)
    methods: Mapping[str, str] = field(default_factory=dict)
    pools: Sequence[str] = ()
    study: str = ""

    def table(self, name: str) -> pd.DataFrame:
        """Return a table; raise :class:`NotMeasuredError` where the study has none of that name."""
        if name not in self.files:
            lacks = next((words for pattern, words in _LACKS.items() if fnmatch(name, pattern)), f"has no {name}")
            raise NotMeasuredError(f"the study {lacks}")
        return read_table(self.files[name])

    def matching(self, pattern: str) -> dict[str, Path]:
        """Return the files whose names match a pattern, sorted by name."""
        return {name: path for name, path in sorted(self.files.items()) if fnmatch(name, pattern)}

    @cached_property
    def classes(self) -> pd.DataFrame:
        """Return the class metrics of every run of every condition."""
        tables = [read_table(path) for path in self.matching("measures/*/classes.csv").values()]
        return with_conditions(pd.concat(tables), self.table("conditions.csv"))

    @cached_property
    def class_names(self) -> list[str]:
        """Return the names of the classes, in the order of their labels."""
        (name, *_) = self.matching("hardness/*/classes.csv")
        return list(self.table(name)["class_name"])

    @cached_property
    def gap_differences(self) -> pd.DataFrame:
        """Return every contrast with its statistics."""
        return with_conditions(self.table("gap_differences.csv"), self.table("conditions.csv"))

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """Return what is compared with what, and in which family."""
        return self.table("contrasts.csv")

    @cached_property
    def allocation(self) -> pd.DataFrame:
        """Return the allocation that groups and sorts the classes; its groups are those of alpha = 1."""
        return self.table(f"allocations/{self.estimator}/alpha0.csv")

    def direction(self, estimator: str) -> str:
        """Return whether high or low is hard."""
        return str(self.table(f"hardness/{estimator}/classes.csv")["direction"].iloc[0])

    def is_always_positive(self, estimator: str) -> bool:
        """Return whether class hardness is, whatever was trained; studies of earlier versions do not tell."""
        table = self.table(f"hardness/{estimator}/classes.csv")
        return "always_positive" in table and bool(table["always_positive"].all())

    def baseline_recall(self) -> np.ndarray:
        """Return the recall of each class in each member of the baseline, ``(members, classes)``."""
        rows = self.classes
        rows = rows[(rows["kind"] == "baseline") & (rows["metric"] == "recall")]
        return rows.pivot(index="member", columns="class", values="value").to_numpy()

    def baseline_predictions(self) -> RunPredictions:
        """Return what each member of the baseline predicts of the test samples."""
        name = "measures/baseline/predictions.npz"
        if name not in self.files:
            raise NotMeasuredError(f"the study has no {name}")
        return load_predictions(self.files[name])

    def member_hardness(self, estimator: str) -> np.ndarray:
        """Return the class hardness that each member gives, ``(members, classes)``."""
        samples = self.table(f"hardness/{estimator}/samples.parquet")
        members = [column for column in map(str, samples) if column.startswith("member_")]
        return samples.groupby("class")[members].mean().to_numpy(np.float64).T

    def member_difficulty(self, estimator: str) -> np.ndarray:
        """Return :meth:`member_hardness`, turned so that high is hard whatever the estimator."""
        sign = 1 if self.direction(estimator) == HIGH_IS_HARD else -1
        return sign * self.member_hardness(estimator)


def bootstrap_means(values: np.ndarray, resamples: int = 2000, seed: int = 0) -> np.ndarray:
    """Return means over the first axis, members, under resamples of it by :func:`member_weights`, ``(resamples, ...)``.

    The draws of one seed are always the same: what is compared over the same members takes one, independent ensembles take two.
    """
    drawn: np.ndarray = member_weights(len(values), resamples, np.random.default_rng(seed)) @ values
    return drawn
