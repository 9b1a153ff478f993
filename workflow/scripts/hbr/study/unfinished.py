"""What there is of a study that stopped before its end: finished chapters, and the logs of what failed."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def told_of(reports: Path, logs: Path, datasets: Iterable[str], chapters: Sequence[str], since: float) -> str:
    """Return what to say when a run fails: which chapters there are, which are not, and what failed ``since`` it began.

    ``reports`` and ``logs`` are the study's folders; a failed job says why in a line of its log that begins with ``error:``.
    """
    pages = {(dataset, chapter): reports / dataset / f"{chapter}.html" for dataset in datasets for chapter in chapters}
    there = [page for page in pages.values() if page.is_file()]
    lines = ["The study is not finished."]
    if there:
        lines += ["These chapters are:", *(f"  {page.absolute()}" for page in there)]
    missing = [f"{dataset}/{chapter}" for (dataset, chapter), page in pages.items() if page not in there]
    if missing:
        lines.append(f"Not made: {', '.join(missing)}.")
    failed = [f"  {log}\n    {reason}" for log, reason in _failures(logs, since)]
    if failed:
        lines += ["What failed, by its log:", *failed]
    return "\n".join([*lines, "Mend it and start again: what is finished is not repeated."])


def _failures(logs: Path, since: float) -> Iterable[tuple[Path, str]]:
    for log in sorted(logs.rglob("*.log")):
        if log.stat().st_mtime >= since:
            said = log.read_text(encoding="utf-8", errors="replace").splitlines()
            errors = [line for line in said if line.startswith("error: ")]
            if errors:
                yield log, errors[-1]
