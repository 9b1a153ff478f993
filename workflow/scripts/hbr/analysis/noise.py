"""Label noise in tables: what each rule flags, by class, and what the ensemble sees in each sample."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from hbr.conditions.noise import detection
from hbr.training.dynamics import Dynamics


def rule_summary(flagged: Mapping[str, pd.DataFrame], planted: np.ndarray) -> pd.DataFrame:
    """Return one row a rule: samples flagged, their share, and precision and recall where labels were flipped on purpose.

    Both with the exact 95 % binomial interval (Clopper and Pearson 1934) over samples; NaN where nothing was planted.
    """
    rows = []
    for name, table in flagged.items():
        flags = table["flagged"].to_numpy(bool)
        rows.append({"rule": name, "samples": len(flags), "flagged": int(flags.sum()), "share": flags.mean()})
        found = detection(flags, planted)
        for share, trials in (("precision", int(flags.sum())), ("recall", int(planted.sum()))):
            ends = exact_interval(int(found["found"]), trials) if planted.any() else (np.nan, np.nan)
            found |= dict(zip((f"{share}_lower", f"{share}_upper"), ends, strict=True))
        rows[-1] |= found
    return pd.DataFrame(rows)


def exact_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a binomial share (Clopper and Pearson 1934); NaN without trials."""
    if not trials:
        return np.nan, np.nan
    interval = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def share_by_class(flagged: Mapping[str, pd.DataFrame], class_names: tuple[str, ...]) -> pd.DataFrame:
    """Return one row a rule and class: samples, flagged, and the share of the class that is flagged (v1, figure 5a)."""
    rows = []
    for name, table in flagged.items():
        for label, class_name in enumerate(class_names):
            flags = table.loc[table["class"] == label, "flagged"].to_numpy(bool)
            row = {"rule": name, "class": label, "class_name": class_name, "samples": len(flags)}
            rows.append({**row, "flagged": int(flags.sum()), "share": flags.mean()})
    return pd.DataFrame(rows)


def preferred_classes(members: Sequence[Dynamics], labels: np.ndarray, classes: int) -> pd.DataFrame:
    """Return one row a sample: the class most members prefer, how many do, and their mean probability of the given label.

    Seen in evaluation mode without augmentation at the epoch of EL2N, before labels are learned by heart. Ties go to the
    given label, then to the first class.
    """
    votes = np.zeros((len(labels), classes))
    for member in members:
        votes[np.arange(len(labels)), member.class_evaluated] += 1
    # Half a vote settles ties and no more.
    votes[np.arange(len(labels)), labels] += 0.5
    preferred = votes.argmax(1)
    count = np.floor(votes[np.arange(len(labels)), preferred]).astype(int)
    probability = np.mean([member.probability_evaluated for member in members], axis=0, dtype=np.float64)
    columns = {"sample": np.arange(len(labels)), "class": labels, "preferred": preferred, "votes": count}
    return pd.DataFrame({**columns, "members": len(members), "probability": probability})
