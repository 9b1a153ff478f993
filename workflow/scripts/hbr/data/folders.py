"""Users' own images: a folder with one sub-folder a class."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from hbr.errors import StudyError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
# Whatever its name, a file of another format is not opened: some formats are programs that Pillow has others run.
_FORMATS = ("PNG", "JPEG", "WEBP")


def class_names_of(root: Path) -> tuple[str, ...]:
    """Return the class names in label order: ``classes.txt`` beside ``train`` where there is one, else by name."""
    listing = root / "classes.txt"
    folders = _class_folders(root, "train")
    if has_split(root) and (odd := sorted(set(_class_folders(root, "test")) - set(folders))):
        raise StudyError(f"{root / 'train' / odd[0]} is missing, though class {odd[0]!r} stands in test")
    if not listing.is_file():
        return tuple(folders)
    names = tuple(line.strip() for line in listing.read_text(encoding="utf-8").splitlines() if line.strip())
    if sorted(names) != folders:
        odd = sorted(set(names) ^ set(folders)) or [name for name in names if names.count(name) > 1]
        raise StudyError(f"{listing} and the class folders disagree about {odd[0]!r}; name every class folder once")
    return names


def read_split(root: Path, split: str, names: tuple[str, ...], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 images ``(samples, size, size, channels)`` and labels of one split.

    Samples stand in the order of their file names over all classes, so a data set whose files are named by index
    keeps its original order. Grey and RGB may mix (the result is then RGB); any other mode is refused by file name.
    """
    files = sorted((file.name, label, file) for label, name in enumerate(names) for file in _files(root, split, name))
    if not files:
        raise StudyError(f"{_class_root(root, split)} holds no {', '.join(SUFFIXES)} images in class folders")
    images = [_read_image(file, size) for _, _, file in files]
    channels = max(image.shape[2] for image in images)
    stacked = np.empty((len(images), size, size, channels), dtype=np.uint8)
    for position, image in enumerate(images):
        stacked[position] = image
    return stacked, np.asarray([label for _, label, _ in files], dtype=np.int64)


def has_split(root: Path) -> bool:
    """Return whether the folder holds ``train`` and ``test``; otherwise it is one folder of classes."""
    return (root / "train").is_dir() and (root / "test").is_dir()


def fingerprint(root: Path) -> str:
    """Return a SHA-256 over relative names and sizes of all images, cheap enough to take at every start.

    It sees files added, removed, renamed or changed in size, and a changed ``classes.txt``; it does not care about dates.
    """
    digest = hashlib.sha256()
    if (listing := root / "classes.txt").is_file():
        digest.update(listing.read_bytes())
    for name, size in sorted(_walk(root)):
        digest.update(os.fsencode(name) + f"\0{size}\n".encode())
    return digest.hexdigest()


def _walk(root: Path) -> Iterator[tuple[str, int]]:
    for folder, _, files in os.walk(root, followlinks=True):
        for name in files:
            if name.lower().endswith(SUFFIXES):
                path = os.path.join(folder, name)
                # A dangling link is for the reader of images to name.
                yield os.path.relpath(path, root), os.path.getsize(path) if Path(path).exists() else -1


def _class_folders(root: Path, split: str) -> list[str]:
    return sorted(entry.name for entry in _class_root(root, split).iterdir() if entry.is_dir())


def _class_root(root: Path, split: str) -> Path:
    folder = root / split if has_split(root) else root
    if not folder.is_dir():
        raise StudyError(f"{folder} is not a folder; set `root` to a folder that holds train/<class>/ and test/<class>/")
    return folder


def _files(root: Path, split: str, name: str) -> Iterator[Path]:
    folder = _class_root(root, split) / name
    if not folder.is_dir():
        raise StudyError(f"{folder} is missing, though class {name!r} stands in the other split")
    return (file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)


def _read_image(file: Path, size: int) -> np.ndarray:
    try:
        with Image.open(file, formats=_FORMATS) as image:
            if image.mode not in ("L", "RGB"):
                raise StudyError(f"{file} has colour mode {image.mode}; convert it to RGB or 8-bit grey (L)")
            resized = image if image.size == (size, size) else image.resize((size, size), Image.Resampling.BILINEAR)
            pixels = np.asarray(resized, dtype=np.uint8)
    except (StudyError, MemoryError):
        raise
    # Decoders raise many types on bytes that are not theirs.
    except Exception as error:
        raise StudyError(f"{file} cannot be read as an image ({error}); replace or remove it") from None
    return pixels[:, :, None] if pixels.ndim == 2 else pixels
