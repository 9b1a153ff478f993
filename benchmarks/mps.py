"""NVIDIA's Multi-Process Service (MPS), by which kernels of several processes run on a GPU at once: is it there, and a try."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DAEMON = "nvidia-cuda-mps-control"
PIPES, LOGS = "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"


def processes_found(folder: Path = Path("/proc")) -> list[int]:
    """Return the ids of the running daemons, as far as this process sees them."""
    found = []
    for line in folder.glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if Path(line.read_bytes().split(b"\0")[0].decode(errors="replace")).name == DAEMON:
                found.append(int(line.parent.name))
    return sorted(found)


def is_running() -> bool:
    """Return whether processes that start now are served: a daemon is seen, or its pipe lies where they look for it."""
    # A daemon outside a container is not seen from within, but its pipe may be.
    return bool(processes_found()) or (Path(os.environ.get(PIPES, "/tmp/nvidia-mps")) / "control").exists()


def state() -> str:
    """Return a line that says whether MPS serves processes, for those who read a table of them."""
    where = f"{PIPES} is {os.environ[PIPES]}" if PIPES in os.environ else f"{PIPES} is not set"
    found = "no daemon runs"
    if processes_found():
        found = "its daemon runs, and serves all processes"
    elif is_running():
        found = "a daemon runs that is not seen from here, or has left its pipe behind: processes may be served by it"
    return f"MPS: {found}; {where}; {DAEMON} is {shutil.which(DAEMON) or 'not installed'}"


@contextmanager
def daemon() -> Iterator[None]:
    """Run a daemon of one's own, which serves the processes that are started meanwhile, and stop it.

    It has a folder of its own, so that nobody else's processes find it. Raises ``RuntimeError`` where it does not start.
    """
    before = {name: os.environ.get(name) for name in (PIPES, LOGS)}
    with tempfile.TemporaryDirectory(prefix="mps-", ignore_cleanup_errors=True) as folder:
        os.environ |= {PIPES: folder, LOGS: folder}
        try:
            try:
                _tell("-d")
            except (OSError, subprocess.SubprocessError) as error:
                raise RuntimeError(f"the daemon of MPS does not start: {error}") from error
            yield
        finally:
            _stop(Path(folder))
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _tell(*arguments: str, words: str = "") -> None:
    # What stays alive must not hold a pipe that is waited for.
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([DAEMON, *arguments], input=words, text=True, check=True, timeout=15, **quiet)


def _stop(folder: Path) -> None:
    with suppress(OSError, subprocess.SubprocessError):
        _tell(words="quit -t 5\n")
        return
    # It wrote its id there; without an answer it is ended by that, and nobody else's is.
    with suppress(OSError, ValueError):
        number = int((folder / f"{DAEMON}.pid").read_text())
        if number in processes_found():
            os.kill(number, signal.SIGTERM)
