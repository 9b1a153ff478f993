"""Give classes a number of samples that is as unequal as their hardness asks for, but not theirs."""

import argparse
from pathlib import Path

from hbr.command import append, run
from hbr.conditions.placebos import RANDOM, SHUFFLED, placebo_allocation
from hbr.data.files import read_table, write_table
from hbr.seeds import derive_rng


def main(arguments: argparse.Namespace) -> None:
    """Write an allocation like the true one, with the ratios of a placebo."""
    true = read_table(arguments.allocation, "class_name", "samples", "control", "ratio")
    rng = derive_rng(arguments.seed, arguments.dataset_name, arguments.variant, arguments.kind)
    table = placebo_allocation(true, arguments.kind, arguments.alpha, arguments.compat, rng)
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
