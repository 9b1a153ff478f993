"""References: what people and other networks say of images, matched to samples by id or place, or refused."""

import copy
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import recall_score

from hbr.analysis.ground_truth import published_recalls
from hbr.data.reference_readers import Images, read_reference
from hbr.data.references import KINDS, ReferenceKeys, fingerprint_of_reference
from hbr.errors import StudyError
from hbr.study.configuration import check_meaning, check_shape
from hbr.study.presence import expand_paths, present_sources
from hbr.study.studies import SCHEMA

LABELS = np.tile(np.arange(3), 20)
SCHEMA_OF_STUDY = yaml.safe_load(SCHEMA.read_text())


def images(labels=LABELS, ids=None, published=None, known=None):
    """Return the images of one part, by default known by their place."""
    ids = list(map(str, range(len(labels)))) if ids is None else ids
    return Images(labels, ids, published or len(labels), 3, np.ones(len(labels), bool) if known is None else known)


def read(path, kind, of=None, **keys):
    """Return what a reference of the keys holds."""
    keys |= {"part": "test"} if "part" in KINDS[kind] else {}
    return read_reference(json.loads(ReferenceKeys.of(kind, str(path), **keys).text), path, of or images())


@pytest.fixture
def file(tmp_path):
    """Return a function that writes an ``.npz`` of arrays."""

    def write(**arrays):
        np.savez(tmp_path / "file.npz", **arrays)
        return tmp_path / "file.npz"

    return write


def test_votes_stand_by_sample(file):
    counts = 2 * np.eye(3, dtype=int)[LABELS]
    counts[4] = [1, 0, 1]
    found = read(file(counts=counts), "votes")
    assert (found["votes"] == counts).all() and found["votes"].dtype == np.uint16 and found["raters"].shape == (0, 60)


def test_labels_of_several_people_become_votes(file):
    second = LABELS.copy()
    second[:2] = [1, 2]
    found = read(file(one=LABELS, two=second), "labels", keys=["one", "two"])
    assert found["votes"][:3].tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 2]]
    assert (found["raters"] == [LABELS, second]).all()


@given(st.permutations(range(60)))
def test_a_part_of_what_was_published_as_one_is_matched_by_index(order):
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "all.npz", human=LABELS)
        chosen = np.array(order[:12])
        of = images(LABELS[chosen], [str(place) for place in chosen], 60)
        if chosen.max() >= 12:
            found = read(Path(folder) / "all.npz", "labels", of, keys=["human"])
            assert (found["raters"][0] == LABELS[chosen]).all()


def test_stems_of_files_and_ids_beside_rows_match(file):
    of = images(LABELS[:6], [f"train/cat/{number:05d}.webp" for number in range(6)])
    assert (read(file(human=LABELS), "labels", of, keys=["human"], match="stem")["raters"] == LABELS[:6]).all()
    counted = images(LABELS[:6], [f"train/{name}/{number:05d}.webp" for name in ("ant", "bee") for number in range(3)])
    with pytest.raises(StudyError, match=r"'train/ant/00000.webp' and 'train/bee/00000.webp' share one"):
        read(file(human=LABELS), "labels", counted, keys=["human"], match="stem")
    ids = np.array(of.ids[::-1][:5])
    found = read(file(human=LABELS[:6][::-1][:5], names=ids), "labels", of, keys=["human"], match="id", ids="names")
    assert found["raters"][0].tolist() == [-1, 1, 2, 0, 1, 2] and not found["votes"][0].any()


def test_candidates_of_label_errors_are_sorted_by_sample(tmp_path):
    path = tmp_path / "errors.json"
    mturk = {"given": 1, "guessed": 4, "neither": 0, "both": 0}
    one = {"id": 5, "given_original_label": 2, "our_guessed_label": 0, "mturk": mturk}
    path.write_text(json.dumps([one, {**one, "id": 1, "given_original_label": 1}, {**one, "id": 3, "given_original_label": 0}]))
    found = read(path, "label-errors")
    assert found["samples"].tolist() == [1, 3, 5] and found["given"].tolist() == [1, 0, 2]
    assert found["suggested"].tolist() == [0, 0, 0] and found["answers"].tolist() == [[1, 4, 0, 0]] * 3


def test_of_a_split_data_set_the_candidates_of_its_part_are_read(tmp_path):
    path = tmp_path / "errors.json"

    def candidates(*places):
        one = {"our_guessed_label": 0, "mturk": {"given": 1, "guessed": 4, "neither": 0, "both": 0}}
        path.write_text(json.dumps([one | {"id": place, "given_original_label": int(LABELS[place])} for place in places]))
        return path

    part = np.array([2, 5, 9, 14])
    of = images(LABELS[part], list(map(str, part)), 60)
    assert read(candidates(7, 5, 2), "label-errors", of)["samples"].tolist() == [0, 1]
    with pytest.raises(StudyError, match=r"id 7 of .* is none of the data set's 4 images"):
        read(candidates(7, 8), "label-errors", of)
    with pytest.raises(StudyError, match=r"errors\.json lists image 5 twice; keep one entry of each"):
        read(candidates(5, 2, 5), "label-errors", of)


def test_recalls_of_published_networks_are_those_of_scikit_learn(file):
    rng = np.random.default_rng(0)
    one, two = (np.where(rng.random(60) < 0.3, 0, LABELS) for _ in range(2))
    found = read(file(b=one, a=two), "predictions")
    assert found["networks"].tolist() == ["a", "b"]
    table = published_recalls(found["predictions"], ["a", "b"], LABELS, ["x", "y", "z"])
    assert table[table["network"] == "b"]["recall"].tolist() == recall_score(LABELS, one, average=None).tolist()


SHIFTED = (LABELS + 1) % 3


@pytest.mark.parametrize(
    ("arrays", "keys", "sentence"),
    [
        ({"a": LABELS[:59]}, {"keys": ["a"]}, r"keys: a of .*file.npz has 59 rows, and 60 are needed for these 60 images"),
        ({"a": LABELS + 1}, {"keys": ["a"]}, r"keys: a of .*file.npz is 1 to 3, and there are 3 classes; number them from 0"),
        ({"a": SHIFTED}, {"keys": ["a"]}, r"keys: a of .*file.npz agrees with the label of 0 % of 60 images, hardly more than"),
        ({"a": LABELS}, {"keys": ["b"]}, r"keys: .*file.npz holds no b, but a$"),
        ({"a": LABELS * 1.0}, {"keys": ["a"]}, r"keys: a of .*file.npz is float64 of shape \(60,\); it takes one integer"),
        ({"a": LABELS}, {"keys": ["a"], "match": "id"}, r"ids: .*file.npz holds no ids, but a$"),
        ({"a": np.array([{}], dtype=object)}, {"keys": ["a"]}, r"file.npz is damaged or not an .npz of plain arrays"),
    ],
)
def test_what_does_not_fit_is_refused_by_key_and_file(file, arrays, keys, sentence):
    with pytest.raises(StudyError, match=sentence) as refused:
        read(file(**arrays), "labels", **keys)
    assert "\n" not in str(refused.value)


def test_names_that_are_no_numbers_ask_for_another_match(file):
    of = images(ids=[f"cat {number}.png" for number in range(60)])
    with pytest.raises(StudyError, match=r"match: index needs images that are known by a number, .*; write stem or id"):
        read(file(a=LABELS), "labels", of, keys=["a"])


def test_samples_with_labels_planted_are_no_sign_of_another_order(file):
    known = np.zeros(60, bool)
    known[:9] = True
    assert read(file(a=np.where(known, LABELS, SHIFTED)), "labels", images(known=known), keys=["a"])["votes"].sum() == 60


def study(references):
    """Return the default study with references."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["datasets"]["digits"]["references"] = references
    return config


VOTES = {"kind": "votes", "file": "votes.npz", "part": "test"}


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({**VOTES, "kind": "vote"}, r"datasets.digits.references.h.kind: 'vote' is none of votes, labels, label-errors"),
        ({**VOTES, "keys": ["a"]}, r"datasets.digits.references.h.keys: kind votes has no such key"),
        ({"kind": "votes", "file": "a.npz"}, r"datasets.digits.references.h.part: kind votes needs it"),
        ({**VOTES, "kind": "labels", "keys": []}, r"datasets.digits.references.h.keys: kind labels needs the name of an array"),
        ({**VOTES, "part": "all"}, r"datasets.digits.references.h.part: 'all' is not one of"),
        ({**VOTES, "matches": "id"}, r"h.matches is not a known key; did you mean 'match'"),
        ({"kind": "votes", "part": "test"}, r"datasets.digits.references.h: 'file' is a required property"),
    ],
)
def test_a_study_file_is_held_to_what_a_kind_takes(keys, sentence):
    with pytest.raises(StudyError, match=sentence):
        config = study({"h": keys})
        check_shape(config, SCHEMA_OF_STUDY)
        check_meaning(config)


def test_a_file_that_is_away_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = study({"h": copy.deepcopy(VOTES)})
    with pytest.raises(StudyError, match=r"datasets.digits: references.h.file: votes.npz cannot be read .*; mount it"):
        present_sources(config)
    config["datasets"]["digits"]["references"]["h"]["file"] = "~/votes.npz"
    expand_paths(config)
    assert not config["datasets"]["digits"]["references"]["h"]["file"].startswith("~")


def test_where_a_file_lies_and_whose_it_is_is_no_part_of_what_it_is(file, tmp_path):
    first, second = (ReferenceKeys.of("votes", name, licence, part="test") for name, licence in (("a", ""), ("b", "MIT")))
    assert first.text == second.text and first.part == "test" and ReferenceKeys.of("predictions", "a").part == "test"
    path = file(counts=LABELS)
    before = fingerprint_of_reference(path)
    path.rename(tmp_path / "elsewhere.npz")
    assert fingerprint_of_reference(tmp_path / "elsewhere.npz") == before != fingerprint_of_reference(file(counts=SHIFTED))
