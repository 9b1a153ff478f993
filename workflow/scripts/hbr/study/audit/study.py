"""The audit of a finished study: its record, what its trainings left, and all the rest made again by its own commands.

No kind of condition, estimator or table is known here: what there is, and what makes it, Snakemake says.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from hbr.data.datasets import load_dataset
from hbr.data.files import read_arrays
from hbr.study.audit.findings import Findings
from hbr.study.audit.record import RECORD, check_record, version_of
from hbr.study.audit.replay import differences
from hbr.study.audit.trainings import check_trainings, data_of
from hbr.study.dry_run import PlannedJob
from hbr.version import VERSION

TRAININGS = ("train_member", "train_fold")
# From archives and images, which whoever is given results may not have; what they make is held by its checksum.
FROM_SOURCES = ("download_archive", "prepare_dataset", "prepare_pool", "prepare_reference")


def audit_study(config: Mapping[str, Any], jobs: Sequence[PlannedJob], pages: bool = True) -> Findings:
    """Return the findings on the results in the working directory; ``jobs`` are all of the study, whether it has run or not.

    ``pages`` says whether the report's pages are made again, which takes longest.
    """
    findings = Findings()
    for name in config["datasets"]:
        results, reports = (Path(kind) / config["study"] / name for kind in ("results", "reports"))
        with findings.check(f"{name}: artifacts are as recorded") as check:
            check_record(results, reports, check)
        with findings.check(f"{name}: prepared data carries its own checksum") as check:
            path, check.artifacts = results / "dataset.npz", 1
            data = load_dataset(path)
            stored = str(read_arrays(path, "checksum")["checksum"])
            check.expect(data.checksum == stored, f"{path} holds other data than its checksum says")
        if check.problems:
            continue
        with findings.check(f"{name}: trainings are of this data, plan, settings and seeds, and differ") as check:
            trainings = [job for job in jobs if job.rule in TRAININGS and job.wildcards["dataset"] == name]
            for path, own in groupby(sorted(trainings, key=data_of), data_of):
                check_trainings(config, name, load_dataset(path), own, check)
    for rule in dict.fromkeys(job.rule for job in jobs if not is_held(job)):
        again = [job for job in jobs if job.rule == rule]
        # Pages are told by what they are, not by a rule's name.
        if not pages and any(path.endswith(".html") for path in again[0].output):
            continue
        with findings.check(f"{rule}, run again, makes the same") as check:
            for job in again:
                check.artifacts += len(job.output)
                check.problems += differences(job)
    return findings


def is_held(job: PlannedJob) -> bool:
    """Return whether a job's results are held by checksums, of the record and of trainings in outcomes, and not made again."""
    return job.gpu or job.rule in FROM_SOURCES or any(Path(path).name == RECORD for path in job.output)


def other_version(config: Mapping[str, Any]) -> str:
    """Return a sentence where results were made by another version than this, else nothing."""
    for name in config["datasets"]:
        results = Path("results") / config["study"] / name
        if (results / RECORD).is_file() and (made := version_of(results)) != VERSION:
            return (
                f"{results} was made by version {made} of the project, this is {VERSION}: "
                "audit it with the version that made it, or run the study again"
            )
    return ""
