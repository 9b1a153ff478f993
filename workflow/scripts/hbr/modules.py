"""Which source files a script runs: the workflow declares them as inputs, so that editing one reruns what uses it."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path


@cache
def source_files(script: Path, root: Path) -> tuple[Path, ...]:
    """Return the script, then every module of the package it imports, directly or not, sorted.

    ``root`` is the folder that holds the package. Imports inside functions count. Package ``__init__`` files on the way
    are included, as Python runs them.
    """
    return (script, *sorted(_reached([script], (root,)) - {script}))


@cache
def plugin_files(module: str, folder: Path, root: Path) -> tuple[Path, ...]:
    """Return the files of a user's module in ``folder``, or of one of the package, and of all it imports, sorted."""
    start = [*_files_of(module, folder)] or [*_files_of(module, root)]
    return tuple(sorted({*start, *_reached(start, (folder, root))}))


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
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found += [file for root in roots for file in _files_of(alias.name, root)]
        elif isinstance(node, ast.ImportFrom):
            places = tuple(path.parents)[node.level - 1 : node.level] if node.level else roots
            # `from package import x` may mean a module x or a name x inside the package.
            names = [".".join(filter(None, (node.module, alias.name))) for alias in node.names]
            found += [file for place in places for name in names for file in _files_of(name, place)]
    return tuple(found)


def _files_of(module: str, root: Path) -> Iterator[Path]:
    """Yield the file of a module and the ``__init__`` files above it, where they exist; the last part may be a name inside."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:depth])
        yield from (path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file())
