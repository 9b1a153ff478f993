"""What a condition, a base and a kind of condition are, and the draw that a plan is made from."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hbr.data.files import read_arrays, read_table
from hbr.data.plans import Plan, check_samples
from hbr.errors import StudyError
from hbr.seeds import derive_rng
from hbr.sentences import nearest, short

if TYPE_CHECKING:
    import pandas as pd


def joined(*words: str) -> str:
    """Return the name that words make: the one place where names of bases and conditions are made. None is taken apart."""
    return "-".join(words)


def alpha_text(alpha: float) -> str:
    """Return alpha as it stands in names, without loss: 1, 0.5, 1e-05."""
    return repr(float(alpha)).removesuffix(".0")


@cache
def registered(registry: str) -> list[str]:
    """Return the names in a registry (kinds, bases, oversampling, undersampling): those of its files, with hyphens, sorted."""
    package = importlib.import_module(f"hbr.conditions.{registry}")
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(package.__path__))


def module_of(registry: str, name: str) -> str:
    """Return the module that is registered by a name; raise ``StudyError`` where none is."""
    if name not in (known := registered(registry)):
        raise StudyError(f"{short(repr(name))} is not registered under hbr/conditions/{registry}{nearest(name, known)}")
    return f"hbr.conditions.{registry}.{name.replace('-', '_')}"


def load(registry: str, name: str) -> Any:
    """Return the module that is registered by a name, imported.

    It is not found among the imports of what calls this; a rule declares it beside its script.
    """
    return importlib.import_module(module_of(registry, name))


@dataclass(frozen=True)
class Base:
    """The samples that a condition is planned on; ``kind`` is registered under bases, ``argument`` says which of that kind.

    ``sources`` are the conditions whose trainings tell how hard its samples are. ``section`` of the study file has the
    strategies that it is resampled by, and the variants and members of its control.
    """

    kind: str
    sources: tuple[str, ...]
    argument: str = ""
    section: str = "resampling"

    @property
    def name(self) -> str:
        """Return how the base is called in names of conditions."""
        return joined(self.kind, self.argument) if self.argument else self.kind


ALL = Base("all", ("baseline",))


@dataclass(frozen=True)
class Condition:
    """One condition of a study: what its kind says of it; ``words`` make its name, ``pool`` is what its images are drawn from.

    ``compared`` is the base whose control its runs are paired with by seed, ``reference`` that control's name.
    ``allocation`` is the estimator whose class counts a plan must meet. ``method`` is dlp or clp of a pruned condition, the
    kind of a placebo, the rule of a denoised one, the base of a control, the source of hardness of one on limited data;
    ``rate`` is in percent. What does not apply is empty.
    """

    kind: str
    words: tuple[str, ...]
    variants: range
    members: range
    base: Base = ALL
    compared: Base | None = None
    reference: str = ""
    allocation: str = ""
    estimator: str = ""
    oversampling: str = ""
    undersampling: str = ""
    pool: str = ""
    alpha: str = ""
    method: str = ""
    rate: str = ""

    @property
    def name(self) -> str:
        """Return how the condition is called in folders and tables."""
        return joined(*self.words)

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Return variant and member of every training."""
        return [(variant, member) for variant in self.variants for member in self.members]


@dataclass(frozen=True)
class Draw:
    """What one variant of a plan is drawn from: the samples of a base, tables by name, and randomness.

    ``places`` says where the base's samples stand among all that the prepared data hold.
    """

    all_images: np.ndarray
    all_labels: np.ndarray
    class_names: tuple[str, ...]
    places: np.ndarray
    variant: int
    key: tuple[int, str]
    files: Mapping[str, Path]
    dataset: Path
    note: Callable[[str], None] = lambda line: None

    @classmethod
    def of(cls, dataset: Path, **settings: Any) -> "Draw":
        """Return a draw from all samples of a prepared data set."""
        arrays = read_arrays(dataset, "train_images", "train_labels", "class_names")
        names = tuple(map(str, arrays["class_names"]))
        labels = arrays["train_labels"]
        return cls(arrays["train_images"], labels, names, np.arange(len(labels)), dataset=dataset, **settings)

    @cached_property
    def labels(self) -> np.ndarray:
        """Return the labels of the base's samples."""
        return self.all_labels[self.places]

    @cached_property
    def images(self) -> np.ndarray:
        """Return the images of the base's samples, uint8."""
        return self.all_images[self.places]

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Return height, width and channels."""
        return self.all_images.shape[1:]

    @property
    def reserve(self) -> np.ndarray:
        """Return the places of what the base left out, ascending."""
        return np.setdiff1d(np.arange(len(self.all_labels)), self.places)

    def on(self, base: Plan) -> "Draw":
        """Return the draw from the samples of a base, named by their places in this one."""
        return replace(self, places=self.places[base.source])

    def rng(self, *key: str | int) -> np.random.Generator:
        """Return the generator of this study and data set, by a key; no condition is part of it, which pairs conditions."""
        return derive_rng(*self.key, *key)

    def table(self, name: str, *columns: str) -> "pd.DataFrame":
        """Return a table by its name among the inputs."""
        return read_table(self.files[name], *columns)

    def samples(self, name: str, *columns: str) -> "pd.DataFrame":
        """Return the rows of a table of samples that are of the base, in its order; raise ``StudyError`` where one lacks."""
        path = self.files[name]
        table = read_table(path, "sample", "class", *columns)
        check_samples(table, self.all_labels, path, self.dataset)
        rows = table.set_index("sample").reindex(self.places)
        if rows["class"].isna().any():
            raise StudyError(f"{path} does not speak of all samples of the base; delete it and run again")
        return rows.reset_index()


class BaseKind(ABC):
    """What a file under ``bases`` states: which bases of its kind a study has, what they are made of, and their plans."""

    @abstractmethod
    def bases(self, config: Mapping[str, Any]) -> list[Base]:
        """Return the bases of a study."""

    def inputs(self, argument: str) -> dict[str, str]:
        """Return files by name, relative to the data set's results."""
        return {}

    @abstractmethod
    def plan(self, draw: Draw, argument: str) -> Plan:
        """Return the base of one variant, as a plan on all samples; what it leaves out is its reserve."""


class Kind(ABC):
    """What a file under ``kinds`` states of its conditions, from their names to their plans.

    ``order`` is the place in figures and tables; ``section`` of the study file says variants and members. ``family`` names
    what is tested together against the control; empty means exploratory.
    """

    order: ClassVar[int]
    section: ClassVar[str]
    family: ClassVar[str] = ""

    @abstractmethod
    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield the conditions of a study; ``bases`` are those that each estimator to resample by speaks of."""

    def runs(self, config: Mapping[str, Any]) -> tuple[range, range]:
        """Return variants and members of each condition."""
        return section_runs(config[self.section])

    def least_samples(self, config: Mapping[str, Any]) -> int:
        """Return how many training samples every class needs for the kind's conditions."""
        return 1

    def least_classes(self, config: Mapping[str, Any]) -> int:
        """Return how many classes the kind's conditions need."""
        return 2

    def inputs(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, str]:
        """Return the files that a plan is made of beside the prepared data, by name, relative to the data set's results.

        ``{variant}`` in a path is the plan's own.
        """
        return {}

    def tracks_reference(self, condition: Condition) -> bool:
        """Return whether its hardness is estimated from the trainings of the condition that it is compared with."""
        return False

    def settings(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of :meth:`plan`: all that it depends on beside its draw, and nothing else."""
        return {}

    def modules(self, settings: Mapping[str, Any]) -> list[str]:
        """Return modules that :meth:`plan` loads by name, with these settings."""
        return []

    @abstractmethod
    def plan(self, draw: Draw, **settings: Any) -> Plan:
        """Return one variant of a plan on the samples of the draw's base."""

    def label(self, condition: Condition, by: str) -> str:
        """Return how figures and tables call the condition; ``by`` names its estimator where several are used."""
        return condition.name

    def strategy(self, condition: Condition, by: str) -> str:
        """Return what conditions of several alphas have in common, for figures with a panel each; empty where there is none."""
        return ""

    def contrasts(self, condition: Condition, conditions: Mapping[str, Condition]) -> list[tuple[str, str, str]]:
        """Return what is compared beside conditions and their controls: condition, reference and family."""
        return []

    def check(self, config: Mapping[str, Any]) -> None:  # noqa: B027
        """Raise ``StudyError`` on what the schema cannot see in the kind's part of a study."""

    def check_paired(self, config: Mapping[str, Any]) -> None:
        """Raise ``StudyError`` where runs would have no run of the control to be paired with."""
        own, control = config[self.section], config["resampling"]
        for key in ("variants", "members"):
            if own[key] > control[key]:
                raise StudyError(
                    f"{self.section}.{key} is {own[key]}, but the control, which runs are paired with, has "
                    f"resampling.{key} {control[key]}; lower the one or raise the other"
                )


def section_runs(section: Mapping[str, Any]) -> tuple[range, range]:
    """Return the variants and members that a section of the study file says."""
    return range(1, section["variants"] + 1), range(1, section["members"] + 1)


def make_plan(draw: Draw, kind: str, base: str, argument: str, settings: Mapping[str, Any]) -> Plan:
    """Return one variant of a condition's plan, planned on its base; ``draw`` is from all samples."""
    ground: Plan = load("bases", base).BASE.plan(draw, argument)
    plan: Plan = load("kinds", kind).KIND.plan(draw.on(ground), **settings)
    return plan.on(ground)


def check_known(where: str, names: Sequence[str], config: Mapping[str, Any]) -> None:
    """Raise ``StudyError`` where a name is no estimator of the study."""
    known = config["hardness"]["estimators"]
    for name in names:
        if name not in known:
            raise StudyError(f"{where}: {short(repr(name))} is not under hardness.estimators{nearest(name, known)}")
