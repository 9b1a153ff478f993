"""The recipe: its defaults and its text, and every key by an example that can be done by hand."""

import json
from dataclasses import MISSING, asdict, fields, replace

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT
from torch import nn

from hbr.data.plans import identity_plan
from hbr.errors import StudyError
from hbr.study.studies import SCHEMA as SCHEMA_FILE
from hbr.training.descent import make_descent
from hbr.training.engine import MemberSeeds, Training
from hbr.training.lookahead import Lookahead
from hbr.training.networks import build_network
from hbr.training.recipe import PRECISIONS, Recipe
from hbr.training.settings import TrainingSettings

CPU = torch.device("cpu")
SCHEMA = yaml.safe_load(SCHEMA_FILE.read_text())
KEYS = SCHEMA["properties"]["recipes"]["additionalProperties"]


def test_the_schema_has_the_keys_and_the_defaults_of_the_recipe():
    required = [field.name for field in fields(Recipe) if field.default is MISSING]
    defaults = {field.name: field.default for field in fields(Recipe) if field.default is not MISSING}
    assert set(KEYS["required"]) == set(required)
    assert {name: key["default"] for name, key in KEYS["properties"].items() if "default" in key} == {
        name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()
    }
    assert set(KEYS["properties"]) == {*required, *defaults}
    assert tuple(KEYS["properties"]["precision"]["enum"]) == PRECISIONS


def test_equal_recipes_have_one_text_however_they_are_written():
    plain = {"epochs": 2, "batch_size": 8, "learning_rate": 1, "el2n_epoch": 1}
    written = Recipe.of({**plain, "learning_rate": 1.0, "milestones": [], "momentum": 0.9, "warmup_epochs": 0})
    assert Recipe.of(plain).text == written.text
    assert Recipe.read(written.text) == written
    assert json.loads(written.text) == {**asdict(written), "milestones": []}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"el2n_epoch": 9}, "el2n_epoch: 9 lies after the last epoch, 3"),
        ({"momentum": 0}, "nesterov: needs a momentum above 0"),
        ({"schedule": "linear"}, "schedule: 'linear' is unknown; use step, cosine or one-cycle"),
        ({"warmup_epochs": 3}, "warmup_epochs: 3 is not below epochs, 3"),
        ({"schedule": "step"}, "milestones: schedule step needs at least one; or write schedule: cosine"),
        ({"schedule": "step", "milestones": [2], "end_factor": 0.1}, "end_factor: schedule step ends by decay_factor"),
        ({"milestones": [2]}, "milestones: schedule one-cycle has none; leave them out, or write schedule: step"),
        ({"schedule": "step", "milestones": [2, 1]}, "milestones: [2, 1] must rise, and lie below epochs, 3"),
        ({"schedule": "step", "milestones": [1, 3]}, "milestones: [1, 3] must rise, and lie below epochs, 3"),
        ({"el2n_epoch": 0}, "el2n_epoch: 0 is below 1"),
        ({"evaluate_every": 0}, "evaluate_every: 0 is below 1"),
        ({"learning_rate": float("nan")}, "learning_rate: nan is no number above 0"),
        ({"flip": False, "alternating_flips": True}, "alternating_flips: needs flip: true"),
        ({"precision": "half"}, "precision: 'half' is unknown; use auto, float32, bfloat16"),
        ({"epoch": 3}, "epoch: is no key of a recipe; known are epochs"),
    ],
)
def test_what_makes_no_recipe_is_refused_by_the_key(quick_recipe, changes, sentence):
    with pytest.raises(StudyError) as error:
        Recipe.of({**asdict(quick_recipe), **changes})
    assert str(error.value).startswith(sentence)


def test_settings_of_outcomes_of_earlier_versions_are_read(quick_recipe):
    new = ("bias_factor", "frozen_scale", "start_factor", "end_factor", "lookahead_steps", "lookahead_decay")
    new += ("lookahead_power", "alternating_flips")
    old = {name: value for name, value in asdict(quick_recipe).items() if name not in new}
    text = json.dumps({"network": "small-cnn", "width": 8, "seed": 3, **old})
    now = TrainingSettings("small-cnn", {"width": 8}, 3, quick_recipe)
    assert TrainingSettings.read(text) == now == TrainingSettings.read(now.text)
    assert TrainingSettings.read(json.dumps(json.loads(text) | {"width": 0})).network_settings == {}


# Schedule


def test_learning_rates_of_the_paper():
    paper = Recipe.of(yaml.safe_load((ROOT / "studies/cifar10.yaml").read_text())["recipes"]["paper"])
    rates = [paper.learning_rate_at(epoch * 391, 391) for epoch in (0, 59, 60, 119, 120, 160, 199)]
    assert rates == pytest.approx([0.1, 0.1, 0.02, 0.02, 0.004, 0.0008, 0.0008])
    assert paper.learning_rate_at(60 * 391 - 1, 391) == pytest.approx(0.1)
    # A line up first, where one is asked for; the milestones stay where they are.
    warm = replace(paper, warmup_epochs=5, start_factor=0.1)
    rates = [warm.learning_rate_at(epoch * 391, 391) for epoch in (0, 5, 59, 60)]
    assert rates == pytest.approx([0.01, 0.1, 0.1, 0.02], rel=1e-2)


def test_schedules_start_and_end_where_they_should(quick_recipe):
    for schedule in ("one-cycle", "cosine"):
        recipe = replace(quick_recipe, schedule=schedule, epochs=10, warmup_epochs=2)
        rates = [recipe.learning_rate_at(step, 5) for step in range(50)]
        assert max(rates) == pytest.approx(0.05)
        assert rates.index(max(rates)) == 10
        assert 0 < rates[-1] < 0.1 * 0.05
        assert (np.diff(rates[:11]) > 0).all()
        assert (np.diff(rates[10:]) < 0).all()


def test_start_and_end_of_the_schedule_by_hand(quick_recipe):
    # Four steps an epoch: 3 of warm-up, a quarter of the way up each, then 5 down, a fifth of the way each.
    recipe = replace(quick_recipe, learning_rate=1.0, epochs=2, el2n_epoch=1, warmup_epochs=0.75)
    recipe = replace(recipe, start_factor=0.2, end_factor=0.5)
    rates = [recipe.learning_rate_at(step, 4) for step in range(9)]
    assert rates == pytest.approx([0.4, 0.6, 0.8, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
    cosine = replace(recipe, schedule="cosine", warmup_epochs=0)
    # A half of the way: between 1 and 0.5.
    assert [cosine.learning_rate_at(step, 4) for step in (0, 4, 8)] == pytest.approx([1.0, 0.75, 0.5])


# Normalisation


def test_biases_of_normalisations_are_faster_by_hand(quick_recipe):
    network = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1), nn.LayerNorm(1))
    recipe = replace(quick_recipe, bias_factor=4.0, weight_decay=0.2, momentum=0.5)
    descent = make_descent(network, recipe)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(2.0)
    descent.set_rate(0.1)
    gradients = {}
    for step in range(2):
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
        descent.step()
        gradients[step] = [parameter.item() for parameter in network.parameters()]
    # g = 1 + 0.2 * 2 = 1.4 in all but the biases of normalisations, where it is 1 + 0.05 * 2 = 1.1; then Nesterov's 1.5 g.
    slow, fast = 2 - 0.1 * 1.5 * 1.4, 2 - 0.4 * 1.5 * 1.1
    assert gradients[0] == pytest.approx([slow, slow, slow, fast, slow, fast])
    # Momentum: 0.5 * 1.1 + g, of which half again is added to g.
    g = 1 + 0.05 * fast
    assert gradients[1][3] == pytest.approx(fast - 0.4 * (g + 0.5 * (0.5 * 1.1 + g)))


def test_frozen_scales_stay_one(tiny_dataset, quick_recipe):
    for frozen in (False, True):
        member = training(tiny_dataset, replace(quick_recipe, frozen_scale=frozen))
        member.train(lambda progress: None)
        scales = [layer.weight for layer in member.network.modules() if isinstance(layer, nn.BatchNorm2d)]
        assert [bool((scale == 1).all()) for scale in scales] == [frozen] * 3
        assert all((layer.bias != 0).any() for layer in member.network.modules() if isinstance(layer, nn.BatchNorm2d))


# Lookahead


def test_shares_of_the_slow_average_by_hand(quick_recipe):
    recipe = replace(quick_recipe, epochs=2, lookahead_steps=2, lookahead_decay=0.9, lookahead_power=2.0)
    shares = [recipe.lookahead_share_at(step, 4) for step in range(8)]
    # 0.81 times the square of the part that is done: 2, 4, 6 and 8 of 8 steps.
    assert shares[::2] == [None] * 4
    assert shares[1::2] == pytest.approx([0.81 / 16, 0.81 / 4, 0.81 * 9 / 16, 0.81])
    assert replace(recipe, lookahead_steps=0).lookahead_share_at(1, 4) is None


def test_the_network_is_put_on_the_slow_average_by_hand():
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1, affine=False))
    network[0].weight.data.fill_(1.0)
    lookahead = Lookahead(network)
    network[0].weight.data.fill_(5.0)
    network[1].running_mean.fill_(8.0)
    lookahead.update(0.75)
    # Three quarters of 1 and a quarter of 5; statistics are averaged, too.
    assert (network[0].weight.item(), network[1].running_mean.item()) == (2.0, 2.0)
    network[0].weight.data.fill_(4.0)
    lookahead.update(0.5)
    assert network[0].weight.item() == 3.0


def test_trainings_go_on_from_the_slow_average(tiny_dataset, quick_recipe):
    """With all of the average kept in the last step, weights end where they began."""
    recipe = replace(quick_recipe, lookahead_steps=9, lookahead_decay=1.0, lookahead_power=0.0)
    member = training(tiny_dataset, recipe)
    before = [parameter.clone() for parameter in member.network.parameters()]
    member.train(lambda progress: None)
    for now, then in zip(member.network.parameters(), before, strict=True):
        assert torch.equal(now, then)


# Flips


def test_alternating_flips_show_every_image_both_ways(tiny_dataset, quick_recipe):
    recipe = replace(quick_recipe, epochs=4, alternating_flips=True)
    member = training(tiny_dataset, recipe)
    seen = []

    def keep(batch, rate):
        seen.append((batch.images, batch.flips))
        return torch.zeros(len(batch.labels), 3)

    member.train_batch = keep
    member.train(lambda progress: None)
    steps = len(seen) // 4
    epochs = []
    for epoch in range(4):
        images, flips = (torch.cat(parts) for parts in zip(*seen[epoch * steps : (epoch + 1) * steps], strict=True))
        epochs.append(flips[images.argsort()])
    assert torch.equal(epochs[1], ~epochs[0])
    assert torch.equal(epochs[2], epochs[0])
    assert torch.equal(epochs[3], epochs[1])
    assert 10 < epochs[0].sum() < 40


def training(dataset, recipe):
    network = build_network("small-cnn", 3, 3, 1, 4)
    plan = identity_plan(dataset.train_labels, (8, 8, 3))
    return Training(dataset, plan, network, recipe, MemberSeeds(1, 2, 0, 1), CPU, True, None, print)
