"""The global random generators of Python and NumPy, which users' own code may draw from; torch's are torch's business."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def host_state() -> dict[str, Any]:
    """Return where both generators stand, in plain values."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {"python": random.getstate(), "numpy": [kind, np.asarray(keys).tolist(), *rest]}


def set_host_state(state: dict[str, Any]) -> None:
    """Put both generators where :func:`host_state` found them."""
    random.setstate(state["python"])
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, np.asarray(keys, np.uint32), *rest))  # noqa: NPY002


@contextmanager
def host_preserved() -> Iterator[None]:
    """Put both generators back in place afterwards."""
    before = host_state()
    try:
        yield
    finally:
        set_host_state(before)


@contextmanager
def host_seeded(seed: int) -> Iterator[None]:
    """Let both generators begin at ``seed`` within, and be where they were afterwards."""
    with host_preserved():
        random.seed(int(seed))
        np.random.seed(int(seed) % 2**32)  # noqa: NPY002
        yield
