"""What users' own networks and estimators raise and return, checked before it is used."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from hbr.data.plans import identity_plan
from hbr.errors import StudyError
from hbr.hardness.estimators import HIGH_IS_HARD, estimator_of, instance_scores
from hbr.training.dynamics import Dynamics
from hbr.training.engine import MemberSeeds, train_member
from hbr.training.networks import build_network
from hbr.training.probe import check_network

CPU = torch.device("cpu")
NETWORKS = r"""import torch
from torch import nn


class Own(nn.Module):
    def __init__(self, answer, outputs=3):
        super().__init__()
        self.layers, self.answer = nn.Sequential(nn.Flatten(), nn.Linear(192, outputs)), answer

    def forward(self, x):
        return self.answer(self.layers(x), self)


def raised(channels, classes): raise RuntimeError("no weights\nat hand")  # line 14
def signature(channels): return nn.Linear(1, 1)  # line 15
def cut(y, net): return y[:, 5].view(3, 3)  # line 16
def thousand(channels, classes): return Own(lambda y, net: y, 1000)
def few(channels, classes): return Own(lambda y, net: y, 2)
def pair(channels, classes): return Own(lambda y, net: (y, y))
def named(channels, classes): return Own(lambda y, net: {"logits": y, "features": y})
def nothing(channels, classes): return Own(lambda y, net: None)
def indices(channels, classes): return Own(lambda y, net: y.long())
def flat(channels, classes): return Own(lambda y, net: y.flatten())
def holes(channels, classes): return Own(lambda y, net: y / 0)
def frozen(channels, classes): return Own(lambda y, net: y).requires_grad_(False)
def bare(channels, classes): return nn.Flatten()
def detached(channels, classes): return Own(lambda y, net: y.detach())
def evaluated(channels, classes): return Own(lambda y, net: y if net.training else (y, y))
def mismatched(channels, classes): return nn.Sequential(nn.Flatten(), nn.Linear(7, classes))
def inplace(channels, classes): return Own(lambda y, net: y.exp().mul(y).mul_(2).exp_().add_(1).mul_(y.exp_()))
def deep(channels, classes): return Own(cut)
def number(channels, classes): return 3
def softmax(channels, classes): return Own(lambda y, net: y.softmax(1))
def late(channels, classes): return Own(lambda y, net: y if net.training else y.softmax(1))
def lazy(channels, classes): return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))
"""


@pytest.fixture
def own(tmp_path, monkeypatch, request):
    """Return the name of a module of one's own, a new one for every test."""
    name = f"own{abs(hash(request.node.nodeid))}"
    (tmp_path / f"{name}.py").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    return name


def train(dataset, recipe, network):
    built = build_network(network, 3, 3, 0)
    plan = identity_plan(dataset.train_labels, (8, 8, 3))
    return train_member(dataset, plan, built, recipe, MemberSeeds(1, 1, 0, 1), CPU, name=f"network {network}")


GIVEN = r"given 2 images of 3 x 8 x 8 \(channels x height x width\) in training mode, "
EXPECTED = r"; it must return one tensor of finite logits, 2 x 3 \(images x classes\)"


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("raised", r" failed: RuntimeError: no weights at hand \({module}\.py:14\)"),
        ("signature", r" failed: TypeError: .*unexpected keyword argument 'classes' \({module}\.py:15\)"),
        ("thousand", f", {GIVEN}returned a Tensor of 2 x 1000 .*{EXPECTED}"),
        ("few", f", {GIVEN}returned a Tensor of 2 x 2 .*{EXPECTED}"),
        ("pair", f", {GIVEN}returned a tuple of 2{EXPECTED}"),
        ("named", f", {GIVEN}returned a dict with logits, features{EXPECTED}"),
        ("nothing", f", {GIVEN}returned None{EXPECTED}"),
        ("indices", rf", {GIVEN}returned a Tensor of 2 x 3 \(int64\){EXPECTED}"),
        ("flat", f", {GIVEN}returned a Tensor of 6 .*{EXPECTED}"),
        ("holes", f", {GIVEN}returned values that are not finite, such as -?inf{EXPECTED}"),
        ("frozen", " has no parameters to train; it must have some that require gradients"),
        ("bare", " has no parameters to train"),
        ("detached", f", {GIVEN}returned logits that do not depend on its parameters{EXPECTED}"),
        ("evaluated", f", {GIVEN.replace('training', 'evaluation')}returned a tuple of 2{EXPECTED}"),
        ("softmax", f", {GIVEN}returned probabilities, not logits: their rows sum to 1; leave out its softmax"),
        ("late", f", {GIVEN.replace('training', 'evaluation')}returned probabilities, not logits: their rows sum to 1"),
        ("mismatched", f", {GIVEN}failed: RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
        ("inplace", f", {GIVEN}failed: RuntimeError: one of the variables needed for gradient computation"),
        ("deep", rf", {GIVEN}failed: IndexError: .* \({{module}}\.py:16\)"),
        ("number", r" returned int; it must return a torch\.nn\.Module"),
        ("lazy", " has lazy layers"),
    ],
)
def test_a_network_that_returns_no_logits_is_refused_by_name_before_the_first_step(
    own, function, sentence, tiny_dataset, quick_recipe
):
    whole = f"^network {own}:{function}{sentence.replace('{module}', own)}"
    with pytest.raises(StudyError, match=whole) as error:
        train(tiny_dataset, quick_recipe, f"{own}:{function}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("outputs", [2, 3])
def test_logits_that_sum_to_one_before_they_are_trained_are_no_softmax(tiny_dataset, outputs):
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, outputs), *([nn.Sigmoid()] if outputs == 2 else []))
    with torch.no_grad():
        network[1].weight.zero_()
        network[1].bias.fill_(0 if outputs == 2 else 1 / 3)
    check_network(network, torch.randn(2, 3, 8, 8), outputs, torch.float32, "mine")


def test_trying_a_network_changes_nothing_of_it(tiny_dataset, quick_recipe, monkeypatch):
    def train_dropping():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(192), nn.Dropout(), nn.Linear(192, 3))
        plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
        return train_member(tiny_dataset, plan, network, quick_recipe, MemberSeeds(1, 1, 0, 1), CPU)[0].test_logits

    tried = train_dropping()
    monkeypatch.setattr("hbr.training.engine.check_network", lambda *arguments: None)
    np.testing.assert_array_equal(train_dropping(), tried)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "import no_such_thing",
            r"cannot be imported: ModuleNotFoundError: No module named 'no_such_thing' \({module}\.py:1\)",
        ),
        ("def f(:", r"cannot be imported: SyntaxError: .* \({module}\.py:1\)"),
        ("x = 1\n1 / 0", r"cannot be imported: ZeroDivisionError: division by zero \({module}\.py:2\)"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_its_line(own, tmp_path, text, sentence):
    (tmp_path / f"{own}.py").write_text(text)
    with pytest.raises(StudyError, match=sentence.replace("{module}", own)):
        build_network(f"{own}:f", 3, 3, 0)


def dynamics_of(examples):
    half, single = np.zeros((2, examples), np.float16), np.zeros(examples, np.float32)
    return Dynamics(half, half, half, *[single] * 6, np.zeros(examples, np.int16), 2, 1)


def test_an_estimator_that_draws_says_the_same_of_a_member_and_other_things_of_another(own, tmp_path):
    (tmp_path / f"{own}.py").write_text("import numpy as np\ndef drawn(member): return np.random.rand(member.examples)")
    estimator = estimator_of(f"{own}:drawn", direction=HIGH_IS_HARD)
    one, other = dynamics_of(4), replace(dynamics_of(4), margin_sum=np.ones(4, np.float32))
    assert instance_scores(one, estimator).tolist() == instance_scores(one, estimator).tolist()
    assert instance_scores(one, estimator).tolist() != instance_scores(other, estimator).tolist()


EACH = "it must return one finite number for each of the 4 examples"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("np.zeros(3)", f"returned a ndarray of 3 .float64.; {EACH}"),
        ("np.zeros((4, 1))", f"returned a ndarray of 4 x 1 .float64.; {EACH}"),
        ("np.zeros((2, 4))", f"returned a ndarray of 2 x 4 .float64.; {EACH}"),
        ("5.0", f"returned 5.0; {EACH}"),
        ("None", f"returned None; {EACH}"),
        ("['a', 'b', 'c', 'd']", f"returned a list of 4; {EACH}"),
        ("[[1], [1, 2], 3, 4]", f"returned a list of 4; {EACH}"),
        ("np.zeros(4, complex)", f"returned a ndarray of 4 .complex128.; {EACH}"),
        ("np.array([None] * 4)", f"returned a ndarray of 4 .object.; {EACH}"),
        ("torch.zeros(4, requires_grad=True)", f"returned a Tensor of 4 .float32.; {EACH}"),
        (
            "np.array([0, np.nan, 1, np.inf])",
            f"gave a score that is not finite .2 of 4 are not, the first is nan at place 1.; {EACH}",
        ),
        ("dynamics.no_such_field", r"failed: AttributeError: .* \({module}\.py:3\)"),
    ],
)
def test_an_estimator_that_returns_no_scores_is_refused_by_name(own, tmp_path, body, sentence):
    (tmp_path / f"{own}.py").write_text(f"import numpy as np, torch\ndef f(dynamics):\n    return {body}\n")
    with pytest.raises(StudyError, match=f"^estimator {own}:f {sentence.replace('{module}', own)}") as error:
        instance_scores(dynamics_of(4), estimator_of(f"{own}:f", direction=HIGH_IS_HARD))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("body", ["np.ones(4)", "[1, 2, 3, 4]", "np.arange(4) > 1", "torch.ones(4)", "dynamics.margin_sum"])
def test_whatever_is_one_number_an_example_is_taken_a_constant_too(own, tmp_path, body):
    (tmp_path / f"{own}.py").write_text(f"import numpy as np, torch\ndef f(dynamics):\n    return {body}\n")
    scores = instance_scores(dynamics_of(4), estimator_of(f"{own}:f", direction=HIGH_IS_HARD))
    assert scores.shape == (4,)
    assert scores.dtype == np.float64
