"""Audit a finished study: print what holds, name what does not, and end with exit code 1 if anything does not."""

import argparse
import sys
from functools import partial
from pathlib import Path

from hbr.audit.checks import StudyAudit
from hbr.audit.study import audit_ledger
from hbr.errors import StudyError
from hbr.modules import plugin_folders
from hbr.studies import load_study


def main(arguments: argparse.Namespace) -> int:
    """Audit every data set of the study."""
    # Where a user's own estimator stands.
    sys.path += map(str, plugin_folders([arguments.study]))
    config = load_study(arguments.study)
    pages, failed = not arguments.quick, False
    audits = [(dataset, partial(StudyAudit(config, dataset).run, pages)) for dataset in config["datasets"]]
    for name, audit in [*audits, ("ledger", partial(audit_ledger, config, pages))]:
        findings = audit()
        print(f"{config['study']}, {name}\n{findings}")
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
