"""A throw-away SLURM in namespaces of its own: nothing of it is seen outside, and nothing outlives it."""

import os
import shutil
import subprocess
from pathlib import Path

import psutil

NAMESPACES = ("--mount", "--uts", "--net", "--pid")
PROGRAMS = ("slurmctld", "slurmd", "slurmdbd", "sbatch", "sacct", "munged", "mariadbd", "ip", "pkill", "unshare", "nsenter")
PACKAGES = ("slurmctld", "slurmd", "slurmdbd", "slurm-client", "munge", "mariadb-server", "iproute2", "procps")


class CannotStart(Exception):
    """Why there is no SLURM."""


class Cluster:
    """One node with eight CPUs and five fake GPUs, and accounting."""

    def __init__(self, install: bool) -> None:
        if os.geteuid() != 0:
            raise CannotStart("it needs root, for namespaces and cgroups")
        if install and _missing():
            for words in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
                subprocess.run(["apt-get", *words], env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=True)
        if _missing():
            raise CannotStart(f"these programs are missing: {', '.join(_missing())}")
        command = ["unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc", Path(__file__).with_name("cluster.sh")]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("ready"):
                break
        else:
            raise CannotStart("".join(said))
        self.version = line.split()[-1]
        self.first_process = psutil.Process(self.process.pid).children()[0].pid

    def inside(self, *words: object, folder: Path = Path("/")) -> list[str]:
        """Return a command line that runs ``words`` on the cluster."""
        enter = ["nsenter", f"--target={self.first_process}", *NAMESPACES, "env", f"--chdir={folder}"]
        return [*enter, *map(str, words)]

    def call(self, *words: object) -> str:
        """Return what a command prints on the cluster."""
        return subprocess.run(self.inside(*words), check=True, capture_output=True, text=True, timeout=120).stdout

    def close(self) -> None:
        """End all daemons and jobs."""
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


def _missing() -> list[str]:
    return [program for program in PROGRAMS if shutil.which(program) is None]
