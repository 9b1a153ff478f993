"""Snakemake's SLURM executor, with several trainings of one condition in one SLURM job.

A training of minutes should not wait in a queue and hold a GPU on its own. Packing happens here, where jobs are submitted,
and nowhere else: rules, artifacts and what must rerun do not know of it, Snakemake still decides training by training what
is missing, and each training of a pack succeeds or fails for itself.
"""

import shlex
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import snakemake_executor_plugin_slurm as slurm
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

common_settings = slurm.common_settings
# What belongs together: trainings that differ in nothing but variant and member.
_PACKED_RULE, _COMMON_WILDCARDS = "train_member", ("dataset", "condition")
_SCALED_RESOURCES = ("mem_mb", "mem_mib", "disk_mb", "disk_mib", "cpus_per_task")


@dataclass
class ExecutorSettings(slurm.ExecutorSettings):
    """Those of the SLURM executor, and the size of a pack."""

    members_per_job: int = field(
        default=1, metadata={"help": "trainings of one condition that share a SLURM job and its GPU", "env_var": False}
    )


class _Resources(dict):
    """Resources of a pack, read by key or by attribute."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(name)


class _Pack:
    """Several jobs submitted as one: its first, with the memory and the CPUs of all."""

    def __init__(self, jobs: list[Any], folder: Path) -> None:
        self.jobs, self.first, self.folder = jobs, jobs[0], folder
        self.threads = sum(job.threads for job in jobs)
        first = jobs[0].resources
        self.resources = _Resources({name: first.get(name) for name in first.keys()})  # noqa: SIM118 (no mapping)
        for name in _SCALED_RESOURCES:
            if isinstance(self.resources.get(name), int):
                self.resources[name] *= len(jobs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.first, name)

    def status_file(self, job: Any) -> Path:
        """Return the file that will hold the exit status of one job of the pack."""
        return self.folder / f"{job.jobid}.status"


class Executor(slurm.Executor):
    """Submits packs where trainings are ready together, and everything else as the SLURM executor does."""

    def run_jobs(self, jobs: list[Any]) -> None:
        """Submit ``jobs``, trainings of one condition packed."""
        packs, others = _packs(jobs, self.workflow.executor_settings.members_per_job)
        super().run_jobs(others)
        root = Path(self.workflow.workdir_init) / ".snakemake/slurm_packs" / self.run_uuid
        for members in packs:
            for job in members:
                self.run_job_pre(job)
            self._job_submission_executor.submit(self.run_job, _Pack(members, root / uuid.uuid4().hex))

    def format_job_exec(self, job: Any) -> str:
        """Return the command of a job; that of a pack runs all its members side by side and keeps their statuses."""
        if not isinstance(job, _Pack):
            return super().format_job_exec(job)
        job.folder.mkdir(parents=True)
        # Each member is a job step, so that SLURM's signals reach it. Steps would have the allocation in turn, not together,
        # and the executor inside the job clears the variables that could change that: hence an srun that says it.
        folder = shlex.quote(str(job.folder))
        (job.folder / "srun").write_text(f'#!/bin/sh\nPATH=${{PATH#{folder}:}}\nexec srun --overlap "$@"\n')
        (job.folder / "srun").chmod(0o755)
        lines = [f"export PATH={folder}:$PATH", "failed=0"]
        for member in job.jobs:
            status = shlex.quote(str(job.status_file(member)))
            command = shlex.quote(super().format_job_exec(member))
            # A pack that SLURM starts again leaves members alone that have ended: Snakemake was told, and may use their files.
            lines.append(f"( [ -e {status} ] || {{ sh -c {command}; echo $? > {status}.part; mv {status}.part {status}; }} ) &")
        lines.append("wait")
        lines += [f"grep -qx 0 {shlex.quote(str(job.status_file(member)))} || failed=1" for member in job.jobs]
        script = job.folder / "pack.sh"
        script.write_text("\n".join([*lines, "exit $failed", ""]))
        numbers = ", ".join(str(member.jobid) for member in job.jobs)
        self.logger.info(f"Jobs {numbers} share one SLURM job.")
        return f"sh {shlex.quote(str(script))}"

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Settle the members of packs that have ended by their own statuses, and leave the rest to SLURM's."""
        others = []
        for info in active_jobs:
            status = info.aux.get("status_file")
            if status is None or not status.exists():
                others.append(info)
            elif (code := status.read_text().strip()) == "0":
                self.report_job_success(info)
            else:
                message = f"A training in SLURM job '{info.external_jobid}' ended with exit status {code}."
                self.report_job_error(info, msg=message, aux_logs=[str(info.aux["slurm_logfile"])])
        async for info in super().check_active_jobs(others):
            yield info

    def _report_job_submission_threadsafe(self, job_info: SubmittedJobInfo) -> None:
        for info in _members(job_info):
            super()._report_job_submission_threadsafe(info)

    def _report_job_error_threadsafe(self, job_info: SubmittedJobInfo, msg: str) -> None:
        for info in _members(job_info):
            super()._report_job_error_threadsafe(info, msg)


def _packs(jobs: Iterable[Any], size: int) -> tuple[list[list[Any]], list[Any]]:
    """Return the packs, of at most ``size`` jobs each, and the jobs that go alone."""
    alike, others = defaultdict(list), []
    for job in jobs:
        if size > 1 and not job.is_group() and job.rule.name == _PACKED_RULE:
            # Attempts ask for different memory and time.
            alike[(*(job.wildcards_dict[name] for name in _COMMON_WILDCARDS), job.attempt)].append(job)
        else:
            others.append(job)
    chunks = [members[start : start + size] for members in alike.values() for start in range(0, len(members), size)]
    others += [chunk[0] for chunk in chunks if len(chunk) == 1]
    return [chunk for chunk in chunks if len(chunk) > 1], others


def _members(info: SubmittedJobInfo) -> list[SubmittedJobInfo]:
    """Return one info a member of a pack, or the info itself."""
    pack = info.job
    if not isinstance(pack, _Pack):
        return [info]
    aux = info.aux or {}
    return [SubmittedJobInfo(job, info.external_jobid, {**aux, "status_file": pack.status_file(job)}) for job in pack.jobs]
