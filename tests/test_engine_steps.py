"""The training step, direct and recorded, and the optimiser: the same updates, whatever runs them."""

import copy
import random
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT
from torch import nn

from hbr.data.plans import identity_plan
from hbr.training import engine, precision
from hbr.training.augmentation import ImageBank, draw_epoch
from hbr.training.descent import Descent
from hbr.training.engine import MemberSeeds, train_member
from hbr.training.networks import build_network
from hbr.training.precision import dtype_of, processor_flags
from hbr.training.recipe import PRECISIONS
from hbr.training.steps import Batch, EagerStep, RecordedStep, make_step, preserved

CPU = torch.device("cpu")


def replayed(run):
    """Record like a CUDA graph: run some times to warm up, then do the same at every replay, into the same tensor."""
    run(), run()
    held = run()

    def replay():
        return held.copy_(run())

    return replay


def refused(run):
    run()
    raise RuntimeError("operation not permitted\nwhen stream is capturing")


def fresh_step(dataset, network=None, momentum=0.9):
    network = network or build_network("small-cnn", 3, 3, 1, 4)
    network = copy.deepcopy(network).train().to(memory_format=torch.channels_last)
    bank = ImageBank(torch.from_numpy(dataset.train_images), *map(torch.from_numpy, (dataset.mean, dataset.std)), 1, CPU)
    return EagerStep(network, bank, Descent(network.parameters(), momentum, momentum > 0, 5e-4), torch.float32)


def batches(dataset, size=16):
    labels = torch.from_numpy(dataset.train_labels)
    order, offsets, flips = draw_epoch(torch.Generator().manual_seed(0), len(labels), 1, True, CPU)
    examples = Batch(order, labels[order], offsets, flips)
    return [examples.part(slice(start, start + size)) for start in range(0, len(labels), size)]


def state_of(step):
    return [*step.network.state_dict().values(), *step.descent.buffers]


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a, b)


def test_a_recorded_step_gives_the_bits_of_the_direct_one_partial_batch_and_changing_rates_included(tiny_dataset):
    direct, recorded = fresh_step(tiny_dataset), RecordedStep(fresh_step(tiny_dataset), replayed)
    generator = torch.get_rng_state()
    for epoch in range(3):
        for number, batch in enumerate(batches(tiny_dataset)):
            rate = 0.1 / (1 + epoch + number)
            assert torch.equal(direct(batch, rate), recorded(batch, rate))
    assert sorted(recorded.recorded) == [2, 16]
    assert_same(state_of(direct), state_of(recorded.eager))
    assert torch.equal(torch.get_rng_state(), generator)


def test_logits_of_a_replay_outlive_the_next(tiny_dataset):
    recorded = RecordedStep(fresh_step(tiny_dataset), replayed)
    first, second = batches(tiny_dataset)[:2]
    kept = recorded(first, 0.1)
    before = kept.clone()
    recorded(second, 0.1)
    assert torch.equal(kept, before)


def test_recording_puts_back_what_it_changed(tiny_dataset):
    step = fresh_step(tiny_dataset, nn.Sequential(nn.Flatten(), nn.BatchNorm1d(192), nn.Dropout(), nn.Linear(192, 3)))
    before, generator = [tensor.clone() for tensor in state_of(step)], torch.get_rng_state()
    with preserved(step):
        step(batches(tiny_dataset)[0], 0.5)
        assert any((a != b).any() for a, b in zip(before, state_of(step), strict=True))
    assert_same(before, state_of(step))
    assert torch.equal(torch.get_rng_state(), generator)


class Host(nn.Module):
    """A network that draws on the host, as a recording cannot repeat it."""

    def __init__(self, draw):
        super().__init__()
        self.draw, self.layers = draw, nn.Sequential(nn.Flatten(), nn.Linear(192, 3))

    def forward(self, x):
        return self.layers(x) * (1 + float(self.draw() > 0.5))


@pytest.mark.parametrize(
    "draw",
    [random.random, lambda: torch.rand(1).item(), lambda: np.random.rand()],  # noqa: NPY002
    ids=["python", "torch", "numpy"],
)
def test_a_network_that_draws_on_the_host_runs_eagerly_and_says_so(tiny_dataset, draw):
    said = []
    step = RecordedStep(fresh_step(tiny_dataset, Host(draw)), replayed, said.append)
    for batch in batches(tiny_dataset):
        step(batch, 0.01)
    assert said == [
        "the training step cannot be recorded as a CUDA graph (it draws random numbers on the host); it runs eagerly"
    ]


def test_a_network_that_cannot_be_recorded_runs_eagerly_with_the_same_bits(tiny_dataset):
    said = []
    direct, recorded = fresh_step(tiny_dataset), RecordedStep(fresh_step(tiny_dataset), refused, said.append)
    for batch in batches(tiny_dataset):
        assert torch.equal(direct(batch, 0.1), recorded(batch, 0.1))
    assert_same(state_of(direct), state_of(recorded.eager))
    assert len(said) == 1
    assert "(operation not permitted when stream is capturing); it runs eagerly" in said[0]


def test_a_whole_training_with_recorded_steps_gives_the_same_outcomes(tiny_dataset, quick_recipe, monkeypatch):
    def train():
        plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
        network = build_network("small-cnn", 3, 3, 1, 4)
        return train_member(tiny_dataset, plan, network, quick_recipe, MemberSeeds(1, 2, 0, 1), CPU)

    direct, dynamics = train()
    monkeypatch.setattr(engine, "make_step", lambda eager, device, note: RecordedStep(eager, replayed, note))
    recorded, recorded_dynamics = train()
    np.testing.assert_array_equal(recorded.test_logits, direct.test_logits)
    np.testing.assert_array_equal(recorded.history, direct.history)
    for name, values in vars(dynamics).items():
        np.testing.assert_array_equal(getattr(recorded_dynamics, name), values, err_msg=name)


def test_a_network_may_decline_to_be_recorded(tiny_dataset, monkeypatch):
    monkeypatch.setattr("hbr.training.steps.CudaGraphs", lambda: replayed)
    step = fresh_step(tiny_dataset)
    assert isinstance(make_step(step, torch.device("cuda"), print), RecordedStep)
    step.network.recordable = False
    assert make_step(step, torch.device("cuda"), print) is step
    assert make_step(step, CPU, print) is step


@pytest.mark.parametrize(("momentum", "nesterov", "weight_decay"), [(0.9, True, 5e-4), (0.9, False, 0), (0, False, 0.1)])
def test_updates_are_those_of_torchs_sgd(momentum, nesterov, weight_decay):
    torch.manual_seed(0)
    ours = build_network("resnet8", 3, 4, 0, 8).to(memory_format=torch.channels_last)
    theirs, plain = copy.deepcopy(ours), copy.deepcopy(ours)
    settings = {"momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay}
    descent = Descent(ours.parameters(), **settings)
    rate = torch.zeros(())
    fused, single = (
        torch.optim.SGD(network.parameters(), lr=rate, **settings, **how)
        for network, how in ((theirs, {"fused": True}), (plain, {"foreach": False}))
    )
    images, labels = torch.randn(8, 3, 16, 16), torch.randint(4, (8,))
    for step in range(5):
        rate.fill_(0.1 / (step + 1))
        descent.set_rate(0.1 / (step + 1))
        for network in (ours, theirs, plain):
            network.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
        descent.step(), fused.step(), single.step()
        for a, b, c in zip(ours.parameters(), theirs.parameters(), plain.parameters(), strict=True):
            assert torch.equal(a, b)
            torch.testing.assert_close(a, c, rtol=1e-4, atol=1e-5)


def test_parameters_without_a_gradient_stay_and_odd_memory_is_no_matter():
    torch.manual_seed(0)
    odd = nn.Parameter(torch.randn(4, 3).t())
    unused = nn.Parameter(torch.ones(2))
    plain = nn.Parameter(odd.detach().contiguous())
    ours, theirs = Descent([odd, unused], 0.9, True, 0.1), torch.optim.SGD([plain], 0.5, 0.9, nesterov=True, weight_decay=0.1)
    assert not ours.fused
    ours.set_rate(0.5)
    for _ in range(3):
        ours.forget_gradients(), theirs.zero_grad()
        odd.square().sum().backward()
        plain.square().sum().backward()
        ours.step(), theirs.step()
    torch.testing.assert_close(odd, plain)
    assert unused.tolist() == [1, 1]


# Precision


@pytest.mark.parametrize("network", ["small-cnn", "resnet8"])
def test_bfloat16_trains_and_keeps_logits_and_margins_in_float32(tiny_dataset, quick_recipe, network):
    seen = []

    def train(precision):
        plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
        built = build_network(network, 3, 3, 1, 8)
        next(m for m in built.modules() if isinstance(m, nn.Conv2d)).register_forward_hook(
            lambda *call: seen.append(call[2].dtype)
        )
        recipe = replace(quick_recipe, epochs=8, flip=False, learning_rate=0.1, precision=precision)
        return train_member(tiny_dataset, plan, built, recipe, MemberSeeds(1, 2, 0, 1), CPU)

    outcomes, dynamics = train("bfloat16")
    assert set(seen) == {torch.bfloat16}
    full, full_dynamics = train("float32")
    assert outcomes.history[-1, 4] > 0.8
    assert dynamics.margin_sum.dtype == np.float32
    assert np.corrcoef(dynamics.margin_sum, full_dynamics.margin_sum)[0, 1] > 0.7
    # Numbers of seven bits would differ from their own rounding in nothing.
    margins = torch.from_numpy(dynamics.margin_sum)
    assert (margins != margins.bfloat16().float()).float().mean() > 0.5
    assert (full.test_logits != outcomes.test_logits).any()


def test_the_head_works_in_float32_under_autocast():
    network = build_network("resnet18", 3, 10, 0)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert network.conv1(torch.zeros(1, 3, 8, 8)).dtype == torch.bfloat16
        assert network(torch.zeros(2, 3, 8, 8)).dtype == torch.float32


def test_precision_by_device(monkeypatch):
    for is_native, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation, answer=is_native: answer)
        assert dtype_of("auto", torch.device("cuda")) == expected
    assert [dtype_of(word, CPU) for word in PRECISIONS[1:]] == [torch.float32, torch.bfloat16]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx avx2 fma", torch.float32),
        # With these torch computes bfloat16 by way of float32.
        ("avx2 avx512f avx512bw avx512vl", torch.float32),
        ("avx512f avx512_bf16", torch.bfloat16),
        ("amx_tile amx_bf16", torch.bfloat16),
        (None, torch.float32),
    ],
)
def test_auto_on_a_processor_goes_by_its_flags(flags, expected, tmp_path, monkeypatch):
    listing = tmp_path / "cpuinfo"
    if flags is not None:
        listing.write_text(f"processor\t: 0\nmodel name\t: any\nflags\t\t: {flags}\nbugs\t\t:\n\nprocessor\t: 1\n")
    monkeypatch.setattr(precision, "processor_flags", lambda: processor_flags(listing))
    assert dtype_of("auto", CPU) == expected


def test_float32_is_not_tf32_in_a_training(tiny_dataset, quick_recipe):
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    plan, network = identity_plan(tiny_dataset.train_labels, (8, 8, 3)), build_network("small-cnn", 3, 3, 1, 4)
    train_member(tiny_dataset, plan, network, quick_recipe, MemberSeeds(1, 2, 0, 1), CPU)
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_a_training_imports_no_compiler(tiny_dataset):
    """A compiler is a second a job; torch.optim and one way to ask for determinism bring it along."""
    code = (
        "import sys, numpy as np, torch, train_member\n"
        "from hbr.data.datasets import prepare\nfrom hbr.data.plans import identity_plan\n"
        "from hbr.training.engine import MemberSeeds\nfrom hbr.training.networks import build_network\n"
        "from hbr.training.recipe import Recipe\n"
        "labels = np.arange(8) % 2\nimages = np.zeros((8, 8, 8, 1), np.uint8)\n"
        "dataset = prepare(images, labels, images, labels, ('a', 'b'))\n"
        "train_member.set_determinism()\n"
        "recipe = Recipe(epochs=1, batch_size=4, learning_rate=.1, el2n_epoch=1, flip=False, crop_padding=1)\n"
        "plan, network = identity_plan(labels, (8, 8, 1)), build_network('small-cnn', 1, 2, 0, 2)\n"
        "train_member.train_member(dataset, plan, network, recipe, MemberSeeds(1, 2, 0, 1), torch.device('cpu'))\n"
        "compilers = {'torch._dynamo', 'torch._inductor', 'sympy'} & set(sys.modules)\n"
        "print(torch.get_deterministic_debug_mode(), *compilers)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "workflow/scripts", capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["1"], done.stdout + done.stderr
