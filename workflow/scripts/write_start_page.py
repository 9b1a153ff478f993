"""Write the page that a study begins with, and the part of it that Snakemake's report opens with."""

import argparse
import json
from pathlib import Path

from hbr.data.files import read_table, write_table, write_text
from hbr.study.claims.evidence import Evidence
from hbr.study.command import append, run
from hbr.study.start_page.page import start_page
from hbr.study.start_page.render import rendered


def main(arguments: argparse.Namespace) -> None:
    """Write both pages and the lists of what looks mislabelled; the log has the sentences."""
    settings, results = json.loads(arguments.settings), arguments.claims.parent
    evidences = []
    for dataset, setting in settings.items():
        home = results / dataset
        files = {path.relative_to(home).as_posix(): path for path in arguments.tables if path.is_relative_to(home)}
        evidences.append(Evidence(dataset, files, **setting))
    costs, opening = read_table(arguments.costs), read_table(arguments.claims)
    beside = json.loads(arguments.beside)
    page = start_page(arguments.study, evidences, beside, costs, opening, results, arguments.page)
    write_text(arguments.page, rendered(page, arguments.page_template))
    write_text(arguments.opening, rendered(page, arguments.opening_template))
    for path in arguments.flagged:
        (listed,) = (dataset.suspects for dataset in page.datasets if dataset.name == path.stem)
        write_table(path, listed)
    for dataset in page.datasets:
        for answer in dataset.answers:
            append(arguments.log, f"{dataset.name}: {answer.question} {' '.join(map(str, answer.sentences))}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--study", required=True, help="its name")
parser.add_argument("--settings", required=True, help="JSON: what each data set stands for, and how it was trained")
parser.add_argument("--beside", required=True, help="JSON: variants, methods of noise rules, titles of chapters")
parser.add_argument("--tables", type=Path, nargs="+", required=True, help="under the folder of the claims")
parser.add_argument("--costs", type=Path, required=True)
parser.add_argument("--claims", type=Path, required=True, help="the columns of the ledger that a report opens with")
parser.add_argument("--page-template", type=Path, required=True)
parser.add_argument("--opening-template", type=Path, required=True)
parser.add_argument("--page", type=Path, required=True)
parser.add_argument("--flagged", type=Path, nargs="*", default=[], help="<data set>.csv each, under flagged beside the page")
parser.add_argument("--opening", type=Path, required=True, help="HTML without head, for the report")

if __name__ == "__main__":
    run(main, parser)
