"""One data set of one study: its settings, and where its artifacts lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hbr.conditions.kind import Condition
from hbr.conditions.names import conditions_of
from hbr.training.settings import TrainingSettings


@dataclass(frozen=True)
class Place:
    """The config of a study, the name of a data set, and the folder that holds ``results`` and ``reports``."""

    config: Mapping[str, Any]
    name: str
    root: Path = Path()

    @cached_property
    def results(self) -> Path:
        """Return the folder of the results."""
        return self.root / "results" / self.config["study"] / self.name

    @cached_property
    def reports(self) -> Path:
        """Return the folder of the pages."""
        return self.root / "reports" / self.config["study"] / self.name

    @cached_property
    def conditions(self) -> dict[str, Condition]:
        """Return every condition by its name."""
        return conditions_of(self.config)

    def runs(self) -> list[tuple[str, int, int]]:
        """Return condition, variant and member of every training of the study."""
        return [(condition, *run) for condition in self.conditions for run in self.conditions[condition].runs]

    def variants(self, condition: str) -> list[int]:
        """Return the variants of a condition."""
        return list(self.conditions[condition].variants)

    def member(self, condition: str, variant: int, member: int) -> Path:
        """Return the folder of one training's results."""
        return self.results / f"members/{condition}/variant{variant}/member{member}"

    def plan(self, condition: str, variant: int) -> Path:
        """Return the file of one plan."""
        return self.results / f"plans/{condition}/variant{variant}/plan.parquet"

    def allocation(self, estimator: str, alpha: str) -> Path:
        """Return the file of one allocation."""
        return self.results / f"allocations/{estimator}/alpha{alpha}.csv"

    def settings(self) -> TrainingSettings:
        """Return what a training says of its network, seed and recipe."""
        return TrainingSettings.of(self.config, self.name)
