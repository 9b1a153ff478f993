"""Give classes a number of samples that is as unequal as their hardness asks for, but not theirs."""

import argparse
from pathlib import Path

import numpy as np

from hbr.command import append, run
from hbr.conditions.placebos import RANDOM, SHUFFLED, placebo_ratios
from hbr.data.files import read_table, write_table
from hbr.hardness.allocation import allocate, wanted_counts
from hbr.seeds import derive_rng


def main(arguments: argparse.Namespace) -> None:
    """Write an allocation like the true one, with the ratios of a placebo."""
    table = read_table(arguments.allocation, "class_name", "samples", "ratio", "group")
    total, alpha = int(table["samples"].sum()), arguments.alpha
    # S_c >= 1 where r_c >= (1 - (1 - alpha) N/k) / (alpha N).
    balanced = total / len(table)
    smallest = (1 - (1 - alpha) * balanced) / (alpha * total)
    rng = derive_rng(arguments.seed, arguments.dataset_name, arguments.variant, arguments.kind)
    ratios = placebo_ratios(table["ratio"].to_numpy(), arguments.kind, smallest, rng)
    names = tuple(table["class_name"].astype(str))
    table["ratio"], table["alpha"] = ratios, alpha
    table["wanted"] = wanted_counts(ratios, total, alpha)
    table["granted"] = allocate(ratios, total, alpha, names, arguments.compat)
    table["change"] = table["granted"] - table["samples"]
    table["group"] = np.where(ratios * len(ratios) > 1, "hard", "easy")
    table["position"] = np.argsort(np.argsort(ratios, kind="stable"), kind="stable")
    write_table(arguments.placebo, table)
    append(arguments.log, table.to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--allocation", type=Path, required=True, help="the true one, of any alpha")
parser.add_argument("--alpha", type=float, required=True)
parser.add_argument("--kind", choices=(SHUFFLED, RANDOM), required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--variant", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--compat", choices=("none", "v1"), default="none")
parser.add_argument("--placebo", type=Path, required=True, help="where to write the placebo's allocation")

if __name__ == "__main__":
    run(main, parser)
