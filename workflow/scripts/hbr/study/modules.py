"""Which source files a script runs: the workflow declares them as inputs, so that editing one reruns what uses it."""

import ast
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hbr.errors import StudyError
from hbr.sentences import nearest, short

# What binds names that no assignment shows.
_BINDING = ("globals", "exec", "setattr", "vars", "locals")


@cache
def source_files(script: Path, root: Path) -> tuple[Path, ...]:
    """Return the script, then every module of the package it imports, directly or not, sorted.

    ``root`` is the folder that holds the package. Imports inside functions count. Package ``__init__`` files on the way
    are included, as Python runs them.
    """
    return (script, *sorted(_reached([script], (root,)) - {script}))


@cache
def plugin_files(module: str, folders: tuple[Path, ...], root: Path) -> tuple[Path, ...]:
    """Return the files of a user's module in the first of ``folders`` that holds it, and of all it imports, sorted.

    Where none holds it, it is a module of the package under ``root``. What it imports is looked for in all ``folders``, then
    in the package.
    """
    folder = plugin_folder(module, folders)
    # The package's own functions can be named as a user's.
    start = _files_of(module, root if folder is None else folder)
    return tuple(sorted({*start, *_reached(start, (*folders, root))}))


def plugin_folder(module: str, folders: Iterable[Path]) -> Path | None:
    """Return the first folder that holds a module that can be read, ``None`` where none does."""
    parts = module.split(".")
    for folder in folders:
        place = folder.joinpath(*parts)
        if any(os.access(file, os.R_OK) for file in (place.with_name(f"{place.name}.py"), place / "__init__.py")):
            return folder
    return None


def plugin_folders(studies: Iterable[Path]) -> tuple[Path, ...]:
    """Return where users' own modules are looked for: in the folder one runs from, then beside the study files."""
    return tuple(dict.fromkeys([Path(), *(path.parent for path in studies if path.parent.resolve() != Path.cwd())]))


def own_functions(config: Mapping[str, Any]) -> dict[str, str]:
    """Return each ``module:function`` that a study names, and the first of its keys that does."""
    named = {f"datasets.{name}.network": dataset["network"] for name, dataset in config["datasets"].items()}
    for name, settings in config["hardness"]["estimators"].items():
        named[f"hardness.estimators.{name}.method"] = settings.get("method", name)
    return {function: key for key, function in reversed(named.items()) if ":" in function}


def check_plugins(config: Mapping[str, Any], folders: Iterable[Path]) -> None:
    """Raise ``StudyError`` where a ``module:function`` of a study names a module, or a function, that there is none of."""
    for function, key in own_functions(config).items():
        module, _, name = function.partition(":")
        if (folder := plugin_folder(module, folders)) is None:
            file = Path(*module.split(".")).with_suffix(".py")
            first, *beside = (str(folder.resolve()) for folder in folders)
            places = f"neither in {first} nor beside the study file, in {', '.join(beside)}" if beside else f"not in {first}"
            raise StudyError(f"{key}: {function} needs {file}, which is {places}; put it there or correct the name")
        file = _files_of(module, folder)[-1]
        if other := _hidden_by(module, folder):
            raise StudyError(f"{key}: Python finds {other} before {file}; give your file a name that no installed module has")
        if (known := _bound_names(file)) is not None and name not in known:
            near = nearest(name, sorted(known)) if known else ""
            raise StudyError(f"{key}: {file} has no function {short(repr(name))}{near}")


def _hidden_by(module: str, folder: Path) -> str | None:
    """Return what Python imports in place of a module of a folder that comes last, ``None`` where it finds no other."""
    name = module.partition(".")[0]
    if name in sys.builtin_module_names:
        return f"its own {name}"
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    origin = found.origin if found else None
    return None if origin is None or Path(origin).resolve().is_relative_to(folder.resolve()) else origin


def _bound_names(path: Path) -> frozenset[str] | None:
    """Return all names that a file may bind, ``None`` where that cannot be told without running it."""
    names: set[str] = set()
    try:
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
    except (SyntaxError, ValueError):
        return None
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Name) and node.id in _BINDING:
            return None
    return None if {"*", "__getattr__"} & names else frozenset(names)


def _reached(start: Iterable[Path], roots: tuple[Path, ...]) -> set[Path]:
    found: set[Path] = set()
    waiting = list(start)
    while waiting:
        for path in _imported_files(waiting.pop(), roots):
            if path not in found:
                found.add(path)
                waiting.append(path)
    return found


@cache
def _imported_files(path: Path, roots: tuple[Path, ...]) -> tuple[Path, ...]:
    found: list[Path] = []
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:
        # Python says more when it runs the file.
        return ()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found += [file for root in roots for file in _files_of(alias.name, root)]
        elif isinstance(node, ast.ImportFrom):
            places = tuple(path.parents)[node.level - 1 : node.level] if node.level else roots
            # `from package import x` may mean a module x or a name x inside the package.
            names = [".".join(filter(None, (node.module, alias.name))) for alias in node.names]
            found += [file for place in places for name in names for file in _files_of(name, place)]
    return tuple(found)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every statement under a node; imports are statements, and passing over expressions is several times faster."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(node, name, ()):
            yield inner
            yield from _statements(inner)


@cache
def _files_of(module: str, root: Path) -> tuple[Path, ...]:
    """Return the file of a module and the ``__init__`` files above it, where they exist; the last part may be a name inside."""
    above, _, name = module.rpartition(".")
    place = root.joinpath(*module.split("."))
    here = (path for path in (place / "__init__.py", place.with_name(f"{name}.py")) if path.is_file())
    return (*(_files_of(above, root) if above else ()), *here)
