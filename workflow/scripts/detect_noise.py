"""Flag the training samples that one rule takes for mislabelled."""

import argparse
from pathlib import Path

import numpy as np

from hbr.conditions.noise import NoiseRule, flag_samples, threshold_scores
from hbr.data.files import read_table, write_table
from hbr.data.plans import ORIGINS, THRESHOLD
from hbr.errors import StudyError
from hbr.study.command import append, run
from hbr.training.dynamics import load_dynamics


def main(arguments: argparse.Namespace) -> None:
    """Write sample, class, AUM, score and flag; the score is what the rule compares with ``threshold``."""
    samples = read_table(arguments.samples, "sample", "class", "hardness")
    trained = None
    if arguments.dynamics:
        variants = [int(path.parent.name.removeprefix("variant")) for path in arguments.plans]
        marks = [threshold_samples(path, len(samples)) for path in arguments.plans]
        extra = dict(zip(variants, marks, strict=True))
        trained = threshold_scores([load_dynamics(path) for path in arguments.dynamics], arguments.variants, extra)
    table, limits = flag_samples(samples, NoiseRule.read(arguments.settings), trained)
    write_table(arguments.flagged, table)
    if len(limits):
        append(arguments.log, f"AUM thresholds of the variants: {', '.join(f'{limit:.4f}' for limit in limits)}")
    append(arguments.log, f"{int(table['flagged'].sum())} of {len(table)} samples are flagged")


def threshold_samples(path: Path, samples: int) -> np.ndarray:
    """Return which samples of a plan bear the extra label; raise ``StudyError`` where it is no such plan of these data."""
    extra = (read_table(path, "origin")["origin"].astype(str) == ORIGINS[THRESHOLD]).to_numpy()
    if len(extra) != samples or not extra.any():
        raise StudyError(f"{path} is no plan with threshold samples of these data; delete it and run again")
    return extra


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--samples", type=Path, required=True, help="AUM of the baseline")
parser.add_argument("--settings", required=True, help="JSON: the rule's method and its settings")
parser.add_argument("--plans", type=Path, nargs="*", default=[], help="plans with threshold samples, one a variant")
parser.add_argument("--dynamics", type=Path, nargs="*", default=[], help="trainings on them")
parser.add_argument("--variants", type=int, nargs="*", default=[], help="the variant of each training")
parser.add_argument("--flagged", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
