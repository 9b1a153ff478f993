"""docs/outputs.md against what a finished study leaves: files, the rules that made them, columns, ranges, shapes."""

import json
import re
from base64 import urlsafe_b64decode
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from write_lists import lists_of

from hbr.conditions.names import conditions_of
from hbr.conditions.pools import pools_of
from hbr.data.files import read_arrays, read_table
from hbr.study.labellings import LABELLINGS
from hbr.study.reported import reported_figures

PAGE = (ROOT / "docs/outputs.md").read_text(encoding="utf-8")
FOLDERS = ("results", "reports", "lists", "logs", "benchmarks")
# What the page names and the study at hand does not have: files, and columns of a file.
ELSEWHERE = {
    "results/<study>/<data set>/whitening.npz": None,
    "results/<study>/<data set>/folds/<labelling>/variant<n>/whitening.npz": None,
    "reports/<study>/report.html": None,
    "lists/<study>/<data set>/repeats.csv": None,
    "results/<study>/<data set>/allocations/<estimator>/alpha<alpha>.csv": {"compat"},
    "reports/<study>/flagged/<data set>.csv": {"sample", "class", "flagged_<rule>"},
    "lists/<study>/<data set>/suspects.csv": {"path"},
    "results/<study>/<data set>/references/<reference>.npz": {"samples", "given", "suggested", "answers"},
}
ELSEWHERE_FILES = {pattern for pattern, columns in ELSEWHERE.items() if columns is None}


@dataclass
class Section:
    """What the page says of some files that are alike; ``own`` are rows of its tables by name of column or array."""

    patterns: list[str]
    rules: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    own: dict[str, dict[str, str]] = field(default_factory=dict)


def spans(text):
    return re.findall(r"`([^`]+)`", text)


def sections_of(page):
    """Return the sections of files, and the rows of the two tables of what they share, by heading."""
    sections, shared, folder, columns = [], {}, "", []
    rows = {}
    for line in page.splitlines():
        if line.startswith("## "):
            folder, rows = (spans(line) or [""])[0], shared.setdefault(line[3:], {})
        elif line.startswith("### "):
            sections.append(Section([f"{folder}/{name}" for name in spans(line)]))
            rows = sections[-1].own
        elif line.startswith(("Rule `", "Rules `")):
            sections[-1].rules = spans(line.split(". ")[0])
        elif line.startswith("Shared: "):
            sections[-1].shared = spans(line)
        elif line.startswith(("| column ", "| array ")):
            columns = [cell.strip() for cell in line.strip("|").split("|")]
        elif line.startswith("| `"):
            cells = dict(zip(columns, (cell.strip() for cell in line.strip("|").split("|")), strict=True))
            rows |= dict.fromkeys(spans(cells[columns[0]]), cells)
    return sections, shared["Shared columns"], shared["Shared arrays"]


def names_of(config):
    """Return the names that a placeholder of the page may stand for, where these are known."""
    return {
        "study": [config["study"]],
        "data set": list(config["datasets"]),
        "condition": [*conditions_of(config), *LABELLINGS],
        "labelling": list(LABELLINGS),
        "estimator": list(config["hardness"]["estimators"]),
        "rule": list(config["noise"]["rules"]),
        "pool": pools_of(config),
        "reference": [name for dataset in config["datasets"].values() for name in dataset.get("references", {})],
    }


def stands_for(pattern, names):
    """Return the expression that a pattern of the page means."""
    parts = re.split(r"<([^>]+)>", pattern)
    for place in range(1, len(parts), 2):
        known = names.get(parts[place])
        parts[place] = r"\d+" if parts[place] == "n" else f"(?:{'|'.join(map(re.escape, known))})" if known else "[^/]+"
    return re.compile("".join(part if place % 2 else re.escape(part) for place, part in enumerate(parts)))


def content_of(path):
    if path.suffix == ".npz":
        return dict(read_arrays(path))
    if path.suffix == ".tsv":
        return dict(pd.read_csv(path, sep="\t"))
    return dict(read_table(path)) if path.suffix in (".csv", ".parquet") else {}


@pytest.fixture(scope="module")
def left(whole):
    """Return columns or arrays by name of each file that the study leaves, by path."""
    found = [path for folder in FOLDERS for path in (whole.folder / folder).rglob("*") if path.is_file()]
    files = {path.relative_to(whole.folder).as_posix(): content_of(path) for path in found}
    study, names = whole.config["study"], names_of(whole.config)
    for dataset in names["data set"]:
        results = whole.folder / "results" / study / dataset
        for name, table in lists_of(results, whole.config, None):
            files[f"lists/{study}/{dataset}/{name}"] = dict(table)
    return files


@pytest.fixture(scope="module")
def makers(whole):
    """Return which rule made each file, by Snakemake's own records."""
    folder, made = whole.folder / ".snakemake/metadata", {}
    for path in folder.rglob("*"):
        if path.is_file():
            coded = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
            made[urlsafe_b64decode(coded).decode()] = json.loads(path.read_text())["rule"]
    return made


def mistakes(page, left, makers, names):
    """Return where the page and a study differ, in words."""
    sections, shared_columns, shared_arrays = sections_of(page)
    wrong, used = [], set()
    files = {section.patterns[0]: [] for section in sections}
    places = [(one, pattern, stands_for(pattern, names)) for one in sections for pattern in one.patterns]
    for path in left:
        fits = [(one, pattern) for one, pattern, expression in places if expression.fullmatch(path)]
        if len(fits) != 1:
            wrong.append(f"{path}: {len(fits)} patterns")
        for section, pattern in fits:
            used.add(pattern)
            files[section.patterns[0]].append(path)
    for section in sections:
        key = section.patterns[0]
        wrong += [
            f"{pattern}: named in vain, or found"
            for pattern in section.patterns
            if (pattern in used) == (pattern in ELSEWHERE_FILES)
        ]
        shared = shared_arrays if key.endswith(".npz") else shared_columns
        wrong += [f"{key}: {name} is not among what is shared" for name in section.shared if name not in shared]
        told = {name: shared[name] for name in section.shared if name in shared} | section.own
        paths = files[key]
        if paths:
            wrong += wrong_columns(key, told, [(path, left[path]) for path in paths], names)
            wrong += wrong_rules(key, section.rules, {makers[path] for path in paths if path in makers})
    for shared, ending in ((shared_columns, ""), (shared_arrays, ".npz")):
        listed = {name for one in sections if one.patterns[0].endswith(".npz") == bool(ending) for name in one.shared}
        wrong += [f"{name} is shared by nobody" for name in shared if name not in listed]
    return wrong


def wrong_rules(key, named, made):
    fits = {(name, rule) for name in named for rule in made if stands_for(name, {}).fullmatch(rule)}
    wrong = [f"{key}: made by {rule}" for rule in made - {rule for _, rule in fits}]
    return wrong + [f"{key}: not made by {name}" for name in set(named) - {name for name, _ in fits}]


def wrong_columns(key, told, contents, names):
    wrong, seen, expressions = [], set(), {name: stands_for(name, names) for name in told}
    for path, content in contents:
        sizes = {}
        for column, values in content.items():
            fits = [name for name, expression in expressions.items() if expression.fullmatch(column)]
            seen.update(fits)
            if not fits:
                wrong.append(f"{path}: {column} is not named")
                continue
            cells = told[column if column in fits else fits[0]]
            check = wrong_array if isinstance(values, np.ndarray) else wrong_values
            wrong += [f"{path}: {column}: {problem}" for problem in check(values, cells, sizes)]
    absent = {name for name in told if name not in seen}
    elsewhere = ELSEWHERE.get(key) or set()
    wrong += [f"{key}: no file has {name}" for name in absent ^ elsewhere]
    return wrong + [f"{key}: {name} has no meaning" for name, cells in told.items() if not cells["meaning"]]


def wrong_array(array, cells, sizes):
    """Hold dtype and shape against the page; a word in a shape means one size within a file, a number itself."""
    if cells["dtype"].startswith("of the"):
        return
    dtype = "text" if array.dtype.kind == "U" else array.dtype.name
    if dtype != cells["dtype"]:
        yield f"{dtype}, not {cells['dtype']}"
    shape = [word for word in cells["shape"].strip("()").split(", ") if word]
    if len(shape) != array.ndim:
        yield f"shape {array.shape}, not {cells['shape']}"
        return
    for word, size in zip(shape, array.shape, strict=True):
        if size != (int(word) if word.isdigit() else sizes.setdefault(word, size)):
            yield f"shape {array.shape}, not {cells['shape']}"


def wrong_values(values, cells, sizes):
    """Hold values against `a to b`, `from a`, or the words in quotes that the page gives."""
    bounds, known, words = cells["unit, range"], values.dropna(), []
    if (ends := re.search(r"(-?[\d.]+) to (-?[\d.]+)", bounds)) or (ends := re.search(r"from (-?[\d.]+)()", bounds)):
        lower, upper = float(ends[1]), float(ends[2] or "inf")
        numbers = pd.to_numeric(known, errors="coerce").dropna()
        if len(numbers) and not (lower - 1e-9 <= numbers.min() and numbers.max() <= upper + 1e-9):
            yield f"{numbers.min()} to {numbers.max()}, not {bounds}"
    elif bounds.startswith("`") and "; " not in bounds:
        words = spans(bounds)
    if words and (strange := set(known.astype(str)) - set(words)):
        yield f"{sorted(strange)[0]} is none of {bounds}"


def test_page_is_what_a_finished_study_leaves(whole, left, makers):
    assert mistakes(PAGE, left, makers, names_of(whole.config)) == []


@pytest.mark.parametrize(
    ("said", "instead", "found"),
    [
        ("| `suggested`, `suggested_name` |", "| `suggested` |", "suggested_name is not named"),
        ("| `member_<n>` | score", "| `network_<n>` | score", "no file has network_<n>"),
        ("| `class_evaluated` | int16 |", "| `class_evaluated` | int32 |", "class_evaluated: int16, not int32"),
        ("| float64 | (epochs, 5) |", "| float64 | (epochs, 4) |", "history: shape"),
        ("| samples, from 1 |\n| `change`", "| samples, 0 to 50 |\n| `change`", "granted: "),
        ("`inconclusive`, `exploratory`, ", "`inconclusive`, ", "exploratory is none of"),
        ("### `gaps.csv`", "### `gap.csv`", "gaps.csv: 0 patterns"),
        ("Rule `measure_gaps`", "Rule `measure_classes`", "made by measure_gaps"),
        ("Shared: `split`, `sample`, `id`", "Shared: `split`, `sample`", "id is not named"),
        ("| `way` | ensembles", "| `road` | ensembles", "way is not among what is shared"),
        ("| `change` | `granted` - `samples` |", "| `change` | |", "change has no meaning"),
    ],
)
def test_wrong_page_is_found_out(whole, left, makers, said, instead, found):
    assert PAGE.count(said) == 1
    wrong = mistakes(PAGE.replace(said, instead), left, makers, names_of(whole.config))
    assert any(found in problem for problem in wrong), wrong


def test_every_figure_is_left(left):
    drawn = defaultdict(set)
    for path in map(Path, left):
        if path.parent.name == "figures":
            drawn[path.suffix].add(path.stem)
    figures = {figure.name for figure in reported_figures(ROOT / "workflow/report/figures")}
    assert drawn == {".svg": figures, ".png": figures}
