"""Arrays of any size, read and written some rows at a time: neither images nor what is said of them need fit into memory."""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from hbr.data.files import reading, replacing
from hbr.errors import StudyError


class ImageStream:
    """Images of one file, uint8 ``(samples, *shape)`` with ``shape`` height, width, channels; made by :func:`open_images`."""

    def __init__(self, path: Path, stream: IO[bytes], samples: int, shape: tuple[int, ...]) -> None:
        self.path, self.stream, self.samples, self.shape = path, stream, samples, shape
        self.digest = hashlib.sha256()

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of the pixels read so far."""
        return self.digest.hexdigest()

    def read(self, count: int) -> np.ndarray:
        """Return the next ``count`` images."""
        with reading(self.path, "an array of images"):
            size = int(np.prod(self.shape))
            content = self.stream.read(count * size)
            if len(content) < count * size:
                raise ValueError("it ends early")
            self.digest.update(content)
            return np.frombuffer(bytearray(content), np.uint8).reshape(count, *self.shape)


@contextmanager
def open_images(path: Path, array: str = "images") -> Iterator[ImageStream]:
    """Yield the images of a ``.npy`` file, or those of the ``array`` of an ``.npz``, compressed or not.

    They are uint8 ``(samples, height, width, channels)``, the last axis left out where there is one channel. Raise
    ``StudyError`` where they are not.
    """
    with reading(path, "an .npz or .npy of plain arrays"):
        archive = zipfile.ZipFile(path) if zipfile.is_zipfile(path) else None
        if archive and f"{array}.npy" not in archive.namelist():
            names = ", ".join(name.removesuffix(".npy") for name in archive.namelist())
            raise StudyError(f"{path} has no array {array!r}; it has {names or 'none'}: name the one with the images")
        stream: IO[bytes] = archive.open(f"{array}.npy") if archive else path.open("rb")
    try:
        with reading(path, "an array of images"):
            version = np.lib.format.read_magic(stream)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, is_fortran, dtype = header(stream)
        if dtype != np.uint8 or len(shape) not in (3, 4) or is_fortran or not all(shape):
            order = " in Fortran order" if is_fortran else ""
            raise StudyError(
                f"{path}: {array} is {dtype} of {' x '.join(map(str, shape))}{order}; images are uint8 of "
                "samples x height x width x channels, in C order"
            )
        yield ImageStream(path, stream, shape[0], (*shape[1:], 1)[:3])
    finally:
        stream.close()
        if archive:
            archive.close()


def map_rows(path: Path, name: str) -> np.ndarray:
    """Return an array of an ``.npz`` of :func:`write_rows` without reading it: rows are read as they are asked for."""
    with reading(path, "an .npz of plain arrays"), zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{name}.npy")
        with archive.open(member) as stream:
            np.lib.format.read_magic(stream)
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
            header = stream.tell()
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name} is compressed")
        with path.open("rb") as file:
            file.seek(member.header_offset)
            # The local header ends with the lengths of the name and of what follows it.
            lengths = np.frombuffer(file.read(30)[26:], "<u2")
        offset = member.header_offset + 30 + int(lengths.sum()) + header
        return np.memmap(path, dtype, "r", offset, shape) if np.prod(shape) else np.empty(shape, dtype)


def write_rows(
    path: Path,
    name: str,
    shape: tuple[int, ...],
    dtype: type[np.generic],
    rows: Iterable[np.ndarray],
    others: Callable[[], Mapping[str, np.ndarray]],
) -> None:
    """Write an ``.npz`` whose array ``name`` comes in parts; ``others`` are asked for once it is whole.

    Equal content gives equal bytes, as with :func:`hbr.data.files.write_arrays`.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
        with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            for part in rows:
                member.write(np.ascontiguousarray(part, dtype).tobytes())
        for other, array in sorted(others().items()):
            with archive.open(zipfile.ZipInfo(f"{other}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
