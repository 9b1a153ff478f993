"""The start page as HTML, by templates that escape whatever they are given."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hbr.study.start_page.parts import Answer, Cell, Code, Name, Part, StartPage, Verdict


def rendered(page: StartPage, template: Path) -> str:
    """Return a page by a template; equal pages give equal HTML."""
    return _environment(template).get_template(template.name).render(page=page)


def rendered_ledger(answer: Answer, read: str, template: Path) -> str:
    """Return the page of several studies' claims by a template; ``read`` says in a sentence what it was read from."""
    return _environment(template).get_template(template.name).render(answer=answer, read=read)


def _environment(template: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(template.parent, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests |= {kind.__name__.lower(): _is_a(kind) for kind in (Name, Code, Verdict)}
    environment.filters["parts"] = parts_of
    return environment


def parts_of(cell: Cell) -> list[Part | Verdict]:
    """Return the parts of a cell."""
    return [cell] if isinstance(cell, (str, Name, Code, Verdict)) else list(cell)


def _is_a(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)
