"""Pairs of ensembles out of the trained members: one that grows by a member, and two that share none."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

NESTED, DISJOINT = "nested", "disjoint"


@dataclass(frozen=True)
class Pair:
    """Two ensembles by the places of their members, in ascending order; the first has ``size`` members.

    Nested: the second has one more. Disjoint: it has as many, and none in common.
    """

    way: str
    size: int
    first: tuple[int, ...]
    second: tuple[int, ...]


def ensemble_pairs(members: int, partitions: int, rng: np.random.Generator) -> list[Pair]:
    """Return nested pairs of every size below ``members``, and disjoint ones of every size up to half, each pair once.

    Nested ensembles grow along the members' own order, as in version 1, and along ``partitions`` - 1 random orders.
    Disjoint ones come from ``partitions`` random divisions for each size; within a division no member is used twice, but
    divisions are not independent of each other: they deal out the same members.
    """
    orders = [np.arange(members), *(rng.permutation(members) for _ in range(partitions - 1))]
    pairs = [pair for order in orders for pair in _nested(order)]
    for size in range(1, members // 2 + 1):
        for _ in range(partitions):
            pairs += _disjoint(rng.permutation(members), size)
    return list(dict.fromkeys(pairs))


def _nested(order: np.ndarray) -> Iterator[Pair]:
    for size in range(1, len(order)):
        yield Pair(NESTED, size, _places(order[:size]), _places(order[: size + 1]))


def _disjoint(order: np.ndarray, size: int) -> Iterator[Pair]:
    for start in range(0, len(order) - 2 * size + 1, 2 * size):
        one, other = order[start : start + size], order[start + size : start + 2 * size]
        yield Pair(DISJOINT, size, *sorted([_places(one), _places(other)]))


def _places(members: np.ndarray) -> tuple[int, ...]:
    return tuple(sorted(members.tolist()))
