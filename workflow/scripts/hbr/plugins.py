"""Users' own functions, named ``module:function`` and found where one runs from, or beside the study file."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hbr.errors import StudyError


def is_plugin(name: str) -> bool:
    """Return whether a name means a user's own function."""
    return ":" in name


def load_plugin(name: str) -> Callable[..., Any]:
    """Return the function that ``module:function`` names; modules are looked up in the working directory first."""
    module_name, _, function_name = name.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except ImportError as error:
        raise StudyError(
            f"{name}: cannot import {module_name} ({error}); put {module_name}.py where you run from or beside the study file"
        ) from None
    except AttributeError:
        raise StudyError(f"{name}: module {module_name} has no function {function_name!r}") from None
    if not callable(function):
        raise StudyError(f"{name}: {function_name!r} is not a function")
    return function  # type: ignore[no-any-return]
