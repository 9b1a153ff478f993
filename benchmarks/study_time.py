"""Where the time of a finished study went, from what Snakemake wrote down about every job."""

import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from measuring import table


class Job(NamedTuple):
    """A finished job: its rule and script, and when it began and ended, in seconds since 1970."""

    rule: str
    script: str
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
            command = (record.get("shellcmd") or "").split()
            script = next((word for word in command if word.endswith(".py")), "")
            yield Job(record["rule"], script, record["starttime"], record["endtime"])


def started_at(folder: Path, before: float) -> float:
    """Return when the run of Snakemake began that was the last to begin by ``before``."""
    logs = sorted((folder / ".snakemake/log").glob("*.snakemake.log"))
    starts = [datetime.strptime(log.name[:17], "%Y-%m-%dT%H%M%S").astimezone().timestamp() for log in logs]
    return max((start for start in starts if start <= before + 1), default=before)


def training_seconds(folder: Path, study: str) -> float:
    """Return what Snakemake's benchmarks say all trainings took."""
    found = (folder / "benchmarks/results" / study / "train_member").rglob("*.tsv")
    return sum(float(path.read_text(encoding="utf-8").splitlines()[1].split("\t")[0]) for path in found)


def start_seconds(folder: Path, scripts: Collection[str], repetitions: int = 3) -> dict[str, float]:
    """Return how long each script takes to start and import: it is asked for its options, and does nothing else."""
    seconds = {}
    for script in scripts:
        spent = []
        for _ in range(repetitions):
            started = time.perf_counter()
            subprocess.run([sys.executable, script, "--help"], cwd=folder, capture_output=True, check=True)
            spent.append(time.perf_counter() - started)
        seconds[script] = median(spent)
    return seconds


def study_table(folder: Path, study: str, cores: int) -> str:
    """Return the table of a study that was run at once on ``cores`` cores: core-seconds and their share, by kind of job.

    What starting and importing takes is measured now and counted once a job; what a script imports later is not in it.
    """
    jobs = list(jobs_of(folder, study))
    if not jobs:
        return f"{folder} holds no finished study {study!r}; run it there first"
    begin, end = started_at(folder, min(job.begin for job in jobs)), max(job.end for job in jobs)
    starts = start_seconds(folder, sorted({job.script for job in jobs} - {""}))
    seconds, counts, starting = defaultdict(float), defaultdict(int), defaultdict(float)
    for job in jobs:
        kind = {"train": "trainings", "render": "notebooks"}.get(re.split("_", job.rule)[0], "other rules")
        seconds[kind] += job.end - job.begin
        starting[kind] += starts.get(job.script, 0.0)
        counts[kind] += 1
    timed = training_seconds(folder, study)
    whole = cores * (end - begin)
    rows = [
        [kind, counts[kind], f"{seconds[kind]:.0f}", f"{seconds[kind] / whole:.0%}", f"{starting[kind]:.0f}"]
        for kind in sorted(seconds)
    ]
    rest = whole - sum(seconds.values())
    rows.append(["Snakemake itself, and cores that wait", "", f"{rest:.0f}", f"{rest / whole:.0%}", ""])
    rows.append(["in all", len(jobs), f"{whole:.0f}", "100%", f"{sum(starting.values()):.0f}"])
    title = f"Study {study} in {end - begin:.0f} s on {cores} cores (its benchmarks add up to {timed:.0f} s of training)"
    return table(title, ["part", "jobs", "core-seconds", "share", "of it, start and imports"], rows)
