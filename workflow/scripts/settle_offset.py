"""Set the offset of class hardness in a study file from the baseline's hardness, where it is 0 and 0 will not do."""

import argparse
from pathlib import Path

from hbr.data.files import write_text
from hbr.study.command import answer
from hbr.study.offsets import OFFSET, hardness_tables, offset_to_set
from hbr.study.studies import load_study
from hbr.study.templates import filled


def main(arguments: argparse.Namespace) -> None:
    """Print the tables that are still to be made, or set the offset and say so."""
    config = load_study(arguments.study)
    if arguments.tables:
        for path in hardness_tables(config).values():
            if not path.is_file():
                print(path)
    elif (offset := offset_to_set(config)) is not None:
        write_text(arguments.study, filled(arguments.study.read_text(encoding="utf-8"), {OFFSET: offset}))
        print(
            f"resampling.hardness_offset is set to {offset:g} in {arguments.study}: without it a class would get "
            "more than twice its images, or hardness would not be positive"
        )


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("study", type=Path)
parser.add_argument("--tables", action="store_true", help="only print the tables of hardness that are needed and not there")

if __name__ == "__main__":
    answer(main, parser)
