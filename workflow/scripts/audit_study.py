"""Audit a finished study: print what holds, name what does not, and end with exit code 1 if anything does not."""

import argparse
import sys
from pathlib import Path

from hbr.audit.checks import StudyAudit
from hbr.errors import StudyError
from hbr.studies import load_study


def main(arguments: argparse.Namespace) -> int:
    """Audit every data set of the study."""
    # A user's own estimator stands beside the study.
    sys.path.append(str(Path.cwd()))
    config = load_study(arguments.study)
    failed = False
    for dataset in config["datasets"]:
        findings = StudyAudit(config, dataset).run(pages=not arguments.quick)
        print(f"{config['study']}, {dataset}\n{findings}")
        for problem in findings.problems:
            print(f"  {problem}")
        failed |= bool(findings.problems)
    print("The audit failed." if failed else "The audit found nothing to object to.")
    return int(failed)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("study", type=Path, nargs="?", default=Path("config.yaml"))
parser.add_argument("--quick", action="store_true", help="do not make the report's pages again")

if __name__ == "__main__":
    try:
        sys.exit(main(parser.parse_args()))
    except StudyError as error:
        sys.exit(f"error: {error}")
