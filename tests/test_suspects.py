"""Suspects: every image is judged by networks that never saw it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import small_config
from hypothesis import given, settings
from hypothesis import strategies as st

from hbr.analysis.figures.suspects import first_images, images_of, suspect_captions
from hbr.analysis.lists import with_paths
from hbr.analysis.margins import margins
from hbr.analysis.suspect_tables import suspect_sentences, suspects_shown, worth_sentences, worth_table
from hbr.analysis.suspects import aum_of_folds, logits_of_folds, rule_worth, suspect_list, suspect_table
from hbr.conditions.noise import rule_of
from hbr.data.datasets import prepare
from hbr.data.folds import divide, fold_dataset, fold_table, plant
from hbr.errors import StudyError
from hbr.study.dry_run import PlannedJob
from hbr.study.forecast import training_table
from hbr.study.labellings import GIVEN, PLANTED
from hbr.study.suspects import fold_runs, labellings, planted_sentence

NAMES = ("ant", "bee", "cow")


def table_of(labels, folds, train, planted=None):
    """Return a table of folds, of whose images the first ``train`` are of the training set."""
    splits = ["train"] * train + ["test"] * (len(labels) - train)
    samples = [*range(train), *range(len(labels) - train)]
    columns = {"split": splits, "sample": samples, "class": labels, "label": labels, "fold": folds}
    return pd.DataFrame({**columns, "planted": planted if planted is not None else [False] * len(labels)})


def run_of(fold, member, labels, logits):
    mean = np.array(logits, np.float16)
    return SimpleNamespace(variant=fold, member=member, test_labels=np.array(labels), mean_test_logits=mean)


# Four images of three classes: a and b of the training set, c and d of the test set; a and d were left out together.
FOLDS = table_of([0, 1, 2, 1], [1, 2, 2, 1], 2)
RUNS = [
    run_of(2, 1, [1, 2], [[4, 1, 0], [0, 0, 2]]),
    run_of(1, 1, [0, 1], [[3, 1, 0], [0, 1, 4]]),
    run_of(1, 2, [0, 1], [[0, 2, 0], [0, 3, 0]]),
    run_of(2, 2, [1, 2], [[2, 1, 0], [0, 0, 4]]),
]


def test_suspects_by_hand():
    logits = logits_of_folds(RUNS, FOLDS)
    assert logits[:, 0].tolist() == [[3, 1, 0], [0, 2, 0]]
    table = suspect_table(FOLDS, logits)
    # Means: a 1.5, 1.5, 0; b 3, 1, 0; c 0, 0, 3; d 0, 2, 2.
    assert table["margin"].tolist() == [-2, 0, 0, 3]
    assert list(zip(table["split"], table["sample"], strict=True)) == [("train", 1), ("train", 0), ("test", 1), ("test", 0)]
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["suggested"].tolist() == [0, 0, 1, 2]
    assert table["votes"].tolist() == [2, 1, 1, 2]
    assert set(table["members"]) == {2}


def test_the_list_names_files_and_tells_of_training_images_alone_what_is_known_of_them():
    ids = pd.DataFrame({"split": ["train", "train", "test", "test"], "sample": [0, 1, 0, 1], "id": list("abcd")})
    aum = pd.DataFrame({"sample": [0, 1], "hardness": [5.0, -1.0]})
    flagged = {"rank": pd.DataFrame({"sample": [0, 1], "flagged": [False, True]})}
    listed = suspect_list(suspect_table(FOLDS, logits_of_folds(RUNS, FOLDS)), ids, aum, flagged, NAMES)
    assert listed["id"].tolist() == ["b", "a", "d", "c"]
    assert listed["class_name"].tolist() == ["bee", "ant", "bee", "cow"]
    assert listed["suggested_name"].tolist() == ["ant", "ant", "bee", "cow"]
    assert listed["aum"].fillna(99).tolist() == [-1, 5, 99, 99]
    # A rule may be called as any column is.
    assert listed["rank"].tolist() == [1, 2, 3, 4]
    assert listed["flagged_rank"].astype(object).where(listed["flagged_rank"].notna(), None).tolist() == [
        True,
        False,
        None,
        None,
    ]
    shown = suspects_shown(listed.astype({"flagged_rank": object}))
    assert shown.loc[0].tolist() == [1, "b", "train", "bee", "ant", "2 of 2", "-2.00", "-1.00", "rank"]
    assert suspect_sentences(listed) == (
        "Networks that never saw the image suggest another class than its label for 1 of 4 images (25.0 %); all 2 agree for 1."
    )
    assert with_paths(listed, Path("/data"))["path"].iloc[0] == "/data/b"
    with pytest.raises(StudyError, match="of other data"):
        suspect_list(suspect_table(FOLDS, logits_of_folds(RUNS, FOLDS)), ids[:2], aum, flagged, NAMES)


def test_mirror_images_count_as_much_as_the_images_themselves():
    more, twice = np.array([4, 2, 0]), []
    for run in RUNS:
        logits = np.concatenate([run.mean_test_logits, run.mean_test_logits + more])
        twice.append(run_of(run.variant, run.member, np.tile(run.test_labels, 2), logits))
    assert (logits_of_folds(twice, FOLDS) == logits_of_folds(RUNS, FOLDS) + more / 2).all()
    with pytest.raises(StudyError, match="tested on other images"):
        logits_of_folds([run_of(2, 1, [1, 2, 2, 1], np.zeros((4, 3))), *RUNS[1:]], FOLDS)
    images, classes = np.arange(6 * 8 * 8, dtype=np.uint8).reshape(6, 8, 8, 1), np.array([0, 1, 2])
    data = prepare(images[:3], classes, images[3:], classes, NAMES)
    table = table_of([0, 1, 2] * 2, [1, 1, 1, 2, 2, 2], 3)
    own, plain = fold_dataset(data, table, 1, mirrored=True), fold_dataset(data, table, 1)
    assert own.test_labels.tolist() == [0, 1, 2] * 2
    assert (own.test_images == np.concatenate([plain.test_images, plain.test_images[:, :, ::-1]])).all()
    assert (own.train_images == plain.train_images).all()


def test_trainings_of_other_folds_are_refused():
    with pytest.raises(StudyError, match="fold 2 was tested on other images"):
        logits_of_folds([run_of(2, 1, [2, 1], [[4, 1, 0], [0, 0, 2]]), *RUNS[1:]], FOLDS)
    with pytest.raises(StudyError, match="never left out"):
        logits_of_folds(RUNS[:3], FOLDS)


def test_aum_is_the_mean_over_trainings_that_saw_an_image():
    def dynamics(sums, epochs):
        return SimpleNamespace(examples=len(sums), margin_sum=np.array(sums, np.float32), epochs=epochs)

    # Without fold 1: images 1 and 2; without fold 2: 0 and 3.
    seen = [dynamics([4, 8], 4), dynamics([2, 6], 2), dynamics([9, 3], 1)]
    assert aum_of_folds(seen, [1, 2, 1], FOLDS).tolist() == [1, 5, 2.5, 3]
    with pytest.raises(StudyError, match="had 3 images, not 2"):
        aum_of_folds([dynamics([1, 2, 3], 1)], [1], FOLDS)


def test_worth_by_hand():
    labels, planted = np.zeros(30, int), np.arange(30) < 3
    logits = np.zeros((1, 30, 2))
    # Of the planted ones the margin puts two below all others, and the third above them.
    logits[0, :, 0] = np.concatenate([[-5, -4, 50], np.arange(27) - 0.5])
    aum = np.concatenate([[100, 101, -1], np.arange(27)])
    worth = rule_worth(table_of(labels, np.ones(30, int), 30, planted), logits, aum, {
        "below": rule_of(method="below", threshold=0),
        "pleiss": rule_of(method="threshold-samples", percentile=99),
    })  # fmt: skip
    rows = worth.set_index("rule")
    assert "pleiss" not in rows.index
    assert rows["found"].to_dict() == {
        "out-of-fold margin, lowest 20": 2,
        "out-of-fold margin, lowest 3": 2,
        "AUM, lowest 20": 1,
        "AUM, lowest 3": 1,
        "another class suggested": 2,
        "below": 1,
    }
    assert rows.at["out-of-fold margin, lowest 3", "precision"] == pytest.approx(2 / 3)
    assert rows.at["out-of-fold margin, lowest 20", "recall"] == pytest.approx(2 / 3)
    # Pairs in which the planted one stands lower: two of three with all 27 others.
    assert rows.at["out-of-fold margin, lowest 20", "auroc"] == pytest.approx(54 / 81)
    assert rows.at["AUM, lowest 3", "auroc"] == pytest.approx(27 / 81)
    assert np.isnan(rows.at["below", "auroc"])
    assert worth_sentences(worth) == (
        "As a check, 3 labels were changed on purpose and other networks trained: 2 of the first 20 by out-of-fold margin and "
        "1 of the first 20 by AUM are among them; by chance it would be 2.0."
    )
    assert worth_table(worth)["AUROC"].tolist() == ["0.667", "0.667", "0.333", "0.333", "", ""]


def test_nothing_is_claimed_where_nothing_could_be_planted():
    worth = rule_worth(table_of([0, 1], [1, 2], 2), np.zeros((1, 2, 2)), np.zeros(2), {})
    assert "not known" in worth_sentences(worth)
    assert "AUROC" not in worth_table(worth)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 4), st.integers(2, 5), st.integers(5, 14), st.integers(0, 99))
def test_every_image_is_left_out_once_and_classes_are_alike_in_folds(classes, folds, per_class, seed):
    labels = np.arange(classes * per_class) % classes
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None, None].repeat(8, 1)
    train = 3 * len(labels) // 4
    names = [*NAMES, "dog"][:classes]
    data = prepare(images[:train], labels[:train], images[train:], labels[train:], tuple(names))
    table = fold_table(data, folds, seed, 0.0, np.random.default_rng(seed))
    assert not table["planted"].any()
    assert (table["split"] == "test").sum() == len(labels) - train
    counts = pd.crosstab(table["label"], table["fold"])
    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()
    left_out = []
    for fold in range(1, folds + 1):
        part = fold_dataset(data, table, fold)
        tested, trained = part.test_images[:, 0, 0, 0], part.train_images[:, 0, 0, 0]
        # The value of an image is its place.
        assert set(tested) | set(trained) == set(images[:, 0, 0, 0])
        assert not set(tested) & set(trained)
        assert (part.test_labels == labels[tested]).all()
        left_out += tested.tolist()
    assert sorted(left_out) == list(range(len(labels)))


@settings(deadline=None)
@given(st.integers(2, 5), st.lists(st.integers(1, 40), min_size=2, max_size=5), st.integers(0, 99))
def test_planted_labels_are_wrong_and_a_share_of_each_class(classes, sizes, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    classes = max(classes, len(sizes))
    planted = plant(labels, classes, 0.05, np.random.default_rng(seed))
    changed = planted != labels
    assert [int(changed[labels == label].sum()) for label in range(len(sizes))] == [round(0.05 * size) for size in sizes]
    assert ((planted >= 0) & (planted < classes)).all()


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(1, 20), st.integers(0, 99))
def test_a_margin_is_below_0_only_where_another_class_is_suggested(classes, images, seed):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(images, classes)), rng.integers(0, classes, images)
    assert ((margins(logits, labels) < 0) == (logits.argmax(1) != labels)).all()


def test_classes_with_fewer_images_than_folds_are_named():
    with pytest.raises(StudyError, match="class 'bee' has 2 different images, too few for 3"):
        divide(np.array([0, 0, 0, 1, 1, 2, 2, 2]), np.arange(8), 3, NAMES, 0)
    # A copy would be judged by networks that know it.
    with pytest.raises(StudyError, match="class 'bee' has 2 different images, too few for 3"):
        divide(np.array([0, 0, 0, 1, 1, 1, 2, 2, 2]), np.array([0, 1, 2, 3, 3, 5, 6, 7, 8]), 3, NAMES, 0)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 4), st.lists(st.integers(0, 39), max_size=25), st.integers(0, 99))
def test_copies_are_in_one_fold(folds, chosen, seed):
    labels, alike = np.arange(60) % 3, np.arange(60)
    # Of a third of the images, some under another label.
    alike[40 : 40 + min(20, len(chosen))] = chosen[:20]
    try:
        places = divide(labels, alike, folds, NAMES, seed)
    except StudyError:
        assert min(len(np.unique(alike[labels == label])) for label in range(3)) < folds
        return
    assert (places == places[alike]).all()
    assert set(places) == set(range(1, folds + 1))
    # Every class is trained on, whichever fold is left out.
    assert all(len(np.unique(places[labels == label])) > 1 for label in range(3))


def test_captions_and_pictures_are_of_the_right_split():
    images = np.arange(4, dtype=np.uint8)[:, None, None, None].repeat(8, 1)
    data = prepare(images[:2], np.array([0, 1]), images[2:], np.array([1, 0]), ("ant", "bee"))
    rows = pd.DataFrame({"rank": [2, 1], "split": ["train", "test"], "sample": [1, 0], "class": [1, 1], "suggested": [0, 1]})
    rows = rows.assign(votes=[1, 2], members=2, margin=[0.25, -3.0], id=["ant/long name of a file.jpg", 7])
    first = first_images(rows)
    assert images_of(first, data)[:, 0, 0, 0].tolist() == [2, 1]
    assert suspect_captions(first, data.class_names)[0] == "bee\n→ bee (2 of 2)\nmargin -3.0, #7"


@pytest.mark.parametrize(
    ("changes", "found", "said"),
    [
        ({"folds": 0}, [], ""),
        # The small study has 6 trainings: 2 of 10 are not less than a fifth, 2 of 11 would be.
        ({"folds": 2}, [GIVEN], "2 of 10 trainings (20%), not less than 20%, and are left out"),
        ({"folds": 2, "planted": "always"}, [GIVEN, PLANTED], "suspects.planted: always; planted labels are 2 of 10"),
        ({"folds": 2, "planted": "never"}, [GIVEN], "suspects.planted: never; planted labels would be 2 of 10"),
        ({"folds": 2, "baseline": 3}, [GIVEN, PLANTED], "with planted labels: 2 of 11 trainings (18%), less than 20%"),
    ],
)
def test_labels_are_planted_where_that_is_cheap_or_asked_for(changes, found, said):
    config = small_config()
    config["baseline"]["members"] = changes.pop("baseline", 2)
    config["suspects"] = {"members": 1, "planted": "auto"} | changes
    assert labellings(config) == found
    assert said in planted_sentence(config)
    assert len(fold_runs(config)) == changes["folds"]


def test_the_forecast_counts_trainings_without_a_fold(tmp_path):
    config = small_config() | {"suspects": {"folds": 2, "members": 1, "planted": "always"}}
    fold = {"dataset": "digits", "condition": PLANTED, "variant": "2", "member": "1"}
    jobs = [PlannedJob("train_fold", fold, "Missing output files", (), ("x",), "")]
    table = training_table(config, "digits", jobs, tmp_path).set_index("condition")
    assert table.loc["without a fold", ["trainings", "to do"]].tolist() == [2, 0]
    assert table.loc["without a fold, labels planted", ["trainings", "to do"]].tolist() == [2, 1]
