"""A study file for a user's own images: the template filled in, what was found and what it will cost in its head."""

import hashlib
import os
import re
import tempfile
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hbr.data.files import write_text
from hbr.errors import StudyError, printable
from hbr.study.configuration import KEPT
from hbr.study.own_images import Found, told
from hbr.study.sizing import VARIANTS, sizes_for, trainings, variants_within
from hbr.study.studies import load_study
from hbr.study.templates import filled

_TEMPLATE_DATASET = "my_images"
_LONGEST_NAME, _WIDTH = 40, 126
# Of the template's head everything from here on holds for any folder.
_KEPT_HEAD = "#   <root>"
# Pages and tables of a study of this shape on 2 cores shared with other work, and a job's start.
_PAGES_SECONDS, _VARIANTS_PATHS = 180.0, (("resampling", "variants"), ("noise", "variants"))

Pace = Callable[[Mapping[str, Any], str], float]


def study_path(folder: Path, images: Path, root: Path, others: Iterable[Path] = ()) -> Path:
    """Return where the study file of ``images`` is, or is to be: in ``folder``, under their name.

    Where that is the file of other images than those in ``root``, or another study bears the name, and so its results would,
    their place is told by a further part of the name. ``others`` are the files of studies that there are. A file that names no
    images is the one meant: whoever loads it says what is wrong with it, where a second study would leave it unseen.
    """
    name = study_name(images.name)
    taken = {KEPT} | {named for path in others if (named := _read_of(path, lambda config: str(config["study"])))}
    for candidate in (name, f"{name}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:6]}"):
        path = folder / f"{candidate}.yaml"
        if not path.is_file():
            if candidate not in taken:
                return path
        elif (own := root_of(path)) is None or own == root.resolve():
            return path
    raise StudyError(f"{path} is the study of other images; name another folder, or rename the file")


def study_name(name: str) -> str:
    """Return a name of a study that resembles a folder's: small letters, digits and - of it, or a digest where it has none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_NAME].strip("-")
    return slug or f"images-{hashlib.sha256(os.fsencode(unicodedata.normalize('NFC', name))).hexdigest()[:6]}"


def root_of(path: Path) -> Path | None:
    """Return the folder of images that a study file names first, None where it names none or is none.

    It is written out and freed of links: ``~/birds/``, ``../birds`` and a link to them are one folder.
    """
    named = _read_of(path, lambda config: str(next(iter(config["datasets"].values()))["root"]))
    return Path(named).expanduser().resolve() if named else None


def _read_of(path: Path, read: Callable[[Any], str]) -> str:
    """Return what is read of a study file, empty where it does not hold it or is none."""
    try:
        return read(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, yaml.YAMLError):
        return ""


def written_study(path: Path, found: Found, template: str, pace: Pace, at_once: int, command: str) -> str:
    """Write the study file of what was ``found``; return how long the study will take, in words.

    ``pace`` returns the seconds of one training of a study and data set, of which ``at_once`` run side by side. ``command`` is
    what the user wrote, for the head of the file.
    """
    name, dataset = path.stem, path.stem.replace("-", "_")
    values = sizes_for(found, os.fspath(found.tree.root), name)
    text = filled(template, values, {("datasets", _TEMPLATE_DATASET): dataset})
    with tempfile.TemporaryDirectory(prefix="hbr-") as folder:
        draft = Path(folder) / path.name
        write_text(draft, text)
        config = load_study(draft)
        seconds = pace(config, dataset)
        variants = variants_within(config, seconds, at_once)
        text = filled(text, dict.fromkeys(_VARIANTS_PATHS, variants))
        write_text(draft, text)
        config = load_study(draft)
    expected = duration_of(config, seconds, at_once)
    sentences = [
        f"Written for `{printable(command)}`. Change what you like: it is not written again, and a further run goes by it.",
        *(f"Found: {sentence}." for sentence in told(found)),
        f"Expected: {expected}.",
    ]
    write_text(path, _with_head(text, sentences))
    return expected


def duration_of(config: Mapping[str, Any], seconds: float, at_once: int) -> str:
    """Return in words how long a study takes in which one training takes ``seconds`` and ``at_once`` run side by side."""
    number, variants = trainings(config), config["resampling"]["variants"]
    whole = number * seconds / at_once + _PAGES_SECONDS
    side = f"{at_once} at once" if at_once > 1 else "one at a time"
    advice = ""
    if variants == VARIANTS[0] and whole > 6 * 3600:
        advice = "; fewer epochs, a smaller image_size or a GPU make it shorter"
    return (
        f"about {in_words(whole)} on this machine as busy as it is: {number} trainings of {in_words(seconds)}, {side}{advice}"
    )


def in_words(seconds: float) -> str:
    """Return a time in the unit a person would use."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 90 * 60 else f"{seconds / 3600:.1f} hours"


def _with_head(text: str, sentences: Sequence[str]) -> str:
    head = "\n".join(
        line for one in sentences for line in textwrap.wrap(one, _WIDTH, subsequent_indent="  ", break_long_words=False)
    )
    written = "".join(f"# {line}\n" for line in head.splitlines())
    return written + "#\n" + text[text.index(_KEPT_HEAD) :]
