"""Execute a percent-script notebook and keep it as HTML; the notebook itself writes its figures."""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from hbr.data.files import replacing, write_text
from hbr.errors import StudyError
from hbr.study.command import append, run
from hbr.study.notebooks import kernel_heard_by, render


def main(arguments: argparse.Namespace) -> None:
    """Render, then save figures and page: a notebook that fails leaves nothing."""
    from nbclient.exceptions import DeadKernelError

    with tempfile.TemporaryDirectory(prefix="hbr-") as folder:
        drawn = Path(folder) / "figures"
        drawn.mkdir()
        try:
            with kernel_heard_by(lambda said: append(arguments.log, said)):
                page = render(
                    arguments.notebook, arguments.dataset, json.loads(arguments.inputs), drawn, json.loads(arguments.more)
                )
        except DeadKernelError:
            raise StudyError(
                f"{arguments.notebook}: its kernel was killed, most likely for want of memory; "
                "run again with fewer jobs at once (--cores)"
            ) from None
        except StudyError as error:
            if getattr(error.__cause__, "ename", "") != "OSError":
                raise
            raise StudyError(f"{error}; figures are first drawn in {tempfile.gettempdir()}, make room there") from None
        for figure in sorted(drawn.iterdir()):
            with replacing(arguments.html.parent / "figures" / figure.name) as temporary:
                shutil.copyfile(figure, temporary)
    write_text(arguments.html, page)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--notebook", type=Path, required=True)
parser.add_argument("--dataset", required=True)
parser.add_argument("--inputs", required=True, help="JSON: name to path or paths")
parser.add_argument("--more", default="{}", help="JSON: name of a further figure to the module:function that draws it")
parser.add_argument("--html", type=Path, required=True, help="figures go into the folder figures beside it")

if __name__ == "__main__":
    run(main, parser)
