"""The ledger: every claim against every data set it speaks of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from hbr.data.files import reading
from hbr.errors import StudyError
from hbr.study.claims import effect, ground_truth, hardness, recall
from hbr.study.claims.deviations import deviations_table
from hbr.study.claims.evidence import Evidence, NotMeasuredError
from hbr.study.claims.finding import ABSENT, HERE, INCONCLUSIVE, Finding
from hbr.study.claims.regime import ASKED, accuracy_told, regime_of, why_undecided

Check = Callable[[Evidence, Mapping[str, Any], Sequence[Evidence]], Finding]
CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        recall.gap_exists,
        recall.gap_grows,
        recall.easy_count,
        recall.extreme_classes,
        effect.no_effect,
        effect.no_system,
        effect.size_constant,
        effect.imbalance_helps,
        effect.holdout_best,
        effect.gap_falls,
        effect.beats_random,
        effect.differs_from_random,
        hardness.most_robust,
        hardness.size_suffices,
        hardness.noise_count,
        hardness.rankings_differ,
        ground_truth.human_order,
        ground_truth.human_noise,
        ground_truth.noise_oversampled,
    )
}
# The lists of claims and deviations lie here.
LISTS = Path(__file__).parent
# Training samples and classes of what a data set may stand for.
SIZES = {"CIFAR10": (50_000, 10), "CIFAR100": (50_000, 100)}
COLUMNS = ["id", "version", "claim", "data_set", "dataset", "setting", "control_accuracy", "regime", "reported", "measured"]
COLUMNS += ["n", "here", "verdict", "why", "what_would_decide", "value", "lower", "upper"]


def judge(claims: Sequence[Mapping[str, Any]], evidences: Sequence[Evidence]) -> pd.DataFrame:
    """Return one row a claim and data set of the study that it speaks of, or one that says it is not in this study.

    ``here`` says whether the claim holds of the network and recipe that were trained; ``verdict`` is on the paper's claim,
    and inconclusive where ``regime`` does not decide it (:mod:`.regime`). A data set that the claim does not speak of
    is measured all the same, for its own interest, but never passes; where the answer is a number or a class of the claim's own
    data (``data: reported``), it is not judged either.
    """
    for evidence in evidences:
        check_size(evidence)
    rows = []
    for claim in claims:
        speaks_of = [evidence for evidence in evidences if evidence.stands_for in claim["reported"]]
        for evidence in speaks_of:
            finding = _found(claim, evidence, evidences)
            told = {"dataset": evidence.dataset, "setting": evidence.setting, "control_accuracy": accuracy_told(evidence)}
            told |= {"regime": regime_of(evidence), "here": HERE[finding.verdict]}
            rows.append(_row(claim, evidence.stands_for, told, _scoped(claim, evidence, finding, evidences)))
        if not speaks_of:
            rows.append(_row(claim, ", ".join(claim["reported"]), *_elsewhere(claim, evidences)))
    return pd.DataFrame(rows, columns=COLUMNS)


def study_ledger(
    claims: Path, deviations: Path, settings: Mapping[str, Mapping[str, Any]], results: Path, tables: Sequence[Path]
) -> dict[str, pd.DataFrame]:
    """Return the tables claims, opening (the columns that a report opens with) and deviations of one study.

    ``claims`` and ``deviations`` are YAML lists, ``settings`` are of :func:`hbr.study.setting.setting_of` by data set,
    ``tables`` are files under ``results``, the study's folder.
    """
    evidences = []
    for dataset, setting in settings.items():
        home = results / dataset
        files = {path.relative_to(home).as_posix(): path for path in tables if path.is_relative_to(home)}
        evidences.append(Evidence(dataset, files, **setting))
    ledger = judge(entries_of(claims), evidences)
    shown = ["claim", "version", "data_set", "control_accuracy", "regime", "reported", "measured", "n", "here", "verdict"]
    opening = ledger[[*shown, "why"]].rename(columns={"data_set": "data set", "control_accuracy": "control accuracy"})
    return {"claims": ledger, "opening": opening, "deviations": deviations_table(entries_of(deviations), evidences)}


def check_size(evidence: Evidence) -> None:
    """Raise ``StudyError`` where a data set cannot be what it is said to stand for."""
    if not evidence.stands_for or not evidence.matching("hardness/*/classes.csv"):
        return
    (name, *_) = evidence.matching("hardness/*/classes.csv")
    table = evidence.table(name)
    found = (int(table["samples"].sum()), len(table))
    if found != SIZES[evidence.stands_for]:
        raise StudyError(
            f"datasets.{evidence.dataset}.reproduces: {evidence.stands_for} has {SIZES[evidence.stands_for][0]:,} training "
            f"samples in {SIZES[evidence.stands_for][1]} classes, these data have {found[0]:,} in {found[1]}; leave the key out"
        )


def entries_of(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a list of claims or deviations."""
    with reading(path, "a YAML list"):
        found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def _found(claim: Mapping[str, Any], evidence: Evidence, evidences: Sequence[Evidence]) -> Finding:
    try:
        return CHECKS[claim["check"]](evidence, claim, evidences)
    except NotMeasuredError as missing:
        return Finding("", ABSENT, str(missing))


def _scoped(claim: Mapping[str, Any], evidence: Evidence, finding: Finding, evidences: Sequence[Evidence]) -> Finding:
    """Return the finding, without its verdict where the regime of what it is of does not decide the claim."""
    if finding.verdict == ABSENT:
        return finding
    compared = [recall.smaller_data_set(evidence, claim, evidences)] if "smaller" in claim else []
    lacks = [why for one in (evidence, *compared) if (why := why_undecided(claim, one))]
    if not lacks:
        return finding
    why = f"{'; '.join(dict.fromkeys(lacks))}; here {finding.why}"
    own = finding.decides if finding.verdict == INCONCLUSIVE else ""
    decides = "; ".join(filter(None, (ASKED[claim["setting"]], own)))
    return replace(finding, verdict=INCONCLUSIVE, why=why, decides=decides)


def _elsewhere(claim: Mapping[str, Any], evidences: Sequence[Evidence]) -> tuple[dict[str, str], Finding]:
    """Return what holds on data sets that the claim does not speak of, and the finding that it is not in the study."""
    found = {evidence.dataset: _found(claim, evidence, evidences) for evidence in evidences}
    measured = {dataset: finding for dataset, finding in found.items() if finding.verdict != ABSENT}
    judged = measured if claim["data"] == "any" else {}
    here = "; ".join(f"{dataset}: {HERE[finding.verdict]}" for dataset, finding in judged.items())
    shown = "; ".join(f"{dataset}: {finding.measured}" for dataset, finding in measured.items())
    n = "; ".join(f"{dataset}: {finding.n}" for dataset, finding in measured.items())
    why = "it speaks of other data than the study has"
    if not measured:
        why = "; ".join(dict.fromkeys(finding.why for finding in found.values()))
    accuracies = {evidence.dataset: accuracy_told(evidence) for evidence in evidences}
    told = "; ".join(f"{dataset}: {accuracy}" for dataset, accuracy in accuracies.items() if accuracy)
    return {"control_accuracy": told, "here": here}, Finding(shown, ABSENT, why, n=n)


def _row(claim: Mapping[str, Any], data_set: str, told: Mapping[str, str], finding: Finding) -> dict[str, Any]:
    """Return a row; ``told`` are those of its columns that are of the study and not of the finding."""
    reported = "; ".join(
        text if len(claim["reported"]) == 1 or name == data_set else f"{name}: {text}"
        for name, text in claim["reported"].items()
        if data_set not in claim["reported"] or name == data_set
    )
    return {
        "id": claim["id"],
        "version": " ".join(claim["versions"]),
        "claim": claim["claim"],
        "data_set": data_set,
        **dict.fromkeys(("dataset", "setting", "control_accuracy", "regime"), ""),
        "reported": reported,
        "measured": finding.measured,
        "n": finding.n,
        **told,
        "verdict": finding.verdict,
        "why": finding.why,
        "what_would_decide": finding.decides if finding.verdict == INCONCLUSIVE else "",
        "value": finding.value,
        "lower": finding.lower,
        "upper": finding.upper,
    }
