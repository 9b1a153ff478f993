"""Which source files a script runs: the workflow declares them as inputs, so that editing one reruns what uses it."""

import ast
from functools import cache
from pathlib import Path


@cache
def source_files(script: Path, root: Path) -> tuple[Path, ...]:
    """Return the script, then every module of the package it imports, directly or not, sorted.

    ``root`` is the folder that holds the package. Imports inside functions count. Package ``__init__`` files on the way
    are included, as Python runs them.
    """
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        for module in _imported_modules(path):
            for candidate in _files_of(module, root):
                if candidate not in found:
                    found.add(candidate)
                    waiting.append(candidate)
    return (script, *sorted(found - {script}))


@cache
def _imported_modules(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from package import x` may mean a module x or a name x inside the package.
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(name for name in names if name.split(".")[0] == "hbr")


def _files_of(module: str, root: Path) -> list[Path]:
    parts = module.split(".")
    packages = [root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [path for path in (*packages, root.joinpath(*parts).with_suffix(".py")) if path.is_file()]
