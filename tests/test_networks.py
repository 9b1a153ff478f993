"""Built-in networks: what a study can name, and the quick one with its whitening."""

import inspect
import re

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT
from jsonschema import Draft202012Validator
from test_engine_steps import assert_same, batches, fresh_step, replayed, state_of

from hbr.data.datasets import prepare
from hbr.data.whitening import fit_whitening, load_whitening, save_whitening, whitening_of
from hbr.errors import StudyError
from hbr.plugins import call_plugin, load_plugin
from hbr.study.studies import SCHEMA as SCHEMA_FILE
from hbr.training.networks import NETWORKS, build_network, is_whitened
from hbr.training.steps import RecordedStep

SMALL = {"widths": [4, 6, 8], "pair_widths": [4, 4, 4]}


def random_whitening(channels):
    images = np.random.default_rng(0).integers(0, 256, (20, 9, 9, channels), dtype=np.uint8)
    return fit_whitening(images, np.full(channels, 0.5), np.full(channels, 0.3))


# The registry


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_takes_the_settings_it_says(name):
    parameters = inspect.signature(load_plugin(NETWORKS[name].builder)).parameters
    own = set(parameters) - {"channels", "classes", "whitening"}
    assert own == set(NETWORKS[name].settings)
    for key, setting in NETWORKS[name].settings.items():
        default = parameters[key].default
        assert Draft202012Validator(setting).is_valid(list(default) if isinstance(default, tuple) else default), setting
    assert ("whitening" in parameters) == is_whitened(name)


def test_every_network_is_named_where_users_look():
    keys = yaml.safe_load(SCHEMA_FILE.read_text())["properties"]["datasets"]
    described = keys["additionalProperties"]["properties"]["network"]["description"]
    comment = re.search(r"network: .*#(.*)", (ROOT / "config.yaml").read_text())[1]
    for text in (described, comment):
        assert set(NETWORKS) <= set(re.findall(r"[\w-]+", text)), text


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "resnet18"])
@pytest.mark.parametrize(("channels", "side", "classes"), [(1, 8, 2), (3, 9, 10), (1, 28, 10), (3, 32, 100), (3, 64, 1000)])
def test_every_network_takes_every_size(name, channels, side, classes):
    settings = SMALL if name == "quick-cnn" else {"width": 4}
    network = build_network(name, channels, classes, 0, settings=settings, whitening=random_whitening(channels))
    logits = network(torch.randn(2, channels, side, side))
    assert logits.shape == (2, classes)
    logits.sum().backward()
    assert all((parameter.grad is not None) == parameter.requires_grad for parameter in network.parameters())


# Whitening


@pytest.mark.parametrize("channels", [1, 3])
def test_whitened_patches_are_uncorrelated_with_variance_one(channels):
    rng = np.random.default_rng(1)
    # Neighbours that resemble each other, as in pictures.
    images = rng.normal(size=(200, 12, 12, channels)).cumsum(1).cumsum(2)
    images = np.clip(128 + 12 * images, 0, 255).astype(np.uint8)
    data = prepare(images, np.arange(200) % 2, images, np.arange(200) % 2, ("a", "b"))
    filters = torch.from_numpy(fit_whitening(images, data.mean, data.std, ridge=0))
    normalised = (torch.from_numpy(images) / 255 - torch.from_numpy(data.mean)) / torch.from_numpy(data.std)
    responses = torch.nn.functional.conv2d(normalised.permute(0, 3, 1, 2), filters)
    covariance = responses.permute(1, 0, 2, 3).flatten(1).cov(correction=0)
    torch.testing.assert_close(covariance, torch.eye(4 * channels), atol=2e-3, rtol=0)
    # The first filter is of the direction in which patches differ most: it multiplies least.
    sizes = filters.flatten(1).norm(dim=1)
    assert (sizes.diff() >= 0).all()
    # What hardly differs is not blown up.
    assert np.abs(fit_whitening(images // 255, data.mean, data.std)).max() <= 1 / np.sqrt(5e-4)


def test_whitening_by_hand():
    # Patches of one pixel, with values 0 and 2 of 255: variance (1 / 255)^2, in units of a standard deviation of 1 / 255: 1.
    images = np.array([0, 2] * 8, dtype=np.uint8).reshape(1, 4, 4, 1)
    assert fit_whitening(images, np.zeros(1), np.array([1 / 255]), size=1, ridge=0).tolist() == [[[[1.0]]]]
    assert fit_whitening(images, np.zeros(1), np.array([0.5 / 255]), size=1, ridge=0).tolist() == [[[[0.5]]]]


def test_whitening_is_of_all_training_images_in_any_order(tiny_dataset, tmp_path):
    filters = whitening_of(tiny_dataset)
    shuffled = tiny_dataset.train_images[::-1]
    np.testing.assert_array_equal(fit_whitening(shuffled, tiny_dataset.mean, tiny_dataset.std), filters)
    save_whitening(tmp_path / "whitening.npz", filters, tiny_dataset)
    again, of = load_whitening(tmp_path / "whitening.npz")
    assert again.dtype == np.float32
    np.testing.assert_array_equal(again, filters)
    assert of == tiny_dataset.checksum


# The quick network


def quick(dataset, seed=1):
    return build_network("quick-cnn", 3, 3, seed, settings=SMALL, whitening=whitening_of(dataset))


def test_convolutions_begin_as_the_identity(tiny_dataset):
    network = quick(tiny_dataset)
    x = torch.randn(2, 8, 6, 6)
    handed_on = network[3].pair[0](torch.randn(2, 6, 6, 6))
    assert handed_on.shape == (2, 4, 6, 6)
    third = network[4].conv.weight
    # The corner of the 2 x 2, or the centre of the 3 x 3.
    assert torch.equal(third[:6, :, 1, 1], torch.eye(6))
    assert third[:6].abs().sum() == 6
    assert (third[6:] != 0).all()
    first = build_network("quick-cnn", 3, 3, 1, settings={"widths": [24, 24, 24]}, whitening=whitening_of(tiny_dataset))[2].conv
    x = torch.randn(2, 24, 6, 6)
    torch.testing.assert_close(first(x), x)


def test_stem_and_head_work_in_float32_under_autocast(tiny_dataset):
    network = quick(tiny_dataset)
    seen = {}
    for place, layer in ((0, network[0]), (1, network[2].conv), (2, network[-1])):
        layer.register_forward_hook(lambda module, inputs, output, place=place: seen.update({place: output.dtype}))
    x = torch.randn(4, 3, 8, 8)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        network(x)
    assert seen == {0: torch.float32, 1: torch.bfloat16, 2: torch.float32}
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        mixed = network[0](x)
    assert torch.equal(mixed, network[0](x))


def test_the_stem_is_the_same_for_every_seed_and_never_trained(tiny_dataset):
    one, two = quick(tiny_dataset, 1), quick(tiny_dataset, 2)
    assert torch.equal(one[0].weight, two[0].weight)
    assert (one[2].pair[0].weight != two[2].pair[0].weight).any() or (one[-1].weight != two[-1].weight).any()
    assert [parameter.requires_grad for parameter in one[0].parameters()] == [False]


def test_the_quick_network_can_be_recorded(tiny_dataset):
    direct, recorded = (fresh_step(tiny_dataset, quick(tiny_dataset)) for _ in range(2))
    recorded = RecordedStep(recorded, replayed)
    for batch in batches(tiny_dataset):
        assert torch.equal(direct(batch, 0.1), recorded(batch, 0.1))
    assert sorted(recorded.recorded) == [2, 16]
    assert_same(state_of(direct), state_of(recorded.eager))


def test_what_the_quick_network_cannot_be_is_refused(tiny_dataset):
    with pytest.raises(StudyError, match="needs the whitening of its images"):
        build_network("quick-cnn", 3, 3, 1)
    with pytest.raises(StudyError, match="whitening is of images with 3 channels, these have 1"):
        build_network("quick-cnn", 1, 3, 1, whitening=whitening_of(tiny_dataset))
    with pytest.raises(StudyError, match=r"network_settings.widths: \[4, 8\] are 2 stages; quick-cnn has 3"):
        build_network("quick-cnn", 3, 3, 1, settings={"widths": [4, 8]}, whitening=whitening_of(tiny_dataset))
    with pytest.raises(StudyError, match="network 'resnet81' is unknown; use resnet18, resnet20"):
        build_network("resnet81", 3, 3, 1)


@pytest.mark.parametrize("place", ["module", "function"])
def test_code_of_a_user_that_ends_the_program_is_named(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    ended = "raise SystemExit(0)"
    (tmp_path / f"leaves_{place}.py").write_text(f"{ended}\n" if place == "module" else f"def function():\n    {ended}\n")
    name = f"leaves_{place}:function"
    with pytest.raises(StudyError, match=rf"{name}.*: SystemExit: 0 \(leaves_{place}\.py:\d\)"):
        call_plugin(name, "network")
