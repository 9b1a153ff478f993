"""A conda client and a channel on this machine, both made of what pip finds."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = Path(sys.executable)

# A pair: torchvision works with one torch. The registry's own torch brings 4 GB of CUDA.
TORCH = ("torch==2.13.0+cpu", "torchvision==0.28.0")


class Unavailable(Exception):
    """The client or the channel cannot be made here; the message says why."""


class LocalConda:
    """A client that takes the name conda-forge for a channel on this machine."""

    def __init__(self, folder: Path, requirements: Iterable[str], lock: Path, names: dict[str, str]) -> None:
        """Make client and channel.

        ``requirements`` are what the channel must hold, at the versions of ``lock`` except torch and torchvision;
        ``names`` maps names in pip's registry to names on conda-forge.
        """
        platform = f"{sysconfig.get_platform()} {sys.version_info.major}.{sys.version_info.minor}"
        if platform != "linux-x86_64 3.11":
            raise Unavailable(f"the channel is made for linux-x86_64 and Python 3.11, not {platform}")
        if "deb_system" in sysconfig.get_scheme_names():
            raise Unavailable("Debian's own Python, moved, does not look into site-packages; use another build of Python")
        self.home, self.client = folder / "home", folder / "client"
        with ThreadPoolExecutor() as pool:
            for made in [
                pool.submit(self._make_client),
                pool.submit(download, folder / "wheels", requirements, lock, folder / "constraints.txt"),
            ]:
                made.result()
        subprocess.run(
            [
                *(self.client / "bin/python", HERE / "channel.py", folder / "channels/conda-forge", folder / "wheels"),
                *(HERE / "probe.py", "--names", json.dumps(names)),
            ],
            check=True,
        )
        shutil.rmtree(folder / "wheels")
        self._make_home(folder / "channels")

    def _make_client(self) -> None:
        """Install conda without shell integration: `activate` is all that Snakemake sources."""
        venv.create(self.client, with_pip=False)
        python = self.client / "bin/python"
        pip("--python", python, "install", "--no-deps", "--no-compile", "-r", HERE / "requirements.txt")
        site = next(self.client.glob("lib/python*/site-packages"))
        shutil.move(site / "conda_lock/_vendor/conda", site / "conda")
        for path in (site / "conda").rglob("*.py"):
            path.write_bytes(path.read_bytes().replace(b"conda_lock._vendor.conda", b"conda"))
        conda = self.client / "bin/conda"
        conda.write_text(f'#!/bin/sh\nexec {python} -I -m conda "$@"\n')
        conda.chmod(0o755)
        (self.client / "bin/activate").write_text(f'eval "$({conda} shell.posix activate "$1")"\n')

    def _make_home(self, channels: Path) -> None:
        self.home.mkdir()
        settings = {
            "channel_alias": channels.as_uri(),
            "channel_priority": "strict",
            "solver": "classic",
            "add_pip_as_python_dependency": False,
            "pkgs_dirs": [str(self.home / "packages")],
        }
        (self.home / ".condarc").write_text(json.dumps(settings))
        # As after `pip install --user snakemake`: a Python outside a virtual environment finds all of Snakemake's packages.
        own = self.home / f".local/lib/python{sys.version_info.major}.{sys.version_info.minor}"
        own.mkdir(parents=True)
        (own / "site-packages").symlink_to(sysconfig.get_path("purelib"))

    def environment(self, **variables: str) -> dict[str, str]:
        """Return an environment that tempts a job, in every way there is, to borrow Snakemake's packages."""
        return {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([str(PYTHON.parent), str(self.client / "bin"), "/usr/bin", "/bin"]),
            "PYTHONPATH": sysconfig.get_path("purelib"),
            **variables,
        }


def download(folder: Path, requirements: Iterable[str], lock: Path, constraints: Path) -> None:
    """Fetch wheels of the requirements and of all that they need."""
    pins = [line for line in lock.read_text().splitlines() if not line.startswith(("torch==", "torchvision=="))]
    constraints.write_text("\n".join(pins))
    pip("download", "--only-binary", ":all:", "--dest", folder, "--constraint", constraints, *TORCH, *requirements)


def pip(*arguments: str | Path) -> None:
    """Run pip; the last line of its errors says why something is unavailable."""
    done = subprocess.run([PYTHON, "-m", "pip", "--quiet", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        raise Unavailable((errors or [done.stderr.strip()])[-1].removeprefix("ERROR: "))
