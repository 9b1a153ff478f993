"""Flag the training samples that one rule takes for mislabelled."""

import argparse
from pathlib import Path

import numpy as np

from hbr.command import append, run
from hbr.conditions.noise import lowest, threshold_margins
from hbr.data.files import read_table, write_table
from hbr.data.plans import ORIGINS, THRESHOLD
from hbr.errors import StudyError
from hbr.training.dynamics import load_dynamics


def main(arguments: argparse.Namespace) -> None:
    """Write sample, class, AUM, score and flag; the score is what the rule compares with ``threshold``."""
    table = read_table(arguments.samples, "sample", "class", "hardness")[["sample", "class", "hardness"]]
    table = table.rename(columns={"hardness": "aum"})
    aum = table["aum"].to_numpy()
    if arguments.method == "count":
        table["flagged"] = lowest(aum, arguments.count)
        table["score"], table["threshold"] = aum, aum[table["flagged"].to_numpy()].max()
    elif arguments.method == "below":
        table["score"], table["threshold"] = aum, arguments.threshold
        table["flagged"] = aum < arguments.threshold
    else:
        margins, limits = margins_of(arguments, len(table))
        table["score"], table["threshold"] = margins, 0.0
        table["flagged"] = margins < 0
        append(arguments.log, f"AUM thresholds of the variants: {', '.join(f'{limit:.4f}' for limit in limits)}")
    write_table(arguments.flagged, table)
    append(arguments.log, f"{int(table['flagged'].sum())} of {len(table)} samples are flagged")


def margins_of(arguments: argparse.Namespace, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each sample's margin over the threshold and the thresholds; members of one variant are averaged first."""
    scores: dict[int, list[np.ndarray]] = {}
    extra = {}
    for path, variant in zip(arguments.dynamics, arguments.variants, strict=True):
        dynamics = load_dynamics(path)
        scores.setdefault(variant, []).append(dynamics.margin_sum.astype(np.float64) / dynamics.epochs)
    for path in arguments.plans:
        variant = int(path.parent.name.removeprefix("variant"))
        extra[variant] = (read_table(path, "origin")["origin"].astype(str) == ORIGINS[THRESHOLD]).to_numpy()
        if len(extra[variant]) != samples or not extra[variant].any():
            raise StudyError(f"{path} is no plan with threshold samples of these data; delete it and run again")
    order = sorted(scores)
    aum = np.stack([np.mean(scores[variant], axis=0) for variant in order])
    return threshold_margins(aum, np.stack([extra[variant] for variant in order]), arguments.percentile)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--samples", type=Path, required=True, help="AUM of the baseline")
parser.add_argument("--method", choices=("count", "below", "threshold-samples"), required=True)
parser.add_argument("--count", type=int, default=0)
parser.add_argument("--threshold", type=float, default=0.0)
parser.add_argument("--percentile", type=float, default=99.0)
parser.add_argument("--plans", type=Path, nargs="*", default=[], help="plans with threshold samples, one a variant")
parser.add_argument("--dynamics", type=Path, nargs="*", default=[], help="trainings on them")
parser.add_argument("--variants", type=int, nargs="*", default=[], help="the variant of each training")
parser.add_argument("--flagged", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
