"""What every script shares: one sentence on failure, a log beside the terminal."""

import argparse
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from hbr.errors import StudyError


def run(main: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser) -> None:
    """Parse the command line and call ``main``; end with one sentence and exit code 1 if it fails.

    The log receives the sentence too, and the traceback where the failure is not the user's to mend.
    """
    parser.add_argument("--log", type=Path, required=True, help="where to write the log")
    arguments = parser.parse_args()
    arguments.log.parent.mkdir(parents=True, exist_ok=True)
    arguments.log.write_text("")
    try:
        main(arguments)
    except StudyError as error:
        _fail(arguments.log, str(error))
    except OSError as error:
        _fail(arguments.log, f"{error.strerror or error}: {error.filename or 'unknown file'}")
    except Exception as error:
        append(arguments.log, traceback.format_exc())
        _fail(arguments.log, f"{type(error).__name__}: {error} (a bug: the traceback is in {arguments.log})")


def append(log: Path, line: str) -> None:
    """Add one line to a log."""
    with log.open("a", encoding="utf-8") as stream:
        stream.write(line.rstrip("\n") + "\n")


def say(log: Path, line: str) -> None:
    """Print one line on the terminal and add it to the log."""
    print(line, flush=True)
    append(log, line)


def _fail(log: Path, sentence: str) -> None:
    append(log, f"error: {sentence}")
    print(f"error: {sentence}", file=sys.stderr, flush=True)
    sys.exit(1)
