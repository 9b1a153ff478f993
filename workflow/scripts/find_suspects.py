"""List every image by what networks that never saw it say of its label, the most suspect first."""

import argparse
from pathlib import Path

from hbr.analysis.suspects import logits_of_folds, suspect_list, suspect_table
from hbr.data.files import read_arrays, read_table, write_table
from hbr.study.command import append, run
from hbr.training.outcomes import load_outcomes


def main(arguments: argparse.Namespace) -> None:
    """Write one row an image."""
    names = [str(name) for name in read_arrays(arguments.dataset, "class_names")["class_names"]]
    folds = read_table(arguments.folds, "split", "sample", "label", "fold")
    suspects = suspect_table(folds, logits_of_folds([load_outcomes(path) for path in arguments.outcomes], folds))
    flagged = {
        rule: read_table(path, "sample", "flagged") for rule, path in zip(arguments.rules, arguments.flagged, strict=True)
    }
    ids, aum = read_table(arguments.ids, "split", "sample", "id"), read_table(arguments.samples, "sample", "hardness")
    write_table(arguments.suspects, suspect_list(suspects, ids, aum, flagged, names))
    append(arguments.log, f"for {int((suspects['margin'] < 0).sum()):,} of {len(suspects):,} images another class is suggested")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--ids", type=Path, required=True)
parser.add_argument("--folds", type=Path, required=True, help="of divide_folds")
parser.add_argument("--outcomes", type=Path, nargs="+", required=True, help="of the trainings without each fold")
parser.add_argument("--samples", type=Path, required=True, help="AUM of the baseline")
parser.add_argument("--rules", nargs="*", default=[], help="names of the rules of label noise")
parser.add_argument("--flagged", type=Path, nargs="*", default=[], help="what each rule flags")
parser.add_argument("--suspects", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
