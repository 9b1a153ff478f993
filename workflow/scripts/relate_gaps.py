"""Relate the changes of gaps to those of accuracy: the line of gap against error, and changes at equal error."""

import argparse
from pathlib import Path

import pandas as pd

from hbr.analysis.columns import hard_classes
from hbr.analysis.gap_accuracy import BEYOND, changes_of_pairs, relate_changes, resampled_changes
from hbr.analysis.gap_lines import TRAJECTORY, line_of_runs, lines_of_networks, lines_table, networks_of
from hbr.analysis.predictions import load_predictions
from hbr.analysis.trajectories import TRACED
from hbr.data.files import read_table, write_table
from hbr.registry import COMPAT
from hbr.seeds import seed_of_test_sets
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Write the lines, and one row a contrast, gap and quantity."""
    trajectories = pd.concat([read_table(path) for path in arguments.trajectories])
    contrasts = read_table(arguments.contrasts)
    hard = hard_classes(read_table(arguments.allocation[0], "group")) if arguments.allocation else None
    tables = [read_table(path, "network", "class", "recall") for path in arguments.networks]
    networks = networks_of(tables, hard, arguments.compat)
    published = lines_of_networks(networks) if networks is not None else {}
    traced = dict(tuple(trajectories.groupby("condition", sort=False)))
    # Without contrasts there is still the baseline to show.
    shown = dict.fromkeys(contrasts["reference"]) if len(contrasts) else traced
    lines = {name: {gap: line_of_runs(traced[name], gap) for gap in TRACED} for name in shown if name in traced}
    every = {(TRAJECTORY, name): own for name, own in lines.items()} | {(name, ""): own for name, own in published.items()}
    write_table(arguments.lines, lines_table(arguments.dataset_name, every))
    runs = {path.parent.name: load_predictions(path) for path in arguments.predictions}
    kept = contrasts[contrasts["condition"].isin(traced) & contrasts["reference"].isin(traced)]
    seed = seed_of_test_sets(arguments.seed, arguments.dataset_name)
    resampled = resampled_changes(runs, kept, hard, arguments.resamples, seed, arguments.compat) if hard is not None else {}
    table = relate_changes(changes_of_pairs(trajectories, kept, runs), lines, published, resampled)
    write_table(arguments.changes, table)
    beyond = table[table["quantity"] == BEYOND]
    append(
        arguments.log, beyond[["condition", "reference", "gap", "line", "difference", "lower", "upper"]].to_string(index=False)
    )


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--trajectories", type=Path, nargs="+", required=True)
parser.add_argument("--predictions", type=Path, nargs="*", default=[])
parser.add_argument("--contrasts", type=Path, required=True)
parser.add_argument("--allocation", type=Path, nargs="*", help="says which classes are hard; empty where the study groups none")
parser.add_argument("--networks", type=Path, nargs="*", default=[], help="class recall of published networks")
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--resamples", type=int, required=True)
parser.add_argument("--compat", choices=COMPAT, default="none")
parser.add_argument("--lines", type=Path, required=True)
parser.add_argument("--changes", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
