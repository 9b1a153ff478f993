"""Look at a folder of images, write a study file for them where there is none, and say what it will cost; print its path."""

import argparse
import shlex
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hbr.errors import StudyError
from hbr.study.command import answer
from hbr.study.own_images import Found, look_at, told
from hbr.study.own_study import duration_of, root_of, study_name, study_path, written_study
from hbr.study.studies import load_study
from hbr.study.zips import unpacked_beside

ROOT = Path(__file__).resolve().parents[2]


def say(line: str) -> None:
    """Tell the user; the standard output is the study's path alone."""
    print(line, file=sys.stderr, flush=True)


def main(arguments: argparse.Namespace) -> None:
    """Look, write, say."""
    if not arguments.images:
        raise StudyError("name the pictures: IMAGES=<a folder with one folder of images for each class, or a .zip of one>")
    images = Path(arguments.images).expanduser().resolve()
    if images.suffix.lower() == ".zip" and images.is_file():
        archive, (images, fresh) = images, unpacked_beside(images)
        say(f"{archive.name} {'is' if fresh else 'was'} unpacked into {images}")
    found = look_at(images)
    for sentence in told(found):
        say(f"  {sentence}")
    others = [Path("config.yaml"), *sorted(Path("studies").rglob("*.yaml"))]
    path = study_path(arguments.studies, images, found.tree.root, others)
    if path.is_file():
        config = load_study(path)
        # As its trainings find a network that lies beside the study.
        sys.path += ["", str(path.parent.resolve())]
        say(f"{path} is there and is used as it is; delete it for a new one")
        if not (Path("results") / config["study"]).is_dir():
            seconds = seconds_here(found, config, next(iter(config["datasets"])))
            say(f"  expected: {duration_of(config, seconds, at_once())}")
    else:
        template, command = arguments.template.read_text(encoding="utf-8"), f"make run IMAGES={shlex.quote(arguments.images)}"
        namesake = arguments.studies / f"{study_name(images.name)}.yaml"
        if namesake.is_file():
            say(f"{namesake} is the study of {root_of(namesake)}; if these are its images, moved, set `root` there and run it")
        say("timing a few steps of a training ...")
        expected = written_study(path, found, template, partial(seconds_here, found), at_once(), command)
        say(f"{path} is written, with a reason beside each line: change what you like, it is not written again")
        say(f"  expected: {expected}")
    print(path)


def seconds_here(found: Found, config: Mapping[str, Any], dataset: str) -> float:
    """Return the seconds of one training on this machine."""
    import torch

    from hbr.study.pace import seconds_of_training

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return seconds_of_training(found, config, dataset, device)


def at_once() -> int:
    """Return how many trainings run side by side: one a GPU, or else one a core."""
    import torch
    from snakemake.utils import available_cpu_count

    return torch.cuda.device_count() or available_cpu_count()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("images", help="a folder with a folder of images for each class, or a .zip of one")
parser.add_argument("--studies", type=Path, default=Path("studies/own"), help="where study files of own images are kept")
parser.add_argument("--template", type=Path, default=ROOT / "studies/folder.yaml")

if __name__ == "__main__":
    answer(main, parser)
