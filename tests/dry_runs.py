"""What Snakemake would do: dry runs forked from one process that has imported Snakemake once."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from hbr.study.dry_run import PlannedJob as Job

# Only what every dry run imports anyway; each study's own modules are imported after the fork. `plan` is what `make plan` asks.
_SERVER = """
import ast, dataclasses, functools, json, os, pathlib, sys
import jsonschema, numpy, pandas, PIL.Image, snakemake.cli, yaml

# Most modules are the same in every study, and are parsed once; nobody changes a tree.
parse = ast.parse
parsed = functools.cache(parse)
for path in pathlib.Path(sys.argv[1]).rglob("*.py"):
    parsed(path.read_bytes())

for line in sys.stdin:
    folder, output, what, *arguments = line.rstrip("\\n").split("\\t")
    if not (child := os.fork()):
        status = 1
        try:
            os.chdir(folder)
            file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            if what == "plan":
                ast.parse = lambda source, *more, **named: (parse if more or named else parsed)(source, *more, **named)
                # What it says of a broken file differs, and these are whole.
                yaml.SafeLoader = yaml.CSafeLoader
                sys.path.insert(0, str(pathlib.Path("workflow/scripts").absolute()))
                from hbr.study.dry_run import planned_jobs
                jobs = planned_jobs(pathlib.Path("config.yaml").absolute(), "--forceall" in arguments)
                print(json.dumps([dataclasses.asdict(job) for job in jobs]))
                status = 0
            else:
                snakemake.cli.main(arguments)
        except SystemExit as end:
            status = int(bool(end.code))
        except BaseException as error:
            print(error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@cache
def _server() -> subprocess.Popen:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Without the switch the working directory would be on the path of imports, unlike under the snakemake command.
    command = [sys.executable, "-P", "-c", _SERVER, str(Path(__file__).parents[1] / "workflow")]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**os.environ, "PATH": path}, stdin=pipe, stdout=pipe, text=True, bufsize=1)


def _forked(folder: Path, what: str, *arguments: str) -> tuple[int, str]:
    output = folder / ".snakemake/forked.txt"
    output.parent.mkdir(exist_ok=True)
    server = _server()
    server.stdin.write("\t".join([str(folder), str(output), what, *arguments]) + "\n")
    server.stdin.flush()
    return int(server.stdout.readline()), output.read_text()


def snakemake_forked(folder: Path, *arguments: str) -> tuple[int, str]:
    """Return exit status and output of ``snakemake`` in a folder."""
    return _forked(folder, "snakemake", "--cores", "2", *arguments)


def planned_jobs(folder: Path, *arguments: str) -> list[Job]:
    """Return the jobs of a dry run, without targets that run nothing."""
    status, text = _forked(folder, "plan", *arguments)
    assert status == 0, text[-6000:]
    return [Job(**job | {name: tuple(job[name]) for name in ("input", "output")}) for job in json.loads(text.splitlines()[-1])]
