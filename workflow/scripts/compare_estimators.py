"""Compare estimators with each other, and carry the uncertainty of each from its members to classes and allocations."""

import argparse
from pathlib import Path

from hbr.data.files import read_table, write_table
from hbr.hardness.agreement import comparison_tables
from hbr.hardness.allocation import EQUAL, KEEP
from hbr.registry import COMPAT
from hbr.seeds import derive_rng
from hbr.study.command import run


def main(arguments: argparse.Namespace) -> None:
    """Write the tables of rank correlations, of overlaps of pruned sets, and of intervals."""
    samples = {name: read_table(path) for name, path in zip(arguments.estimators, arguments.samples, strict=True)}
    classes = {name: read_table(path) for name, path in zip(arguments.estimators, arguments.classes, strict=True)}
    alphas = [float(alpha) for alpha in arguments.alphas.split(",")]
    rng = derive_rng(arguments.seed, arguments.dataset_name, "estimators")
    offsets = dict(zip(arguments.estimators, map(float, arguments.offsets.split(",")), strict=True))
    settings = arguments.resamples, rng, arguments.balance, arguments.compat
    tables = comparison_tables(samples, classes, alphas, offsets, *settings)
    for name, table in tables.items():
        write_table(getattr(arguments, name), table)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--samples", type=Path, nargs="+", required=True)
parser.add_argument("--classes", type=Path, nargs="+", required=True)
parser.add_argument("--estimators", nargs="+", required=True, help="the estimators' names, as their tables stand")
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--alphas", required=True, help="separated by commas")
parser.add_argument("--offsets", required=True, help="what is added to the hardness of each estimator, separated by commas")
parser.add_argument("--balance", choices=(KEEP, EQUAL), default=KEEP)
parser.add_argument("--compat", choices=COMPAT, default="none")
parser.add_argument("--resamples", type=int, required=True)
parser.add_argument("--correlations", type=Path, required=True)
parser.add_argument("--overlap", type=Path, required=True)
parser.add_argument("--uncertainty", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
