"""Say what each way to find wrong labels is worth on these data, by labels that were changed on purpose."""

import argparse
import json
from pathlib import Path

from hbr.analysis.suspects import aum_of_folds, logits_of_folds, rule_worth
from hbr.conditions.noise import rule_of
from hbr.data.files import read_table, write_table
from hbr.study.command import append, run
from hbr.training.dynamics import load_dynamics
from hbr.training.outcomes import load_outcomes


def main(arguments: argparse.Namespace) -> None:
    """Write one row a rule."""
    folds = read_table(arguments.folds, "label", "planted", "fold")
    rules = {name: rule_of(**keys) for name, keys in json.loads(arguments.rules).items()}
    runs = [load_outcomes(path) for path in arguments.outcomes]
    aum = aum_of_folds([load_dynamics(path) for path in arguments.dynamics], [run.variant for run in runs], folds)
    table = rule_worth(folds, logits_of_folds(runs, folds), aum, rules)
    write_table(arguments.worth, table)
    append(arguments.log, table.to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--folds", type=Path, required=True, help="of divide_folds")
parser.add_argument("--outcomes", type=Path, nargs="+", required=True, help="of the trainings without each fold")
parser.add_argument("--dynamics", type=Path, nargs="+", required=True, help="of the same trainings, in the same order")
parser.add_argument("--rules", default="{}", help="JSON: keys of the rules of label noise by name")
parser.add_argument("--worth", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
