"""Users' own images: a folder with one sub-folder a class."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

from hbr.data.trees import ImageFile, ImageTree, counted
from hbr.errors import StudyError

# Whatever its name, a file of another format is not opened: some formats are programs that Pillow has others run.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
# Exact conversions, where nothing is transparent; every other one would choose for the user what to do about inks or depth.
_EXACT = {"P": "RGB", "1": "L", "RGBA": "RGB", "LA": "L"}
_USED = ("L", "RGB")
# Notes of a camera that was held on its side.
_ON_THEIR_SIDE = (5, 6, 7, 8)


def read_images(tree: ImageTree, size: int, report: Callable[[str], None]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return uint8 images ``(samples, size, size, channels)`` and int64 labels of each split.

    Grey and RGB may mix (a split is then RGB). Raises ``StudyError`` where files cannot be used, after a line to ``report``
    on each of them.
    """
    wrong: list[str] = []
    moving = 0
    splits = {}
    for split, files in tree.splits.items():
        images = []
        for file in files:
            try:
                pixels, several = _read_image(tree.root / file.path, size)
            except StudyError as error:
                wrong.append(str(error))
            else:
                images.append(pixels)
                moving += several
        if not wrong:
            splits[split] = _stacked(images, size), np.asarray([file.label for file in files], dtype=np.int64)
    if len(wrong) == 1:
        raise StudyError(wrong[0])
    if wrong:
        for line in wrong:
            report(line)
        total = sum(map(len, tree.splits.values()))
        raise StudyError(f"{tree.root}: {len(wrong)} of {total} images cannot be used, each named above; the first: {wrong[0]}")
    if moving:
        report(f"{tree.root}: {counted(moving, 'file')} of several pictures, of which the first is read")
    return splits


def read_batches(root: Path, files: Sequence[ImageFile], size: int, channels: int, batch: int) -> Iterator[np.ndarray]:
    """Yield uint8 images ``(batch, size, size, channels)`` of the files, no more than one batch in memory at a time.

    Grey images become RGB where ``channels`` is 3. Raises ``StudyError`` on the first file that cannot be used.
    """
    for start in range(0, len(files), batch):
        images = [_read_image(root / file.path, size)[0] for file in files[start : start + batch]]
        stacked = _stacked(images, size)
        if stacked.shape[3] > channels:
            raise StudyError(f"{root} holds colour images, and the data set's are grey; convert them")
        yield np.repeat(stacked, channels // stacked.shape[3], axis=3)


def picture_size(file: Path) -> tuple[int, int]:
    """Return width and height of an image, whose pixels are not decoded; raise ``StudyError`` where it cannot be used."""
    with _opened(file) as image:
        width, height = image.size
        return (height, width) if _orientation(image) in _ON_THEIR_SIDE else (width, height)


def _stacked(images: list[np.ndarray], size: int) -> np.ndarray:
    channels = max(image.shape[2] for image in images)
    stacked = np.empty((len(images), size, size, channels), dtype=np.uint8)
    for position, image in enumerate(images):
        stacked[position] = image
    return stacked


def _read_image(file: Path, size: int) -> tuple[np.ndarray, bool]:
    """Return the pixels, and whether the file holds more pictures than the first."""
    with _opened(file) as opened:
        moving = bool(getattr(opened, "is_animated", False))
        opened.load()
        # As every viewer shows it.
        upright = opened if _orientation(opened) == 1 else ImageOps.exif_transpose(opened)
        image = upright if upright.mode in _USED else upright.convert(_EXACT[upright.mode])
        resized = image if image.size == (size, size) else image.resize((size, size), Image.Resampling.BILINEAR)
        pixels = np.asarray(resized, dtype=np.uint8)
    return (pixels[:, :, None] if pixels.ndim == 2 else pixels), moving


def _orientation(image: Image.Image) -> int:
    """Return how a camera was held, 1 where a picture does not say so or cannot: its pixels may be whole all the same.

    A PNG that is not decoded yet has not said what stands behind its pixels.
    """
    # Asked for more, it would decode itself, and what is wrong with its pixels would be lost here.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1


@contextmanager
def _opened(file: Path) -> Iterator[Image.Image]:
    """Open an image whose colours need no choice of ours; raise ``StudyError`` on others, and on what decoders stumble over."""
    try:
        with Image.open(file, formats=_FORMATS) as opened:
            if opened.mode not in (*_USED, *_EXACT):
                raise StudyError(f"{file} has colour mode {opened.mode}; convert it to RGB or 8-bit grey (L)")
            # Most pictures that could be transparent are not, which only their pixels tell.
            if opened.has_transparency_data and opened.convert("RGBA").getchannel("A").getextrema() != (255, 255):
                raise StudyError(f"{file} has transparent places; put it on a background you choose")
            yield opened
    except (StudyError, MemoryError):
        raise
    # Decoders raise many types on bytes that are not theirs.
    except Exception as error:
        raise StudyError(f"{file} cannot be read as an image ({error}); replace or remove it") from None
