"""What every script shares: one sentence on failure, a log beside the terminal."""

import argparse
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from hbr.data.files import DISK_ERRORS, naming
from hbr.errors import StudyError, is_lack_of_memory, one_line, printable


def run(main: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser) -> None:
    """Parse the command line and call ``main``; end with one sentence and a nonzero exit code if it fails or is stopped.

    The log receives the sentence too, and the traceback where the failure is not the user's to mend.
    """
    # A copy, so that a caller may run a script more than once.
    parser = argparse.ArgumentParser(description=parser.description, parents=[parser], add_help=False)
    parser.add_argument("--log", type=Path, required=True, help="where to write the log")
    parser.add_argument("--plugins", help="a folder with users' own modules, after the one this runs in")
    arguments = parser.parse_args()
    if arguments.plugins:
        sys.path += [str(Path.cwd()), str(Path(arguments.plugins).resolve())]
    # An exception lets writers remove their temporary files; by default SIGTERM would not.
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        arguments.log.parent.mkdir(parents=True, exist_ok=True)
        with naming(arguments.log):
            arguments.log.write_text("")
        main(arguments)
    except (Exception, KeyboardInterrupt, _Terminated) as error:
        if name := _signal_behind(error):
            _fail(arguments.log, f"stopped by {name}; run again to go on", 128 + signal.Signals[name])
        if isinstance(error, StudyError):
            _fail(arguments.log, str(error))
        if isinstance(error, OSError):
            _fail(arguments.log, _sentence_of(error))
        if is_lack_of_memory(error):
            _fail(arguments.log, f"not enough memory ({one_line(error)}); run fewer jobs at once (--cores) or use less data")
        with suppress(OSError):
            append(arguments.log, traceback.format_exc())
        _fail(arguments.log, f"{type(error).__name__}: {one_line(error)} (a bug: the traceback is in {arguments.log})")
    finally:
        signal.signal(signal.SIGTERM, previous)


def answer(main: Callable[[argparse.Namespace], int | None], parser: argparse.ArgumentParser) -> NoReturn:
    """Parse the command line of a script without a log and end with what ``main`` returns, or with one sentence."""
    try:
        sys.exit(main(parser.parse_args()))
    except StudyError as error:
        sys.exit(f"error: {printable(str(error))}")
    except OSError as error:
        sys.exit(f"error: {printable(_sentence_of(error))}")


def append(log: Path, line: str) -> None:
    """Add one line to a log; a full disk costs the line, and not the work that it tells of."""
    try:
        with naming(log), log.open("a", encoding="utf-8") as stream:
            stream.write(line.rstrip("\n") + "\n")
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise


def say(log: Path, line: str) -> None:
    """Print one line on the terminal and add it to the log."""
    print(printable(line), flush=True)
    append(log, printable(line))


class _Terminated(BaseException):
    pass


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated


def _sentence_of(error: OSError) -> str:
    if error.errno in DISK_ERRORS:
        place = error.filename or f"a temporary file in {tempfile.gettempdir()}"
        return f"{os.fsdecode(place)} could not be written: {error.strerror}; make room for it and run again"
    if error.filename is None:
        return one_line(error)
    return f"{error.strerror or one_line(error)}: {os.fsdecode(error.filename)}"


def _signal_behind(error: BaseException | None) -> str | None:
    """Return the signal that began an exception: a library that is interrupted may raise one of its own on the way out."""
    while error is not None:
        if isinstance(error, _Terminated):
            return "SIGTERM"
        if isinstance(error, KeyboardInterrupt):
            return "SIGINT"
        error = error.__context__
    return None


def _fail(log: Path, sentence: str, code: int = 1) -> NoReturn:
    with suppress(OSError):
        append(log, f"error: {printable(sentence)}")
    print(f"error: {printable(sentence)}", file=sys.stderr, flush=True)
    sys.exit(code)
