"""Which GPU a training takes: on a machine with several, local trainings spread over them."""

import fcntl
import os
import platform
import re
import tempfile
from pathlib import Path
from typing import IO

import torch

_MOST_PER_DEVICE = 64
# Held until the process ends, however it ends.
_held: list[IO[str]] = []


def claim_device(folder: Path | None = None) -> str | None:
    """Narrow ``CUDA_VISIBLE_DEVICES`` to the visible GPU with the fewest trainings; return it, or ``None`` with less than two.

    To be called before CUDA is first used. Snakemake starts local jobs without telling them apart, and a scheduler such as
    SLURM shows a job its own GPU only, so nothing is left to choose there. The claims are locks on files in ``folder``,
    which the system drops with the process.
    """
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = [str(number) for number in range(torch.cuda.device_count())] if named is None else named.split(",")
    devices = [device.strip() for device in devices if device.strip()]
    if len(devices) < 2:
        return None
    folder = folder or Path(tempfile.gettempdir()) / f"hbr-devices-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for place in range(_MOST_PER_DEVICE):
        for device in devices:
            claim = (folder / f"{re.sub(r'[^A-Za-z0-9-]', '_', device)}.{place}").open("w")
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                claim.close()
                continue
            _held.append(claim)
            os.environ["CUDA_VISIBLE_DEVICES"] = device
            return device
    return None


def machine_name(device: torch.device) -> str:
    """Return the name of the GPU, or of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def set_determinism() -> None:
    """Let the same seed and machine give the same bits."""
    # cuBLAS needs the variable before its first call.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # A user's own network may hold an operation without a deterministic form; torch then warns. The other function of
    # torch that sets this imports a compiler, a second a job.
    torch.set_deterministic_debug_mode("warn")
    # Nothing here reads memory it has not written; filling all of it costs up to a twentieth of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
