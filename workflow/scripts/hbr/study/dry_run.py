"""What Snakemake would run for a study, job by job: its own dry run, as records instead of text."""

import logging
from collections.abc import Collection, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from hbr.errors import StudyError
from hbr.study.presence import SOURCES_ASKED

SNAKEFILE = Path(__file__).resolve().parents[4] / "Snakefile"


@dataclass(frozen=True)
class PlannedJob:
    """One job that Snakemake plans, with the reason it gives and the command it would run."""

    rule: str
    wildcards: Mapping[str, str]
    reason: str
    input: tuple[str, ...]
    output: tuple[str, ...]
    command: str
    # Whether it asks for a GPU: a training, or what its network says of images.
    gpu: bool = False

    @property
    def new(self) -> bool:
        """Whether there is no result yet."""
        return "Missing output files" in self.reason

    @property
    def follows(self) -> bool:
        """Whether it runs again after others that it depends on."""
        return "Input files updated by another job" in self.reason and not self.new


def planned_jobs(study: Path, everything: bool = False, without: Collection[str] = ()) -> list[PlannedJob]:
    """Return the jobs of a dry run in the working directory, without targets that run nothing.

    ``everything`` plans the jobs whose results are current, too; what the rules ``without`` make is taken as it is, and so are
    the data's sources, which may be away.
    Raises ``StudyError`` with what Snakemake objects to.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.logging import logger
    from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

    # As the default profile and the command line have it: what a killed run left is made again.
    settings = DAGSettings(forceall=everything, force_incomplete=True)
    recorder, listed = _Recorder(), StringIO()
    asked = SOURCES_ASKED.set(not without)
    with SnakemakeApi(OutputSettings(dryrun=True)) as snakemake:
        logger.handlers = [recorder]
        try:
            workflow = snakemake.workflow(ResourceSettings(cores=1), ConfigSettings(configfiles=[study]), snakefile=SNAKEFILE)
            if without:
                with redirect_stdout(listed):
                    workflow.list_rules()
                settings.allowed_rules = {line.split()[0] for line in listed.getvalue().splitlines()} - set(without)
            workflow.dag(settings).execute_workflow(executor="dryrun")
        except Exception as error:
            raise StudyError(" ".join(str(error).split())) from error
        finally:
            SOURCES_ASKED.reset(asked)
    if len(recorder.jobs) != recorder.total:
        raise StudyError(f"Snakemake counts {recorder.total} jobs, but told of {len(recorder.jobs)}")
    return [job for job in recorder.jobs if job.output]


class _Recorder(logging.Handler):
    """Keeps the jobs that Snakemake logs, and how many it counts."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[PlannedJob] = []
        self.total = 0

    def emit(self, record: logging.LogRecord) -> None:
        told = vars(record)
        if told.get("event") == "run_info":
            self.total = told["stats"]["total"]
        elif told.get("event") == "job_info":
            # What a job may find there is marked as such.
            read, written = (
                tuple(str(path).removesuffix(" (update)") for path in told[name] or ()) for name in ("input", "output")
            )
            wildcards, command = dict(told["wildcards"] or {}), told["shellcmd"] or ""
            gpu = "gpu" in told["resources"].keys()  # noqa: SIM118
            self.jobs.append(PlannedJob(told["rule_name"], wildcards, told["reason"], read, written, command, gpu))
