"""Pack a finished study into one archive for somebody else, or unpack one into this clone."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hbr.study.command import answer
from hbr.study.modules import own_functions, plugin_files, plugin_folders
from hbr.study.packing import pack, unpack
from hbr.study.reported import reported_figures
from hbr.study.studies import load_study
from hbr.version import VERSION

FIGURES = Path(__file__).resolve().parents[1] / "report/figures"


def main(arguments: argparse.Namespace) -> None:
    """Write or read, and say what comes next."""
    if arguments.unpack:
        study, version, pictures = unpack(arguments.unpack)
        print(f"{arguments.unpack} is unpacked; its study file is {study}")
        if version != VERSION:
            print(f"it was made by version {version} of the project, this is {VERSION}: audit it with the version that made it")
        if pictures:
            print(f"audit it: make audit STUDY='{study}'")
        else:
            print("images were left out: what they are needed for is made again, and can be audited, once you have them")
        print(f"go on with it: set the path of the pictures in {study} to yours, then make run STUDY='{study}'")
        return
    config = load_study(arguments.study)
    archive = arguments.file or Path(f"{config['study']}.tar.gz")
    files = pack(archive, arguments.study, config, None if arguments.pictures == "yes" else showing_images())
    images = "with images of the study's size" if arguments.pictures == "yes" else "without images and what shows them"
    print(f"{archive}: {files:,} files, {archive.stat().st_size / 1e6:,.1f} MB, {images}")
    if own := own_modules(arguments.study, config):
        print(f"send {', '.join(own)} along: code of your own is not in an archive, and is needed to audit it and to go on")


def own_modules(study: Path, config: Mapping[str, Any]) -> list[str]:
    """Return the files of the user's own functions that a study names, and of what they import."""
    package, folders = Path(__file__).resolve().parent, plugin_folders([study])
    return sorted(
        {
            str(file)
            for function in own_functions(config)
            for file in plugin_files(function.partition(":")[0], folders, package)
            if not file.resolve().is_relative_to(package)
        }
    )


def showing_images() -> dict[str, list[str]]:
    """Return the figures that show training images, by chapter."""
    found: dict[str, list[str]] = {}
    for figure in reported_figures(FIGURES):
        if figure.shows_images:
            found.setdefault(figure.chapter, []).append(figure.name)
    return found


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("study", type=Path, nargs="?", default=Path("config.yaml"))
parser.add_argument("--file", type=Path, help="where the archive goes, <study>.tar.gz if left out")
parser.add_argument("--pictures", choices=("yes", "no"), default="yes", help="whether prepared images and pictures go along")
parser.add_argument("--unpack", type=Path, metavar="FILE", help="an archive to unpack here")

if __name__ == "__main__":
    answer(main, parser)
