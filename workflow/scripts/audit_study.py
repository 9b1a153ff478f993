"""Audit a finished study: print what holds, name what does not, and end with exit code 1 if anything does not."""

import argparse
from pathlib import Path

from hbr.errors import StudyError
from hbr.study.audit.study import FROM_SOURCES, audit_study, other_version
from hbr.study.command import answer
from hbr.study.dry_run import planned_jobs
from hbr.study.studies import load_study


def main(arguments: argparse.Namespace) -> int:
    """Audit the study's results in the working directory."""
    config = load_study(arguments.study)
    if not (results := Path("results") / config["study"]).is_dir():
        raise StudyError(f"{results} does not exist: the study has not run here; make run STUDY={arguments.study} comes first")
    jobs = planned_jobs(arguments.study, everything=True, without=FROM_SOURCES)
    findings = audit_study(config, jobs, pages=not arguments.quick)
    print(f"{config['study']}\n{findings}")
    for problem in findings.problems:
        print(f"  {problem}")
    if findings.problems and (sentence := other_version(config)):
        print(sentence)
    print("The audit failed." if findings.problems else "The audit found nothing to object to.")
    return int(bool(findings.problems))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("study", type=Path, nargs="?", default=Path("config.yaml"))
parser.add_argument("--quick", action="store_true", help="do not make the report's pages again")

if __name__ == "__main__":
    answer(main, parser)
