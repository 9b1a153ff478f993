"""Fetching one published file: retried, verified, never half-written."""

import hashlib
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from hbr.data.archives import Archive
from hbr.data.files import replacing
from hbr.errors import StudyError

_BLOCK = 1 << 20
# Of the answers that blame the request, these alone may change: timeout, too early, too many.
_PASSING = (408, 425, 429)


def fetch_archive(
    archive: Archive,
    target: Path,
    mirror: str | None = None,
    folder: Path | None = None,
    attempts: int = 4,
    pause_seconds: float = 2.0,
    report: Callable[[str], None] = print,
) -> None:
    """Bring a verified copy of ``archive`` to ``target``, from ``folder`` on disk, else ``mirror``, else the official address.

    Pauses double from attempt to attempt; what no attempt can change, such as 404, ends at once. Raises ``StudyError``
    that says what to fetch and where to put it.
    """
    if folder is not None:
        _copy_verified(archive, folder / archive.filename, target)
        return
    url = archive.url if mirror is None else f"{mirror.rstrip('/')}/{archive.filename}"
    if not url.startswith(("http://", "https://", "file://")):
        raise StudyError(f"`mirror` is {mirror!r}; an address begins with http://, https:// or file://")
    problem = ""
    for attempt in range(1, attempts + 1):
        try:
            with replacing(target) as temporary:
                _download(url, temporary, archive, report)
            return
        # Of an address that is none.
        except (OSError, HTTPException, ValueError, _WrongContent) as error:
            if isinstance(error, OSError) and error.filename == str(target):
                raise
            problem = " ".join(str(error).split())
            report(f"attempt {attempt} of {attempts} to fetch {url} failed: {problem}")
            if _is_permanent(url, error):
                break
            if attempt < attempts:
                time.sleep(pause_seconds * 2 ** (attempt - 1))
    raise StudyError(
        f"could not fetch {url} ({problem}). Fetch {archive.filename} (MD5 {archive.md5}) by hand and either put it at "
        f"{target}, or name its folder as `archive_folder` (or another address as `mirror`) of this data set in the config"
    )


def md5_of(path: Path) -> str:
    """Return the MD5 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


class _WrongContent(Exception):
    pass


def _is_permanent(url: str, error: Exception) -> bool:
    if isinstance(error, ValueError):
        return True
    if isinstance(error, urllib.error.HTTPError):
        return 400 <= error.code < 500 and error.code not in _PASSING
    return url.startswith("file://")


def _download(url: str, temporary: Path, archive: Archive, report: Callable[[str], None]) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "hbr"})
    with urllib.request.urlopen(request, timeout=60) as response, temporary.open("wb") as stream:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else 0
        received, shown = 0, time.monotonic()
        while block := response.read(_BLOCK):
            stream.write(block)
            received += len(block)
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                share = f" of {total / 1e6:.1f}" if total else ""
                report(f"{archive.filename}: {received / 1e6:.1f}{share} MB")
    if total and received < total:
        raise _WrongContent(f"cut short at {received} of {total} bytes")
    if (found := md5_of(temporary)) != archive.md5:
        raise _WrongContent(f"MD5 is {found}, expected {archive.md5}")


def _copy_verified(archive: Archive, source: Path, target: Path) -> None:
    if not source.is_file():
        raise StudyError(f"{source} does not exist; put {archive.filename} from {archive.url} there")
    if (found := md5_of(source)) != archive.md5:
        raise StudyError(f"{source} has MD5 {found}, expected {archive.md5}; fetch it again from {archive.url}")
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
