"""Snakemake, and what it would do: forked from one process that has imported Snakemake once."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from warm import warm_path

from hbr.study.dry_run import PlannedJob as Job

# Only what every dry run imports anyway; each study's own modules are imported after the fork. `plan` is what `make plan` asks.
_SERVER = """
import ast, dataclasses, functools, json, os, pathlib, signal, sys
import jsonschema, numpy, pandas, PIL.Image, smart_open, snakemake.cli, yaml

# Most modules are the same in every study, and are parsed once; nobody changes a tree.
parse = ast.parse
parsed = functools.cache(parse)
for path in pathlib.Path(sys.argv[1]).rglob("*.py"):
    parsed(path.read_bytes())

for line in sys.stdin:
    folder, output, environment, what, *arguments = json.loads(line)
    if not (child := os.fork()):
        status = 1
        try:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            # No job may wait for more than a test would, nor read what is meant for the server.
            signal.alarm(900)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
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
    # Without the switch the working directory would be on the path of imports, unlike under the snakemake command.
    command = [sys.executable, "-P", "-c", _SERVER, str(Path(__file__).parents[1] / "workflow")]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)


def _forked(folder: Path, settings: Mapping[str, str], what: str, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "PATH": warm_path(), **settings}
    with tempfile.NamedTemporaryFile("r") as output:
        server = _server()
        server.stdin.write(json.dumps([str(folder), output.name, environment, what, *arguments]) + "\n")
        server.stdin.flush()
        return int(server.stdout.readline()), output.read()


def snakemake_forked(folder: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Return exit status and output of ``snakemake`` in a folder, with further settings of the environment."""
    return _forked(folder, settings or {}, "snakemake", "--cores", "2", *arguments)


def planned_jobs(folder: Path, *arguments: str) -> list[Job]:
    """Return the jobs of a dry run, without targets that run nothing."""
    status, text = _forked(folder, {}, "plan", *arguments)
    assert status == 0, text[-6000:]
    return [Job(**job | {name: tuple(job[name]) for name in ("input", "output")}) for job in json.loads(text.splitlines()[-1])]
