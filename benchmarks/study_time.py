"""Where the time of a finished study went, from what Snakemake wrote down about every job."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from measuring import table


class Job(NamedTuple):
    """A finished job: its rule, and when it began and ended, in seconds since 1970."""

    rule: str
    begin: float
    end: float


def jobs_of(folder: Path, study: str) -> Iterator[Job]:
    """Yield the jobs of a study that ran in ``folder``; a job with several outputs comes once."""
    seen = set()
    for path in (folder / ".snakemake/metadata").rglob("*"):
        if not path.is_file():
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        if not any(str(log).startswith(f"logs/{study}/") for log in record["log"]):
            continue
        if (key := (record["rule"], *record["log"])) not in seen:
            seen.add(key)
            yield Job(record["rule"], record["starttime"], record["endtime"])


def started_at(folder: Path, before: float) -> float:
    """Return when the run of Snakemake began that was the last to begin by ``before``."""
    logs = sorted((folder / ".snakemake/log").glob("*.snakemake.log"))
    starts = [datetime.strptime(log.name[:17], "%Y-%m-%dT%H%M%S").astimezone().timestamp() for log in logs]
    return max((start for start in starts if start <= before + 1), default=before)


def training_seconds(folder: Path, study: str) -> float:
    """Return what Snakemake's benchmarks say all trainings took."""
    found = (folder / "benchmarks/results" / study / "train_member").rglob("*.tsv")
    return sum(float(path.read_text(encoding="utf-8").splitlines()[1].split("\t")[0]) for path in found)


def study_table(folder: Path, study: str, cores: int) -> str:
    """Return the table of a study that was run at once on ``cores`` cores: core-seconds and their share, by kind of job."""
    jobs = list(jobs_of(folder, study))
    if not jobs:
        return f"{folder} holds no finished study {study!r}; run it there first"
    begin, end = started_at(folder, min(job.begin for job in jobs)), max(job.end for job in jobs)
    seconds, counts = defaultdict(float), defaultdict(int)
    for job in jobs:
        kind = {"train": "trainings", "render": "notebooks"}.get(re.split("_", job.rule)[0], "other rules")
        seconds[kind] += job.end - job.begin
        counts[kind] += 1
    timed = training_seconds(folder, study)
    whole = cores * (end - begin)
    rows = [[kind, counts[kind], f"{seconds[kind]:.0f}", f"{seconds[kind] / whole:.0%}"] for kind in sorted(seconds)]
    rest = whole - sum(seconds.values())
    rows.append(["Snakemake itself, and cores that wait", "", f"{rest:.0f}", f"{rest / whole:.0%}"])
    rows.append(["in all", len(jobs), f"{whole:.0f}", "100%"])
    title = f"Study {study} in {end - begin:.0f} s on {cores} cores (its benchmarks add up to {timed:.0f} s of training)"
    return table(title, ["part", "jobs", "core-seconds", "share"], rows)
