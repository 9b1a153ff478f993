"""Which trainings judge every image: without each fold, on labels as given and, where it is cheap, with some planted."""

from collections.abc import Mapping
from typing import Any

from hbr.conditions.names import conditions_of
from hbr.study.labellings import GIVEN, PLANTED

# Of all trainings; beyond it the planted labels are left out unless asked for.
MOST_SHARE = 0.2


def fold_runs(config: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return fold and member of every training that leaves a fold out, of one labelling; none where no image is judged."""
    suspects = config["suspects"]
    return [(fold, member) for fold in range(1, suspects["folds"] + 1) for member in range(1, suspects["members"] + 1)]


def labellings(config: Mapping[str, Any]) -> list[str]:
    """Return the labels that folds are trained with: as given, then with planted ones where they are or asked for or cheap."""
    asked, runs, trainings = config["suspects"]["planted"], *planted_cost(config)
    if not runs:
        return []
    planted = asked == "always" or (asked == "auto" and runs < MOST_SHARE * trainings)
    return [GIVEN, *([PLANTED] if planted else [])]


def planted_cost(config: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many trainings planted labels cost, and how many a data set's are with them."""
    runs = len(fold_runs(config))
    return runs, sum(len(one.runs) for one in conditions_of(config).values()) + 2 * runs


def planted_sentence(config: Mapping[str, Any]) -> str:
    """Return what was decided of planted labels, and why; empty where no image is judged."""
    runs, trainings = planted_cost(config)
    if not runs:
        return ""
    cost = f"{runs} of {trainings} trainings ({runs / trainings:.0%})"
    asked, most = config["suspects"]["planted"], f"{MOST_SHARE:.0%}"
    if asked != "auto":
        return f"suspects.planted: {asked}; planted labels {'are' if asked == 'always' else 'would be'} {cost}"
    if PLANTED in labellings(config):
        return f"what suspects are worth is checked with planted labels: {cost}, less than {most}"
    return f"planted labels would be {cost}, not less than {most}, and are left out; suspects.planted: always asks for them"
