"""What trainings cost: where a study keeps their times, and tables of these."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class StudyFolders:
    """Where the results, benchmarks and logs of one data set of one study lie."""

    results: Path
    benchmarks: Path
    logs: Path

    @classmethod
    def of(cls, study: str, dataset: str, root: Path = Path()) -> "StudyFolders":
        """Return the folders of the workflow's layout."""
        return cls(
            root / "results" / study / dataset,
            root / "benchmarks/results" / study / "train_member" / dataset,
            root / "logs" / study / "train_member" / dataset,
        )


def timed_trainings(folders: StudyFolders) -> pd.DataFrame:
    """Return condition, seconds, peak memory (MB) and machine of every training that was timed.

    Seconds and memory are of Snakemake's benchmark, the machine is what the log names.
    """
    rows = []
    for path in sorted(folders.benchmarks.rglob("*.tsv")):
        log = folders.logs / path.relative_to(folders.benchmarks).with_suffix(".log")
        found = re.search(
            r"^machine: (.+?)(?:, b?float\d+)?(?:, GPU \S+)?$",
            log.read_text(encoding="utf-8") if log.is_file() else "",
            re.MULTILINE,
        )
        measured = pd.read_csv(path, sep="\t")
        rows.append(
            {
                "condition": path.parent.name,
                "machine": found[1] if found else "a machine its log does not name",
                "seconds": float(measured["s"].median()),
                "memory_mb": float(measured["max_rss"].max()),
            }
        )
    return pd.DataFrame(rows, columns=["condition", "machine", "seconds", "memory_mb"])


def cost_table(folders: Mapping[str, StudyFolders]) -> pd.DataFrame:
    """Return what trainings cost, by data set, condition and machine, and in all (condition ``all``).

    Columns: trainings, median seconds of one, hours of all, peak memory in MB. ``folders`` are by data set.
    """
    rows = []
    for dataset, places in folders.items():
        timed = timed_trainings(places)
        for condition, part in [*timed.groupby("condition"), ("all", timed)]:
            for machine, group in part.groupby("machine"):
                rows.append(
                    {
                        "dataset": dataset,
                        "condition": condition,
                        "machine": machine,
                        "trainings": len(group),
                        "median_seconds": group["seconds"].median(),
                        "hours": group["seconds"].sum() / 3600,
                        "peak_memory_mb": group["memory_mb"].max(),
                    }
                )
    columns = ["dataset", "condition", "machine", "trainings", "median_seconds", "hours", "peak_memory_mb"]
    return pd.DataFrame(rows, columns=columns)
