"""Users' own functions, ``module:function``, from where one runs or beside the study: faults are said by name."""

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from hbr.errors import StudyError, is_lack_of_memory, one_line

# Where code of users does not lie: this package with its scripts, and Python's own library.
_OTHERS = (Path(__file__).absolute().parent.parent, Path(os.__file__).absolute().parent)


def is_plugin(name: str) -> bool:
    """Return whether a name means a user's own function."""
    return ":" in name


def load_plugin(name: str) -> Callable[..., Any]:
    """Return the function that ``module:function`` names; modules are looked up in the working directory first."""
    module_name, _, function_name = name.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise StudyError(f"{name}: {module_name} cannot be imported: {_said(error)}") from None
        raise StudyError(
            f"{name}: cannot import {module_name} ({error}); put {module_name}.py where you run from or beside the study file"
        ) from None
    except (Exception, SystemExit) as error:
        raise StudyError(f"{name}: {module_name} cannot be imported: {_said(error)}") from None
    try:
        function = getattr(module, function_name)
    except AttributeError:
        raise StudyError(f"{name}: module {module_name} has no function {function_name!r}") from None
    if not callable(function):
        raise StudyError(f"{name}: {function_name!r} is not a function")
    return function  # type: ignore[no-any-return]


def call_plugin(name: str, what: str, *arguments: object, **settings: object) -> Any:
    """Return what a user's own function returns; ``what`` it is (network, estimator) is said where it raises."""
    function = load_plugin(name)
    code = getattr(function, "__code__", None)
    with naming_faults(f"{what} {name}", _place(code.co_filename, code.co_firstlineno) if code else ""):
        return function(*arguments, **settings)


@contextmanager
def naming_faults(what: str, place: str = "") -> Iterator[None]:
    """Turn what a user's code raises into a ``StudyError`` that names it and the line of it, or else ``place``."""
    try:
        yield
    except StudyError:
        raise
    except (Exception, SystemExit) as error:
        if is_lack_of_memory(error):
            raise
        raise StudyError(f"{what} failed: {_said(error, place)}") from error


def scores_of(name: str, returned: object, examples: int) -> np.ndarray:
    """Return what estimator ``name`` returned as float64 ``(examples,)``; refuse what is not one finite score an example."""
    expected = f"it must return one finite number for each of the {examples:,} examples, as an array of {examples:,}"
    try:
        scores = np.asarray(returned)
    except Exception:
        scores = np.asarray(None)
    if scores.dtype.kind not in "buif" or scores.shape != (examples,):
        raise StudyError(f"estimator {name} returned {described(returned)}; {expected}")
    if not (finite := np.isfinite(scores)).all():
        wrong = np.flatnonzero(~finite)
        some = f"{len(wrong):,} of {examples:,} are not, the first is {scores[wrong[0]]} at place {wrong[0]}"
        raise StudyError(f"estimator {name} gave a score that is not finite ({some}); {expected}")
    return scores.astype(np.float64)


def described(value: object) -> str:
    """Return in words what a function returned: its kind, its shape and the type of its numbers."""
    kind = type(value).__name__
    article = "an" if kind[0] in "aeiouAEIOU" else "a"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        sizes = " x ".join(map(str, value.shape)) or "one number"
        return f"{article} {kind} of {sizes} ({str(value.dtype).removeprefix('torch.')})"
    if value is None or isinstance(value, bool | int | float | complex):
        return f"{value}"
    if isinstance(value, Mapping):
        return f"{article} {kind} with {', '.join(map(str, list(value)[:5])) or 'nothing'}"
    return f"{article} {kind} of {len(value)}" if isinstance(value, list | tuple | set | str) else f"{article} {kind}"


def _said(error: BaseException, place: str = "") -> str:
    """Return kind, words and place of an exception, the place being the last line of code of the user's own."""
    if isinstance(error, SyntaxError) and error.filename:
        place = _place(error.filename, error.lineno)
        words = error.msg
    else:
        words = one_line(error)
        for frame in traceback.extract_tb(error.__traceback__):
            file = Path(frame.filename).absolute()
            if file.is_file() and "site-packages" not in file.parts and not any(map(file.is_relative_to, _OTHERS)):
                place = _place(frame.filename, frame.lineno)
    return f"{type(error).__name__}: {words}" + (f" ({place})" if place else "")


def _place(file: str, line: int | None) -> str:
    return f"{os.path.relpath(file)}:{line}"
