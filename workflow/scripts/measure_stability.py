"""Measure how much hardness changes with the members it is averaged over."""

import argparse
from pathlib import Path

from hbr.data.files import read_arrays, read_table, write_table
from hbr.hardness.allocation import EQUAL, KEEP
from hbr.hardness.ensembles import ensemble_pairs
from hbr.hardness.estimators import Estimator
from hbr.hardness.members import scores_of_members
from hbr.hardness.stability import stability_tables, table_of
from hbr.seeds import derive_rng
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Write one table each of pruned sets, allocations and class ranks, and one of the members that are enough."""
    arrays = read_arrays(arguments.dataset, "train_labels", "class_names", "checksum")
    places = read_table(arguments.plan, "source")["source"].to_numpy()
    labels, names = arrays["train_labels"][places], tuple(str(name) for name in arrays["class_names"])
    estimator = Estimator.read(arguments.settings)
    scores, text = scores_of_members(arguments.dynamics, estimator, len(labels), str(arrays["checksum"]))
    # Without the estimator's name, so that all estimators see the same ensembles.
    rng = derive_rng(arguments.seed, arguments.dataset_name, "stability")
    tables = stability_tables(
        scores,
        labels,
        names,
        estimator.direction,
        arguments.offset,
        arguments.tolerance_percent,
        ensemble_pairs(len(scores), arguments.partitions, rng),
        arguments.balance,
        arguments.compat,
    )
    for name, table in tables.items():
        write_table(getattr(arguments, name), table_of(table, arguments.estimator, text))
    append(arguments.log, tables["members_enough"].to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--plan", type=Path, required=True, help="what the members were trained on")
parser.add_argument("--dynamics", type=Path, nargs="+", required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--estimator", required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--settings", required=True, help="JSON: the estimator, its window of epochs and its own settings")
parser.add_argument("--offset", type=float, default=0.0)
parser.add_argument("--balance", choices=(KEEP, EQUAL), default=KEEP)
parser.add_argument("--compat", default="none")
parser.add_argument("--tolerance-percent", type=float, required=True)
parser.add_argument("--partitions", type=int, required=True)
parser.add_argument("--pruning", type=Path, required=True)
parser.add_argument("--allocation", type=Path, required=True)
parser.add_argument("--ranks", type=Path, required=True)
parser.add_argument("--members-enough", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
