"""What a folder of users' own images holds, found without opening one: one walk for its reader and its fingerprint."""

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hbr.errors import StudyError

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp"),
    *(".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm", ".pnm"),
)
# What Macs, network disks, archives and viewers leave; names with one point in front, such as .ipynb_checkpoints, beside.
_LEFT_BEHIND = {
    *("__MACOSX", "@eaDir", "@Recycle", "@tmp", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information"),
    *("lost+found", "Thumbs.db", "desktop.ini", "__pycache__"),
}

_PARTS = {"train", "training", "test", "testing", "val", "valid", "validation"}
# Formats of pictures that are not read, as phones and cameras write them.
_CONVERTIBLE = {".heic", ".heif", ".avif", ".jp2", ".jxl", ".svg", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".psd"}


class AbsentError(StudyError):
    """Images are not where they should be: moved, not mounted, or not to be read."""


@dataclass(frozen=True)
class ImageFile:
    """One image: its path relative to the root, its class and its size in bytes, -1 for a link that leads nowhere."""

    path: str
    label: int
    size: int


@dataclass(frozen=True)
class ImageTree:
    """What a folder of images holds: classes in label order, files of each split, and a line on each thing left out.

    ``splits`` has the keys ``train`` and ``test``, or ``all`` for one folder of classes.
    """

    root: Path
    class_names: tuple[str, ...]
    splits: dict[str, tuple[ImageFile, ...]]
    remarks: tuple[str, ...]


def image_tree(root: Path) -> ImageTree:
    """Return all images below the class folders of ``<root>/{train,test}/`` or ``<root>/``, without opening them.

    Every real folder of a split is walked once, wherever links lead. Files stand in the order of their names over all
    classes, so a data set whose files are named by index keeps its order. Names are compared in Unicode's composed form.
    Raises ``StudyError`` on folders that are missing or cannot be read, and where splits or ``classes.txt`` disagree.
    """
    if not root.is_dir():
        raise AbsentError(
            f"{root} is not a folder; set `root` to a folder of folders, one a class, or of train/ and test/ with such"
        )
    walk = _Walk(root)
    places = {"train": root / "train", "test": root / "test"}
    if not all(place.is_dir() for place in places.values()):
        places = {"all": root}
        _check_half_split(root)
        _check_other_split(root)
    else:
        walk.beside(set(places))
    folders = {split: walk.class_folders(place) for split, place in places.items()}
    _check_splits(places, folders, walk)
    names = _class_names(root, sorted(folders["train" if "train" in folders else "all"]))
    splits = {split: tuple(walk.images(folders[split], names)) for split in places}
    for split, files in splits.items():
        if not files:
            raise AbsentError(f"{places[split]} holds no images in class folders{walk.in_short()}")
    return ImageTree(root, names, splits, tuple(walk.remarks()))


def fingerprint(tree: ImageTree) -> str:
    """Return a SHA-256 over class names, relative names and sizes of all images, cheap enough to take at every start.

    It sees files added, removed, renamed or changed in size, and classes in another order; it does not care about dates,
    about where the folder lies, or about files that are not read.
    """
    digest = hashlib.sha256(os.fsencode("\0".join(tree.class_names)))
    for split, files in tree.splits.items():
        for file in files:
            digest.update(os.fsencode(f"\n{split}\0{_composed(file.path)}\0{file.size}"))
    return digest.hexdigest()


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number and its noun."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def is_left_behind(name: str) -> bool:
    """Return whether an entry of this name is of other programs, and no class or image."""
    return name in _LEFT_BEHIND or (name.startswith(".") and not name.startswith(".."))


class _Walk:
    """Walks a folder of images and counts what it passes over."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.left_behind: list[str] = []
        self.formats: Counter[str] = Counter()
        self.loose: list[str] = []
        self.loops: list[str] = []
        self.others: list[str] = []

    def beside(self, known: set[str]) -> None:
        """Count the folders of the root that are no split."""
        for entry in _entries(self.root):
            if not self._is_left_behind(entry) and _is_folder(entry) and entry.name not in known:
                self.others.append(entry.name)

    def class_folders(self, place: Path) -> dict[str, Path]:
        """Return the folder of each class of one split by its composed name."""
        folders: dict[str, Path] = {}
        known: dict[tuple[int, int], str] = {}
        for entry in _entries(place):
            if self._is_left_behind(entry):
                continue
            if not _is_folder(entry):
                self.loose += [self._relative(entry.path)] if _is_image(entry.name) else []
            elif (name := _composed(entry.name)) in folders:
                raise StudyError(f"{place} holds two folders that both read {name!r}; merge or rename one")
            elif (other := known.setdefault(_identity(Path(entry.path)), name)) != name:
                raise StudyError(f"{place}: {other!r} and {name!r} are one folder by a link; remove the link")
            else:
                folders[name] = Path(entry.path)
        return folders

    def images(self, folders: dict[str, Path], names: tuple[str, ...]) -> list[ImageFile]:
        """Return the images below the class folders of one split, in the order of their names."""
        # A folder inside a class that is a class itself, or holds the classes, is met again by a link only.
        seen = {_identity(place) for folder in folders.values() for place in (folder, folder.parent, self.root)}
        found = [
            (_composed(path.rpartition(os.sep)[2]), label, _composed(path), ImageFile(path, label, size))
            for label, name in enumerate(names)
            for path, size in self._below(folders[name], seen)
        ]
        return [file for *_, file in sorted(found, key=lambda item: item[:3])]

    def remarks(self) -> Iterator[str]:
        """Yield one line on each thing that is passed over."""
        if self.left_behind:
            number = counted(len(self.left_behind), "entry", "entries")
            yield f"{number} of other programs passed over, {_few(self.left_behind)}"
        if self.formats:
            kinds = ", ".join(f"{count} {suffix or 'without ending'}" for suffix, count in self.formats.most_common())
            advice = "; convert pictures to JPEG or PNG" if _CONVERTIBLE & set(self.formats) else ""
            number = counted(self.formats.total(), "file")
            yield f"{number} in class folders left out, as no images are read from them: {kinds}{advice}"
        if self.loose:
            yield f"{counted(len(self.loose), 'image')} outside class folders left out, {_few(self.loose)}"
        if self.others:
            yield f"{counted(len(self.others), 'folder')} beside train and test left out, {_few(self.others)}"
        if self.loops:
            yield f"{counted(len(self.loops), 'link')} to folders already walked passed over, {_few(self.loops)}"

    def in_short(self) -> str:
        """Return what was passed over, to be added to a sentence."""
        return "".join(f" ({remark})" for remark in self.remarks())

    def _below(self, folder: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[str, int]]:
        waiting = [folder]
        while waiting:
            for entry in _entries(waiting.pop()):
                if self._is_left_behind(entry):
                    continue
                if _is_folder(entry):
                    place = Path(entry.path)
                    if (identity := _identity(place)) in seen:
                        self.loops.append(self._relative(entry.path))
                    else:
                        seen.add(identity)
                        waiting.append(place)
                elif not _is_image(entry.name):
                    self.formats[Path(entry.name).suffix.lower()] += 1
                elif (size := _size(entry)) is not None:
                    yield self._relative(entry.path), size
                else:
                    # A pipe would keep its reader waiting for ever.
                    self.formats["neither file nor folder"] += 1

    def _is_left_behind(self, entry: os.DirEntry[str]) -> bool:
        left = is_left_behind(entry.name)
        self.left_behind += [self._relative(entry.path)] if left else []
        return left

    def _relative(self, path: str) -> str:
        # A quarter of the time of a walk would be spent in relpath.
        above = os.path.join(self.root, "")
        return path.removeprefix(above) if path.startswith(above) else os.path.relpath(path, self.root)


def _check_half_split(root: Path) -> None:
    for one, other in (("train", "test"), ("test", "train")):
        if (root / one).is_dir() and not (root / other).exists():
            entries = [entry for entry in _entries(root / one) if not entry.name.startswith(".")]
            # A class may be called train.
            if any(_is_folder(entry) for entry in entries) and not any(_is_image(entry.name) for entry in entries):
                beside = [entry.name for entry in _entries(root) if _is_folder(entry)]
                parts = [name for name in beside if name != one and name.casefold() in _PARTS]
                # Of several the one that is meant, in other letters.
                called = next((name for name in parts if name.casefold() == other), parts[0] if parts else "")
                mend = f"rename {called}/ to {other}/" if called else "add it"
                raise AbsentError(
                    f"{root} holds {one}/ but no {other}/; {mend}, or name {root / one} alone (`root`, IMAGES=...), whose "
                    "`test_fraction` is tested on"
                )


def _check_other_split(root: Path) -> None:
    """Raise ``StudyError`` where all folders are called as parts of a data set are, and hold folders and no images."""
    folders = [entry for entry in _entries(root) if _is_folder(entry) and not is_left_behind(entry.name)]
    if len(folders) < 2 or not {entry.name.casefold() for entry in folders} <= _PARTS:
        return
    inside = [entry for folder in folders for entry in _entries(Path(folder.path))]
    if any(map(_is_folder, inside)) and not any(_is_image(entry.name) for entry in inside if not _is_folder(entry)):
        raise StudyError(
            f"{root} holds {' and '.join(entry.name for entry in folders)}, which read as parts of a data set and not as its "
            "classes; rename the one to train on to train and the one to test on to test"
        )


def _check_splits(places: dict[str, Path], folders: dict[str, dict[str, Path]], walk: _Walk) -> None:
    for split, place in places.items():
        if not folders[split] and walk.loose:
            loose = sum(path.startswith(split + os.sep) for path in walk.loose) if len(places) > 1 else len(walk.loose)
            other = f", or set `root` to {places['train']} and `test_fraction`" if split == "test" and folders["train"] else ""
            raise StudyError(
                f"{place} holds {counted(loose, 'image')} and no class folders, so that their classes are unknown; "
                f"move them into one folder a class{other}"
            )
    for split, place in places.items():
        for other in places:
            for name in folders[other]:
                if name not in folders[split]:
                    raise AbsentError(f"{place / name} is missing, though class {name!r} stands in {other}")


def _class_names(root: Path, folders: list[str]) -> tuple[str, ...]:
    """Return the class names in label order: as in ``classes.txt`` where there is one, else by name."""
    listing = root / "classes.txt"
    if not listing.is_file():
        return tuple(folders)
    content = listing.read_bytes()
    try:
        # Windows programs put a byte-order mark in front.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "not UTF-8"
        raise StudyError(f"{listing} is {kind} (byte {error.start + 1}); save it as UTF-8") from None
    names = tuple(_composed(line.strip()) for line in text.splitlines() if line.strip())
    if sorted(names) != folders:
        odd = sorted(set(names) ^ set(folders)) or [name for name in names if names.count(name) > 1]
        raise StudyError(f"{listing} and the class folders disagree about {odd[0]!r}; name every class folder once")
    return names


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise AbsentError(f"{folder} cannot be read ({error.strerror})") from None


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    # A link to itself.
    except OSError:
        return False


def _size(entry: os.DirEntry[str]) -> int | None:
    """Return a file's bytes, -1 for a link that leads nowhere, which the reader of images names, and nothing for pipes."""
    try:
        if entry.is_file():
            return entry.stat().st_size
        return -1 if entry.is_symlink() and not Path(entry.path).exists() else None
    except OSError as error:
        if entry.is_symlink():
            return -1
        raise AbsentError(f"{entry.path} cannot be read ({error.strerror})") from None


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _composed(name: str) -> str:
    # Macs store letters and their accents apart.
    return unicodedata.normalize("NFC", name)


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
