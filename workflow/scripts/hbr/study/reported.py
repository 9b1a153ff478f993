"""The list of what a report shows: a folder with a file for each figure, which says its title and is its caption."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from hbr.errors import StudyError

_HEADER = re.compile(r"\.\. (title: .*(?:\n   .+)*)\n\n")
_OF_PAPER = re.compile(r"Reproduces figure (\w+) of version ([12])\.")


@dataclass(frozen=True)
class ReportedFigure:
    """A figure of a chapter; its caption is the file, whose first lines are a comment of reStructuredText."""

    chapter: str
    name: str
    title: str
    caption: Path
    # The number in that version of the paper, both empty for a figure that is not there.
    number: str
    version: str
    # Pictures of training images are not the project's to publish.
    shows_images: bool
    # What draws it below a chapter, as `module:function`; empty where the chapter's notebook does.
    draws: str

    @property
    def label(self) -> str:
        """Return the title with the figure of the paper that it reproduces."""
        return f"{self.title} (v{self.version}, figure {self.number})" if self.number else self.title


def reported_figures(folder: Path) -> list[ReportedFigure]:
    """Return the figures that ``<folder>/<chapter>/<name>.rst`` describe, by chapter and name.

    Raises a ``StudyError`` where a file does not begin with a comment that holds its title.
    """
    return [_read(path) for path in sorted(folder.glob("*/*.rst"))]


def chapter_title(notebook: Path) -> str:
    """Return the title of a chapter, which is its notebook's first heading, as it stands within a line."""
    heading = next(line for line in notebook.read_text(encoding="utf-8").splitlines() if line.startswith("# # "))
    return heading[4].lower() + heading[5:]


def _read(path: Path) -> ReportedFigure:
    text = path.read_text(encoding="utf-8")
    header = _HEADER.match(text)
    told = yaml.safe_load(re.sub(r"\n +", "\n", header[1])) if header else {}
    if not header or set(told) - {"title", "shows", "draws"} or not isinstance(told["title"], str):
        lines = "perhaps lines `   shows: training images` or `   draws: module:function`"
        raise StudyError(f"{path} must begin with `.. title: ...`, {lines}, and a blank line")
    number, version = found.groups() if (found := _OF_PAPER.search(text)) else ("", "")
    shows = told.get("shows") == "training images"
    place = (path.parent.name, path.stem, told["title"], path)
    return ReportedFigure(*place, number, version, shows, str(told.get("draws", "")))
