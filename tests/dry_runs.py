"""What Snakemake would do: dry runs of its real command line, forked from one process that has imported it once."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Only what every dry run imports anyway; each study's own modules are imported after the fork.
_SERVER = """
import os, sys
import jsonschema, numpy, pandas, PIL.Image, snakemake.cli
for line in sys.stdin:
    folder, output, *arguments = line.rstrip("\\n").split("\\t")
    if not (child := os.fork()):
        status = 1
        try:
            os.chdir(folder)
            file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            snakemake.cli.main(arguments)
        except SystemExit as end:
            status = int(bool(end.code))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Job:
    """One job that Snakemake plans."""

    rule: str
    wildcards: str
    reason: str
    input: tuple[str, ...]
    output: tuple[str, ...]
    command: str

    @property
    def new(self) -> bool:
        """Whether there is no result yet."""
        return "Missing output files" in self.reason

    @property
    def follows(self) -> bool:
        """Whether it runs again after others that it depends on."""
        return "Input files updated by another job" in self.reason and not self.new


@cache
def _server() -> subprocess.Popen:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Without the switch the working directory would be on the path of imports, unlike under the snakemake command.
    command = [sys.executable, "-P", "-c", _SERVER]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**os.environ, "PATH": path}, stdin=pipe, stdout=pipe, text=True, bufsize=1)


def snakemake_forked(folder: Path, *arguments: str) -> tuple[int, str]:
    """Return exit status and output of ``snakemake`` in a folder."""
    output = folder / ".snakemake/forked.txt"
    output.parent.mkdir(exist_ok=True)
    server = _server()
    server.stdin.write("\t".join([str(folder), str(output), "--cores", "2", *arguments]) + "\n")
    server.stdin.flush()
    return int(server.stdout.readline()), output.read_text()


def planned_jobs(folder: Path, *arguments: str) -> list[Job]:
    """Return the jobs of a dry run, without targets that run nothing."""
    status, text = snakemake_forked(folder, "--dry-run", "--printshellcmds", *arguments)
    assert status == 0, text[-6000:]
    blocks = re.split(r"^(?:local)?rule (\w+):\n", text.partition("\nJob stats:")[2], flags=re.MULTILINE)
    jobs = [_parse(rule, block) for rule, block in zip(blocks[1::2], blocks[2::2], strict=True)]
    counts = re.findall(r"^(\w+) +(\d+)$", blocks[0], flags=re.MULTILINE)
    assert sum(int(count) for rule, count in counts if rule != "total") == len(jobs), text
    return [job for job in jobs if job.output]


def _parse(rule: str, block: str) -> Job:
    def entry(name: str) -> str:
        found = re.search(rf"^{name}: (.*)$", block, flags=re.MULTILINE)
        return found.group(1) if found else ""

    def files(name: str) -> tuple[str, ...]:
        return tuple(filter(None, entry(f"    {name}").split(", ")))

    return Job(rule, entry("    wildcards"), entry("    reason"), files("input"), files("output"), entry("Shell command"))
