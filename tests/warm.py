"""Python that has its libraries loaded: scripts of the workflow are forked from one process that has imported what they do.

Most of what a small study takes are imports. A test that asks for more threads than one, or for modules, starts Python itself.
"""

import os
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

# What a shell finds as `python`. It has the server fork, hands on signals, and ends as the fork does.
_CLIENT = """#!{python} -SEI
import json, os, signal, socket, sys

arguments = sys.argv[1:]
warm = arguments[:1] and (arguments[0].endswith(".py") or arguments[:2] == ["-m", "ipykernel_launcher"])
if not warm or os.environ.get("OMP_NUM_THREADS", "1") != "1":
    os.execv({python!r}, [{python!r}, *arguments])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b" "], [0, 1, 2])
server.sendall(json.dumps([os.getcwd(), dict(os.environ), arguments]).encode() + b"\\n")
answers = server.makefile()
process = int(answers.readline())
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: os.kill(process, number))
status = int(answers.readline() or 1)
if status < 0:
    if -status != signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
"""

# Imported before any fork are libraries alone; each script imports the project's own modules, as they are in its study.
_SERVER = """
import atexit, gc, json, os, runpy, select, signal, socket, sys, threading, traceback

import matplotlib, numpy, pandas, PIL.Image, pyarrow.parquet, yaml
import scipy.stats, seaborn, sklearn.datasets, statsmodels.stats.multitest, torch
import IPython, ipykernel.kernelapp, jupytext, nbclient, nbconvert, nbformat, papermill
import matplotlib.backends.backend_agg, matplotlib.backends.backend_svg, matplotlib_inline.backend_inline, matplotlib.pyplot

CLIENT, listening = sys.argv[1], socket.socket(fileno=int(sys.argv[2]))
sys.argv[:] = []


def become(files, folder, environment, arguments):
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    numpy.random.seed()
    # Kernels of notebooks start from here, too.
    sys.executable = CLIENT
    named = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    is_module = arguments[0] == "-m"
    sys.path[:0] = [folder if is_module else os.path.dirname(os.path.realpath(arguments[0])), *named]
    sys.argv[:] = arguments[1:] if is_module else arguments
    if is_module:
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(arguments[0], run_name="__main__")


def ended(*given):
    status = 0
    try:
        become(*given)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status & 255)


def received(connection):
    files = socket.recv_fds(connection, 1, 3)[1]
    with connection.makefile("rb") as stream:
        return files, *json.loads(stream.readline())


gc.collect()
gc.freeze()
print("ready", flush=True)
clients = {}
while True:
    waited = select.select([0, listening, *clients, *(end for _, end in clients.values())], [], [])[0]
    if 0 in waited:
        break
    for connection, (process, end) in list(clients.items()):
        if end in waited:
            try:
                connection.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])}\\n".encode())
            except OSError:
                pass
        elif connection in waited:
            # Whoever asked was killed.
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        else:
            continue
        connection.close()
        os.close(end)
        del clients[connection]
    if listening in waited:
        connection = listening.accept()[0]
        given = received(connection)
        if not (process := os.fork()):
            for one in (listening, connection, *clients):
                one.close()
            for _, end in clients.values():
                os.close(end)
            ended(*given)
        for file in given[0]:
            os.close(file)
        connection.sendall(f"{process}\\n".encode())
        clients[connection] = process, os.pidfd_open(process)
for process, _ in clients.values():
    os.kill(process, signal.SIGKILL)
"""


@cache
def _served() -> tuple[Path, tempfile.TemporaryDirectory, subprocess.Popen]:
    """Start the server; return the folder of its client, and what ends with this process."""
    kept = tempfile.TemporaryDirectory(prefix="hbr-warm-")
    folder = Path(kept.name)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "asked"))
    listening.listen(64)
    client = folder / "python"
    client.write_text(_CLIENT.format(python=sys.executable, address=str(folder / "asked")))
    client.chmod(0o755)
    (folder / "matplotlibrc").touch()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MPL", "JUPYTER"))}
    environment |= {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    environment |= {"PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1", "MATPLOTLIBRC": str(folder / "matplotlibrc")}
    command = [sys.executable, "-P", "-c", _SERVER, str(client), str(listening.fileno())]
    pipe = subprocess.PIPE
    server = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, pass_fds=[listening.fileno()])
    assert server.stdout.readline() == b"ready\n"
    return folder, kept, server


def warm_path() -> str:
    """Return a PATH whose `python` is forked from a process that has its libraries loaded; Linux only, else this Python's."""
    real = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return f"{_served()[0]}{os.pathsep}{real}" if hasattr(os, "pidfd_open") else real
