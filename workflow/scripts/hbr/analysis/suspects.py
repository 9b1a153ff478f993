"""Suspects: images whose label networks that never saw them contradict, and what finding them so is worth."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hbr.analysis.lists import FLAGGED
from hbr.analysis.margins import margins
from hbr.analysis.noise import rule_summary
from hbr.conditions.noise import NoiseRule, flag_samples, lowest
from hbr.errors import StudyError
from hbr.training.dynamics import Dynamics
from hbr.training.outcomes import Outcomes

# Images that a person looks at first.
FIRST = 20
MARGIN, AUM = "out-of-fold margin", "AUM"


def ranked(score: str, count: int) -> str:
    """Return the name of the rule that takes the ``count`` images of lowest score for mislabelled."""
    return f"{score}, lowest {count}"


def logits_of_folds(runs: Sequence[Outcomes], folds: pd.DataFrame) -> np.ndarray:
    """Return the logits that each image got by the members of its fold, float64 ``(members, images, classes)``.

    ``runs`` are the trainings without a fold each, which is their variant; ``folds`` is of :func:`hbr.data.folds.fold_table`.
    Logits are the mean over all epochs that were evaluated, as AUM's margins are: a wrong label is contradicted early and
    steadily, while the last epochs are sure of everything (benchmarks/README.md has what this is worth). Where networks were
    tested on mirror images behind the images, they are the mean of both.
    Raises ``StudyError`` where they do not belong together.
    """
    places, labels = folds["fold"].to_numpy(), folds["label"].to_numpy()
    members = sorted({run.member for run in runs})
    logits = np.full((len(members), len(folds), runs[0].mean_test_logits.shape[1]), np.nan)
    for run in runs:
        held_out = np.flatnonzero(places == run.variant)
        copies = max(1, len(run.test_labels) // max(1, len(held_out)))
        if not np.array_equal(run.test_labels, np.tile(labels[held_out], copies)):
            raise StudyError(f"the training without fold {run.variant} was tested on other images; delete it and run again")
        seen = run.mean_test_logits.astype(np.float64).reshape(copies, len(held_out), -1)
        logits[members.index(run.member), held_out] = seen.mean(0)
    if np.isnan(logits).any():
        raise StudyError("some fold was never left out; run the study to its end")
    return logits


def suspect_table(folds: pd.DataFrame, logits: np.ndarray) -> pd.DataFrame:
    """Return one row an image, the most suspect on top, ranks from 1, with what networks that never saw it say.

    ``folds`` is of :func:`hbr.data.folds.fold_table`, ``logits`` of :func:`logits_of_folds`. ``suggested`` is the class of
    the largest logit, mean over members, ``votes`` how many of the ``members`` prefer it, ``margin`` the :func:`margins` of
    that mean: below 0 where another class than the label is suggested. Equal margins stand in the order of images.
    """
    mean = logits.mean(0)
    suggested = mean.argmax(1)
    votes = (logits.argmax(2) == suggested).sum(0)
    table = folds[["split", "sample", "label"]].rename(columns={"label": "class"})
    table = table.assign(suggested=suggested, votes=votes, members=len(logits))
    table["margin"] = margins(mean, table["class"].to_numpy())
    table = table.sort_values("margin", kind="stable", ignore_index=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def suspect_list(
    suspects: pd.DataFrame,
    ids: pd.DataFrame,
    aum: pd.DataFrame,
    flagged: Mapping[str, pd.DataFrame],
    class_names: Sequence[str],
) -> pd.DataFrame:
    """Return :func:`suspect_table` for people: ids, names of classes, AUM in training, and flags of the rules of label noise.

    ``ids`` have split, sample and id, ``aum`` sample and hardness, ``flagged`` sample and flag by rule. What is known of
    training samples alone is empty for test images.
    """
    names = dict(enumerate(class_names))
    table = suspects.merge(ids[["split", "sample", "id"]], on=["split", "sample"], how="left")
    if table["id"].isna().any():
        raise StudyError("ids.parquet is of other data than the folds; delete it and run again")
    columns = {"rank": table["rank"], "id": table["id"], "split": table["split"], "sample": table["sample"]}
    columns |= {"class": table["class"], "class_name": table["class"].map(names)}
    columns |= {"suggested": table["suggested"], "suggested_name": table["suggested"].map(names)}
    columns |= {name: table[name] for name in ("votes", "members", "margin")}
    known = {"aum": aum.set_index("sample")["hardness"]}
    known |= {f"{FLAGGED}{rule}": own.set_index("sample")["flagged"].astype("boolean") for rule, own in flagged.items()}
    trained = table["split"] == "train"
    columns |= {name: table["sample"].map(own).where(trained) for name, own in known.items()}
    return pd.DataFrame(columns)


def aum_of_folds(dynamics: Sequence[Dynamics], left_out: Sequence[int], folds: pd.DataFrame) -> np.ndarray:
    """Return each image's AUM, mean over all trainings that saw it; ``left_out`` is the fold that each training was without."""
    places = folds["fold"].to_numpy()
    total, count = np.zeros(len(folds)), np.zeros(len(folds))
    for member, fold in zip(dynamics, left_out, strict=True):
        trained = np.flatnonzero(places != fold)
        if member.examples != len(trained):
            raise StudyError(f"a training without fold {fold} had {member.examples} images, not {len(trained)}; run it again")
        total[trained] += member.margin_sum.astype(np.float64) / member.epochs
        count[trained] += 1
    return np.asarray(total / count)


def rule_worth(folds: pd.DataFrame, logits: np.ndarray, aum: np.ndarray, rules: Mapping[str, NoiseRule]) -> pd.DataFrame:
    """Return what each rule finds of the labels planted in ``folds``: as :func:`.noise.rule_summary`, with kind and AUROC.

    The out-of-fold margin and the AUM of the same trainings rank the images: the first :data:`FIRST`, and as many as were
    planted, are taken for mislabelled, and ``auroc`` is the share of pairs of a planted and another label that they rank right
    (empty for what only flags). Further rules are that another class is suggested, and ``rules`` by that AUM; what needs
    trainings of its own is left out.
    """
    from sklearn.metrics import roc_auc_score

    planted, labels = folds["planted"].to_numpy(bool), folds["label"].to_numpy()
    scores = {MARGIN: margins(logits.mean(0), labels), AUM: aum}
    flags: dict[str, np.ndarray] = {}
    auroc: dict[str, float] = {}
    for name, score in scores.items():
        worth = roc_auc_score(planted, -score) if 0 < planted.sum() < len(planted) else np.nan
        for count in dict.fromkeys((FIRST, int(planted.sum()))):
            if 0 < count < len(score):
                flags[ranked(name, count)] = lowest(score, count)
                auroc[ranked(name, count)] = float(worth)
    flags["another class suggested"] = scores[MARGIN] < 0
    samples = pd.DataFrame({"sample": np.arange(len(labels)), "class": labels, "hardness": aum})
    for name, rule in rules.items():
        if not rule.needs_threshold_samples:
            flags[name] = flag_samples(samples, rule)[0]["flagged"].to_numpy(bool)
    table = rule_summary({name: pd.DataFrame({"flagged": own}) for name, own in flags.items()}, planted)
    return table.assign(auroc=table["rule"].map(auroc))
