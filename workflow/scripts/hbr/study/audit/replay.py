"""Commands run again, each in a scratch folder that holds its inputs, and what they make held against what is there."""

import os
import runpy
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from threadpoolctl import threadpool_limits

from hbr.study.dry_run import PlannedJob
from hbr.study.notebooks import numbers_of
from hbr.training.outcomes import EARLIER_SECONDS

# What jobs read that Snakemake cannot declare: its own benchmarks, and what stands beside a training that was resumed.
UNDECLARED = ("benchmarks",)


def differences(job: PlannedJob) -> list[str]:
    """Return a sentence for every output of a job, in the working directory, that its command does not make again.

    The command is a Python script with its arguments, and runs in this process: importing anew would take far longer.
    """
    missing = [f"{path} is missing" for path in (*job.input, *job.output) if not Path(path).is_file()]
    if missing:
        return missing
    with scratch(job) as folder:
        if failure := _run(job.command, folder):
            return [f"{path} cannot be made again: {failure}" for path in job.output]
        return [f"{path} is not what its command makes" for path in job.output if not _same(folder / path, Path(path))]


@contextmanager
def scratch(job: PlannedJob) -> Iterator[Path]:
    """Yield a folder that holds a job's inputs as links, and nothing else; as deep as this one, as paths may lead upward."""
    with tempfile.TemporaryDirectory(prefix="hbr-") as top:
        folder = Path(top).resolve().joinpath(*Path.cwd().parts[1:])
        beside = [str(Path(path).with_name(EARLIER_SECONDS)) for path in job.input]
        undeclared = (name for name in (*UNDECLARED, *beside) if Path(name).exists())
        for path in dict.fromkeys((*job.input, *undeclared)):
            link = Path(os.path.normpath(folder / path))
            # An absolute path is there as it is.
            if not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(Path(path).resolve())
        yield folder


def _run(command: str, folder: Path) -> str:
    """Run a command in a folder; return what it says where it fails."""
    _, script, *words = shlex.split(command)
    kept, here, said = (sys.argv, [*sys.path]), Path.cwd(), StringIO()
    try:
        os.chdir(folder)
        sys.argv = [script, *words]
        # As many as Snakemake gives a job: the last bits of long sums may depend on it.
        with redirect_stdout(said), redirect_stderr(said), threadpool_limits(1):
            runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if end.code:
            return said.getvalue().strip().rpartition("\n")[2]
    finally:
        os.chdir(here)
        sys.argv, sys.path[:] = kept
    return ""


def _same(made: Path, there: Path) -> bool:
    """Return whether two files hold the same; pictures depend on the machine's fonts, and are held by the record alone."""
    if there.suffix in (".svg", ".png"):
        return True
    if there.suffix == ".html":
        return numbers_of(made.read_text(encoding="utf-8")) == numbers_of(there.read_text(encoding="utf-8"))
    return made.read_bytes() == there.read_bytes()
