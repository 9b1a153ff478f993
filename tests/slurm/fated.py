"""The test study's network: one layer, in trainings that meet the fate a file names after their member."""

import os
import sys
import time
from pathlib import Path

import torch


class Fated(torch.nn.Module):
    """Hands on what it gets, unless it is told otherwise."""

    def __init__(self, told):
        super().__init__()
        self.told = told

    def forward(self, values):
        """Return ``values``, late or never."""
        if self.told == "fail once":
            raise RuntimeError("told to fail")
        if self.told == "be slow once":
            time.sleep(0.5)
        if self.told == "wait":
            time.sleep(600)
        if self.told == "eat memory":
            eaten = [b"x" * (100 << 20) for _ in range(80)]
            raise RuntimeError(f"nothing stopped a training of {len(eaten)} times 100 MiB")
        return values


def network(channels, classes):
    """Return a network; note the GPU that its training was given."""
    member = sys.argv[sys.argv.index("--member") + 1]
    Path("gpus").mkdir(exist_ok=True)
    Path("gpus", member).write_text(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    fate = Path("fates", member)
    told = fate.read_text() if fate.exists() else ""
    if told.endswith("once"):
        fate.unlink()
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64 * channels, classes), Fated(told))
