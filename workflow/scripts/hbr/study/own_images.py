"""A user's own images, looked at before anything is computed: what there is of each class, and whether it will do."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hbr.data.folders import picture_size
from hbr.data.trees import SUFFIXES, ImageTree, counted, image_tree, is_left_behind
from hbr.errors import StudyError, printable

# With fewer, a class's recall moves by a third with a single test image.
LEAST_IMAGES = 10
LEAST_TESTED = 3
# Every image is opened before the study begins; of large folders as many are looked at here, evenly spread.
_MOST_OPENED = 5_000
_MOST_TOLD = 12
_MOST_NAMED = 9
_UNEVEN, _LONG = 1.5, 1.5
_ARCHIVES = (".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")


@dataclass(frozen=True)
class Found:
    """What a folder holds: images of each class by split (``train`` and ``test``, or ``all``), their sizes, what was left out.

    ``sizes`` are width and height in pixels of the images that were opened, ``(images, 2)``.
    """

    tree: ImageTree
    counts: dict[str, tuple[int, ...]]
    sizes: np.ndarray

    @property
    def is_split(self) -> bool:
        """Return whether the folder says itself what is tested on."""
        return "train" in self.counts

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Return the images of each class, those to be tested on among them."""
        return tuple(map(sum, zip(*self.counts.values(), strict=True)))

    @property
    def images(self) -> int:
        """Return the number of images."""
        return sum(self.class_counts)

    @property
    def short_side(self) -> int:
        """Return the median of the images' shorter sides, in pixels."""
        return int(np.median(self.sizes.min(axis=1)))

    @property
    def imbalance(self) -> float:
        """Return how many times as many images the largest class has as the smallest."""
        return max(self.class_counts) / min(self.class_counts)


def look_at(folder: Path) -> Found:
    """Return what a folder of images holds.

    Where it holds nothing but one folder, and that one holds folders again, the inner one is meant: archives are packed so.
    Raises ``StudyError`` where there are no images, one class, too few of a class, or some that cannot be read.
    """
    root = innermost(folder)
    tree = image_tree(root)
    counts = {
        split: tuple(np.bincount([file.label for file in files], minlength=len(tree.class_names)).tolist())
        for split, files in tree.splits.items()
    }
    _check_classes(tree, counts)
    return Found(tree, counts, _sizes(tree))


def innermost(folder: Path) -> Path:
    """Return the folder in which the classes, or train and test, lie: the given one, or the only one inside of it."""
    if not folder.is_dir():
        is_archive = folder.is_file() and folder.suffix.lower() in _ARCHIVES
        what = "does not exist" if not folder.exists() else "is no folder and no .zip"
        mend = "unpack it first, and name" if is_archive else "name"
        raise StudyError(f"{folder} {what}; {mend} a folder with one folder of images for each class: IMAGES=<folder>")
    try:
        while inner := _packed(folder):
            if _holds_images(folder):
                raise StudyError(f"{folder} holds images and one folder; name {inner} if the classes are in there")
            folder = inner
    except OSError as error:
        raise StudyError(f"{error.filename} cannot be read ({error.strerror})") from None
    return folder


def told(found: Found) -> Iterator[str]:
    """Yield sentences on what was found, for the terminal and the head of a study file."""
    names, totals = found.tree.class_names, found.class_counts
    low, high = found.sizes.min(axis=0), found.sizes.max(axis=0)
    width, height = np.median(found.sizes, axis=0).astype(int)
    yield f"{found.images:,} images of {len(names)} classes in {printable(str(found.tree.root))}"
    order = sorted(range(len(names)), key=lambda label: -totals[label])
    shown = ", ".join(f"{printable(names[label])} {totals[label]:,}" for label in order[:_MOST_TOLD])
    yield f"images of each class: {shown}" + (
        f" and {counted(left, 'class', 'classes')} more" if (left := len(names) - _MOST_TOLD) > 0 else ""
    )
    if found.is_split:
        yield " and ".join(f"{sum(counts):,} in {split}/" for split, counts in found.counts.items())
    same = bool((low == high).all())
    yield f"sizes: {width} x {height} pixels" + ("" if same else f" in the median, {low.min()} to {high.max()} pixels a side")
    long = float(np.mean(found.sizes.max(axis=1) > _LONG * found.sizes.min(axis=1)))
    if long > 0:
        yield (
            f"{max(1, round(100 * long))}% of the images are more than {_LONG:g} times as long as wide; each is squeezed to a "
            "square: crop them first where shapes matter"
        )
    if found.imbalance > _UNEVEN:
        few, many = (printable(names[label]) for label in (order[-1], order[0]))
        yield (
            f"classes differ in size: {many} has {found.imbalance:.1f} times the images of {few}; they stay as they are, and "
            "resampling changes each by its hardness alone (resampling.balance: equal makes them alike)"
        )
    for remark in found.tree.remarks:
        yield printable(remark)


def _check_classes(tree: ImageTree, counts: dict[str, tuple[int, ...]]) -> None:
    names = tree.class_names
    if len(names) < 2:
        raise StudyError(
            f"{tree.root} holds one class, {names[0]!r}; a study compares classes: add a folder of images for each other one"
        )
    least = {"train": LEAST_IMAGES - LEAST_TESTED, "test": LEAST_TESTED, "all": LEAST_IMAGES}
    for split, own in counts.items():
        few = [f"{names[label]!r} ({count})" for label, count in enumerate(own) if count < least[split]]
        if few:
            where = tree.root if split == "all" else tree.root / split
            more = f" and {len(few) - 3} more" if len(few) > 3 else ""
            passed = "".join(f" ({remark})" for remark in tree.remarks)
            raise StudyError(
                f"{where} holds fewer than {least[split]} images of {', '.join(few[:3])}{more}, too few to say anything of a "
                f"class; add images, or move the folder elsewhere{printable(passed)}"
            )


def _sizes(tree: ImageTree) -> np.ndarray:
    files = [file for part in tree.splits.values() for file in part]
    places = np.unique(np.linspace(0, len(files) - 1, min(len(files), _MOST_OPENED)).astype(int))
    sizes: list[tuple[int, int]] = []
    wrong: dict[str, str] = {}
    for place in places:
        try:
            sizes.append(picture_size(tree.root / files[place].path))
        except StudyError as error:
            wrong[files[place].path] = str(error)
    if wrong:
        _, *others = wrong
        more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        named = f" (cannot be used either: {printable(', '.join(others[:_MOST_NAMED]))}{more})" if others else ""
        raise StudyError(printable(next(iter(wrong.values()))) + named)
    return np.array(sizes)


def _packed(folder: Path) -> Path | None:
    """Return the only folder inside of a folder, if it looks like one of classes."""
    inside = _folders(folder)
    if len(inside) != 1:
        return None
    within = _folders(inside[0])
    return inside[0] if len(within) > 1 or (within and not _holds_images(inside[0])) else None


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in folder.iterdir() if entry.is_dir() and not is_left_behind(entry.name)]


def _holds_images(folder: Path) -> bool:
    return any(entry.suffix.lower() in SUFFIXES for entry in folder.iterdir())
