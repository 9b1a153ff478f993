"""Percent-script notebooks, executed and exported; each page tells what it was made from, so that it can be made again."""

import html
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hbr.data.files import sha256_of
from hbr.errors import StudyError
from hbr.study.surroundings import own_notebooks

_MADE_FROM = re.compile(r'<script type="application/json" id="made-from">(.*?)</script>', re.DOTALL)

# On paper nothing can be scrolled: wide tables get the long side of a page, small letters and narrow cells, and
# tall figures are made smaller.
_PRINT = """<style>@media print {
  @page { size: A4 landscape; }
  .jp-OutputArea-output { overflow: visible !important; }
  table { font-size: 7pt !important; }
  td, th { min-width: 0 !important; padding: 2px 3px !important; }
  img { width: auto !important; max-width: 100%; max-height: 17cm; }
  h1, h2, h3 { break-after: avoid; }
  nav { display: none; }
}</style>"""
# The ledger is of a whole study and lies beside its start page, chapters are of a data set and lie one folder deeper.
_LEDGER = "ledger"

_DRAW = """from hbr.analysis.figures.style import save_figure
from {module} import {function}
save_figure({function}(inputs, dataset), figures, "{name}")"""


def render(
    notebook: Path, dataset: str, inputs: Mapping[str, Any], figures: Path, more: Mapping[str, str] | None = None
) -> str:
    """Return the HTML of one executed notebook; the notebook itself writes its figures into ``figures``.

    ``inputs`` are paths, lists of paths, or lists of records, by name. ``more`` are figures that are shown below what the
    notebook holds: by name the `module:function` that draws each from inputs and data set. Equal inputs give equal HTML.
    """
    import jupytext
    import nbformat
    import papermill
    from nbconvert import HTMLExporter
    from papermill.exceptions import PapermillExecutionError

    parameters = {"inputs": dict(inputs), "figures": str(figures), "dataset": dataset}
    source = jupytext.read(notebook)
    for name, draws in (more or {}).items():
        module, _, function = draws.partition(":")
        source.cells.append(nbformat.v4.new_code_cell(_DRAW.format(module=module, function=function, name=name)))
    title = next(line[2:] for line in source.cells[0].source.splitlines() if line.startswith("# "))
    package = Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory(prefix="hbr-") as folder, own_notebooks(Path(folder), package):
        written, executed = Path(folder) / "source.ipynb", Path(folder) / "executed.ipynb"
        nbformat.write(source, written)
        try:
            papermill.execute_notebook(
                written, executed, parameters, kernel_name="python3", language="python", progress_bar=False, log_output=False
            )
        except PapermillExecutionError as error:
            raise StudyError(f"{notebook}: {error.ename}: {error.evalue}") from error
        result = nbformat.read(executed, as_version=4)
        # The exporter looks for templates in the user's folders, too.
        exporter = HTMLExporter(exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True)
        # Math is not used, and a report must open without a network.
        exporter.mathjax_url = ""
        exporter.require_js_url = ""
        exporter.jquery_url = ""
        result.cells = [cell for cell in result.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
        # Ids are random and stand in the HTML; equal content shall give equal bytes.
        for cell in (cell for cell in result.cells if "outputs" in cell):
            # Warnings are of the machine, such as fonts that it lacks, and no part of what a page shows.
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for number, cell in enumerate(result.cells):
            cell.id = f"cell{number}"
        page, _ = exporter.from_notebook_node(result, {"metadata": {"name": f"{dataset}: {title}"}})
    start = "index.html" if notebook.stem == _LEDGER else "../index.html"
    back = f'<nav style="margin: 1em 2em; font: small sans-serif"><a href="{start}" style="color: #0b57a4">start page</a></nav>'
    page = page.replace("</head>", f"{_PRINT}</head>", 1)
    page = re.sub("<body[^>]*>", lambda found: found[0] + back, page, count=1)
    return page.replace("</body>", _made_from(notebook, dataset, inputs) + "</body>", 1)


def made_from(page: str) -> dict[str, Any]:
    """Return notebook, dataset and inputs of a page of :func:`render`."""
    found = _MADE_FROM.search(page)
    if found is None:
        raise StudyError("the page does not say what it was made from")
    told: dict[str, Any] = json.loads(found[1])
    return told


def numbers_of(page: str) -> str:
    """Return a page without its pictures, whose bytes depend on the machine's fonts."""
    return re.sub(r"data:image/[^\"]*", "", page)


@contextmanager
def kernel_heard_by(listen: Callable[[str], None]) -> Iterator[None]:
    """Keep what the kernel writes to stderr from the terminal; ``listen`` gets it where the notebook fails.

    A kernel that is stopped prints tracebacks, and one that runs prints warnings that are not the user's to heed.
    """
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except Exception:
            said.seek(0)
            listen(said.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def _made_from(notebook: Path, dataset: str, inputs: Mapping[str, Any]) -> str:
    told = json.dumps({"notebook": str(notebook), "dataset": dataset, "inputs": dict(inputs)})
    told = told.replace("<", r"\u003c")
    named = [path for value in inputs.values() for path in ([value] if isinstance(value, str) else value)]
    paths = [path for path in named if isinstance(path, str)]
    rows = "".join(
        f"<tr><td>{html.escape(str(path))}</td><td><code>{sha256_of(Path(path))}</code></td></tr>"
        for path in dict.fromkeys([str(notebook), *paths])
    )
    return (
        '<details style="margin: 2em; font: small sans-serif"><summary>Made from</summary>'
        f"<table><tr><th>file</th><th>SHA-256</th></tr>{rows}</table></details>"
        f'<script type="application/json" id="made-from">{told}</script>'
    )
