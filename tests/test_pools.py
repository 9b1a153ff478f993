"""Pools of other images: read as they are published, shuffled, scored, chosen from, and refused where they are too small."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import small_config
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from snakemake.utils import validate

from hbr.analysis.pools import confidence_table, extreme_images, pool_summaries
from hbr.conditions.kind import registered
from hbr.conditions.kinds.resampled import KIND
from hbr.conditions.pools import Pool, draws_from_pool
from hbr.conditions.strategies import ShortageError, apply
from hbr.data.datasets import prepare
from hbr.data.files import read_arrays, read_table
from hbr.data.mixtures import sample_mixture
from hbr.data.plans import ORIGINS, POOL, load_plan
from hbr.data.pool_sources import READERS
from hbr.data.pools import SOURCES, PoolKeys, known_images, save_pool, shuffled
from hbr.data.streams import map_rows
from hbr.errors import StudyError
from hbr.hardness.allocation import allocate, allocation_table, largest_alpha_within
from hbr.hardness.confidence import label_confidence, pool_classes, pool_table
from hbr.study.configuration import check_meaning, check_shape
from hbr.study.studies import SCHEMA

NAMES = ("a", "b", "c")
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (12, 4, 4, 3), dtype=np.uint8)
LABELS = np.arange(12) % 3
DATA = prepare(PIXELS, LABELS, PIXELS, LABELS, NAMES)


def add(name, wanted, pool, seed=0, class_names=NAMES):
    given = {"pool": pool, "class_names": class_names}
    return apply("oversampling", name, LABELS, wanted, np.random.default_rng(seed), given)


# Choices

POOLED = [name for name in registered("oversampling") if draws_from_pool(name)]
# Six images of class 0, two of class 1 and four of class 2; each image says where it stands.
OWN = np.array([0, 2, 0, 1, 0, 2, 0, 1, 0, 2, 0, 2])
SURE = np.array([0.6, 0.9, 0.1, 0.5, 0.3, 0.2, 0.5, 0.4, 0.2, 0.8, 0.4, 0.3])
HAND = Pool(np.arange(12, dtype=np.uint8)[:, None, None, None], OWN, SURE, np.array([0.44, 0.5, 0.79]))


@pytest.mark.parametrize(
    ("name", "of_first", "of_last", "size"),
    [
        ("pool-random", {0, 2, 4, 6, 8, 10}, {1, 5, 9, 11}, (2, 1)),
        # Of confidence .1 .2 .3 .4, and .2 .3: twice as many as are wanted.
        ("pool-hard", {2, 8, 4, 10}, {5, 11}, (2, 1)),
        # Nearest to .44 are .4 .5 .3 .6, and to .79 are .8 .9.
        ("pool-average", {10, 6, 4, 0}, {9, 1}, (2, 1)),
        ("pool-hardest", {2, 8}, {5}, (2, 1)),
    ],
)
def test_choices_by_hand(name, of_first, of_last, size):
    seen: dict[int, set[int]] = {0: set(), 2: set()}
    for seed in range(60):
        added = add(name, {0: size[0], 2: size[1]}, HAND, seed)
        assert added.origin == POOL
        assert added.source.tolist() == [0, 1, 2]
        chosen = added.images[:, 0, 0, 0]
        assert added.labels.tolist() == OWN[chosen].tolist() == [0, 0, 2]
        for image, label in zip(chosen, added.labels, strict=True):
            seen[label].add(int(image))
    # Over many draws all that may be chosen is, and nothing else.
    assert seen == {0: of_first, 2: of_last}


@given(data=st.data(), seed=st.integers(0, 99), name=st.sampled_from(POOLED))
def test_counts_are_exact_and_of_the_right_class_and_the_hardest_are_the_lowest(data, seed, name):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 60)
    # Few values, so that many are tied.
    pool = Pool(np.arange(60)[:, None, None, None], labels, rng.integers(0, 8, 60) / 8, rng.random(3))
    held = np.bincount(labels, minlength=3) // (1 if name in ("pool-random", "pool-hardest") else 2)
    wanted = {label: data.draw(st.integers(1, int(held[label]))) for label in range(3) if held[label]}
    added = add(name, wanted, pool, seed)
    chosen = added.images[:, 0, 0, 0]
    assert len(set(chosen)) == len(chosen)
    assert (labels[chosen] == added.labels).all()
    assert {label: int((added.labels == label).sum()) for label in wanted} == wanted
    for label, count in wanted.items() if name == "pool-hardest" else ():
        own = np.sort(pool.confidence[labels == label])
        np.testing.assert_array_equal(np.sort(pool.confidence[chosen[added.labels == label]]), own[:count])


@pytest.mark.parametrize(
    ("name", "most", "times"), [("pool-random", 2, ""), ("pool-hard", 1, ", drawn out of 2 times as many")]
)
def test_a_class_that_needs_more_than_the_pool_holds_is_refused(name, most, times):
    assert add(name, {1: most}, HAND).labels.tolist() == [1] * most
    with pytest.raises(
        ShortageError, match=f"^class 'b' needs {most + 1} images from the pool{times}; the pool holds 2$"
    ) as error:
        add(name, {1: most + 1}, HAND)
    assert error.value.most.tolist() == ([6, 2, 4] if name == "pool-random" else [3, 1, 2])


class Shelf:
    """What a resampled condition is planned from, without files."""

    labels, image_shape, variant, class_names, files = np.repeat([0, 1, 2], 40), (1, 1, 1), 1, NAMES, ()

    @staticmethod
    def rng(*key):
        return np.random.default_rng(0)


@pytest.mark.parametrize("name", ["pool-random", "pool-hard"])
def test_the_largest_alpha_that_a_pool_allows_works_and_a_larger_one_does_not(monkeypatch, name):
    pool = Pool(np.zeros((36, 1, 1, 1), np.uint8), np.repeat([0, 1, 2], 12), np.zeros(36), np.zeros(3))
    monkeypatch.setattr("hbr.conditions.resampling.read_pool", lambda files: pool)
    columns = {"class": range(3), "class_name": NAMES, "samples": 40, "hardness": [1.0, 2.0, 3.0], "direction": "high-is-hard"}
    classes = pd.DataFrame(columns)
    strategy = {"oversampling": name, "undersampling": "random"}
    # Class c grows by 20 at alpha 1; 12 images are enough for 12, or for 6 out of twice as many.
    alpha = 0.6 if name == "pool-random" else 0.3
    sentence = f"^class 'c' needs 20 images .*; the pool holds 12; the largest alpha that works is {alpha}$"
    with pytest.raises(StudyError, match=sentence):
        KIND.resampled(Shelf, allocation_table(classes, 1), **strategy)
    plan = KIND.resampled(Shelf, allocation_table(classes, alpha), **strategy)
    assert plan.class_counts(3)[2] == 40 + round(20 * alpha)
    with pytest.raises(StudyError):
        KIND.resampled(Shelf, allocation_table(classes, alpha + 0.05), **strategy)
    nothing = Pool(pool.images[:24], pool.labels[:24], pool.confidence[:24], pool.real)
    monkeypatch.setattr("hbr.conditions.resampling.read_pool", lambda files: nothing)
    with pytest.raises(StudyError, match="the pool holds 0; no alpha works"):
        KIND.resampled(Shelf, allocation_table(classes, 1), **strategy)


@given(st.lists(st.floats(0.1, 5), min_size=3, max_size=6), st.integers(0, 30))
def test_no_class_is_granted_more_than_there_is_at_the_largest_alpha(hardness, more):
    ratios, control = np.array(hardness) / sum(hardness), np.full(len(hardness), 50.0)
    alpha = largest_alpha_within(ratios, control, control + more)
    if 0 < alpha < 1:
        assert allocate(ratios, control, alpha, ("x",) * len(hardness)).max() <= 50 + more


# Files


def test_a_pool_is_shuffled_whatever_order_it_comes_in(tmp_path):
    labels, images = np.repeat([0, 1, 2], 100), np.arange(300, dtype=np.uint16).view(np.uint8).reshape(300, 1, 2, 1)
    order = shuffled(labels, 0, np.random.default_rng(1))
    assert sorted(order) == list(range(300))
    checksum, _ = save_pool(tmp_path / "pool.npz", iter([images[:90], images[90:]]), labels, order, "d")
    pool = read_arrays(tmp_path / "pool.npz")
    np.testing.assert_array_equal(pool["images"], images[pool["places"]])
    np.testing.assert_array_equal(pool["labels"], labels[pool["places"]])
    assert (str(pool["checksum"]), str(pool["dataset"])) == (checksum, "d")
    # Of the first third every class has its share, which sorted classes would not.
    assert np.bincount(pool["labels"][:100], minlength=3).min() > 20
    np.testing.assert_array_equal(map_rows(tmp_path / "pool.npz", "images")[[7, 250]], pool["images"][[7, 250]])
    before = (tmp_path / "pool.npz").read_bytes()
    assert save_pool(tmp_path / "pool.npz", [images], labels, order, "d") == (checksum, {})
    assert (tmp_path / "pool.npz").read_bytes() == before
    few = shuffled(labels, 7, np.random.default_rng(1))
    assert np.bincount(labels[few]).tolist() == [7, 7, 7]
    assert few.tolist() == [place for place in order if place in set(few)]


def test_images_of_the_data_set_are_left_out_of_a_pool_mirrored_too(tmp_path):
    images = np.arange(2500, dtype=np.uint16).view(np.uint8).reshape(2500, 1, 2, 1)
    labels, order = np.arange(2500) % 3, np.arange(2500)[::-1]
    # 3 x 256 + 2 mirrored is 2 x 256 + 3, and 0 is its own mirror image.
    known = known_images(training=images[[7, 0]], test=images[[1800, 3 * 256 + 2]])
    left_out = save_pool(tmp_path / "pool.npz", [images[:2000], images[2000:]], labels, order, "d", known)[1]
    assert left_out == {"training": 3, "test": 4}
    pool = read_arrays(tmp_path / "pool.npz")
    gone = {0, 7, 7 * 256, 1800, 2055, 3 * 256 + 2, 2 * 256 + 3}
    assert pool["places"].tolist() == [place for place in order if place not in gone]
    np.testing.assert_array_equal(pool["images"], images[pool["places"]])
    np.testing.assert_array_equal(pool["labels"], labels[pool["places"]])


def read(source, path=None, data=DATA, **keys):
    keys = PoolKeys.of(source, **({"file": str(path)} if source == "arrays" else {"root": str(path)} if path else {}), **keys)
    found = READERS[source](keys.settings, path, data, np.random.default_rng(0), print)
    return found.labels, np.concatenate(list(found.batches))


@pytest.mark.parametrize(("images", "labels"), [("images", "labels"), ("image", "label"), ("X", "Y")])
@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_published_files_are_read_as_they_come(tmp_path, images, labels, write):
    write(tmp_path / "pool.npz", **{images: PIXELS, labels: LABELS[:, None].astype(np.int32)})
    own, pixels = read("arrays", tmp_path / "pool.npz")
    np.testing.assert_array_equal(own, LABELS)
    np.testing.assert_array_equal(pixels, PIXELS)


def test_classes_are_matched_by_name_where_there_are_names(tmp_path):
    np.savez(tmp_path / "pool.npz", images=PIXELS, labels=LABELS % 2, class_names=np.array(["c", "a"]))
    assert read("arrays", tmp_path / "pool.npz")[0].tolist() == [[2, 0][label] for label in LABELS % 2]
    for name, mode in (("b", "RGB"), ("a", "L")):
        for split in ("train", "test"):
            folder = tmp_path / f"images/{split}/{name}"
            folder.mkdir(parents=True)
            Image.fromarray(np.full((8, 8), 40, np.uint8)).convert(mode).save(folder / "1.png")
    labels, pixels = read("folder", tmp_path / "images")
    assert sorted(labels) == [0, 0, 1, 1]
    assert pixels.shape == (4, 4, 4, 3)
    assert set(pixels.ravel()) == {40}


def test_names_are_one_however_their_accents_are_stored(tmp_path):
    np.savez(tmp_path / "pool.npz", images=PIXELS, labels=LABELS, class_names=np.array(["e\u0301", "b", "c"]))
    data = prepare(PIXELS, LABELS, PIXELS, LABELS, ("\u00e9", "b", "c"))
    assert READERS["arrays"]({}, tmp_path / "pool.npz", data, None, print).labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"x": PIXELS}, "holds x; a pool needs images and labels or image and label or X and Y"),
        ({"images": PIXELS[:, :2], "labels": LABELS}, "images of the pool are 2 x 4 x 3, those of the data set 4 x 4 x 3"),
        ({"images": PIXELS, "labels": LABELS + 1}, "labels run from 1 to 3, but there are 3 classes; number them from 0"),
        ({"images": PIXELS, "labels": LABELS[1:]}, "12 images but 11 labels; give one label an image"),
        ({"images": PIXELS, "labels": LABELS / 1}, "labels are float64 of shape"),
        ({"images": PIXELS / 255, "labels": LABELS}, "images is float64"),
        ({"images": PIXELS, "labels": LABELS, "class_names": np.array(["a", "b", "dog"])}, "class 'dog' is none of the data"),
    ],
)
def test_pools_that_do_not_fit_the_data_set_are_refused_in_a_sentence(tmp_path, arrays, sentence):
    np.savez(tmp_path / "pool.npz", **arrays)
    with pytest.raises(StudyError, match=rf"pool\.npz.*{sentence}"):
        read("arrays", tmp_path / "pool.npz")


def test_memory_does_not_grow_with_the_size_of_a_pool(tmp_path):
    peaks = {}
    for samples in (3_000, 12_000):
        images = np.random.default_rng(0).integers(0, 256, (samples, 16, 16, 3), dtype=np.uint8)
        labels = np.arange(samples) % 3
        np.savez(tmp_path / "source.npz", X=images, Y=labels)
        data = prepare(images[:9], labels[:9], images[:9], labels[:9], NAMES)
        tracemalloc.start()
        found = READERS["arrays"]({}, tmp_path / "source.npz", data, None, print)
        save_pool(tmp_path / "pool.npz", found.batches, found.labels, shuffled(found.labels, 0, RNG), "d")
        pool = Pool(map_rows(tmp_path / "pool.npz", "images"), labels, np.zeros(samples), np.zeros(3))
        add("pool-hard", {0: 9}, pool)
        peaks[samples] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # Beside the pixels, 2.3 and 9.2 MB, an image has a label and some places.
    assert peaks[12_000] < peaks[3_000] + 9_000 * 100
    assert peaks[12_000] < 6_000_000


def test_a_mixture_is_seeded_and_like_its_class():
    centres = np.array([[30], [220]])
    images = np.clip(centres[np.arange(80) % 2] + RNG.normal(0, 5, (80, 36)), 0, 255).astype(np.uint8).reshape(80, 6, 6, 1)

    def drawn(seed):
        return np.concatenate(list(sample_mixture(images, 1500, 2, 4, np.random.default_rng(seed))))

    made = drawn(3)
    assert (made.shape, made.dtype) == ((1500, 6, 6, 1), np.uint8)
    np.testing.assert_array_equal(made, drawn(3))
    assert (made != drawn(4)).any()
    means = made.reshape(1500, -1).mean(1)
    # Two modes, and nothing between them.
    assert (np.abs(means[:, None] - centres.ravel()).min(1) < 15).all()
    assert 0.4 < (means > 125).mean() < 0.6
    with pytest.raises(StudyError, match="class 'a': 4 images are too few for 4 components; write a smaller number"):
        read("gaussian-mixture", per_class=2, components=4)


# Scores


def test_confidence_by_hand():
    logits = np.log([[[1, 3, 4], [2, 1, 1]], [[6, 1, 1], [1, 2, 1]]])
    confidence, otherwise = label_confidence(logits, np.array([1, 0]))
    # 3/8 and 1/8 of the label's class, and 1/2 and 1/4.
    np.testing.assert_allclose(confidence, [1 / 4, 3 / 8])
    np.testing.assert_allclose(otherwise, [1, 1 / 2])
    pool, real = (pool_table(logits, np.array(labels)) for labels in ([1, 0], [0, 0]))
    table = pool_classes(pool, real, NAMES)
    assert table["images"].tolist() == [1, 1, 0]
    assert table["real_images"].tolist() == [2, 0, 0]
    np.testing.assert_allclose(table["confidence"], [3 / 8, 1 / 4, np.nan])
    # 1/8 and 6/8 of the first image, 1/2 and 1/4 of the second.
    assert table["real_confidence"][0] == pytest.approx((7 / 16 + 3 / 8) / 2)
    shown = confidence_table({"p": table})
    assert shown["class"].tolist() == ["all", *NAMES]
    assert shown["mean confidence"].tolist() == ["0.312", "0.375", "0.25", ""]
    assert shown["labelled otherwise (%)"].tolist() == ["75", "50", "100", ""]


def test_the_least_and_the_most_confident_images_of_each_class():
    table = pd.DataFrame({"image": range(12), "class": OWN, "confidence": SURE, "otherwise": 0.0})
    classes = pool_classes(table, table, NAMES)
    assert extreme_images(table, classes, each=2)["image"].tolist() == [2, 8, 6, 0, 7, 3, 5, 11, 9, 1]
    # Of many classes those of lowest mean: .35, .45, .55.
    assert set(extreme_images(table, classes, each=1, most=2)["class"]) == {0, 1}


def test_gaps_against_alpha_begin_at_the_control_of_the_strategies_with_a_pool():
    rows = []
    for condition, strategy, pool, reference, alpha, values in (
        ("control", np.nan, np.nan, np.nan, 0.0, (0.3, 0.5)),
        ("control-few", np.nan, np.nan, np.nan, 0.0, (0.9, 0.9)),
        ("random", "random / easy", np.nan, "control", 2.0, (0.1, 0.1)),
        ("pooled", "pool-hard of p / easy", "p", "control", 1.0, (0.2, 0.2)),
        ("elsewhere", "random / easy on few", np.nan, "control-few", 1.0, (0.2, 0.2)),
        ("pooled-few", "pool-hard of p / easy on few", "p", "control-few", 1.0, (0.6, 0.6)),
    ):
        kind = "control" if condition.startswith("control") else "limited" if strategy.endswith("few") else "resampled"
        who = {"condition": condition, "kind": kind, "strategy": strategy, "pool": pool, "reference": reference, "alpha": alpha}
        for variant, value in enumerate(values, 1):
            rows += [{**who, "variant": variant, "member": member, "gap": "hard_easy", "value": -value} for member in (1, 2)]
    of_all, of_few = pool_summaries(pd.DataFrame(rows)).items()
    assert (of_all[0], of_few[0]) == ("control", "control-few")
    assert of_few[1][["strategy", "alpha"]].to_numpy().tolist() == [
        [f"{name} / easy on few", alpha] for name in ("random", "pool-hard of p") for alpha in (0, 1)
    ]
    np.testing.assert_allclose(of_few[1]["mean"], [0.9, 0.2, 0.9, 0.6])
    table = of_all[1]
    assert table[["strategy", "alpha"]].to_numpy().tolist() == [
        ["random / easy", 0],
        ["random / easy", 2],
        ["pool-hard of p / easy", 0],
        ["pool-hard of p / easy", 1],
    ]
    np.testing.assert_allclose(table["mean"], [0.4, 0.1, 0.4, 0.2])
    # The t-quantile of one degree of freedom is 12.706.
    assert table["upper"][0] == pytest.approx(0.4 + 12.706 * 0.1, abs=1e-3)


# The study


def check(pools, *strategies, **others):
    config = small_config()
    config["datasets"]["digits"] |= {"pools": pools}
    config["datasets"] |= others
    config["resampling"]["strategies"] = [{"oversampling": name, "undersampling": "easy"} for name in strategies]
    validate(config, str(SCHEMA))
    check_shape(config, yaml.safe_load(SCHEMA.read_text()))
    check_meaning(config)


MIXTURE = {"source": "gaussian-mixture", "per_class": 5}


@pytest.mark.parametrize(
    ("pools", "strategies", "sentence"),
    [
        (
            {},
            ["pool-hard"],
            r"datasets.digits.pools: there is none, and pool-hard of resampling.strategies draws from one; name",
        ),
        (
            {"m": MIXTURE},
            ["random"],
            r"datasets.digits.pools: no strategy draws from 'm'; name one of pool-average, pool-hard, ",
        ),
        ({"train": MIXTURE}, ["pool-hard"], r"datasets.digits.pools.train: is the name of a scored set; write another"),
        ({"m": {"source": "edm"}}, ["pool-hard"], r"datasets.digits.pools.m.source: 'edm' is none of gaussian-mixture, arrays"),
        ({"m": {"source": "arrays"}}, ["pool-hard"], r"datasets.digits.pools.m.file: source arrays needs it"),
        (
            {"m": {**MIXTURE, "file": "x"}},
            ["pool-hard"],
            r"datasets.digits.pools.m.file: source gaussian-mixture has no such key",
        ),
        ({"m": {**MIXTURE, "per_class": 0}}, ["pool-hard"], r"datasets.digits.pools.m.per_class: 0 is less than the minimum"),
        ({"m": {**MIXTURE, "per_clas": 1}}, ["pool-hard"], r"pools.m.per_clas is not a known key; did you mean 'per_class'"),
    ],
)
def test_pools_and_strategies_that_need_each_other_are_checked_with_the_study_file(pools, strategies, sentence):
    check({"m": MIXTURE}, "pool-hard", "pool-average")
    with pytest.raises(StudyError, match=sentence):
        check(pools, *strategies)


def test_every_data_set_has_the_pools_that_conditions_draw_from():
    other = {**small_config()["datasets"]["digits"], "split_seed": 1}
    with pytest.raises(StudyError, match=r"datasets.other.pools: lacks 'm', which another data set has; .*: add it"):
        check({"m": MIXTURE}, "pool-hard", other=other)


def test_where_images_lie_is_no_part_of_what_they_are():
    one, other = (PoolKeys.of("arrays", file=file, most_per_class=3) for file in ("a.npz", "b.npz"))
    assert (one.text, one.path) == (other.text, "a.npz")
    assert set(SOURCES) == set(READERS)


def test_a_study_trains_on_images_of_its_pool(whole):
    home = whole.folder / "results/digits/digits"
    pool, scores = read_arrays(home / "pools/mixture/pool.npz"), read_table(home / "pools/mixture/scores.parquet")
    assert np.bincount(pool["labels"]).tolist() == [120] * 10
    assert scores["confidence"].between(0, 1).all()
    plan = load_plan(home / "plans/resampled-aum-pool-hard-mixture-easy-alpha1/variant1/plan.parquet")
    own = plan.origin == POOL
    assert own.any()
    assert {ORIGINS[code] for code in plan.origin} == {"kept", "pool"}
    rows = zip(pool["images"], pool["labels"], scores["confidence"], strict=True)
    told = {image.tobytes(): (label, confidence) for image, label, confidence in rows}
    for label in set(plan.labels[own]):
        chosen = [told[plan.synthetic[place].tobytes()] for place in plan.source[own & (plan.labels == label)]]
        assert {found for found, _ in chosen} == {label}
        least = np.sort(scores.loc[scores["class"] == label, "confidence"])[: 2 * len(chosen)]
        assert max(sure for _, sure in chosen) <= least[-1]
