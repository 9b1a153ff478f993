from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torchvision.transforms import v2

from hbr.data.files import read_arrays, write_arrays
from hbr.data.plans import SYNTHETIC, THRESHOLD, Plan, check_plan, identity_plan
from hbr.errors import StudyError
from hbr.seeds import derive_seed
from hbr.training.augmentation import ImageBank, draw_epoch
from hbr.training.engine import MemberSeeds, Training, train_member
from hbr.training.networks import build_network
from hbr.training.outcomes import load_outcomes, save_outcomes, smallest_integers
from hbr.training.recorder import Recorder, sample_scores, to_half
from hbr.training.residual import SmallResNet
from hbr.training.steps import batches_of

CPU = torch.device("cpu")


def train(dataset, recipe, member=1, plan=None, network="small-cnn", **settings):
    seeds = MemberSeeds(derive_seed(0, "d", 0, member, "weights"), derive_seed(0, "d", 0, member, "order"), 0, member)
    plan = plan or identity_plan(dataset.train_labels, dataset.train_images.shape[1:])
    built = build_network(network, dataset.train_images.shape[3], dataset.classes, seeds.weights, 4)
    return train_member(dataset, plan, built, recipe, seeds, CPU, **settings)


def test_same_seed_gives_the_same_bits(tiny_dataset, quick_recipe):
    (first, first_dynamics), (again, again_dynamics) = (train(tiny_dataset, quick_recipe) for _ in range(2))
    np.testing.assert_array_equal(first.test_logits, again.test_logits)
    np.testing.assert_array_equal(first.history, again.history)
    np.testing.assert_array_equal(first_dynamics.margin_sum, again_dynamics.margin_sum)


def test_members_share_neither_weights_nor_shuffles_nor_outcomes(tiny_dataset, quick_recipe):
    networks = [build_network("small-cnn", 3, 3, derive_seed(0, "d", 0, member, "weights"), 4) for member in (1, 2)]
    assert all((a != b).any() for a, b in zip(*(n.parameters() for n in networks), strict=True) if a.dim() > 1)
    orders = [
        draw_epoch(torch.Generator().manual_seed(derive_seed(0, "d", 0, member, "order")), 50, 1, True, CPU)
        for member in (1, 2)
    ]
    for a, b in zip(*orders, strict=True):
        assert (a != b).any()
    (one, _), (two, _) = train(tiny_dataset, quick_recipe, 1), train(tiny_dataset, quick_recipe, 2)
    assert (one.test_logits != two.test_logits).any()
    assert (one.weight_seed, one.order_seed) != (two.weight_seed, two.order_seed)


def test_each_seed_matters_alone(tiny_dataset, quick_recipe):
    plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))

    def logits(weights, order):
        network = build_network("small-cnn", 3, 3, weights, 4)
        return train_member(tiny_dataset, plan, network, quick_recipe, MemberSeeds(weights, order, 0, 1), CPU)[0].test_logits

    base = logits(1, 1)
    assert (base != logits(2, 1)).any()
    assert (base != logits(1, 2)).any()


def test_seeds_do_not_collide():
    keys = [(d, v, m, p) for d in ("a", "b") for v in range(5) for m in range(20) for p in ("weights", "order")]
    seeds = {derive_seed(study, *key) for study in (0, 1) for key in keys}
    assert len(seeds) == 2 * len(keys)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_it_learns(tiny_dataset, quick_recipe):
    outcomes, _ = train(tiny_dataset, replace(quick_recipe, epochs=12, flip=False, learning_rate=0.1))
    assert outcomes.history[-1, 4] > 0.9
    assert (outcomes.predictions == tiny_dataset.test_labels).mean() == pytest.approx(outcomes.history[-1, 4])


class Shifted(nn.Module):
    """A network whose logits are a factor and a term away from those of another: float16 does not tell them apart."""

    def __init__(self, factor, term):
        super().__init__()
        self.network, self.factor, self.term = build_network("small-cnn", 3, 3, 1, 4), factor, term

    def forward(self, x):
        return self.network(x) * self.factor + self.term


@pytest.mark.parametrize(("factor", "term"), [(1, -9000), (0.001, 40), (1, 1e6), (1e6, 0)])
def test_predictions_are_those_of_float32_and_the_history_has_their_accuracy(tiny_dataset, quick_recipe, factor, term):
    plan, network = identity_plan(tiny_dataset.train_labels, (8, 8, 3)), Shifted(factor, term)
    recipe = replace(quick_recipe, epochs=8, flip=False, learning_rate=0.1 / max(factor, 1))
    outcomes, _ = train_member(tiny_dataset, plan, network, recipe, MemberSeeds(1, 1, 0, 1), CPU)
    images = torch.from_numpy(tiny_dataset.test_images)
    bank = ImageBank(images, *map(torch.from_numpy, (tiny_dataset.mean, tiny_dataset.std)), 0, CPU)
    with torch.no_grad():
        logits = network.eval()(bank.batch(torch.arange(30)))
    np.testing.assert_array_equal(outcomes.predictions, logits.argmax(1))
    assert (outcomes.predictions != outcomes.test_logits.argmax(1)).any(), "this test wants logits that tie as float16"
    assert outcomes.predictions.dtype == np.uint8
    assert np.isfinite(outcomes.test_logits).all()
    assert outcomes.history[-1, 4] == (outcomes.predictions == outcomes.test_labels).mean()


def test_the_mean_test_logits_are_of_the_evaluated_epochs(tiny_dataset, quick_recipe, tmp_path, monkeypatch):
    seen, once = [], Training.test_logits
    monkeypatch.setattr(Training, "test_logits", lambda training: seen.append(once(training)) or seen[-1])
    outcomes, _ = train(tiny_dataset, replace(quick_recipe, epochs=7, evaluate_every=3))
    assert len(seen) == 3
    np.testing.assert_array_equal(outcomes.test_logits, seen[-1].half())
    np.testing.assert_allclose(outcomes.mean_test_logits, torch.stack(seen).mean(0), rtol=1e-3, atol=1e-3)
    # Files of earlier versions have the last epoch's alone.
    save_outcomes(tmp_path / "outcomes.npz", outcomes)
    arrays = dict(read_arrays(tmp_path / "outcomes.npz"))
    del arrays["mean_test_logits"]
    write_arrays(tmp_path / "earlier.npz", **arrays)
    np.testing.assert_array_equal(load_outcomes(tmp_path / "earlier.npz").mean_test_logits, outcomes.test_logits)


def test_log_outcomes_and_tables_agree_to_the_digit_in_every_run(whole):
    results, runs = whole.folder / "results/digits/digits", 0
    for path in results.glob("members/*/*/*/outcomes.npz"):
        run, (condition, variant, member) = load_outcomes(path), path.parts[-4:-1]
        table = pd.read_csv(results / f"measures/{condition}/classes.csv")
        mine = (table["class"] == -1) & (table["variant"] == run.variant) & (table["member"] == run.member)
        accuracy = table.loc[mine, "value"].item()
        assert run.history[-1, 4] == accuracy == (run.predictions == run.test_labels).mean(), path
        log = whole.folder / f"logs/digits/train_member/digits/{condition}/{variant}_{member}.log"
        last = log.read_text().splitlines()[-1]
        assert f"epoch {len(run.history)}/{len(run.history)} " in last
        assert f"test {accuracy:.2%}" in last, last
        runs += 1
    assert runs > 10


def test_outcomes_of_earlier_versions_predict_the_largest_of_their_kept_logits(tmp_path, tiny_dataset, quick_recipe):
    outcomes, _ = train(tiny_dataset, quick_recipe)
    save_outcomes(tmp_path / "now.npz", outcomes)
    np.testing.assert_array_equal(load_outcomes(tmp_path / "now.npz").predictions, outcomes.predictions)
    arrays = dict(read_arrays(tmp_path / "now.npz"))
    del arrays["predictions"]
    write_arrays(tmp_path / "then.npz", **arrays)
    np.testing.assert_array_equal(load_outcomes(tmp_path / "then.npz").predictions, outcomes.test_logits.argmax(1))
    for needed in ("history", "plan"):
        write_arrays(tmp_path / "cut.npz", **{name: array for name, array in arrays.items() if name != needed})
        with pytest.raises(StudyError, match=f"cut.npz has no {needed}; it is not of this version: delete it and run again"):
            load_outcomes(tmp_path / "cut.npz")


@pytest.mark.parametrize(("classes", "dtype"), [(1, np.uint8), (256, np.uint8), (257, np.uint16)])
def test_predictions_take_the_smallest_type_that_holds_all_classes(classes, dtype):
    found = smallest_integers(np.array([0, classes - 1]), classes)
    assert found.dtype == dtype
    assert found.tolist() == [0, classes - 1]


def test_tracking_changes_nothing_and_sums_agree_with_epochs(tiny_dataset, quick_recipe):
    (full, dynamics), (lean, sums) = (train(tiny_dataset, quick_recipe, keep_epochs=keep) for keep in (True, False))
    np.testing.assert_array_equal(full.test_logits, lean.test_logits)
    np.testing.assert_array_equal(dynamics.margin_sum, sums.margin_sum)
    np.testing.assert_allclose(dynamics.margin.astype(float).sum(0), dynamics.margin_sum, rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(dynamics.probability.astype(float).sum(0), dynamics.probability_sum, rtol=1e-2)
    assert sums.margin.shape == (0, 50)


def test_every_example_is_seen_once_an_epoch_the_partial_batch_included(tiny_dataset, quick_recipe):
    _, dynamics = train(tiny_dataset, quick_recipe)
    assert dynamics.margin.shape == (3, 50)
    assert (dynamics.el2n > 0).all()


def test_el2n_is_taken_in_evaluation_mode_without_augmentation(tiny_dataset, quick_recipe):
    plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
    recipe = replace(quick_recipe, epochs=2, el2n_epoch=2)
    network = build_network("small-cnn", 3, 3, 1, 4)
    _, dynamics = train_member(tiny_dataset, plan, network, recipe, MemberSeeds(1, 1, 0, 1), CPU)
    images = torch.from_numpy(tiny_dataset.train_images).permute(0, 3, 1, 2).float() / 255
    normalised = v2.functional.normalize(images, tiny_dataset.mean.tolist(), tiny_dataset.std.tolist())
    with torch.no_grad():
        probability = network.eval()(normalised).softmax(1)
    one_hot = functional.one_hot(torch.from_numpy(tiny_dataset.train_labels), 3)
    np.testing.assert_allclose(dynamics.el2n_evaluated, (probability - one_hot).norm(dim=1), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(dynamics.probability_evaluated, (probability * one_hot).sum(1), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(dynamics.class_evaluated, probability.argmax(1))


def test_evaluation_runs_the_network_once_an_image(tiny_dataset, quick_recipe):
    seen = []
    network = build_network("small-cnn", 3, 3, 1, 4)
    network.register_forward_hook(lambda module, inputs, output: None if module.training else seen.append(len(output)))
    plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
    train_member(tiny_dataset, plan, network, quick_recipe, MemberSeeds(1, 1, 0, 1), CPU)
    # 30 test images after each of three epochs, and 50 training images once for EL2N: no class is gone through by itself.
    # Before them two, to see what the network returns.
    assert sum(seen) == 2 + 3 * 30 + 50


def test_threshold_samples_are_a_class_of_their_own_that_is_not_tested(tiny_dataset, quick_recipe):
    whole = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
    labels, origin = whole.labels.copy(), whole.origin.copy()
    labels[:12], origin[:12] = 3, THRESHOLD
    plan = replace(whole, labels=labels, origin=origin)
    check_plan(plan, tiny_dataset.train_labels, "plan")
    outcomes, dynamics = train_member(
        tiny_dataset, plan, build_network("small-cnn", 3, 4, 1, 4), quick_recipe, MemberSeeds(1, 1, 0, 1), CPU
    )
    assert outcomes.test_logits.shape == (30, 3)
    assert dynamics.examples == 50
    with pytest.raises(StudyError, match="extra class"):
        check_plan(replace(plan, labels=np.where(labels == 3, 4, labels)), tiny_dataset.train_labels, "plan")


@given(st.integers(1, 3000), st.integers(1, 600))
@settings(deadline=None)
def test_batches_hold_every_example_once_and_none_is_a_handful(examples, size):
    parts = batches_of(examples, size)
    assert [place for part in parts for place in range(part.start, part.stop)] == list(range(examples))
    sizes = [part.stop - part.start for part in parts]
    assert set(sizes[:-1]) <= {size}
    # Half a batch at least where there is more than one: few examples at the full rate throw a network back.
    assert len(sizes) == 1 or size / 2 <= sizes[-1] < 3 * size / 2 + 1
    assert min(sizes) > 1 or size == 1 or examples == 1


def test_batches_by_hand():
    lengths = {
        (50, 16): [16, 16, 18],
        (56, 16): [16, 16, 16, 8],
        (5, 2): [2, 3],
        (3, 1): [1, 1, 1],
        (7, 16): [7],
        (23, 16): [23],
    }
    for (examples, size), expected in lengths.items():
        assert [part.stop - part.start for part in batches_of(examples, size)] == expected


class Squeezed(nn.Module):
    """A network as people write them: normalised over the batch, and with an axis squeezed away."""

    def __init__(self, classes=3):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.BatchNorm1d(8), nn.Linear(8, classes))

    def forward(self, x):
        return self.layers(x).squeeze()


def shrunk():
    """Return a network that normalises over pictures of one pixel, as the last stage of a ResNet-18 does on 8 x 8."""
    return nn.Sequential(nn.Conv2d(3, 4, 8), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 3))


@pytest.mark.parametrize("network", [Squeezed, shrunk])
def test_a_last_sample_joins_the_batch_before_it_in_training_and_in_evaluation(
    tiny_dataset, quick_recipe, monkeypatch, network
):
    monkeypatch.setattr("hbr.training.evaluation.BATCH", {"cpu": 29})
    plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
    recipe = replace(quick_recipe, epochs=1, el2n_epoch=1, warmup_epochs=0, batch_size=7)
    # 50 examples: batches of 7 leave one, as 29 of 30 test images do; training images are evaluated by 29 and 21.
    seeds, built, sizes = MemberSeeds(1, 1, 0, 1), network(), []
    built.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    outcomes, dynamics = train_member(tiny_dataset, plan, built, recipe, seeds, CPU)
    assert sizes == [2, 2, *[7] * 6, 8, 29, 21, 30]
    assert (dynamics.margin_sum != 0).all()
    assert np.isfinite(outcomes.test_logits).all()


def test_a_plan_of_one_example_and_batches_of_one_train_where_the_network_can(tiny_dataset, quick_recipe):
    labels = tiny_dataset.train_labels
    one = Plan(np.array([3]), labels[3:4], np.zeros(1, np.int8), np.empty((0, 8, 8, 3), np.uint8))
    linear = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
    for plan, size in ((one, 16), (identity_plan(labels, (8, 8, 3)), 1)):
        recipe = replace(quick_recipe, batch_size=size, learning_rate=0.001)
        outcomes, _ = train_member(tiny_dataset, plan, linear, recipe, MemberSeeds(1, 1, 0, 1), CPU)
        assert outcomes.examples == len(plan)
        with pytest.raises(
            StudyError, match=r"given 1 image of 3 x 8 x 8 .* in training mode, failed: ValueError: Expected more"
        ):
            train_member(tiny_dataset, plan, Squeezed(), recipe, MemberSeeds(1, 1, 0, 1), CPU)


def test_synthetic_examples_train_on_their_own_images(tiny_dataset, quick_recipe):
    def outcome(fill):
        labels = np.append(tiny_dataset.train_labels, 1)
        origin = np.append(np.zeros(50), SYNTHETIC).astype(np.int8)
        image = np.full((1, 8, 8, 3), fill, dtype=np.uint8)
        plan = Plan(np.append(np.arange(50), 0), labels, origin, image)
        return train(tiny_dataset, quick_recipe, plan=plan)[0]

    dark, bright = outcome(0), outcome(255)
    assert dark.examples == 51
    assert (dark.test_logits != bright.test_logits).any()


def test_a_loss_that_is_not_finite_stops_with_one_sentence(tiny_dataset, quick_recipe):
    with pytest.raises(StudyError, match=r"loss is (nan|inf) in epoch \d.*lower `learning_rate`") as error:
        train(tiny_dataset, replace(quick_recipe, learning_rate=1e30))
    assert "\n" not in str(error.value)


def test_test_logits_that_are_not_finite_stop_with_one_sentence(tiny_dataset, quick_recipe):
    class Overflowing(Shifted):
        def forward(self, x):
            return super().forward(x) / (1.0 if self.training else self.evaluations())

        def evaluations(self):
            self.evaluated = getattr(self, "evaluated", 0) + 1
            return float(self.evaluated == 1)

    plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
    with pytest.raises(StudyError, match=r"logits of the test images are not finite in epoch 1 .*; lower `learning_rate`"):
        train_member(tiny_dataset, plan, Overflowing(1, 0), quick_recipe, MemberSeeds(1, 1, 0, 1), CPU)


def test_recorder_by_hand():
    logits = torch.tensor([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    margin, probability, el2n, loss = sample_scores(logits, torch.tensor([0, 2]))
    np.testing.assert_allclose(margin, [1, 0])
    p = np.exp([2, 0, 1]) / np.exp([2, 0, 1]).sum()
    np.testing.assert_allclose(probability, [p[0], 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(el2n, [np.sqrt((1 - p[0]) ** 2 + p[1] ** 2 + p[2] ** 2), np.sqrt(6) / 3], rtol=1e-6)
    np.testing.assert_allclose(loss, [-np.log(p[0]), np.log(3)], rtol=1e-6)


def test_recorder_loss_agrees_with_torch_and_half_never_overflows():
    torch.manual_seed(0)
    logits, labels = 5 * torch.randn(64, 10), torch.randint(10, (64,))
    losses = functional.cross_entropy(logits, labels, reduction="none")
    np.testing.assert_allclose(sample_scores(logits, labels)[3], losses, rtol=1e-5, atol=1e-6)
    assert torch.isfinite(to_half(torch.tensor([1e9, -1e9]))).all()


def test_recorder_reads_the_device_once_an_epoch():
    recorder = Recorder(4, 1, 1, keep_epochs=True, device=CPU)
    recorder.update(0, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0]), torch.tensor([2, 0]))
    recorder.update(0, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1]), torch.tensor([1, 3]))
    loss, accuracy = recorder.epoch_summary()
    assert accuracy == 0.75
    assert loss == pytest.approx((3 * np.log(1 + np.exp(-1)) + np.log(1 + np.e)) / 4)
    recorder.start_epoch()
    assert recorder.epoch_summary() == (0, 0)
    assert recorder.finish().margin_sum.tolist() == [-1, 1, 1, 1]


def test_augmentation_is_torchvisions_flip_pad_and_crop():
    images = torch.randint(0, 256, (6, 8, 8, 3), dtype=torch.uint8)
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.3, 0.4])
    bank = ImageBank(images, mean, std, 2, CPU)
    offsets = torch.tensor([[0, 0], [4, 4], [2, 2], [1, 3], [3, 0], [2, 1]])
    flips = torch.tensor([True, False, True, False, True, False])
    index = torch.tensor([5, 0, 3, 3, 1, 2])
    ours = bank.batch(index, offsets, flips)
    assert ours.is_contiguous(memory_format=torch.channels_last)
    for row in range(6):
        picture = images[index[row]].permute(2, 0, 1)
        crop = v2.functional.crop(v2.functional.pad(picture, [2, 2, 2, 2], fill=0), *offsets[row].tolist(), 8, 8)
        crop = v2.functional.horizontal_flip(crop) if flips[row] else crop
        expected = v2.functional.normalize(crop.float() / 255, mean.tolist(), std.tolist())
        torch.testing.assert_close(ours[row], expected, rtol=1e-5, atol=1e-5)
    plain = v2.functional.normalize(images[index].permute(0, 3, 1, 2).float() / 255, mean.tolist(), std.tolist())
    torch.testing.assert_close(bank.batch(index), plain, rtol=1e-5, atol=1e-5)


def test_crops_and_flips_cover_everything_evenly():
    order, offsets, flips = draw_epoch(torch.Generator().manual_seed(0), 9000, 4, True, CPU)
    assert sorted(order.tolist()) == list(range(9000))
    counts = np.bincount((offsets[:, 0] * 9 + offsets[:, 1]).numpy(), minlength=81)
    assert counts.min() > 70
    assert abs(flips.float().mean() - 0.5) < 0.02


def test_resnet18_is_torchvisions_with_the_stem_for_small_images():
    from torchvision.models import resnet18

    network, original = build_network("resnet18", 3, 10, 0), resnet18(num_classes=10)
    ours, theirs = network.state_dict(), original.state_dict()
    assert {k: v.shape for k, v in ours.items() if k != "conv1.weight"} == {
        k: v.shape for k, v in theirs.items() if k != "conv1.weight"
    }
    assert ours["conv1.weight"].shape == (64, 3, 3, 3)
    assert network.conv1.stride == (1, 1)
    assert isinstance(network.maxpool, torch.nn.Identity)
    # The published size of this network.
    assert sum(p.numel() for p in network.parameters()) == 11_173_962
    features = []
    network.layer1.register_forward_hook(lambda *call: features.append(call[2].shape))
    network.eval()(torch.zeros(1, 3, 32, 32))
    assert features == [(1, 64, 32, 32)]


@pytest.mark.parametrize(("name", "blocks"), [("resnet8", 3), ("resnet20", 9)])
def test_small_resnets_have_the_named_depth(name, blocks):
    network = build_network(name, 1, 7, 0, 8)
    assert isinstance(network, SmallResNet)
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size == (3, 3)]
    assert len(convolutions) == 1 + 2 * blocks
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 7)
    assert convolutions[-1].out_channels == 32


def test_own_network_by_module_and_function(tmp_path, monkeypatch):
    (tmp_path / "own_networks.py").write_text(
        "from torch import nn\n"
        "def pooled(channels, classes):\n"
        "    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))\n"
        "def lazy(channels, classes): return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))\n"
        "def wrong(channels, classes): return 3\n"
    )
    monkeypatch.chdir(tmp_path)
    assert build_network("own_networks:pooled", 3, 4, 0)(torch.zeros(2, 3, 8, 8)).shape == (2, 4)
    with pytest.raises(StudyError, match="lazy layers"):
        build_network("own_networks:lazy", 3, 4, 0)
    with pytest.raises(StudyError, match="must return a torch"):
        build_network("own_networks:wrong", 3, 4, 0)
