import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from hbr.errors import StudyError
from hbr.hardness.classes import class_table, sample_table
from hbr.hardness.estimators import (
    HIGH_IS_HARD,
    LOW_IS_HARD,
    METHODS,
    Estimator,
    definition,
    estimator_of,
    estimator_of_study,
    instance_scores,
)
from hbr.hardness.members import scores_of_members
from hbr.training.dynamics import Dynamics, load_dynamics, save_dynamics


def dynamics_of(margin, probability=None, el2n=None) -> Dynamics:
    margin = np.asarray(margin, dtype=np.float64)
    probability = np.full_like(margin, 0.5) if probability is None else np.asarray(probability, dtype=np.float64)
    el2n = np.zeros_like(margin) if el2n is None else np.asarray(el2n, dtype=np.float64)
    return Dynamics(
        margin=margin.astype(np.float16),
        loss=np.minimum(-np.log(probability), 65504).astype(np.float16),
        el2n=el2n.astype(np.float16),
        margin_sum=margin.sum(0).astype(np.float32),
        probability_sum=probability.sum(0).astype(np.float32),
        el2n_sum=el2n.sum(0).astype(np.float32),
        loss_sum=-np.log(probability).sum(0).astype(np.float32),
        el2n_evaluated=el2n[-1].astype(np.float32),
        probability_evaluated=probability[-1].astype(np.float32),
        class_evaluated=np.zeros(margin.shape[1], np.int16),
        epochs=len(margin),
        el2n_epoch=len(margin),
    )


# Three samples over four epochs: learned early, forgotten twice, never learned.
MARGIN = [[-1, 1, -2], [2, -1, -1], [3, 2, -3], [4, -2, -2]]
PROBABILITY = [[0.25, 0.5, 0.125], [0.5, 0.25, 0.25], [0.75, 0.5, 0.125], [1.0, 0.25, 0.5]]


@pytest.fixture
def example() -> Dynamics:
    return dynamics_of(MARGIN, PROBABILITY, el2n=[[1, 1, 1], [0.5, 1, 1], [0.25, 1, 1.25], [0, 0.75, 1.375]])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("aum", [2.0, 0.0, -2.0]),
        ("confidence", [0.625, 0.375, 0.25]),
        ("el2n", [0.0, 0.75, 1.375]),
        ("forgetting", [0, 2, 2]),
        ("loss", [np.mean(-np.log([0.25, 0.5, 0.75, 1.0])), 1.5 * np.log(2), np.mean(-np.log([0.125, 0.25, 0.125, 0.5]))]),
        ("data_iq", [(3 / 16 + 4 / 16 + 3 / 16) / 4, (4 + 3 + 4 + 3) / 64, (7 / 64 + 12 / 64 + 7 / 64 + 16 / 64) / 4]),
        ("variability", [np.std([0.25, 0.5, 0.75, 1]), 0.125, np.std([0.125, 0.25, 0.125, 0.5])]),
    ],
)
def test_estimators_match_hand_computed_scores(example, method, expected):
    np.testing.assert_allclose(instance_scores(example, estimator_of(method)), expected, rtol=1e-3)


@pytest.mark.parametrize(("method", "expected"), [("aum", [3.5, 0, -2.5]), ("confidence", [0.875, 0.375, 0.3125])])
def test_a_window_of_epochs_uses_those_epochs_alone(example, method, expected):
    np.testing.assert_allclose(instance_scores(example, estimator_of(method, first_epoch=3)), expected, rtol=1e-3)


def test_el2n_with_a_window_is_its_mean_in_train_mode(example):
    np.testing.assert_allclose(instance_scores(example, estimator_of("el2n", first_epoch=1, last_epoch=2)), [0.75, 1, 1])


@pytest.mark.parametrize("window", [(0, 9), (3, 2), (5, 5)])
def test_a_window_outside_training_is_refused(example, window):
    with pytest.raises(StudyError, match="4 trained epochs"):
        instance_scores(example, estimator_of("aum", first_epoch=window[0] or None, last_epoch=window[1]))


def test_never_learned_is_hardest_unless_the_authors_rule_is_chosen(example):
    assert instance_scores(example, estimator_of("forgetting"))[2] == 2
    assert instance_scores(example, estimator_of("forgetting", never_learned="zero"))[2] == 0


def softmax_dynamics(scale, classes=5, epochs=3, samples=400):
    """Return dynamics as they are stored, and the exact probabilities of the label, of the best other class, and of all."""
    logits = scale * np.random.default_rng(4).normal(size=(epochs, samples, classes))
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    error = p - np.eye(classes)[0]
    margin = logits[..., 0] - logits[..., 1:].max(-1)
    return dynamics_of(margin, p[..., 0], np.linalg.norm(error, axis=-1)), p, error


@pytest.mark.parametrize("scale", [0.5, 3, 10, 40, 300])
@pytest.mark.parametrize("first", [None, 2])
def test_the_margin_of_probabilities_follows_from_what_is_stored(scale, first):
    with np.errstate(divide="ignore"):
        dynamics, p, _ = softmax_dynamics(scale)
    found = instance_scores(dynamics, estimator_of("aum", margin="probabilities", first_epoch=first))
    exact = p[..., 0] - p[..., 1:].max(-1)
    np.testing.assert_allclose(found, exact[(first or 1) - 1 :].mean(0), atol=0.1)
    # Stored in 16 bits; only samples that are confidently wrong between two classes are known less well.
    assert np.abs(found - exact[(first or 1) - 1 :].mean(0)).mean() < 0.002


def test_the_margin_of_probabilities_by_hand():
    # p = (0.5, 0.25, 0.25) and (0.125, 0.75, 0.125): margins ln 2 and -ln 6.
    dynamics = dynamics_of([[np.log(2), -np.log(6)]], [[0.5, 0.125]], [[np.sqrt(0.375), np.sqrt(0.875**2 + 0.5781)]])
    np.testing.assert_allclose(
        instance_scores(dynamics, estimator_of("aum", margin="probabilities")), [0.25, -0.625], atol=2e-3
    )


@pytest.mark.parametrize(("first", "last"), [(None, None), (1, 3), (2, 3)])
def test_the_l1_norm_is_the_sum_of_absolute_errors(first, last):
    dynamics, _, error = softmax_dynamics(2)
    found = instance_scores(dynamics, estimator_of("el2n", norm="l1", first_epoch=first, last_epoch=last))
    exact = np.abs(error).sum(-1)
    expected = exact[-1] if first is None else exact[first - 1 : last].mean(0)
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize(
    ("method", "keys", "sentence"),
    [
        ("el2n", {"margin": "probabilities"}, "margin: only aum has it"),
        ("aum", {"norm": "l1"}, "norm: only el2n has it"),
        ("aum", {"never_learned": "zero"}, "never_learned: only forgetting has it"),
        ("my:own", {"direction": LOW_IS_HARD, "norm": "l1"}, "norm: only el2n has it"),
        ("aum", {"margin": "odds"}, "margin: 'odds' is none of logits, probabilities"),
        ("aum", {"marign": "logits"}, "marign: estimator aum has no such key; it takes margin"),
        ("loss", {"base": 2}, "base: estimator loss has no such key; it takes none of its own"),
    ],
)
def test_a_variant_of_another_estimator_is_refused(method, keys, sentence):
    with pytest.raises(StudyError) as caught:
        estimator_of(method, **keys)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("method", "keys", "text"),
    [
        ("aum", {}, "mean margin of logits, epochs 1 to 12"),
        ("aum", {"margin": "probabilities", "last_epoch": 3}, "mean margin of probabilities, epochs 1 to 3"),
        ("el2n", {}, "L2 norm of softmax minus one-hot after epoch 4, without augmentation"),
        ("el2n", {"norm": "l1", "first_epoch": 2}, "mean L1 norm of softmax minus one-hot, epochs 2 to 12"),
        ("forgetting", {"never_learned": "zero"}, "falls from right to wrong, never learned counts as zero, epochs 1 to 12"),
        ("my:own", {"direction": LOW_IS_HARD}, "my:own"),
    ],
)
def test_an_estimator_says_what_it_is(method, keys, text):
    assert definition(estimator_of(method, **keys), 12, 4) == text


CHOICES = [
    (name, key, value)
    for name, one in METHODS.items()
    for key, setting in one.settings.items()
    for value in setting.schema.get("enum", [])
]


def test_every_method_and_setting_has_a_definition_of_its_own():
    keys = [(name, {}) for name in METHODS] + [(name, {key: value}) for name, key, value in CHOICES]
    others = {json.dumps(estimator_of(name, **one).settings, sort_keys=True) + name for name, one in keys}
    assert len({definition(estimator_of(name, **one), 9, 3) for name, one in keys}) == len(others)


@pytest.mark.parametrize(("name", "key", "value"), CHOICES)
def test_every_setting_reaches_the_scores(name, key, value, example):
    """A setting that is stated but never read would be silently without effect."""
    scores = [instance_scores(example, estimator_of(name, **{key: one})) for one in METHODS[name].settings[key].schema["enum"]]
    assert len({tuple(row) for row in scores}) == len(scores)


@pytest.mark.parametrize("name", METHODS)
def test_an_estimator_survives_its_text_and_defaults_written_out_are_the_same(name):
    for keys in ({}, {"first_epoch": 2, "last_epoch": 3}):
        estimator = estimator_of(name, **keys)
        assert Estimator.read(estimator.text) == estimator
        assert estimator_of(name, **estimator.settings, **keys).text == estimator.text
    own = estimator_of("my:own", direction=LOW_IS_HARD)
    assert Estimator.read(own.text) == own


def test_compat_v1_takes_the_authors_rule_where_there_is_one_and_none_is_written():
    def text_of(compat, **keys):
        return estimator_of_study({"compat": compat, "hardness": {"estimators": {"forgetting": keys}}}, "forgetting").settings

    assert text_of("v1") == text_of("v2") == {"never_learned": "zero"}
    assert text_of("none") == text_of("v1", never_learned="maximum") == {"never_learned": "maximum"}


def test_a_class_table_carries_the_definition():
    table = class_table(np.ones((2, 4)), np.array([0, 0, 1, 1]), ("a", "b"), LOW_IS_HARD, "some words")
    assert list(table["definition"]) == ["some words", "some words"]


def test_sums_alone_give_aum_and_confidence_but_no_window(example):
    empty = np.empty((0, 3), dtype=np.float16)
    sums = Dynamics(**vars(example) | {"margin": empty, "loss": empty, "el2n": empty})
    np.testing.assert_allclose(instance_scores(sums, estimator_of("aum")), [2, 0, -2])
    with pytest.raises(StudyError, match="only sums"):
        instance_scores(sums, estimator_of("forgetting"))


def test_own_estimator_needs_a_direction_and_a_score_each(example, tmp_path, monkeypatch):
    (tmp_path / "own_scores.py").write_text(
        "import numpy as np\n"
        "def last(dynamics): return dynamics.margin[-1]\n"
        "def short(dynamics): return np.zeros(1)\n"
        "def holes(dynamics): return np.full(dynamics.examples, np.nan)\n"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match="direction"):
        estimator_of("own_scores:last")
    scores = instance_scores(example, estimator_of("own_scores:last", direction=LOW_IS_HARD))
    np.testing.assert_allclose(scores, [4, -2, -2])
    with pytest.raises(StudyError, match=r"returned a ndarray of 1 .*one finite number for each"):
        instance_scores(example, estimator_of("own_scores:short", direction=HIGH_IS_HARD))
    with pytest.raises(StudyError, match="not finite"):
        instance_scores(example, estimator_of("own_scores:holes", direction=HIGH_IS_HARD))
    with pytest.raises(StudyError, match="no function 'absent'"):
        instance_scores(example, estimator_of("own_scores:absent", direction=HIGH_IS_HARD))
    with pytest.raises(StudyError, match=r"put no_such_module\.py where you run from"):
        instance_scores(example, estimator_of("no_such_module:f", direction=HIGH_IS_HARD))


@pytest.mark.parametrize("method", ["aum", "el2n"])
def test_direction_of_a_built_in_estimator_cannot_be_turned(method):
    wrong = HIGH_IS_HARD if METHODS[method].direction == LOW_IS_HARD else LOW_IS_HARD
    with pytest.raises(StudyError, match="leave the key out"):
        estimator_of(method, direction=wrong)


def test_unknown_estimator_is_named():
    with pytest.raises(StudyError, match="'amu' is no built-in estimator"):
        estimator_of("amu")


@settings(max_examples=50, deadline=None)
@given(arrays(np.float16, (6, 9), elements=st.floats(-50, 50, width=16)))
def test_forgetting_counts_every_fall_and_never_exceeds_half_the_epochs(margin):
    events = instance_scores(dynamics_of(margin.astype(np.float64)), estimator_of("forgetting"))
    for sample, column in enumerate((margin > 0).T):
        falls = sum(a and not b for a, b in itertools.pairwise(column))
        assert events[sample] == (falls if column.any() else 3)
    assert events.max() <= 3


def test_aum_agrees_with_the_aum_package_on_the_same_logits():
    import torch
    from aum import AUMCalculator

    from hbr.training.recorder import Recorder

    torch.manual_seed(0)
    labels = torch.randint(5, (40,))
    recorder = Recorder(40, 3, 1, keep_epochs=True, device=torch.device("cpu"))
    calculator = AUMCalculator(save_dir=".", compressed=True)
    for epoch in range(3):
        for positions in torch.randperm(40).split(16):
            logits = 4 * torch.randn(len(positions), 5)
            recorder.update(epoch, logits, labels[positions], positions)
            calculator.update(logits, labels[positions], positions.tolist())
    ours = instance_scores(recorder.finish(), estimator_of("aum"))
    theirs = [calculator.sums[sample] / calculator.counts[sample] for sample in range(40)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_tables_average_members_and_rank_the_hardest_last():
    scores = np.array([[4.0, 2.0, 0.0, 1.0], [2.0, 4.0, 2.0, 1.0]])
    labels = np.array([0, 0, 1, 1])
    samples = sample_table(scores, labels, LOW_IS_HARD, [1, 5])
    np.testing.assert_allclose(samples["member_5"], [2, 4, 2, 1])
    np.testing.assert_allclose(samples["hardness"], [3, 3, 1, 1])
    np.testing.assert_allclose(samples["difficulty_rank"], [0.5 / 3, 0.5 / 3, 2.5 / 3, 2.5 / 3])
    np.testing.assert_allclose(samples["hardness_std"], [2**0.5, 2**0.5, 2**0.5, 0])
    classes = class_table(scores, labels, ("a", "b"), LOW_IS_HARD)
    np.testing.assert_allclose(classes["hardness"], [3, 1])
    assert list(classes["difficulty_rank"]) == [1, 2]
    # Members' means of class b are 0.5 and 1.5: t(1) = 12.706, standard error 0.5.
    np.testing.assert_allclose(classes["hardness_upper"][1], 1 + 12.7062 * 0.5, rtol=1e-5)
    assert list(class_table(scores, labels, ("a", "b"), HIGH_IS_HARD)["difficulty_rank"]) == [2, 1]


def test_class_interval_agrees_with_scipy():
    scores = np.random.default_rng(1).normal(size=(6, 30))
    labels = np.arange(30) % 3
    table = class_table(scores, labels, ("a", "b", "c"), LOW_IS_HARD)
    means = scores[:, labels == 1].mean(1)
    expected = stats.t.interval(0.95, 5, means.mean(), stats.sem(means))
    np.testing.assert_allclose((table["hardness_lower"][1], table["hardness_upper"][1]), expected)


def test_the_interval_of_scores_that_are_always_positive_ends_at_0():
    scores, labels = np.array([[0.0, 1], [4.0, 1]]), np.array([0, 1])
    table = class_table(scores, labels, ("a", "b"), HIGH_IS_HARD, always_positive=True)
    # 2 -+ 12.706 standard errors of 2.
    assert table["hardness_lower"].tolist() == [0, 1]
    assert table["hardness_upper"][0] == pytest.approx(2 + 12.7062 * 2, rel=1e-4)
    assert class_table(scores, labels, ("a", "b"), HIGH_IS_HARD)["hardness_lower"][0] == pytest.approx(2 - 25.4124, 1e-4)


def test_one_member_has_no_interval():
    table = class_table(np.ones((1, 4)), np.array([0, 0, 1, 1]), ("a", "b"), LOW_IS_HARD)
    assert pd.isna(table["hardness_lower"]).all()


def test_dynamics_survive_their_file(example, tmp_path):
    save_dynamics(tmp_path / "d.npz", example)
    with pytest.raises(StudyError, match=r"holes\.npz: estimator el2n"):
        holes = replace(example, el2n_evaluated=np.full(example.examples, np.nan, np.float32))
        save_dynamics(tmp_path / "holes.npz", holes)
        scores_of_members([tmp_path / "holes.npz"], estimator_of("el2n"), example.examples, "")
    loaded = load_dynamics(tmp_path / "d.npz")
    for name, value in vars(example).items():
        np.testing.assert_array_equal(getattr(loaded, name), value)
