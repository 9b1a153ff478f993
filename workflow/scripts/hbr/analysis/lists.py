"""Lists of samples by their ids: which files are hard, flagged as label noise, dropped or added by a plan."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hbr.data.plans import HOLDOUT, ORIGINS, OWN_IMAGES, THRESHOLD

TRAIN = "train"
# Before the name of a rule in a list, where it could be that of another column.
FLAGGED = "flagged_"


def hardness_list(samples: Mapping[str, pd.DataFrame], class_names: Sequence[str]) -> pd.DataFrame:
    """Return one row a training sample, the hardest by the first estimator on top: id, class, and per estimator its hardness
    and its rank from 0, easiest, to 1.

    ``samples`` are the tables of hardness by estimator; what one has no score for is empty.
    """
    joined = pd.DataFrame()
    for estimator, table in samples.items():
        columns = {"hardness": estimator, "difficulty_rank": f"{estimator}_rank"}
        own = table.set_index(["sample", "id", "class"])[list(columns)].rename(columns=columns)
        joined = own if joined.empty else joined.join(own, how="outer")
    order = joined.sort_values(f"{next(iter(samples))}_rank", ascending=False, kind="stable", na_position="last")
    return _named(order.reset_index(), class_names)


def flagged_list(flagged: Mapping[str, pd.DataFrame], preferred: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """Return one row a training sample that any rule flags, of lowest AUM first: id, class, AUM, the class that most members
    prefer, how many do, and for each rule, as ``flagged_<rule>``, whether it flags the sample.
    """
    first = next(iter(flagged.values()))
    table = first[["sample", "id", "class", "aum"]].copy()
    table["preferred"] = [class_names[label] for label in preferred["preferred"]]
    table[["votes", "members"]] = preferred[["votes", "members"]]
    flags = {f"{FLAGGED}{rule}": own["flagged"].to_numpy(bool) for rule, own in flagged.items()}
    chosen = table.assign(**flags)[np.any(list(flags.values()), axis=0)]
    return _named(chosen.sort_values("aum", kind="stable"), class_names)


def plan_list(
    plans: Mapping[int, pd.DataFrame], labels: np.ndarray, ids: np.ndarray, class_names: Sequence[str]
) -> pd.DataFrame:
    """Return one row a variant and training sample that its plan drops, adds again, gets back or gives another label.

    ``plans`` are tables of source and origin by variant. ``change`` is dropped, added (``times`` beyond the first), returned
    (a base had left it out) or relabelled (a threshold sample). Images of a plan's own are no samples and have no ids.
    """
    tables = []
    for variant, plan in plans.items():
        origin = plan["origin"].astype(str)
        real = plan["source"][~origin.isin([ORIGINS[own] for own in OWN_IMAGES])]
        counts = np.bincount(real, minlength=len(labels))
        returned, relabelled = (np.unique(plan["source"][origin == ORIGINS[code]]) for code in (HOLDOUT, THRESHOLD))
        for change, chosen, times in (
            ("dropped", np.flatnonzero(counts == 0), 1),
            ("added", np.flatnonzero(counts > 1), counts[counts > 1] - 1),
            ("returned", returned, 1),
            ("relabelled", relabelled, 1),
        ):
            rows = {"variant": variant, "change": change, "sample": chosen, "id": ids[chosen], "class": labels[chosen]}
            tables.append(pd.DataFrame({**rows, "times": times}))
    return _named(pd.concat(tables, ignore_index=True), class_names)


def with_paths(table: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Return a list of samples with the path of each one's file beside its id, which is that path relative to ``root``."""
    located = table.copy()
    located.insert(list(table).index("id") + 1, "path", [str(root / name) for name in table["id"]])
    return located


def resampled_list(plan: pd.DataFrame, ids: np.ndarray, class_names: Sequence[str]) -> pd.DataFrame:
    """Return what a plan trains on, one row a sample and origin: id, class, class_name, origin, times.

    ``plan`` has source, class and origin; times sum to its length. Images of a plan's own are no files: one row a class counts
    them, without an id.
    """
    origin = plan["origin"].astype(str)
    own = origin.isin([ORIGINS[code] for code in OWN_IMAGES])
    rows = plan.assign(origin=pd.Categorical(origin, ORIGINS), id=np.where(own, "", ids[np.where(own, 0, plan["source"])]))
    counted = rows.groupby(["class", "id", "origin"], observed=True).size().rename("times").reset_index()
    return _named(counted[["id", "class", "origin", "times"]], class_names)


def weights_list(plan: pd.DataFrame, labels: np.ndarray, ids: np.ndarray, class_names: Sequence[str]) -> pd.DataFrame:
    """Return how often each training sample stands in a plan, in the order of samples: id, class, class_name, weight.

    A sampler that draws as many samples as the weights sum to, with replacement, draws each ``weight`` times in the mean.
    """
    weights = np.bincount(plan["source"], minlength=len(labels))
    return _named(pd.DataFrame({"id": ids, "class": labels, "weight": weights}), class_names)


def is_of_files(plan: pd.DataFrame) -> bool:
    """Return whether a plan consists of training samples under their own labels alone, so that weights say all of it."""
    return not plan["origin"].astype(str).isin([ORIGINS[code] for code in (*OWN_IMAGES, THRESHOLD)]).any()


def sample_list(
    splits: Mapping[str, tuple[np.ndarray, np.ndarray]],
    root: Path | None,
    class_names: Sequence[str],
    more: Sequence[pd.DataFrame] = (),
) -> pd.DataFrame:
    """Return one row an image of all splits: filepath, id, split, class, class_name, and what other lists tell of it.

    ``splits`` are ids and labels by name; ``root`` is the folder that ids are paths in, nothing where they are none. ``more``
    are lists of training samples; of columns that several have the first counts.
    """
    parts = [pd.DataFrame({"id": ids, "split": split, "class": labels}) for split, (ids, labels) in splits.items()]
    table = _named(pd.concat(parts, ignore_index=True), class_names)
    table.insert(0, "filepath", [str(root / name) for name in table["id"]] if root else "")
    for extra in more:
        new = [column for column in extra if column not in (*table, "sample")]
        table = table.merge(extra[["id", *new]].assign(split=TRAIN), on=["id", "split"], how="left")
    return table


def _named(table: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    named = table.copy()
    named.insert(list(named).index("class") + 1, "class_name", [class_names[label] for label in table["class"]])
    return named.reset_index(drop=True)
