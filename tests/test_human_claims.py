"""Claims on what people see, judged by tables made by hand; and training on labels by others."""

import json
from argparse import Namespace
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from prepare_dataset import labels_of

from hbr.analysis.ground_truth import CLASSES, DOUBTFUL_COLUMNS, NOISE_COLUMNS, ORDER_COLUMNS
from hbr.data.datasets import flip_labels, relabelled
from hbr.data.files import write_table
from hbr.data.references import FLIPPED, GIVEN, TRAIN
from hbr.errors import StudyError
from hbr.study.claims import ground_truth
from hbr.study.claims.evidence import Evidence, NotMeasuredError
from hbr.study.claims.finding import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from hbr.study.claims.ledger import CHECKS
from hbr.study.configuration import check_meaning
from hbr.study.references import has_ground_truth, known_noise, labels_of_dataset
from hbr.study.setting import setting_of

CLAIMS = {
    claim["id"]: claim
    for claim in yaml.safe_load((ROOT / "workflow/scripts/hbr/study/claims/claims.yaml").read_text())
    if claim["check"] in vars(ground_truth)
}


@pytest.fixture
def evidence(tmp_path):
    """Return a function that gives the evidence of tables by name."""

    def give(name="d", classes="ab", **tables):
        files = {"hardness/aum/classes.csv": tmp_path / name / "classes.csv"}
        write_table(files["hardness/aum/classes.csv"], pd.DataFrame({"class_name": list(classes)}))
        for table, rows in tables.items():
            path = "conditions.csv" if table == "conditions" else f"ground_truth/{table}.csv"
            files[path] = tmp_path / name / path
            write_table(files[path], rows)
        return Evidence(name, files, sources={"aum": "baseline"}, methods={"aum": "aum"})

    return give


def judged(claim, evidence, others=()):
    return CHECKS[CLAIMS[claim]["check"]](evidence, CLAIMS[claim], [evidence, *others])


def order(*rows):
    """Return a table of orders of classes: reference, kind, correlation and its ends over classes."""
    names = ["reference", "kind", "correlation", "classes_lower", "classes_upper"]
    own = {"estimator": "aum", "level": CLASSES, "lower": 0.8, "upper": 0.9, "ceiling": 0.99, "classes": 10, "members": 3}
    return pd.DataFrame(rows, columns=names).assign(**own).reindex(columns=["reference", "kind", *ORDER_COLUMNS])


@pytest.mark.parametrize(
    ("rows", "verdict", "value"),
    [
        ([("h", "votes", 0.9, 0.75, 0.99), ("n", "labels", 0.4, 0.1, 0.6)], REPRODUCED, 0.9),
        ([("h", "votes", 0.8, 0.3, 0.97)], INCONCLUSIVE, 0.8),
        ([("n", "labels", 0.4, 0.1, 0.6)], NOT_REPRODUCED, 0.4),
        ([("h", "votes", 0.9, 0.75, 0.99), ("i", "votes", 0.5, 0.2, 0.6)], NOT_REPRODUCED, 0.5),
        ([("h", "votes", 0.9, np.nan, np.nan)], INCONCLUSIVE, 0.9),
    ],
)
def test_order_of_classes_is_judged_by_votes_where_there_are_any(evidence, rows, verdict, value):
    finding = judged("human-order", evidence(order=order(*rows)))
    assert (finding.verdict, finding.value) == (verdict, value)
    assert finding.n == "3 members, 10 classes" and "people's reliability allows at most 0.99" in finding.why


def noise(truth, rate, auroc, half):
    """Return the row of AUM against labels that are known to be wrong."""
    ends = {"auroc_lower": auroc - half, "auroc_upper": auroc + half, "members": 4, "images": 1000}
    row = {
        "reference": "data set",
        "truth": truth,
        "finder": "estimator",
        "name": "aum",
        "chance": rate,
        "auroc": auroc,
        **ends,
    }
    return pd.DataFrame([row]).reindex(columns=["reference", "truth", *NOISE_COLUMNS])


@pytest.mark.parametrize(
    ("auroc", "half", "verdict"),
    [(0.95, 0.003, REPRODUCED), (0.9, 0.003, NOT_REPRODUCED), (0.935, 0.02, INCONCLUSIVE)],
)
def test_noise_by_people_is_compared_with_as_many_flips(evidence, auroc, half, verdict):
    ours, near, far = (evidence(name, noise=noise(*row)) for name, row in {
        "ours": (GIVEN, 0.17, auroc, half), "near": (FLIPPED, 0.18, 0.95, 0.004), "far": (FLIPPED, 0.09, 0.99, 0.004)
    }.items())  # fmt: skip
    finding = judged("human-noise", ours, [far, near])
    assert finding.verdict == verdict and finding.value == pytest.approx(auroc - 0.95)
    assert finding.upper - finding.lower == pytest.approx(2 * np.hypot(half, 0.004)) and "(near)" in finding.measured
    with pytest.raises(NotMeasuredError, match="no data set of the study has about 17 % of its labels flipped"):
        judged("human-noise", ours, [far])
    with pytest.raises(NotMeasuredError, match="no data set of the study is trained on labels by people"):
        judged("human-noise", near, [far])


def test_a_data_set_with_its_own_labels_is_judged_by_those_trained_on_labels_by_people(evidence):
    nothing = pd.DataFrame(columns=["reference", "truth", *NOISE_COLUMNS])
    own = evidence("own", noise=nothing)
    given = [evidence(f"given{auroc}", noise=noise(GIVEN, 0.17, auroc, 0.003)) for auroc in (0.95, 0.9)]
    flips = evidence("flips", noise=noise(FLIPPED, 0.17, 0.95, 0.003))
    assert judged("human-noise", own, [given[0], flips]).verdict == REPRODUCED
    both = judged("human-noise", own, [*given, flips])
    assert (both.verdict, both.value) == (NOT_REPRODUCED, pytest.approx(-0.05))
    assert both.measured.count("(flips)") == 2 and "(given0.9)" in both.measured
    # Another network, or another study, is no company.
    for change in ({"setting": "other"}, {"study": "other"}):
        with pytest.raises(NotMeasuredError, match="no data set of the study is trained on labels by people"):
            judged("human-noise", own, [replace(one, **change) for one in (*given, flips)])
    # What has its own answer is judged by that; labels of other classes say nothing.
    assert judged("human-noise", given[0], [given[1], flips]).verdict == REPRODUCED
    with pytest.raises(NotMeasuredError, match="about 17 %"):
        judged("human-noise", own, [given[0], evidence("others", "xy", noise=noise(FLIPPED, 0.17, 0.95, 0.003))])


def plans(*shares):
    """Return the plans of a study of one condition, and what its conditions are."""
    rows = [("n", "baseline", 0, 0.05), *(("n", "a", variant, share) for variant, share in enumerate(shares, 1))]
    # Of a base without what a rule flags: resampling is held against its own control.
    rows += [("n", "c", variant, 0.01) for variant in range(1, len(shares) + 1)]
    rows += [("n", "b", variant, share - 0.04) for variant, share in enumerate(shares, 1)]
    doubtful = pd.DataFrame(rows, columns=["people", "condition", "variant", "share"]).reindex(columns=DOUBTFUL_COLUMNS)
    conditions = pd.DataFrame({"condition": ["baseline", "a", "c", "b"], "label": ["baseline", "A", "C", "B"]})
    conditions["kind"] = ["baseline", "resampled", "control", "resampled"]
    conditions["reference"] = [None, "control", None, "c"]
    return {"doubtful": doubtful, "conditions": conditions}


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ((0.06, 0.0601), REPRODUCED),
        ((0.04, 0.0401), NOT_REPRODUCED),
        ((0.05, 0.06), INCONCLUSIVE),
        ((0.06,), INCONCLUSIVE),
        # 0 is within half of 4.30 and of 6.21 standard errors, of two conditions: a fall must leave it out at 97.5 %.
        ((0.0400, 0.0432, 0.0464), INCONCLUSIVE),
        # Counts that are all alike say nothing.
        ((0.06, 0.06), INCONCLUSIVE),
        ((0.04, 0.04), INCONCLUSIVE),
    ],
)
def test_the_share_of_mislabelled_images_rises_or_falls(evidence, shares, verdict):
    finding = judged("noise-oversampled", evidence(**plans(*shares)))
    assert finding.verdict == verdict and finding.value == pytest.approx(np.mean(shares) - 0.05)
    assert finding.measured.startswith("from 5.00 % by ")


def test_without_references_nothing_is_measured(evidence):
    empty = {"order": order(), "noise": noise(GIVEN, 0.1, 0.9, 0).iloc[:0], **plans()}
    empty["doubtful"] = empty["doubtful"].iloc[:0]
    without = Evidence("none", {}, sources={"aum": "baseline"}, methods={"aum": "aum"})
    for claim in CLAIMS:
        with pytest.raises(NotMeasuredError, match=r"under references|is trained on labels by people"):
            judged(claim, evidence("empty", **empty))
        with pytest.raises(NotMeasuredError, match="the study names no references: people's votes or labels"):
            judged(claim, without)
    assert all(claim["versions"] == ["ours"] for claim in CLAIMS.values()) and len(CLAIMS) == 3


def arguments(path, key="one", **keys):
    """Return the command line of a data set whose training labels are replaced."""
    labels = labels_of_dataset({"labels": {"file": str(path), "key": key, **keys}})
    return Namespace(labels=json.loads(labels.text), labels_file=path)


def test_labels_by_others_are_trained_on_and_what_differs_is_known(tiny_dataset, tmp_path):
    others = tiny_dataset.train_labels.copy()
    others[[3, 7]] = (others[[3, 7]] + 1) % 3
    np.savez(tmp_path / "others.npz", one=others.astype(np.uint8), short=others[:9])
    data = relabelled(tiny_dataset, labels_of(arguments(tmp_path / "others.npz"), tiny_dataset))
    assert np.flatnonzero(data.planted).tolist() == [3, 7] and (data.train_labels == others).all()
    assert data.train_labels.dtype == np.int64 and (data.test_labels == tiny_dataset.test_labels).all()
    assert data.checksum != tiny_dataset.checksum
    with pytest.raises(StudyError, match=r"labels: keys: short of .*others.npz has 9 rows, and 50 are needed"):
        labels_of(arguments(tmp_path / "others.npz", "short"), tiny_dataset)


def test_a_data_set_on_labels_by_others_is_as_one_with_planted_ones(tiny_dataset):
    flipped = flip_labels(tiny_dataset, 0.2, np.random.default_rng(0))
    assert (relabelled(tiny_dataset, flipped.train_labels).planted == flipped.planted).all()


def test_what_a_study_says_of_labels_by_others():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    digits = config["datasets"]["digits"]
    assert not has_ground_truth(config) and known_noise(digits) == "" and labels_of_dataset(digits) is None
    digits["labels"] = {"file": "a.npz", "key": "one"}
    assert has_ground_truth(config) and known_noise(digits) == GIVEN and labels_of_dataset(digits).part == TRAIN
    digits["flipped_labels"] = 0.1
    with pytest.raises(StudyError, match=r"datasets.digits.labels: flipped_labels flips the data set's own labels"):
        check_meaning(config)
    del digits["labels"]
    assert known_noise(digits) == FLIPPED and not has_ground_truth(config)


def test_only_labels_as_published_are_the_papers_own():
    recipe = yaml.safe_load((ROOT / "studies/cifar10.yaml").read_text())
    own = SimpleNamespace(**recipe).datasets["cifar10"]
    recipe.setdefault("noise", {}).setdefault("estimator", "aum")
    assert setting_of(recipe, "cifar10")["paper"]
    own["labels"] = {"file": "a.npz", "key": "one"}
    assert not setting_of(recipe, "cifar10")["paper"]
