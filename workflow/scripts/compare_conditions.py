"""Compare every condition with its reference, paired by seed: differences, tests, verdicts."""

import argparse
from pathlib import Path

import pandas as pd

from hbr.analysis.columns import hard_classes
from hbr.analysis.comparisons import compare_runs, mark_same_plans, pair_runs
from hbr.analysis.predictions import load_predictions
from hbr.analysis.statistics.contrasts import errors_of_contrasts
from hbr.analysis.statistics.study import judge_gaps
from hbr.analysis.statistics.verdicts import NOT_TESTED
from hbr.data.files import read_table, write_table
from hbr.registry import COMPAT
from hbr.seeds import seed_of_test_sets
from hbr.study.command import append, run, say


def main(arguments: argparse.Namespace) -> None:
    """Write the differences of class metrics, and those of gaps with tests and verdicts."""
    classes = pd.concat([read_table(path) for path in arguments.classes])
    gaps = read_table(arguments.gaps)
    hard = hard_classes(read_table(arguments.allocation, "group"))
    contrasts, conditions = read_table(arguments.contrasts), read_table(arguments.conditions)
    runs = {path.parent.name: load_predictions(path) for path in arguments.predictions}
    pairs = mark_same_plans(pair_runs(classes, contrasts, ["metric", "class"]), runs)
    seed = seed_of_test_sets(arguments.seed, arguments.dataset_name)
    errors = errors_of_contrasts(runs, contrasts, hard, arguments.resamples, seed, arguments.compat)
    write_table(arguments.class_differences, compare_runs(pairs, ["metric", "class"], errors.classes))
    judged = judge_gaps(
        gaps,
        contrasts,
        conditions,
        runs,
        errors.gaps,
        margin=arguments.margin_points / 100,
        family=(arguments.metrics, arguments.gap_names),
        resamples=arguments.resamples,
        seed=seed,
    )
    write_table(arguments.gap_differences, judged)
    declared = judged[judged["family"].notna()]
    shown = ["condition", "reference", "metric", "gap", "difference", "p_adjusted", "verdict"]
    append(arguments.log, declared[shown].to_string(index=False, na_rep=""))
    for row in judged[judged["verdict"] == NOT_TESTED].drop_duplicates(["condition", "reference", "remark"]).to_dict("records"):
        say(arguments.log, f"{row['condition']} against {row['reference']}: {row['remark']}")


def words(text: str) -> list[str]:
    """Return the words of a list with commas."""
    return text.split(",")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--classes", type=Path, nargs="+", required=True)
parser.add_argument("--predictions", type=Path, nargs="+", required=True)
parser.add_argument("--gaps", type=Path, required=True)
parser.add_argument("--conditions", type=Path, required=True)
parser.add_argument("--contrasts", type=Path, required=True)
parser.add_argument("--allocation", type=Path, required=True, help="says which classes are hard")
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--margin-points", type=float, required=True)
parser.add_argument("--metrics", type=words, required=True, help="metrics of the family")
parser.add_argument("--gap-names", type=words, required=True, help="gaps of the family")
parser.add_argument("--resamples", type=int, required=True)
parser.add_argument("--compat", choices=COMPAT, default="none")
parser.add_argument("--class-differences", type=Path, required=True)
parser.add_argument("--gap-differences", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
