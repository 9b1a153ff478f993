"""Checkpoints: a killed training goes on where it was, and ends with the very bits of one that was never killed."""

import hashlib
import io
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from hbr.data.files import read_arrays, remove_leftovers, write_arrays
from hbr.errors import StudyError, is_lack_of_memory, one_line

# The job began before the training did: Snakemake and the imports come first.
_SECONDS_BEFORE_LIMIT = 90


class Checkpoints:
    """Where one training keeps its state between runs, and when it does.

    ``tag`` is a hash of everything that shapes the training: a checkpoint with another tag is never resumed. The file is
    an ``.npz`` whose checksums betray damage; it holds tensors only and is read without running code. The state is kept
    every ``minutes``, and once more shortly before ``limit_minutes``, when a cluster will kill the job. ``earlier_seconds``
    are those of the runs before this one, up to the checkpoint that was resumed: 0 where none was.
    """

    def __init__(
        self,
        path: Path,
        tag: str,
        minutes: float,
        report: Callable[[str], None] = print,
        limit_minutes: float = float("inf"),
    ) -> None:
        self.path, self.tag, self.seconds, self.report = path, tag, 60 * minutes, report
        self.last_call = time.monotonic() + 60 * limit_minutes - _SECONDS_BEFORE_LIMIT
        self.began = self.saved_at = time.monotonic()
        self.earlier_seconds = 0.0
        self.save_requested = self.stop_requested = False
        # Whether the state can be read without running code; not known before it is first saved.
        self.readable: bool | None = None

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Within, SIGUSR1 asks for a checkpoint, SIGTERM for a checkpoint and the end."""
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGUSR1)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def pause(self, state: Callable[[], dict[str, Any]]) -> None:
        """Save ``state()`` if it is time or was asked for; raise ``StudyError`` if the training was asked to end."""
        now = time.monotonic()
        if now >= self.last_call:
            self.save_requested, self.last_call = True, float("inf")
        if not self.save_requested and now - self.saved_at < self.seconds:
            return
        self.save(state())
        if self.stop_requested:
            place = f"go on from the last checkpoint, {self.path}" if self.readable else "begin anew"
            raise StudyError(f"stopped by SIGTERM; run again to {place}")

    def save(self, state: dict[str, Any]) -> None:
        """Write ``state``, a tree of tensors and plain values, atomically; a full disk does not end the training.

        Nor does a state that could not be read again, as a user's network may have one.
        """
        self.save_requested, self.saved_at = False, time.monotonic()
        if self.readable is False or (stream := self._written(state)) is None:
            return
        try:
            write_arrays(
                self.path,
                state=np.frombuffer(stream.getbuffer(), np.uint8),
                tag=np.asarray(self.tag),
                seconds=np.asarray(self.earlier_seconds + time.monotonic() - self.began),
            )
        except OSError as error:
            self.report(f"no checkpoint could be written to {self.path} ({error.strerror or error}); training goes on without")

    def _written(self, state: dict[str, Any]) -> io.BytesIO | None:
        """Return what ``state`` is written as; nothing where it would not come back, which is tried and said the first time."""
        stream = io.BytesIO()
        try:
            torch.save(state, stream)
            if self.readable is None:
                _read(stream.getvalue())
        except (pickle.PickleError, AttributeError, TypeError, RuntimeError) as error:
            if self.readable or is_lack_of_memory(error):
                raise
            self.readable, why = False, one_line(error)[:200]
            self.report(f"no checkpoint can be kept, as the network's state holds more than tensors and plain values: {why}")
            return None
        self.readable = True
        return stream

    def load(self) -> dict[str, Any] | None:
        """Return the saved state if there is one of this very training; set a damaged or foreign file aside, by name."""
        if not self.path.exists():
            return None
        try:
            saved = read_arrays(self.path, "state", "tag")
            if str(saved["tag"]) != self.tag:
                self._set_aside("foreign", "is of another training (data, plan, recipe, code or torch differ)")
                return None
            self.earlier_seconds = float(read_arrays(self.path, "seconds")["seconds"])
            state = _read(saved["state"].tobytes())
        except (StudyError, pickle.UnpicklingError, RuntimeError, EOFError):
            self._set_aside("damaged", "is damaged")
            return None
        return state

    def clear(self) -> None:
        """Remove the file: the training has ended and its results are written."""
        remove_leftovers(self.path)
        self.path.unlink(missing_ok=True)

    def _set_aside(self, kind: str, problem: str) -> None:
        aside = self.path.with_name(f"{self.path.stem}.{kind}{self.path.suffix}")
        self.path.replace(aside)
        self.report(f"checkpoint {self.path} {problem}; it is set aside as {aside.name}, and training starts afresh")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.save_requested = True
        self.stop_requested |= number == signal.SIGTERM


def _read(content: bytes) -> dict[str, Any]:
    """Return the state that is saved in ``content``; no code of it is run."""
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return state


def digest_of(*parts: str | bytes) -> str:
    """Return one SHA-256 of several texts or contents."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()
