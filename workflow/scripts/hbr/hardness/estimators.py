"""Instance hardness from stored dynamics: every estimator, window of epochs and subset of members, without retraining."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hbr.errors import StudyError
from hbr.plugins import call_plugin, is_plugin, scores_of
from hbr.training.dynamics import Dynamics

HIGH_IS_HARD, LOW_IS_HARD = "high-is-hard", "low-is-hard"


@dataclass(frozen=True)
class Estimator:
    """A named estimator: ``method`` is a key of :data:`METHODS` or ``module:function``.

    The window of epochs counts from 1 and includes both ends; ``None`` means the first and the last epoch.
    ``never_learned`` (of forgetting only) is ``maximum`` or ``zero``, ``margin`` (of aum only) ``logits`` or
    ``probabilities``, ``norm`` (of el2n only) ``l2`` or ``l1``.
    """

    method: str
    direction: str
    first_epoch: int | None = None
    last_epoch: int | None = None
    never_learned: str = "maximum"
    margin: str = "logits"
    norm: str = "l2"

    def window(self, epochs: int) -> tuple[int, int]:
        """Return first and last epoch, checked against the number of trained epochs."""
        first, last = self.first_epoch or 1, self.last_epoch or epochs
        if not 1 <= first <= last <= epochs:
            raise StudyError(f"the window of epochs {first} to {last} does not lie within the {epochs} trained epochs")
        return first, last


def estimator_of(
    method: str,
    direction: str | None = None,
    first_epoch: int | None = None,
    last_epoch: int | None = None,
    never_learned: str = "maximum",
    margin: str = "logits",
    norm: str = "l2",
) -> Estimator:
    """Return the estimator; the direction of a built-in one is known, that of a user's own must be declared.

    Raises ``StudyError`` where a variant is asked of an estimator that has none.
    """
    if is_plugin(method):
        if direction not in (HIGH_IS_HARD, LOW_IS_HARD):
            raise StudyError(f"estimator {method}: declare `direction` as {HIGH_IS_HARD} or {LOW_IS_HARD}")
    elif method not in METHODS:
        raise StudyError(f"estimator {method!r} is unknown; use one of {', '.join(METHODS)}, or module:function")
    elif direction not in (None, DIRECTIONS[method]):
        raise StudyError(f"estimator {method} is {DIRECTIONS[method]}; leave `direction` out")
    else:
        direction = DIRECTIONS[method]
    for key, value in (("never_learned", never_learned), ("margin", margin), ("norm", norm)):
        owner, values = VARIANTS[key].method, VARIANTS[key].values
        if value not in values:
            raise StudyError(f"`{key}` is {value!r}; it is one of {', '.join(values)}")
        if value != values[0] and method != owner:
            raise StudyError(f"estimator {method} has no `{key}`; only {owner} has it")
    return Estimator(method, str(direction), first_epoch, last_epoch, never_learned, margin, norm)


def definition(estimator: Estimator, epochs: int, el2n_epoch: int) -> str:
    """Return in words what an estimator measures, its variant and window of epochs included, for tables and figures.

    ``epochs`` are those trained, ``el2n_epoch`` is the one after which EL2N was evaluated. A user's own estimator is known
    by its ``module:function``.
    """
    if is_plugin(estimator.method):
        return estimator.method
    first, last = estimator.window(epochs)
    if estimator.method == "el2n":
        norm = f"{estimator.norm.upper()} norm of softmax minus one-hot"
        if _is_evaluated(estimator):
            return f"{norm} after epoch {el2n_epoch}, without augmentation"
        return f"mean {norm}, epochs {first} to {last}"
    words = {
        "aum": f"mean margin of {estimator.margin}",
        "forgetting": f"falls from right to wrong, never learned counts as {estimator.never_learned}",
        "confidence": "mean p(label)",
        "loss": "mean cross-entropy",
        "data_iq": "mean p (1 - p)",
        "variability": "standard deviation of p(label)",
    }
    return f"{words[estimator.method]}, epochs {first} to {last}"


def instance_scores(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return one finite score an example, float64 ``(examples,)``, of one member."""
    if is_plugin(estimator.method):
        returned = call_plugin(estimator.method, "estimator", dynamics)
        return scores_of(estimator.method, returned, dynamics.examples)
    scores = METHODS[estimator.method](dynamics, estimator)
    if not np.isfinite(scores).all():
        raise StudyError(f"estimator {estimator.method} gave a score that is not finite")
    return scores


def ensemble_scores(members: Sequence[Dynamics], estimator: Estimator) -> np.ndarray:
    """Return the scores of every member, float64 ``(members, examples)``; their mean over members is the hardness."""
    return np.stack([instance_scores(member, estimator) for member in members])


def area_under_margin(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean margin over the epochs (AUM, Pleiss et al. 2020, eq. 2). Low is hard.

    ``margin: probabilities`` takes p(label) minus the largest other probability instead of logits.
    """
    if estimator.margin == "probabilities":
        return _probability_margin(dynamics, *estimator.window(dynamics.epochs)).mean(0)
    return _mean_over_epochs(dynamics, "margin", dynamics.margin_sum, estimator)


def confidence(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean probability of the given label over the epochs (Swayamdipta et al. 2020). Low is hard."""
    return _mean_over_epochs(dynamics, "probability", dynamics.probability_sum, estimator)


def el2n(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the L2 norm of softmax minus one-hot at one epoch, without augmentation (Paul et al. 2021). High is hard.

    With a window of epochs: its mean in train mode over the window instead. ``norm: l1`` takes the L1 norm: the label's
    error 1 - p and the other probabilities, which sum to 1 - p too, make 2 (1 - p).
    """
    evaluated = _is_evaluated(estimator)
    if estimator.norm == "l1":
        if evaluated:
            return 2 * (1 - dynamics.probability_evaluated.astype(np.float64))
        return 2 * (1 - _mean_over_epochs(dynamics, "probability", dynamics.probability_sum, estimator))
    if evaluated:
        return dynamics.el2n_evaluated.astype(np.float64)
    return _mean_over_epochs(dynamics, "el2n", dynamics.el2n_sum, estimator)


def loss(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean cross-entropy over the epochs. High is hard."""
    first, last = estimator.window(dynamics.epochs)
    if (first, last) == (1, dynamics.epochs):
        return dynamics.loss_sum.astype(np.float64) / dynamics.epochs
    return dynamics.per_epoch("loss", first, last).mean(0, dtype=np.float64)


def data_iq(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean of p (1 - p) over the epochs, the aleatoric uncertainty of Data-IQ (Seedat et al. 2022). High is hard."""
    p = dynamics.per_epoch("probability", *estimator.window(dynamics.epochs)).astype(np.float64)
    return (p * (1 - p)).mean(0)


def variability(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the standard deviation of p over the epochs (Swayamdipta et al. 2020). High is hard."""
    return dynamics.per_epoch("probability", *estimator.window(dynamics.epochs)).astype(np.float64).std(0)


def forgetting(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return how many times a sample goes from right to wrong between its presentations (Toneva et al. 2019). High is hard.

    A sample that was never right gets the most any sample can reach, half the epochs; ``never_learned: zero`` gives it
    0, as the authors of arXiv 2504.07031 do, which ranks the hardest samples easiest.
    """
    right = dynamics.per_epoch("margin", *estimator.window(dynamics.epochs)) > 0
    events = (right[:-1] & ~right[1:]).sum(0).astype(np.float64)
    if estimator.never_learned == "maximum":
        events[~right.any(0)] = len(right) // 2
    return events


@dataclass(frozen=True)
class Variant:
    """A setting that only one method has, and the values it takes, the default first."""

    method: str
    values: tuple[str, ...]


VARIANTS = {
    "never_learned": Variant("forgetting", ("maximum", "zero")),
    "margin": Variant("aum", ("logits", "probabilities")),
    "norm": Variant("el2n", ("l2", "l1")),
}
METHODS: dict[str, Callable[[Dynamics, Estimator], np.ndarray]] = {
    "aum": area_under_margin,
    "el2n": el2n,
    "forgetting": forgetting,
    "confidence": confidence,
    "loss": loss,
    "data_iq": data_iq,
    "variability": variability,
}
# Class means of these are positive whatever was trained; a margin may be negative, and a class may never be forgotten.
ALWAYS_POSITIVE = tuple(name for name in METHODS if name not in ("aum", "forgetting"))
DIRECTIONS = {name: LOW_IS_HARD if name in ("aum", "confidence") else HIGH_IS_HARD for name in METHODS}


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
