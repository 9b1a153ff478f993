"""Start pages of studies that were never trained: tables in a folder as the workflow leaves them, with names of any kind."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from hbr.data.files import write_table, write_text
from hbr.study.claims.evidence import Evidence
from hbr.study.start_page.page import start_page
from hbr.study.start_page.render import rendered

TEMPLATES = Path(__file__).parents[1] / "workflow/report/start_page"
# Markup, quotes, spaces, accents, other scripts, other directions, long words, and what opens a formula or a template.
ODD = [
    "<b>bold</b>",
    "<script>document.title='broken'</script>",
    "say \"x\" & 'y'",
    "  two  spaces ",
    "Çà et là",
    "кошка",
    "猫と犬",
    "قطة صغيرة",
    "חתול (2)",
    "W" * 90,
    "{{ page }}",
    "$x^2$ | _a_ `b`",
    "‮override",
    "007",
    "&amp;",
]
CHAPTERS = {"baseline": "data and baseline", "effect": "effect of resampling", "noise": "label noise"}


def names_of(classes: int) -> list[str]:
    """Return that many class names, the odd ones first."""
    return list(itertools.islice(itertools.chain(ODD, (f"class {number}" for number in itertools.count())), classes))


def written_page(
    home: Path, classes: int, conditions: int = 3, *, stands_for: str = "", parts: tuple[str, ...] = ("effect", "noise")
) -> Path:
    """Write tables, chapters and the start page of a made-up study under a folder; return the page.

    ``conditions`` is how many are resampled, ``parts`` are what the study has beside its baseline.
    """
    results, page, files = home / "results/study", home / "reports/study/index.html", {}
    for name, table in _tables(names_of(classes), conditions, parts).items():
        files[name] = results / "d" / name
        write_table(files[name], table)
    costs = {"dataset": "d", "condition": "all", "machine": "<i>a machine</i>", "precision": "float32", "trainings": 9}
    costs |= {"median_seconds": 12.5, "hours": 0.03, "peak_memory_mb": 812.0}
    write_table(results / "costs.csv", pd.DataFrame([costs]))
    opening = {
        "claim": "Classes differ.",
        "version": "v1 v2",
        "data set": "CIFAR10",
        "control accuracy": "94.1 %",
        "regime": "comparable",
        "reported": "8.8 points",
        "measured": "4.3",
    }
    opening |= {"n": "8 members", "here": "holds", "verdict": "reproduced", "why": "the interval lies above 0"}
    write_table(results / "opening.csv", pd.DataFrame([opening, opening | {"verdict": "inconclusive", "measured": ""}]))
    write_table(results / "claims.csv", pd.DataFrame([opening]))
    for chapter in CHAPTERS:
        write_text(page.parent / f"d/{chapter}.html", f"<!DOCTYPE html><html lang=en><title>{chapter}</title>")
    write_text(page.parent / "ledger.html", "<!DOCTYPE html><html lang=en><title>ledger</title>")
    evidence = Evidence("d", files, stands_for, "small-cnn of width 8, 12 epochs")
    beside = {
        "estimator": "aum",
        "variants": {"resampling": 4, "limited": 4},
        "trainings": {"resampling": 3, "limited": 2},
        "rules": {"below": "below"},
        "chapters": CHAPTERS,
    }
    found = start_page("study", [evidence], beside, pd.DataFrame([costs]), pd.read_csv(results / "opening.csv"), results, page)
    if "noise" in parts:
        write_table(page.parent / "flagged/d.csv", found.datasets[0].suspects)
    write_text(page, rendered(found, TEMPLATES / "page.html"))
    write_text(results / "opening.html", rendered(found, TEMPLATES / "opening.html"))
    return page


def _tables(names: list[str], conditions: int, parts: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """Return tables of one data set by name."""
    classes, rng = len(names), np.random.default_rng(0)
    numbers = np.arange(classes)
    who = {"class": numbers, "class_name": names}
    hardness = {"hardness": numbers - 0.123456, "hardness_lower": numbers - 1.0, "hardness_upper": numbers + 1.0}
    said = {"members": 8, "direction": "high-is-hard", "difficulty_rank": numbers + 1, "definition": "words"}
    ends = {"value": numbers + 1.0, "lower": np.maximum(numbers, 1.0), "upper": np.minimum(numbers + 2.0, classes)}
    run = {"condition": "baseline", "variant": 0, "class": numbers, "metric": "recall"}
    runs = [pd.DataFrame(run | {"member": member, "value": rng.uniform(0.5, 1, classes)}) for member in range(1, 9)]
    resampled = [f"resampled-{number}" for number in range(conditions)]
    kinds = {"baseline": "baseline", "control": "control", "placebo": "placebo"} | dict.fromkeys(resampled, "resampled")
    few = [f"limited-{number}" for number in range(2)] if "limited" in parts else []
    kinds |= dict.fromkeys(few, "limited")
    labels = [f"{'smote' if name == 'resampled-1' else 'random'} / easy, {name}" for name in kinds]
    tables = {
        "conditions.csv": pd.DataFrame({"condition": kinds.keys(), "kind": kinds.values(), "label": labels}),
        "hardness/aum/classes.csv": pd.DataFrame({**who, "samples": 40, **hardness, **said}),
        "estimators/uncertainty.csv": pd.DataFrame({"estimator": "aum", **who, "quantity": "rank", **ends}),
        "measures/baseline/classes.csv": pd.concat(runs),
        "measures/baseline/confusion.csv": pd.DataFrame(
            {"condition": "baseline", "variant": 0, "member": 1, "class": numbers, "predicted": numbers, "count": 20}
        ),
    }
    if "effect" in parts:
        families = {"resampling": "limited", "placebo": "pool"}
        of_few = [{**row, "family": families[str(row["family"])]} for row in (_compared(few) if few else ())]
        tables["gap_differences.csv"] = pd.DataFrame([*_compared(resampled), *of_few])
        changes = {"condition": [*resampled, *few], "reference": "control", "metric": "accuracy", "class": -1}
        tables["class_differences.csv"] = pd.DataFrame(changes | {"difference": 0.004, "lower": -0.001, "upper": 0.009})
    if "noise" in parts:
        labels = np.arange(30) % classes
        ids = [f"{names[label]}/<img src=x>{number}.png" for number, label in enumerate(labels)]
        aum = rng.normal(0, 2, 30)
        flagged = pd.DataFrame({"sample": np.arange(30), "id": ids, "class": labels, "aum": aum, "flagged": aum < 0})
        rule = {"rule": "below", "samples": 30, "flagged": int((aum < 0).sum()), "share": float((aum < 0).mean()), "planted": 0}
        shares = ("precision", "recall", "recall_lower", "recall_upper")
        tables["noise/rules.csv"] = pd.DataFrame([rule | {"found": 0} | dict.fromkeys(shares, np.nan)])
        tables["noise/below/samples.parquet"] = flagged
        tables["noise/preferred.parquet"] = pd.DataFrame({"preferred": (labels + 1) % classes, "votes": 7, "members": 8})
    return tables


def _compared(resampled: list[str]) -> Iterator[dict[str, object]]:
    """Yield a comparison of each condition with the control, of every verdict in turn, and one with a placebo."""
    verdicts = ("improves", "inconclusive", "equivalent", "worsens", "inconclusive")
    for place, (name, verdict) in enumerate(zip([*resampled, resampled[0]], itertools.cycle(verdicts))):
        last = place == len(resampled)
        change = {"improves": -0.05, "worsens": 0.04, "equivalent": 0.001}.get(verdict, -0.02) * (1 + place / 50)
        needed = {"variants_needed": 26.0 if place < 4 else np.inf, "test_samples_needed": np.nan if place < 4 else 4100.0}
        yield {
            "condition": name,
            "reference": "placebo" if last else "control",
            "family": "placebo" if last else "resampling",
            "metric": "recall",
            "gap": "max_min",
            "reference_value": 0.2,
            "value": 0.2 + change,
            "difference": change,
            "total_lower": change - 0.03,
            "total_upper": change + (0.9 if place == 1 else 0.03),
            "verdict": verdict,
            "remark": np.nan,
            "variants": 4,
            "direction": -1,
            "margin": 0.01,
            **needed,
        }
