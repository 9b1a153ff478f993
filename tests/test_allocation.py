import numpy as np
import pandas as pd
import pytest
import review_allocations
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hbr.analysis.figures.hardness import offset_influence
from hbr.analysis.ledger_tables import review_html
from hbr.data.files import write_table
from hbr.errors import StudyError
from hbr.hardness.allocation import (
    allocate,
    allocation_table,
    control_counts,
    largest_alpha,
    largest_alpha_within,
    largest_remainder,
    resampling_ratios,
    sensible_offset,
    wanted_counts,
    with_counts,
)
from hbr.hardness.estimators import HIGH_IS_HARD, LOW_IS_HARD, always_positive
from hbr.hardness.review import offset_table, review_table

NAMES = tuple("abcdefghijklmnopqrstuvwxyz")
SIZES = np.array([60, 30, 20])


def even(total: int, classes: int) -> np.ndarray:
    return np.full(classes, total / classes)


def class_table_of(samples: list[int], hardness: list[float], direction: str = LOW_IS_HARD) -> pd.DataFrame:
    names = NAMES[: len(samples)]
    table = {"class": range(len(samples)), "class_name": names, "samples": samples, "hardness": hardness}
    return pd.DataFrame({**table, "direction": direction})


hardness_lists = st.lists(st.floats(0.05, 50), min_size=2, max_size=20)


def test_ratios_by_hand():
    # 1/1 : 1/2 : 1/4 = 4 : 2 : 1
    np.testing.assert_allclose(resampling_ratios(np.array([1, 2, 4]), LOW_IS_HARD, NAMES), [4 / 7, 2 / 7, 1 / 7])
    np.testing.assert_allclose(resampling_ratios(np.array([1, 2, 5]), HIGH_IS_HARD, NAMES), [1 / 8, 2 / 8, 5 / 8])
    np.testing.assert_allclose(resampling_ratios(np.array([-1, 1]), HIGH_IS_HARD, NAMES, offset=2), [1 / 4, 3 / 4])


def test_allocation_by_hand():
    # N = 100, k = 4, balanced 25; wanted at alpha = 0.5 are 25 + 0.5 (r N - 25).
    ratios = np.array([0.405, 0.3, 0.2, 0.095])
    np.testing.assert_allclose(wanted_counts(ratios, even(100, 4), 0.5), [32.75, 27.5, 22.5, 17.25])
    # Floors 32, 27, 22, 17 sum to 98; the two largest remainders are .75, then the first .5.
    assert allocate(ratios, even(100, 4), 0.5, NAMES).tolist() == [33, 28, 22, 17]
    assert allocate(ratios, even(100, 4), 0.5, NAMES, compat="v1").tolist() == [33, 28, 22, 17]


def test_v1_rounding_drifts_where_largest_remainder_does_not():
    ratios = np.array([0.17, 0.17, 0.17, 0.49])
    assert allocate(ratios, even(10, 4), 1, NAMES, compat="v1").sum() == 11
    assert allocate(ratios, even(10, 4), 1, NAMES).sum() == 10


def test_alpha_is_continuous_and_acts_as_1_below_it_with_compat_v2():
    # N = 100 of 4 classes at alpha 1: 40, 30, 20 and 10.
    ratios, control = np.array([0.4, 0.3, 0.2, 0.1]), even(100, 4)
    assert allocate(ratios, control, 0.5, NAMES).tolist() == [33, 28, 22, 17]
    assert allocate(ratios, control, 0.5, NAMES, compat="v2").tolist() == [40, 30, 20, 10]
    assert allocate(ratios, control, 1, NAMES, compat="v2").tolist() == [40, 30, 20, 10]
    assert allocate(ratios, control, 0, NAMES, compat="v2").tolist() == [25] * 4
    # Above 1 distances from the mean, 15, 5, 5 and 15 of 25, times 1.5 are 22.5 and 7.5, whose halves are cut off.
    assert allocate(ratios, control, 1.5, NAMES, compat="v2").tolist() == [47, 32, 18, 3]
    with pytest.raises(StudyError, match=r"alpha 2 would leave class 'd' with -5.0 samples; the largest alpha .* is 1.6666$"):
        allocate(ratios, control, 2, NAMES, compat="v2")
    poor = np.array([0.5, 0.3, 0.2, 0.001]) / 1.001
    with pytest.raises(StudyError, match=r"with compat v2 none works, as any below 1 acts as 1: write another compat, and al"):
        allocate(poor, control, 0.5, NAMES, compat="v2")


@given(st.lists(st.integers(1, 60), min_size=2, max_size=6), st.floats(1, 30))
def test_the_alpha_that_a_refusal_of_compat_v2_names_works(parts, alpha):
    ratios, control, names = np.array(parts) / sum(parts), even(50 * len(parts), len(parts)), tuple(map(str, range(len(parts))))
    try:
        allocate(ratios, control, alpha, names, compat="v2")
    except StudyError as refused:
        named = str(refused).rpartition(" ")[2]
        if "largest alpha that works" in str(refused):
            assert float(named) >= 1 and allocate(ratios, control, float(named), names, compat="v2").min() >= 1


def test_compat_v2_rounds_before_it_stretches():
    # Of 10: 1.7, 1.7, 1.7 and 4.9 are 2, 2, 2 and 5, 11 in all; their mean 2.75 is cut off to 2, and 3 times 2 is 6.
    ratios = np.array([0.17, 0.17, 0.17, 0.49])
    assert allocate(ratios, even(10, 4), 1, NAMES, compat="v2").tolist() == [2, 2, 2, 5]
    assert allocate(ratios, even(10, 4), 2, NAMES, compat="v2").tolist() == [2, 2, 2, 8]


def test_compat_v2_shifts_negative_hardness():
    table = allocation_table(class_table_of([50_000, 50_000], [-0.5, 1.0]), 1, compat="v2")
    # 0.0001 and 1.5001, whose inverses are as 1.5001 to 0.0001; the offset that did it stands in the table.
    np.testing.assert_allclose(table["hardness_offset"], 0.5001)
    np.testing.assert_allclose(table["ratio"], [1.5001 / 1.5002, 0.0001 / 1.5002])
    assert table["granted"].tolist() == [99_993, 7]
    assert allocation_table(class_table_of([50, 50], [0.5, 1.0]), 1, compat="v2")["hardness_offset"].tolist() == [0, 0]
    for compat in ("none", "v1"):
        with pytest.raises(StudyError, match="ratios need positive hardness"):
            allocation_table(class_table_of([50, 50], [-0.5, 1.0]), 1, compat=compat)


@settings(max_examples=200)
@given(hardness_lists, st.integers(200, 60000), st.floats(0, 1), st.sampled_from([LOW_IS_HARD, HIGH_IS_HARD]))
def test_allocation_sums_to_n_and_is_monotone_in_hardness(hardness, total, alpha, direction):
    values = np.array(hardness)
    ratios, control = resampling_ratios(values, direction, NAMES), even(total, len(hardness))
    assume(wanted_counts(ratios, control, alpha).min() >= 1)
    granted = allocate(ratios, control, alpha, NAMES)
    assert granted.sum() == total
    assert (np.abs(granted - wanted_counts(ratios, control, alpha)) < 1).all()
    harder = values if direction == HIGH_IS_HARD else -values
    order = np.argsort(harder, kind="stable")
    assert (np.diff(granted[order]) >= -1).all()
    strictly = np.diff(ratios[order] * total * alpha) > 1
    assert (np.diff(granted[order])[strictly] >= 0).all()


@given(hardness_lists, st.integers(1, 500))
def test_alpha_0_is_balanced(hardness, per_class):
    ratios = resampling_ratios(np.array(hardness), LOW_IS_HARD, NAMES)
    granted = allocate(ratios, even(per_class * len(hardness), len(hardness)), 0, NAMES)
    assert (granted == per_class).all()


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=50), st.integers(1, 60000))
def test_largest_remainder_gives_the_integer_below_or_above(weights, total):
    wanted = np.array(weights) / sum(weights) * total
    rounded = largest_remainder(wanted, total)
    assert rounded.sum() == total
    assert (np.abs(rounded - wanted) < 1 + 1e-6).all()


@given(hardness_lists, st.integers(1000, 60000))
def test_the_largest_alpha_works_and_a_little_more_does_not(hardness, total):
    ratios, control = resampling_ratios(np.array(hardness), LOW_IS_HARD, NAMES), even(total, len(hardness))
    limit = largest_alpha(ratios, control)
    assume(0 < limit < 1e3)
    # One sample is owed at the limit; rounding may keep it there for up to one sample more.
    assert wanted_counts(ratios, control, limit).min() >= 1 - 1e-6
    assert wanted_counts(ratios, control, limit + 2e-4).min() < 1


def test_impossible_alpha_is_refused_with_the_largest_that_works():
    ratios = resampling_ratios(np.array([1.0, 1.0, 10.0]), LOW_IS_HARD, NAMES)
    with pytest.raises(StudyError, match=r"alpha 3 would leave class 'c'.*largest alpha that works here is 1\.1") as error:
        allocate(ratios, even(300, 3), 3, NAMES)
    limit = float(str(error.value).rsplit(" ", 1)[1])
    assert allocate(ratios, even(300, 3), limit, NAMES).min() >= 1


@pytest.mark.parametrize("worst", [0.0, -0.4])
def test_class_without_positive_hardness_is_refused_by_name(worst):
    with pytest.raises(StudyError, match="class 'b' has hardness"):
        resampling_ratios(np.array([1.0, worst]), LOW_IS_HARD, NAMES)


def test_the_explained_table_says_why():
    table = allocation_table(class_table_of([30, 30, 30], [4.0, 1.0, 2.0]), alpha=1)
    assert table["granted"].sum() == 90
    assert table["group"].tolist() == ["easy", "hard", "easy"]
    assert table["position"].tolist() == [0, 2, 1]
    np.testing.assert_allclose(table["wanted"], [90 / 7, 360 / 7, 180 / 7])
    assert (table["change"] == table["granted"] - 30).all()
    np.testing.assert_allclose(table["factor"], table["granted"] / 30)


# Classes of unequal size


@pytest.mark.parametrize(
    ("balance", "alpha", "granted"),
    [
        # n R = 60, 15, 5 of 80, so that 110 go 82.5, 20.625, 6.875.
        ("keep", 0, [60, 30, 20]),
        ("keep", 0.5, [71, 25, 14]),
        ("keep", 1, [82, 21, 7]),
        # N/k = 36.67, r = 4/7, 2/7, 1/7.
        ("equal", 0, [37, 37, 36]),
        ("equal", 1, [63, 31, 16]),
    ],
)
def test_unequal_classes_by_hand(balance, alpha, granted):
    table = allocation_table(class_table_of([60, 30, 20], [1.0, 2.0, 4.0]), alpha, balance=balance)
    assert table["granted"].tolist() == granted
    # Hardness alone says which class is hard.
    assert table["group"].tolist() == ["hard", "easy", "easy"]


def test_version_2_leaves_unequal_classes_that_are_equally_hard_alone():
    control = np.array([600.0, 400.0])
    for alpha in (0.5, 1, 1.5, 4):
        assert allocate(np.array([0.5, 0.5]), control, alpha, ("a", "b"), "v2").tolist() == [600, 400]


def test_the_largest_alpha_that_is_named_works():
    ratios, control = resampling_ratios(np.array([2.0] * 9 + [2.6]), LOW_IS_HARD, NAMES[:10]), np.full(10, 50_000.0)
    with pytest.raises(StudyError, match="works here is") as refused:
        allocate(ratios, control, 9, NAMES[:10])
    assert allocate(ratios, control, float(str(refused.value).rpartition(" ")[2]), NAMES[:10]).min() >= 1


def test_a_class_that_is_short_at_alpha_0_already_has_no_alpha():
    ratios = resampling_ratios(np.array([1, 1.2, 1.4]), LOW_IS_HARD, ("a", "b", "c"))
    assert largest_alpha_within(ratios, np.full(3, 233.3), np.array([120.0, 600, 600])) == 0


def test_a_class_is_hard_where_it_grows():
    table = pd.DataFrame({"class_name": [*"abc"], "samples": [1000, 50, 50], "control": [1000.0, 50, 50]})
    grown = with_counts(table, np.array([0.40, 0.35, 0.25]), 1)
    assert (grown["granted"] > table["samples"]).tolist() == [True, False, False]
    assert grown["group"].tolist() == ["hard", "easy", "easy"]


def test_the_largest_alpha_of_unequal_classes_by_hand():
    ratios = resampling_ratios(np.array([1.0, 2.0, 4.0]), LOW_IS_HARD, NAMES)
    # The last class is left one of its 20 samples: 19 / (20 - 6.875) = 1.44761...
    assert largest_alpha(ratios, SIZES.astype(float)) == 1.4476
    with pytest.raises(StudyError, match=r"alpha 2 would leave class 'c'.*works here is 1\.4476$"):
        allocate(ratios, SIZES.astype(float), 2, NAMES)


sizes = st.lists(st.integers(2, 3000), min_size=2, max_size=12)


@given(sizes, st.data())
def test_alpha_0_leaves_classes_as_they_come_and_equal_hardness_at_any_alpha(counts, data):
    hardness = data.draw(st.lists(st.floats(0.05, 50), min_size=len(counts), max_size=len(counts)))
    control = control_counts(np.array(counts))
    assert allocate(resampling_ratios(np.array(hardness), LOW_IS_HARD, NAMES), control, 0, NAMES).tolist() == counts
    alike = resampling_ratios(np.full(len(counts), hardness[0]), LOW_IS_HARD, NAMES)
    assert allocate(alike, control, data.draw(st.floats(0, 3)), NAMES).tolist() == counts
    assert largest_alpha(alike, control) == np.inf


@given(sizes, st.data(), st.sampled_from([LOW_IS_HARD, HIGH_IS_HARD]))
def test_unequal_classes_keep_the_total_and_move_with_alpha_one_way(counts, data, direction):
    hardness = np.array(data.draw(st.lists(st.floats(0.5, 5), min_size=len(counts), max_size=len(counts))))
    ratios, control = resampling_ratios(hardness, direction, NAMES), control_counts(np.array(counts))
    alphas = [0.25, 0.5, 1.0]
    assume(wanted_counts(ratios, control, 1).min() >= 1)
    wanted = np.array([wanted_counts(ratios, control, alpha) for alpha in [0, *alphas]])
    assert all(allocate(ratios, control, alpha, NAMES).sum() == sum(counts) for alpha in alphas)
    steps = np.diff(wanted, axis=0)
    assert ((steps >= -1e-6).all(0) | (steps <= 1e-6).all(0)).all()
    # Relative to its size, a harder class gets no less than an easier one.
    order = np.argsort(ratios, kind="stable")
    assert (np.diff((wanted[-1] / control)[order]) >= -1e-9).all()


# The offset


@given(hardness_lists, st.floats(0, 20), st.sampled_from([LOW_IS_HARD, HIGH_IS_HARD]))
@example([0.05, 0.05000000000000001], 0.0, LOW_IS_HARD)
def test_the_offset_that_is_offered_keeps_classes_within_half_and_twice(hardness, shift, direction):
    values = np.array(hardness) - shift
    offset = sensible_offset(values, direction, np.ones(len(values)))
    factor = len(values) * resampling_ratios(values, direction, NAMES, offset)
    assert factor.max() <= 2 + 1e-9
    assert factor.min() >= 0.5 - 1e-9


def test_the_sensible_offset_by_hand():
    # The easy one of two classes gets (o - 1) / (2 o + 2) of all at H = -1 and 3, which is a quarter at o = 3.
    assert sensible_offset(np.array([-1.0, 3.0]), LOW_IS_HARD, np.ones(2)) == pytest.approx(3.05, abs=0.06)


def test_the_refusal_offers_what_is_sensible():
    hardness = np.array([-0.37, 0.5, 1, 1.2, 1.5, 1.6, 1.8, 2, 2.1, 2.4])
    with pytest.raises(StudyError) as error:
        resampling_ratios(hardness, LOW_IS_HARD, NAMES)
    offset = sensible_offset(hardness, LOW_IS_HARD, np.ones(10))
    said = str(error.value)
    assert f"`resampling.hardness_offset` of this estimator to {offset:g}" in said
    assert "another window of epochs (first_epoch, last_epoch)" in said
    assert all(name in said for name in always_positive())
    trap = allocation_table(class_table_of([96] * 10, list(hardness)), 1, 0.38)
    mild = allocation_table(class_table_of([96] * 10, list(hardness)), 1, offset)
    assert trap["granted"].max() > 600
    assert mild["granted"].between(48, 192).all()


# What a reader is told


def review_of(samples: list[int], hardness: list[float], alphas: tuple[float, ...], offset: float = 0.0, **more: str):
    classes = class_table_of(samples, hardness)
    tables = [allocation_table(classes, alpha, offset, **more) for alpha in alphas]
    return review_table({"aum": classes}, {"aum": tables}, 3).set_index("alpha")


def test_an_extreme_allocation_is_warned_of_and_a_mild_one_is_not():
    review = review_of([100, 100, 100], [1.0, 2.0, 2.5], (0, 0.5, 1, 1.4))
    assert review["warning"].notna().tolist() == [False, False, False, True]
    assert "class 'a' gets" in review.loc[1.4, "warning"]
    assert "beyond `resampling.spread_warning` 3 : 1; a smaller alpha" in review.loc[1.4, "warning"]
    assert review["remark"].isna().all()
    trap = review_of([96] * 3, [-0.37, 1, 2], (0, 1), 0.38)
    assert "`resampling.hardness_offset: {aum: 1.3}`, is milder" in trap.loc[1, "warning"]
    page = review_html({"mine": trap.reset_index()})
    assert "mine, allocation by aum, alpha 1" in page
    assert "<li>" not in review_html({"mine": review_of([9, 9], [1.0, 1.1], (0,)).reset_index()})


def test_warnings_and_remarks_reach_the_terminal_and_nothing_else_does(tmp_path, capsys):
    classes = class_table_of([60, 30, 20], [0.1, 1.0, 2.0])
    write_table(tmp_path / "classes.csv", classes)
    paths = []
    for alpha in (0, 0.1, 1):
        paths.append(str(tmp_path / f"alpha{alpha}.csv"))
        write_table(paths[-1], allocation_table(classes, alpha))
    files = ["--review", str(tmp_path / "review.csv"), "--offsets", str(tmp_path / "offsets.csv"), "--allocations", *paths]
    command = ["--classes", str(tmp_path / "classes.csv"), *files, "--estimators", "aum", "--dataset-name", "mine"]
    arguments = review_allocations.parser.parse_args([*command, "--spread-warning", "3"])
    arguments.log = tmp_path / "log"
    review_allocations.main(arguments)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[:2] for line in said] == [
        ["mine, allocation by aum, alpha 0", "classes have 20 to 60 samples, and alpha 0 keeps them as they come"],
        ["mine, allocation by aum, alpha 1", "warning"],
    ]
    assert arguments.log.read_text().splitlines() == said
    assert review_html({"mine": pd.read_csv(tmp_path / "review.csv")}).count("<li>") == 2


def test_unequal_classes_are_said_and_how_they_are_treated():
    assert "60 samples, and alpha 0 keeps them as they come" in review_of([60, 30, 20], [1.0, 1.1, 1.2], (0,)).loc[0, "remark"]
    equal = review_of([60, 30, 20], [1.0, 1.1, 1.2], (0,), balance="equal").loc[0, "remark"]
    assert "20 to 60 samples, and alpha 0 gives each 36.67" in equal


def test_what_cannot_act_is_said():
    review = review_of([30, 30], [2.0, 2.0], (0, 1))
    assert review.loc[0, "remark"] == "all classes are equally hard: no alpha changes anything"
    assert review.loc[1, "remark"].startswith("alpha 1 changes no class's number of samples")
    assert allocation_table(class_table_of([30, 30, 31], [2.37] * 3), 1)["group"].tolist() == ["easy"] * 3


def test_the_table_of_offsets_holds_the_study_s_own_allocation():
    classes = class_table_of([40, 40, 40], [-0.5, 1.0, 2.0])
    table = offset_table(classes, 0.7, "keep")
    own = table[table["study"]]
    np.testing.assert_allclose(own["wanted"], allocation_table(classes, 1, 0.7)["wanted"])
    np.testing.assert_allclose(table.groupby("offset")["wanted"].sum(), 120)
    # 1/H is not invariant to the offset.
    assert np.ptp(table.loc[table["class"] == 0, "factor"]) > 1
    figure = offset_influence(table.assign(estimator="aum"), "mine", "aum")
    assert len(figure.axes[0].get_lines()) == 4
    # Where the study's own offset is refused, there is no line for it.
    assert offset_table(classes, 0.0, "keep").query("study")["wanted"].isna().all()
