"""Which file, or which index, a sample is: from the source to the lists that a user reads."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from PIL import Image

from hbr.analysis.figures.images import shown_id
from hbr.analysis.lists import (
    flagged_list,
    hardness_list,
    is_of_files,
    plan_list,
    resampled_list,
    sample_list,
    weights_list,
)
from hbr.data.datasets import load_ids, prepare, save_dataset, save_ids, with_ids
from hbr.data.files import read_table, write_table
from hbr.data.plans import DUPLICATE, HOLDOUT, KEPT, ORIGINS, SYNTHETIC, THRESHOLD
from hbr.data.sources import arrays_dataset, digits_dataset, folder_dataset
from hbr.errors import StudyError

NAMES = ("ant", "bee")


def write(root: Path, files: list[str]) -> None:
    for number, name in enumerate(files):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), number).save(root / name)


def test_ids_of_a_folder_are_paths_relative_to_its_root(tmp_path):
    files = [f"{split}/{name}/day 1/{number}.png" for split in ("train", "test") for name in NAMES for number in range(3)]
    write(tmp_path, files)
    dataset = folder_dataset(tmp_path, 8, None, 0)
    for ids, images in ((dataset.train_ids, dataset.train_images), (dataset.test_ids, dataset.test_images)):
        assert [files[image[0, 0, 0]] for image in images] == list(ids)


def test_a_folder_that_is_split_keeps_its_ids(tmp_path):
    files = [f"{name}/{number}.png" for name in NAMES for number in range(6)]
    write(tmp_path, files)
    dataset = folder_dataset(tmp_path, 8, 0.5, 0)
    assert sorted([*dataset.train_ids, *dataset.test_ids]) == files
    assert [files[image[0, 0, 0]] for image in dataset.train_images] == list(dataset.train_ids)
    assert [files[image[0, 0, 0]] for image in dataset.test_images] == list(dataset.test_ids)


def test_ids_of_an_array_file_are_indices_of_its_own(tmp_path):
    images, labels = np.arange(12, dtype=np.uint8)[:, None, None] * np.ones((8, 8), np.uint8), np.arange(12) % 2
    np.savez(tmp_path / "one.npz", images=images, labels=labels)
    np.savez(tmp_path / "two.npz", train_images=images, train_labels=labels, test_images=images[:4], test_labels=labels[:4])
    one, two = (arrays_dataset(tmp_path / f"{name}.npz", 0.5, 0) for name in ("one", "two"))
    assert list(one.train_ids) == [str(image[0, 0, 0]) for image in one.train_images]
    assert list(one.test_ids) == [str(image[0, 0, 0]) for image in one.test_images]
    assert (two.train_ids, two.test_ids) == (tuple(map(str, range(12))), tuple(map(str, range(4))))


def test_ids_of_digits_are_indices_of_scikit_learns():
    from sklearn.datasets import load_digits

    dataset, digits = digits_dataset(0.5, 0), load_digits()
    np.testing.assert_array_equal(digits.target[[int(name) for name in dataset.test_ids]], dataset.test_labels)


def test_ids_are_no_part_of_the_data(tmp_path, tiny_dataset):
    """Files that are renamed are no other data: the prepared file keeps its bytes."""
    parts = tiny_dataset.train_images, tiny_dataset.train_labels, tiny_dataset.test_images, tiny_dataset.test_labels
    named = prepare(*parts, tiny_dataset.class_names, train_ids=[f"{n}.png" for n in range(50)])
    assert named.checksum == tiny_dataset.checksum
    for name, dataset in (("one", tiny_dataset), ("two", named)):
        save_dataset(tmp_path / f"{name}.npz", dataset)
        save_ids(tmp_path / f"{name}.parquet", dataset)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert load_ids(tmp_path / "one.parquet").tolist() == list(map(str, range(50)))
    assert load_ids(tmp_path / "two.parquet").tolist() == [f"{n}.png" for n in range(50)]
    assert load_ids(tmp_path / "two.parquet", "test").tolist() == list(map(str, range(30)))


def test_names_that_no_table_can_hold_are_escaped(tmp_path, tiny_dataset):
    parts = tiny_dataset.train_images, tiny_dataset.train_labels, tiny_dataset.test_images, tiny_dataset.test_labels
    ids = ["line\nbreak", "\udcff", "\x1b[2J", "1.23\u202fPM\u3000\u00a0\u200d.png", *map(str, range(46))]
    save_ids(tmp_path / "ids.parquet", prepare(*parts, tiny_dataset.class_names, train_ids=ids))
    escaped = ["line\\nbreak", "\\udcff", "\\x1b[2J"]
    # Spaces of other scripts are of the file's name: as another it would not be found.
    assert load_ids(tmp_path / "ids.parquet")[:4].tolist() == [*escaped, "1.23\u202fPM\u3000\u00a0\u200d.png"]


def test_ids_stand_beside_their_samples():
    table = with_ids(pd.DataFrame({"sample": [2, 0], "class": [1, 0]}), np.array(["a", "b", "c"], dtype=object), "ids.parquet")
    assert table.to_dict("list") == {"sample": [2, 0], "id": ["c", "a"], "class": [1, 0]}
    with pytest.raises(StudyError, match=r"ids\.parquet holds the ids of other data"):
        with_ids(pd.DataFrame({"sample": [3]}), np.array(["a"], dtype=object), "ids.parquet")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("17", "#17"), ("train/ant/x1.png", "x1.png"), ("train/ant/DSC_20240102_00017.png", "...2_00017.png")],
)
def test_ids_are_short_on_pictures(name, shown):
    assert shown_id(name) == shown
    assert len(shown) <= 14


# Lists


def hardness(values: list[float], places: list[int]) -> pd.DataFrame:
    rank = np.argsort(np.argsort(values)) / max(len(values) - 1, 1)
    ids = [f"{place}.png" for place in places]
    return pd.DataFrame({"sample": places, "id": ids, "class": 0, "hardness": values, "difficulty_rank": rank})


def test_the_list_of_hardness_begins_with_the_hardest():
    table = hardness_list({"el2n": hardness([1.0, 3.0, 2.0], [0, 1, 2]), "late": hardness([5.0, 4.0], [0, 2])}, NAMES)
    assert table["id"].tolist() == ["1.png", "2.png", "0.png"]
    assert table["el2n"].tolist() == [3, 2, 1]
    assert table["late"].tolist()[1:] == [4, 5]
    assert np.isnan(table["late"][0])
    assert list(table) == ["sample", "id", "class", "class_name", "el2n", "el2n_rank", "late", "late_rank"]


def test_the_list_of_flagged_samples_says_which_rule():
    base = hardness([1.0, -3.0, -2.0], [0, 1, 2]).rename(columns={"hardness": "aum"})
    preferred = pd.DataFrame({"preferred": [0, 1, 0], "votes": [2, 1, 2], "members": 2})
    rules = {"low": base.assign(flagged=[False, True, False]), "below": base.assign(flagged=[False, True, True])}
    # Whatever rules are called, other columns stay what they are.
    assert flagged_list({"aum": rules["low"], "class": rules["low"]}, preferred, NAMES)["aum"].tolist() == [-3]
    table = flagged_list(rules, preferred, NAMES)
    assert table["id"].tolist() == ["1.png", "2.png"]
    assert table[["flagged_low", "flagged_below"]].to_numpy().tolist() == [[True, True], [False, True]]
    assert table["preferred"].tolist() == ["bee", "ant"]


def test_the_list_of_a_plan_says_what_it_drops_and_adds():
    rows = [(0, KEPT), (1, KEPT), (1, DUPLICATE), (1, DUPLICATE), (4, THRESHOLD), (2, SYNTHETIC), (3, HOLDOUT)]
    plan = pd.DataFrame({"source": [row[0] for row in rows], "origin": [ORIGINS[row[1]] for row in rows]})
    ids = np.array([f"{n}.png" for n in range(5)], dtype=object)
    table = plan_list({2: plan}, np.array([0, 0, 1, 1, 1]), ids, NAMES)
    found = table[["variant", "change", "id", "class_name", "times"]].to_numpy().tolist()
    assert found == [
        [2, "dropped", "2.png", "bee", 1],
        [2, "added", "1.png", "ant", 2],
        [2, "returned", "3.png", "bee", 1],
        [2, "relabelled", "4.png", "bee", 1],
    ]


def plan_of(*rows: tuple[int, int, int]) -> pd.DataFrame:
    columns = {"source": [row[0] for row in rows], "class": [row[1] for row in rows]}
    return pd.DataFrame({**columns, "origin": [ORIGINS[row[2]] for row in rows]})


def test_a_plan_is_a_table_to_train_by():
    ids = np.array(["a/0.png", "a/1.png", "b/2.png", "b/3.png"], dtype=object)
    labels = np.array([0, 0, 1, 1])
    files = plan_of((0, 0, KEPT), (3, 1, KEPT), (3, 1, DUPLICATE), (3, 1, DUPLICATE))
    assert resampled_list(files, ids, NAMES).to_numpy().tolist() == [
        ["a/0.png", 0, "ant", "kept", 1],
        ["b/3.png", 1, "bee", "kept", 1],
        ["b/3.png", 1, "bee", "duplicate", 2],
    ]
    weights = weights_list(files, labels, ids, NAMES)
    assert weights["weight"].tolist() == [1, 0, 0, 3]
    assert weights["id"].tolist() == ids.tolist()
    made = plan_of((0, 0, KEPT), (0, 1, SYNTHETIC), (1, 1, SYNTHETIC))
    assert resampled_list(made, ids, NAMES).to_numpy().tolist()[1] == ["", 1, "bee", "synthetic", 2]
    assert [is_of_files(plan) for plan in (files, made, plan_of((0, 2, THRESHOLD)), plan_of((2, 1, HOLDOUT)))] == [1, 0, 0, 1]


def test_samples_bear_paths_and_what_other_lists_say(tmp_path):
    splits = {"train": (np.array(["a/0", "b/1"]), np.array([0, 1])), "test": (np.array(["a/0"]), np.array([0]))}
    hard = pd.DataFrame(
        {"sample": [1, 0], "id": ["b/1", "a/0"], "class": [1, 0], "class_name": ["bee", "ant"], "aum": [3.0, 1]}
    )
    flagged = pd.DataFrame({"id": ["b/1"], "aum": [3.0], "low": [True]})
    table = sample_list(splits, tmp_path, NAMES, [hard, flagged])
    assert list(table) == ["filepath", "id", "split", "class", "class_name", "aum", "low"]
    assert table["filepath"].tolist() == [f"{tmp_path}/{name}" for name in ("a/0", "b/1", "a/0")]
    assert table["aum"].tolist()[:2] == [1, 3]
    assert table[["aum", "low"]].isna().sum().tolist() == [1, 2]
    assert sample_list(splits, None, NAMES)["filepath"].tolist() == [""] * 3


def test_a_loop_of_ones_own_draws_files_as_a_plan_holds_them(tmp_path, monkeypatch, capsys):
    """The example, on pictures of different sizes."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    import own_loop

    files = [f"{name}/{number}.png" for name in NAMES for number in range(8)]
    write(tmp_path / "pictures", files)
    Image.new("RGB", (50, 30)).save(tmp_path / "pictures/bee/0.png")
    dataset = folder_dataset(tmp_path / "pictures", 8, 0.25, 0)
    ids = {split: np.array(own, dtype=object) for split, own in (("train", dataset.train_ids), ("test", dataset.test_ids))}
    splits = {"train": (ids["train"], dataset.train_labels), "test": (ids["test"], dataset.test_labels)}
    # One bee makes up for all others but one.
    bee = int(np.flatnonzero(dataset.train_labels)[0])
    plan = plan_of(*((sample, 0, KEPT) for sample in range(6)), (bee, 1, KEPT), *[(bee, 1, DUPLICATE)] * 5)
    weights = weights_list(plan, dataset.train_labels, ids["train"], NAMES)
    (tmp_path / "plans/mine/variant1").mkdir(parents=True)
    weights.to_csv(tmp_path / "plans/mine/variant1/weights.csv", index=False)
    sample_list(splits, tmp_path / "pictures", NAMES).to_csv(tmp_path / "samples.csv", index=False)
    drawn = np.bincount([place for seed in range(100) for place in own_loop.sampler_of(weights, seed)], minlength=12) / 100
    np.testing.assert_allclose(drawn, weights["weight"], atol=0.7)
    words = [str(tmp_path), "mine", "--side", "16", "--epochs", "2", "--batch-size", "4"]
    assert 0 <= own_loop.main(own_loop.parser.parse_args(words)) <= 1
    assert "accuracy on 4 test images" in capsys.readouterr().out


def test_lists_of_a_whole_study(whole, tmp_path, monkeypatch, capsys):
    study = whole.copied(tmp_path / "copy")
    monkeypatch.chdir(study.folder)
    monkeypatch.syspath_prepend(ROOT / "workflow/scripts")
    import write_lists

    write_lists.main(write_lists.parser.parse_args([]))
    lists = Path("lists/digits/digits")
    results = Path("results/digits/digits")
    ids = load_ids(results / "ids.parquet")
    hard = pd.read_csv(lists / "hardness.csv", dtype={"id": str})
    assert len(hard) == len(ids) == 870
    assert hard["id"].tolist() == ids[hard["sample"]].tolist()
    flagged = pd.read_csv(lists / "flagged.csv")
    assert int(flagged["flagged_lowest"].sum()) == 5
    suspects = pd.read_csv(lists / "suspects.csv", dtype={"id": str})
    assert len(suspects) == 1797
    assert suspects["margin"].is_monotonic_increasing
    of_test = suspects[suspects["split"] == "test"]
    assert of_test["id"].tolist() == load_ids(results / "ids.parquet", "test")[of_test["sample"]].tolist()
    pruned = pd.read_csv(lists / "plans/pruned-aum-dlp-30.csv")
    assert set(pruned["change"]) == {"dropped"}
    assert len(pruned) == 870 - round(0.7 * 870)
    for table in ("hardness/aum/samples.parquet", "noise/lowest/samples.parquet", "noise/preferred.parquet"):
        assert pd.read_parquet(results / table)["id"].tolist() == ids.tolist()
    samples = pd.read_parquet(lists / "samples.parquet")
    assert samples["split"].value_counts().to_dict() == {"test": 927, "train": 870}
    assert samples["aum"].notna().sum() == 870
    variant = "plans/resampled-aum-smote-easy-alpha1/variant1"
    resampled = pd.read_csv(lists / variant / "resampled.csv")
    assert resampled["times"].sum() == 870
    assert {"kept", "synthetic"} <= set(resampled["origin"])
    assert not (lists / variant / "weights.csv").exists()
    assert pd.read_csv(lists / "plans/control/variant1/weights.csv")["weight"].sum() == 870
    assert not (lists / "plans/threshold/variant1").exists()
    assert "hardness.csv: 870 rows" in capsys.readouterr().out
    # What the study has no more is listed no more.
    study.write(study.config | {"pruning": study.config["pruning"] | {"rates": []}})
    write_lists.main(write_lists.parser.parse_args([]))
    assert not list((lists / "plans").glob("pruned*"))
    assert (lists / "plans/control/variant1/weights.csv").exists()
    (results / "dataset.npz").unlink()
    with pytest.raises(StudyError, match="holds no prepared images; run the study first"):
        write_lists.main(write_lists.parser.parse_args([]))
    shutil.rmtree(results)
    with pytest.raises(StudyError, match="run the study first"):
        write_lists.main(write_lists.parser.parse_args([]))


def test_names_and_ids_that_look_like_numbers_are_read_as_texts(tmp_path):
    names = {"id": "007", "dataset": "2024", "class_name": "01", "suggested_name": "02", "preferred": "1.0", "rule": "5"}
    row = names | {"votes": 3}
    table = pd.DataFrame([row, row | {"suggested_name": ""}])
    write_table(tmp_path / "t.csv", table)
    back = read_table(tmp_path / "t.csv")
    assert back.loc[0].to_dict() == row
    assert pd.isna(back.loc[1, "suggested_name"])
