"""Keep the small tables and figures of a finished study, with the provenance of its numbers, for the project's history."""

import argparse
import json
import platform
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from hbr.analysis.columns import with_conditions
from hbr.analysis.figures.style import NOTHING
from hbr.analysis.tables import condition_summary, gap_summary
from hbr.data.files import read_table, write_table, write_text
from hbr.errors import StudyError
from hbr.study.audit.record import RECORD
from hbr.study.command import run, say
from hbr.study.costs import outcomes_of, timed_trainings
from hbr.study.reported import reported_figures

# Beside this script, so that the list is that of the code that made the figures.
FIGURES = Path(__file__).parents[1] / "report/figures"
PROVENANCE = "provenance.json"
PACKAGES = ("torch", "torchvision", "numpy", "pandas", "scikit-learn", "imbalanced-learn", "scipy", "snakemake")


def main(arguments: argparse.Namespace) -> None:
    """Copy the tables and figures of each data set, write provenance."""
    results, reports = Path("results") / arguments.study, Path("reports") / arguments.study
    datasets = sorted(path.name for path in results.glob("*") if (path / "dataset.npz").is_file())
    for needed in (*(results / dataset / RECORD for dataset in datasets), results / "claims.csv"):
        if not needed.is_file():
            raise StudyError(f"{needed} is missing: the study is not finished; run it to its end first")
    if arguments.output.exists() and not (arguments.output / PROVENANCE).is_file():
        raise StudyError(f"{arguments.output} is there, and not by this script: it has no {PROVENANCE}; name another --output")
    told = provenance(arguments)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all, and nothing of an earlier collection stays.
    with tempfile.TemporaryDirectory(dir=arguments.output.parent, prefix=f".{arguments.output.name}.") as folder:
        kept = Path(folder) / "kept"
        for dataset in datasets:
            keep_dataset(results / dataset, reports / dataset, kept / dataset)
        shutil.copyfile(results / "claims.csv", kept / "claims.csv")
        write_text(kept / PROVENANCE, json.dumps(told, indent=2) + "\n")
        earlier = Path(folder) / "earlier"
        if arguments.output.exists():
            arguments.output.rename(earlier)
        try:
            kept.rename(arguments.output)
        except OSError:
            if earlier.exists():
                earlier.rename(arguments.output)
            raise
    say(arguments.log, f"kept {arguments.study} in {arguments.output}")


def keep_dataset(results: Path, reports: Path, target: Path) -> None:
    """Copy the tables of a data set, and those of its figures that show something and no training images."""
    target.mkdir(parents=True)
    for table in sorted((results / "hardness").glob("*/classes.csv")):
        shutil.copyfile(table, target / f"hardness_{table.parent.name}.csv")
    for table in sorted((results / "allocations").glob("*/*.csv")):
        shutil.copyfile(table, target / f"allocation_{table.parent.name}_{table.stem}.csv")
    for table in sorted((results / "stability").glob("*/members_enough.csv")):
        shutil.copyfile(table, target / f"members_enough_{table.parent.name}.csv")
    for part in ("noise", "ground_truth"):
        for table in sorted((results / part).glob("*.csv")):
            shutil.copyfile(table, target / f"{part}_{table.name}")
    for table in (results / name for name in ("gap_lines.csv", "gap_accuracy.csv")):
        if table.is_file():
            shutil.copyfile(table, target / table.name)
    shown = [figure.name for figure in reported_figures(FIGURES) if not figure.shows_images]
    for figure in (reports / f"figures/{name}.svg" for name in shown):
        # Not those that only say why there is none.
        if figure.is_file() and f'id="{NOTHING}"' not in figure.read_text(encoding="utf-8"):
            shutil.copyfile(figure, target / figure.name)
    write_summaries(results, target)


def write_summaries(results: Path, target: Path) -> None:
    """Write accuracy and gaps per condition, class recall per condition, and all comparisons of recall gaps with verdicts."""
    conditions = read_table(results / "conditions.csv")
    # Measures of conditions that are left out by now may lie beside.
    paths = [results / f"measures/{condition}/classes.csv" for condition in sorted(conditions["condition"])]
    classes = pd.concat([read_table(path) for path in paths if path.is_file()])
    classes = with_conditions(classes, conditions)
    if (results / "gap_differences.csv").is_file():
        tables = (read_table(results / f"{name}.csv") for name in ("gaps", "gap_differences"))
        gaps, differences = (with_conditions(table, conditions) for table in tables)
        write_table(target / "conditions.csv", condition_summary(classes, gaps).reset_index().round(3))
        write_table(target / "gap_changes.csv", gap_summary(differences[differences["metric"] == "recall"]).round(4))
    names = read_table(next(iter(results.glob("hardness/*/classes.csv"))))["class_name"]
    recall = classes[classes["metric"] == "recall"].pivot_table(index="class", columns="label", values="value", sort=False)
    recall = (100 * recall).round(2)
    recall.insert(0, "class_name", names)
    write_table(target / "class_recall_percent.csv", recall.reset_index())


def provenance(arguments: argparse.Namespace) -> dict[str, object]:
    """Return what made the numbers: command, commit, versions, hardware, date, cost."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False).stdout
    trainings = timed_trainings(outcomes_of(arguments.study, "*"))
    if trainings.empty:
        raise StudyError(f"no training of {arguments.study} was timed; its benchmarks are missing")
    return {
        "command": arguments.command,
        "commit": commit.strip(),
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "hardware": arguments.hardware,
        "trainings": len(trainings),
        "median training seconds": round(float(trainings["seconds"].median()), 1),
        "peak training memory MB": round(float(trainings["memory_mb"].max())),
        "notes": arguments.notes,
    }


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--study", required=True)
parser.add_argument("--command", required=True, help="the command that ran the study")
parser.add_argument("--hardware", required=True, help="the machine in words")
parser.add_argument("--notes", default="")
parser.add_argument("--output", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
