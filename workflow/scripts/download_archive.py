"""Fetch one published archive, verified by its checksum."""

import argparse
from functools import partial
from pathlib import Path

from hbr.data.archives import ARCHIVES
from hbr.data.download import fetch_archive
from hbr.study.command import run, say


def main(arguments: argparse.Namespace) -> None:
    """Fetch the archive whose file name the output bears."""
    archive = next(a for archives in ARCHIVES.values() for a in archives if a.filename == arguments.output.name)
    report = partial(say, arguments.log)
    fetch_archive(archive, arguments.output, arguments.mirror or None, arguments.folder, report=report)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--mirror", default="", help="base address to fetch from instead of the official one")
parser.add_argument("--folder", type=lambda text: Path(text) if text else None, help="folder that holds the archive")
parser.add_argument("--output", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
