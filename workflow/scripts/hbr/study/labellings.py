"""The labels that folds are trained with, what tables call these trainings, and where all trainings leave their outcomes."""

from collections.abc import Mapping, Sequence

GIVEN, PLANTED = "given", "planted"
LABELLINGS = {GIVEN: "without a fold", PLANTED: "without a fold, labels planted"}


def outcomes_of_runs(home: str, runs: Mapping[str, Sequence[tuple[int, int]]]) -> list[str]:
    """Return the outcomes in a data set's folder; ``runs`` are variant and member by condition or labelling of folds."""
    return [
        f"{home}/{'folds' if name in LABELLINGS else 'members'}/{name}/variant{variant}/member{member}/outcomes.npz"
        for name, own in runs.items()
        for variant, member in own
    ]
