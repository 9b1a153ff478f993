"""Limited data: resampling what random pruning leaves of each class (arXiv 2504.07031 v2, case study 1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from hbr.conditions.bases.random import kept_count
from hbr.conditions.kind import Base, Condition, joined
from hbr.conditions.resampling import ByAllocation
from hbr.errors import StudyError

# What copies are compared with.
REAL, COPIES = "holdout", "random"
# Where hardness comes from: the baseline, whose networks saw what is pruned, or the control of each base, which did not.
FULL, OWN = "full", "base"


class Limited(ByAllocation):
    """One condition a source of hardness, rate, strategy and alpha, by the first of ``resampling.estimators``."""

    order, section, family = 35, "limited", "limited"

    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield the conditions, compared with the control of their base."""
        limited, estimator = config["limited"], config["resampling"]["estimators"][0]
        for source in limited["hardness"]:
            for condition in self.grid(("limited", source), config, limited, estimator, bases[estimator], source):
                yield replace(condition, rate=condition.base.argument)

    def inputs(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, str]:
        """Return those of resampling, each variant's own where hardness is of its base."""
        files = super().inputs(condition, config)
        if condition.method == FULL:
            return files
        estimator, own = condition.allocation, f"{condition.base.name}/variant{{variant}}"
        of_base = {name: files[name] for name in ("samples", "allocation") if name in files}
        return files | {name: file.replace(f"/{estimator}/", f"/{estimator}/{own}/", 1) for name, file in of_base.items()}

    def tracks_reference(self, condition: Condition) -> bool:
        """Return whether hardness is of the base."""
        return condition.method == OWN

    def least_samples(self, config: Mapping[str, Any]) -> int:
        """Return how many samples a class needs so that a strategy has enough of those that the highest rate leaves."""
        least = super().least_samples(config)
        rate = max(config["limited"]["rates"], default=0)
        return next(samples for samples in count(least) if kept_count(samples, rate) >= least)

    def strategy(self, condition: Condition, by: str) -> str:
        """Return `holdout / easy on random-50`, or `holdout / easy by hardness of the base on random-50`."""
        own = f"{by or ' by hardness'} of the base"
        return super().strategy(condition, own if condition.method == OWN else by)

    def label(self, condition: Condition, by: str) -> str:
        """Return `holdout / easy on random-50, alpha 1`."""
        return self.strategy_label(condition, by)

    def contrasts(self, condition: Condition, conditions: Mapping[str, Condition]) -> list[tuple[str, str, str]]:
        """Compare real samples with copies, choices from a pool with random ones, and hardness of the base with that of all."""
        words, found = condition.words, []
        if condition.oversampling == REAL:
            found.append((joined(*words[:-3], COPIES, *words[-2:]), "holdout"))
        if condition.method == OWN:
            found.append((joined(words[0], FULL, *words[2:]), ""))
        known = [(condition.name, other, family) for other, family in found if other in conditions]
        return known + self.against_random(condition, conditions)

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse rates without a strategy."""
        if config["limited"]["rates"] and not config["limited"]["strategies"]:
            raise StudyError(
                "limited.strategies: name at least one pair of oversampling and undersampling, or no limited.rates"
            )


KIND = Limited()
