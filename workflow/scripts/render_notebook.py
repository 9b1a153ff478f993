"""Execute a percent-script notebook and keep it as HTML; the notebook itself writes its figures."""

import argparse
import json
import os
import tempfile
from pathlib import Path

from hbr.command import run
from hbr.data.files import write_text
from hbr.errors import StudyError


def main(arguments: argparse.Namespace) -> None:
    """Convert, execute, export."""
    import jupytext
    import nbformat
    import papermill
    from nbconvert import HTMLExporter
    from papermill.exceptions import PapermillExecutionError

    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    parameters = {"inputs": json.loads(arguments.inputs), "figures": str(arguments.figures), "dataset": arguments.dataset}
    notebook = jupytext.read(arguments.notebook)
    title = next(line[2:] for line in notebook.cells[0].source.splitlines() if line.startswith("# "))
    with tempfile.TemporaryDirectory(prefix="hbr-") as folder:
        source, executed = Path(folder) / "source.ipynb", Path(folder) / "executed.ipynb"
        nbformat.write(notebook, source)
        try:
            papermill.execute_notebook(
                source, executed, parameters, kernel_name="python3", language="python", progress_bar=False, log_output=False
            )
        except PapermillExecutionError as error:
            raise StudyError(f"{arguments.notebook}: {error.ename}: {error.evalue}") from error
        result = nbformat.read(executed, as_version=4)
    exporter = HTMLExporter(exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True)
    # Math is not used, and a report must open without a network.
    exporter.mathjax_url = ""
    exporter.require_js_url = ""
    exporter.jquery_url = ""
    result.cells = [cell for cell in result.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    html, _ = exporter.from_notebook_node(result, {"metadata": {"name": f"{arguments.dataset}: {title}"}})
    write_text(arguments.html, html)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--notebook", type=Path, required=True)
parser.add_argument("--dataset", required=True)
parser.add_argument("--inputs", required=True, help="JSON: name to path or paths")
parser.add_argument("--figures", type=Path, required=True, help="folder for figures")
parser.add_argument("--html", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
