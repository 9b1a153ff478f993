"""Set the offset of class hardness in a study file from the baseline's hardness, where it is 0 and 0 will not do."""

import argparse
from pathlib import Path

from hbr.data.files import write_text
from hbr.errors import StudyError
from hbr.study.command import answer
from hbr.study.offsets import OFFSET, hardness_tables, is_unset, offset_to_set
from hbr.study.studies import load_study
from hbr.study.templates import filled

_WHY = "without it a class would get more than twice its images, or hardness would not be positive"


def main(arguments: argparse.Namespace) -> None:
    """Print the tables that say which offset is needed, or set it and say so."""
    config = load_study(arguments.study)
    if arguments.tables:
        # All of them where it may still be set: whether those that are there still hold is Snakemake's to say.
        for path in hardness_tables(config).values() if is_unset(config) else ():
            print(path)
    elif (offset := offset_to_set(config)) is not None:
        text = arguments.study.read_text(encoding="utf-8")
        try:
            settled = filled(text, {OFFSET: offset})
        except KeyError:
            raise StudyError(f"write `{OFFSET[1]}: {offset:g}` under `{OFFSET[0]}` in {arguments.study}: {_WHY}") from None
        write_text(arguments.study, settled)
        print(f"{'.'.join(OFFSET)} is set to {offset:g} in {arguments.study}: {_WHY}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("study", type=Path)
parser.add_argument("--tables", action="store_true", help="only print the tables of hardness that tell an offset not set")

if __name__ == "__main__":
    answer(main, parser)
