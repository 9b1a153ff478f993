"""Gather what the rules of label noise flag, and hold it against planted labels where there are any."""

import argparse
from pathlib import Path

from hbr.analysis.noise import preferred_classes, rule_summary, share_by_class
from hbr.data.datasets import with_ids
from hbr.data.files import read_arrays, read_table, write_table
from hbr.errors import StudyError
from hbr.study.command import append, run
from hbr.training.dynamics import load_dynamics


def main(arguments: argparse.Namespace) -> None:
    """Write one row a rule, one a rule and class, and one a sample with the class that the ensemble prefers."""
    arrays = read_arrays(arguments.dataset, "train_labels", "class_names", "planted", "checksum")
    flagged = {
        name: read_table(path, "sample", "id", "flagged") for name, path in zip(arguments.rules, arguments.flagged, strict=True)
    }
    members = [load_dynamics(path) for path in arguments.dynamics]
    for path, member in zip(arguments.dynamics, members, strict=True):
        if member.dataset != str(arrays["checksum"]):
            raise StudyError(f"{path} was trained on other data than {arguments.dataset}: delete it and run again")
    names = tuple(str(name) for name in arrays["class_names"])
    rules = rule_summary(flagged, arrays["planted"])
    write_table(arguments.summary, rules)
    write_table(arguments.by_class, share_by_class(flagged, names))
    ids = next(iter(flagged.values()))["id"].to_numpy()
    preferred = preferred_classes(members, arrays["train_labels"], len(names))
    write_table(arguments.preferred, with_ids(preferred, ids, arguments.flagged[0]))
    append(arguments.log, rules.to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--rules", nargs="+", required=True, help="names of the rules")
parser.add_argument("--flagged", type=Path, nargs="+", required=True)
parser.add_argument("--dynamics", type=Path, nargs="+", required=True)
parser.add_argument("--summary", type=Path, required=True)
parser.add_argument("--by-class", type=Path, required=True)
parser.add_argument("--preferred", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
