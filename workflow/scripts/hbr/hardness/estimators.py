"""Instance hardness from stored dynamics: every estimator, window of epochs and subset of members, without retraining."""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbr.errors import StudyError
from hbr.generators import host_seeded
from hbr.plugins import call_plugin, is_plugin, scores_of
from hbr.registry import Setting, choice, complete
from hbr.training.dynamics import Dynamics

HIGH_IS_HARD, LOW_IS_HARD = "high-is-hard", "low-is-hard"
# What a study says of any estimator; the rest are settings of one.
_COMMON = ("method", "source", "direction", "first_epoch", "last_epoch", "compat")


@dataclass(frozen=True)
class Estimator:
    """An estimator as a study sets it: ``method`` is a key of :data:`METHODS` or ``module:function``.

    The window of epochs counts from 1 and includes both ends; ``None`` means the first and the last epoch. ``settings`` are
    all settings of the method's own, by name.
    """

    method: str
    direction: str
    first_epoch: int | None
    last_epoch: int | None
    settings: Mapping[str, Any]

    @classmethod
    def read(cls, text: str) -> "Estimator":
        """Return the estimator of a JSON text."""
        return estimator_of(**json.loads(text))

    @property
    def text(self) -> str:
        """Return method, window and all settings as one JSON text, the same for equal estimators."""
        window = {"first_epoch": self.first_epoch, "last_epoch": self.last_epoch}
        keys: dict[str, Any] = {key: value for key, value in window.items() if value is not None}
        if is_plugin(self.method):
            keys["direction"] = self.direction
        return json.dumps({"method": self.method, **keys, **self.settings}, sort_keys=True)

    def window(self, epochs: int) -> tuple[int, int]:
        """Return first and last epoch, checked against the number of trained epochs."""
        first, last = self.first_epoch or 1, self.last_epoch or epochs
        if not 1 <= first <= last <= epochs:
            raise StudyError(f"the window of epochs {first} to {last} does not lie within the {epochs} trained epochs")
        return first, last


@dataclass(frozen=True)
class Method:
    """A built-in estimator; see :func:`built_in`."""

    score: Callable[[Dynamics, Estimator], np.ndarray]
    direction: str
    words: str | Callable[[Estimator, str, int], str]
    always_positive: bool
    settings: Mapping[str, Setting]


METHODS: dict[str, Method] = {}
_Score = Callable[[Dynamics, Estimator], np.ndarray]


def built_in(
    name: str,
    direction: str,
    words: str | Callable[[Estimator, str, int], str],
    *,
    always_positive: bool,
    **settings: Setting,
) -> Callable[[_Score], _Score]:
    """Return a decorator that makes a function of dynamics and :class:`Estimator` a built-in one, under a name.

    ``words`` say what it measures, with settings in braces; the window of epochs is added. Where that is not enough, a
    function of the estimator, the window in words, and the epoch after which EL2N was evaluated. ``always_positive`` says
    whether class means are, whatever was trained. ``settings`` are its own keys in a study file. Raises ``ValueError`` on an
    entry that would be silently wrong.
    """
    if direction not in (HIGH_IS_HARD, LOW_IS_HARD):
        raise ValueError(f"estimator {name}: direction is {direction!r}; it is {HIGH_IS_HARD} or {LOW_IS_HARD}")
    if name in METHODS:
        raise ValueError(f"estimator {name} stands twice")
    for key, setting in settings.items():
        if key in _COMMON or known_settings().get(key, setting) != setting:
            raise ValueError(f"estimator {name}: {key} is a key of others, with another meaning")

    def register(score: _Score) -> _Score:
        METHODS[name] = Method(score, direction, words, always_positive, settings)
        return score

    return register


def known_settings() -> dict[str, Setting]:
    """Return the settings of all built-in estimators by key."""
    return {key: setting for method in METHODS.values() for key, setting in method.settings.items()}


def always_positive() -> list[str]:
    """Return the built-in estimators whose class means are positive whatever was trained."""
    return [name for name, method in METHODS.items() if method.always_positive]


def estimator_of(method: str, compat: str = "none", **keys: Any) -> Estimator:
    """Return an estimator by the keys of a study file; those that are ``None`` count as left out.

    The direction of a built-in one is known, that of a user's own must be declared. Raises ``StudyError``, key first.
    """
    given = {key: value for key, value in keys.items() if value is not None and key != "source"}
    direction, first, last = (given.pop(key, None) for key in ("direction", "first_epoch", "last_epoch"))
    own: Mapping[str, Setting] = {}
    if is_plugin(method):
        if direction not in (HIGH_IS_HARD, LOW_IS_HARD):
            raise StudyError(f"direction: declare {HIGH_IS_HARD} or {LOW_IS_HARD} for your own estimator {method}")
        if window := [key for key, epoch in (("first_epoch", first), ("last_epoch", last)) if epoch is not None]:
            raise StudyError(f"{window[0]}: {method} is handed all epochs; let it choose, or leave the key out")
    elif method not in METHODS:
        raise StudyError(f"method: {method!r} is no built-in estimator; use one of {', '.join(METHODS)}, or module:function")
    elif direction not in (None, METHODS[method].direction):
        raise StudyError(f"direction: the direction of {method} is known; leave the key out")
    else:
        direction, own = METHODS[method].direction, METHODS[method].settings
    for key in given:
        owners = [name for name, one in METHODS.items() if key in one.settings]
        if key not in own and owners:
            raise StudyError(f"{key}: only {' and '.join(owners)} has it")
    return Estimator(method, str(direction), first, last, complete(f"estimator {method}", own, given, compat))


def estimator_of_study(config: Mapping[str, Any], name: str) -> Estimator:
    """Return the estimator that a study file calls ``name``."""
    keys = dict(config["hardness"]["estimators"][name])
    return estimator_of(keys.pop("method", name), config["compat"], **keys)


def definition(estimator: Estimator, epochs: int, el2n_epoch: int) -> str:
    """Return in words what an estimator measures, its settings and window of epochs included, for tables and figures.

    ``epochs`` are those trained, ``el2n_epoch`` is the one after which EL2N was evaluated. A user's own estimator is known
    by its ``module:function``.
    """
    if is_plugin(estimator.method):
        return estimator.method
    first, last = estimator.window(epochs)
    words, window = METHODS[estimator.method].words, f"epochs {first} to {last}"
    return f"{words.format(**estimator.settings)}, {window}" if isinstance(words, str) else words(estimator, window, el2n_epoch)


def instance_scores(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return one finite score an example, float64 ``(examples,)``, of one member."""
    if is_plugin(estimator.method):
        # The same scores wherever it is asked, and others for another member.
        with host_seeded(zlib.crc32(dynamics.margin_sum.tobytes())):
            returned = call_plugin(estimator.method, "estimator", dynamics)
        return scores_of(estimator.method, returned, dynamics.examples)
    scores = METHODS[estimator.method].score(dynamics, estimator)
    if not np.isfinite(scores).all():
        raise StudyError(f"estimator {estimator.method} gave a score that is not finite")
    return scores


@built_in(
    "aum",
    LOW_IS_HARD,
    "mean margin of {margin}",
    always_positive=False,
    margin=choice("what the margin is taken of", "logits", "probabilities"),
)
def area_under_margin(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean margin over the epochs (AUM, Pleiss et al. 2020, eq. 2). Low is hard.

    ``margin: probabilities`` takes p(label) minus the largest other probability instead of logits.
    """
    if estimator.settings["margin"] == "probabilities":
        return _probability_margin(dynamics, *estimator.window(dynamics.epochs)).mean(0)
    return _mean_over_epochs(dynamics, "margin", dynamics.margin_sum, estimator)


def _words_of_el2n(estimator: Estimator, window: str, el2n_epoch: int) -> str:
    norm = f"{estimator.settings['norm'].upper()} norm of softmax minus one-hot"
    if _is_evaluated(estimator):
        return f"{norm} after epoch {el2n_epoch}, without augmentation"
    return f"mean {norm}, {window}"


@built_in(
    "el2n",
    HIGH_IS_HARD,
    _words_of_el2n,
    always_positive=True,
    norm=choice("the norm of softmax minus one-hot; the paper takes l2", "l2", "l1"),
)
def el2n(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the L2 norm of softmax minus one-hot at one epoch, without augmentation (Paul et al. 2021). High is hard.

    With a window of epochs: its mean in train mode over the window instead. ``norm: l1`` takes the L1 norm: the label's
    error 1 - p and the other probabilities, which sum to 1 - p too, make 2 (1 - p).
    """
    evaluated = _is_evaluated(estimator)
    if estimator.settings["norm"] == "l1":
        if evaluated:
            return 2 * (1 - dynamics.probability_evaluated.astype(np.float64))
        return 2 * (1 - _mean_over_epochs(dynamics, "probability", dynamics.probability_sum, estimator))
    if evaluated:
        return dynamics.el2n_evaluated.astype(np.float64)
    return _mean_over_epochs(dynamics, "el2n", dynamics.el2n_sum, estimator)


@built_in(
    "forgetting",
    HIGH_IS_HARD,
    "falls from right to wrong, never learned counts as {never_learned}",
    always_positive=False,
    never_learned=choice("what samples that were never right get; zero is the authors' rule", "maximum", "zero", v1="zero"),
)
def forgetting(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return how many times a sample goes from right to wrong between its presentations (Toneva et al. 2019). High is hard.

    A sample that was never right gets the most any sample can reach, half the epochs; ``never_learned: zero`` gives it
    0, as the authors of arXiv 2504.07031 do, which ranks the hardest samples easiest.
    """
    right = dynamics.per_epoch("margin", *estimator.window(dynamics.epochs)) > 0
    events = (right[:-1] & ~right[1:]).sum(0).astype(np.float64)
    if estimator.settings["never_learned"] == "maximum":
        events[~right.any(0)] = len(right) // 2
    return events


@built_in("confidence", LOW_IS_HARD, "mean p(label)", always_positive=True)
def confidence(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean probability of the given label over the epochs (Swayamdipta et al. 2020). Low is hard."""
    return _mean_over_epochs(dynamics, "probability", dynamics.probability_sum, estimator)


@built_in("loss", HIGH_IS_HARD, "mean cross-entropy", always_positive=True)
def loss(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean cross-entropy over the epochs. High is hard."""
    first, last = estimator.window(dynamics.epochs)
    if (first, last) == (1, dynamics.epochs):
        return dynamics.loss_sum.astype(np.float64) / dynamics.epochs
    return dynamics.per_epoch("loss", first, last).mean(0, dtype=np.float64)


@built_in("data_iq", HIGH_IS_HARD, "mean p (1 - p)", always_positive=True)
def data_iq(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean of p (1 - p) over the epochs, the aleatoric uncertainty of Data-IQ (Seedat et al. 2022). High is hard."""
    p = dynamics.per_epoch("probability", *estimator.window(dynamics.epochs)).astype(np.float64)
    return (p * (1 - p)).mean(0)


@built_in("variability", HIGH_IS_HARD, "standard deviation of p(label)", always_positive=True)
def variability(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the standard deviation of p over the epochs (Swayamdipta et al. 2020). High is hard."""
    return dynamics.per_epoch("probability", *estimator.window(dynamics.epochs)).astype(np.float64).std(0)


def _is_evaluated(estimator: Estimator) -> bool:
    return estimator.first_epoch is None and estimator.last_epoch is None


def _probability_margin(dynamics: Dynamics, first: int, last: int) -> np.ndarray:
    """Return p(label) minus the largest other probability, float64 ``(epochs, examples)``.

    With p = exp(z_y) / Z and margin m = z_y - max z_j, the largest other probability is q = exp(max z_j) / Z = p exp(-m), so
    that p - q = p (1 - exp(-m)). Where the loss is above 9.7, so that p is below 2^-14, float16 leaves p few digits, and q with
    it. There EL2N bounds q: the other probabilities sum to t = 1 - p and their squares to s = EL2N^2 - t^2. Hence q <= sqrt(s),
    and q >= s / t; where 2 s > t^2, q is least if one class has all the rest, q^2 + (t - q)^2 = s, so that
    q >= (t + sqrt(2 s - t^2)) / 2.
    """
    m, p, el2n = (dynamics.per_epoch(name, first, last).astype(np.float64) for name in ("margin", "probability", "el2n"))
    q = p * np.exp(np.minimum(-m, 700))
    lost = p < np.finfo(np.float16).smallest_normal
    t = 1 - p[lost]
    s = np.clip(el2n[lost] ** 2 - t**2, 0, 1)
    least = np.where(2 * s > t**2, (t + np.sqrt(np.maximum(2 * s - t**2, 0))) / 2, s / t)
    q[lost] = np.clip(q[lost], least, np.sqrt(s))
    return p - q


def _mean_over_epochs(dynamics: Dynamics, name: str, total: np.ndarray, estimator: Estimator) -> np.ndarray:
    first, last = estimator.window(dynamics.epochs)
    # The running sum is exact; what is kept per epoch is float16.
    if (first, last) == (1, dynamics.epochs):
        return total.astype(np.float64) / dynamics.epochs
    return dynamics.per_epoch(name, first, last).mean(0, dtype=np.float64)
