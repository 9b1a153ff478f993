"""Judge the paper's claims by several finished studies together, on one page; nothing of the studies is touched."""

import argparse
from pathlib import Path

from hbr.data.files import write_table, write_text
from hbr.study.claims.together import judge_together, opening_of
from hbr.study.command import answer
from hbr.study.start_page.claims import claims_answer
from hbr.study.start_page.parts import Link
from hbr.study.start_page.render import rendered_ledger
from hbr.study.studies import load_study

TEMPLATE = Path(__file__).parents[1] / "report/start_page/ledger.html"


def main(arguments: argparse.Namespace) -> None:
    """Write page and table, and say where they are."""
    studies = {path: load_study(path) for path in dict.fromkeys(arguments.studies)}
    ledger = judge_together(studies)
    opening, read = opening_of(ledger, list(studies))
    page, table = arguments.output / "index.html", arguments.output / "claims.csv"
    told = claims_answer(opening, True, Link(table.name, table.name))
    write_table(table, ledger)
    write_text(page, rendered_ledger(told, read, TEMPLATE))
    print(f"{told.sentences[0]} {page}, {table}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("studies", type=Path, nargs="+", help="study files of finished studies")
parser.add_argument("--output", type=Path, default=Path("ledger"), help="a folder")

if __name__ == "__main__":
    answer(main, parser)
