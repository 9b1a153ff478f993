"""Train one member on one plan; keep its test outcomes and its training dynamics."""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import torch

from hbr.data.datasets import load_dataset
from hbr.data.files import write_text
from hbr.data.plans import check_plan, load_plan
from hbr.data.whitening import load_whitening
from hbr.errors import StudyError
from hbr.seeds import derive_seed
from hbr.study.command import append, run, say
from hbr.training.checkpoints import Checkpoints, digest_of
from hbr.training.devices import claim_device, machine_name, set_determinism
from hbr.training.dynamics import save_dynamics
from hbr.training.engine import MemberSeeds, Progress, train_member
from hbr.training.networks import build_network
from hbr.training.outcomes import EARLIER_SECONDS, save_outcomes
from hbr.training.precision import dtype_of, name_of
from hbr.training.recipe import Recipe
from hbr.training.settings import TrainingSettings
from hbr.training.weights import save_weights

TERMINAL_SECONDS = 15


class Reporter:
    """Every epoch goes to the log; the terminal, which members share, gets one line in a while and the last."""

    def __init__(self, label: str, log: Path) -> None:
        self.label, self.log, self.shown = label, log, time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Report one finished epoch."""
        now = time.monotonic()
        if progress.epoch == progress.epochs or now - self.shown >= TERMINAL_SECONDS:
            self.shown = now
            say(self.log, f"{self.label}  {progress}")
        else:
            append(self.log, f"{self.label}  {progress}")


def main(arguments: argparse.Namespace) -> None:
    """Load, train, save."""
    torch.set_num_threads(arguments.threads)
    set_determinism()
    claimed = claim_device()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dataset = load_dataset(arguments.dataset)
    plan = load_plan(arguments.plan)
    check_plan(plan, dataset.train_labels, str(arguments.plan))
    if plan.synthetic.shape[1:] != dataset.train_images.shape[1:]:
        raise StudyError(
            f"{arguments.plan} holds images of {plan.synthetic.shape[1:]}, but {arguments.dataset} of "
            f"{dataset.train_images.shape[1:]}; the plan was made for other data: delete it and run again"
        )
    recipe = arguments.recipe
    settings = TrainingSettings(arguments.network, arguments.network_settings, arguments.seed, recipe).text
    checksum, whitening = dataset.checksum, None
    if arguments.whitening:
        whitening, whitened = load_whitening(arguments.whitening[0])
        if whitened != checksum:
            raise StudyError(f"{arguments.whitening[0]} was fitted to other data; delete it and run again")
    key = (arguments.dataset_name, arguments.variant, arguments.member)
    seeds = MemberSeeds(
        weights=derive_seed(arguments.seed, *key, "weights"),
        order=derive_seed(arguments.seed, *key, "order"),
        variant=arguments.variant,
        member=arguments.member,
    )
    network = build_network(
        arguments.network,
        dataset.train_images.shape[3],
        dataset.classes + plan.extra_classes,
        seeds.weights,
        settings=arguments.network_settings,
        whitening=whitening,
    )
    label = f"{arguments.dataset_name} {arguments.condition} variant {arguments.variant} member {arguments.member}"
    parameters = sum(weights.numel() for weights in network.parameters())
    append(arguments.log, f"{label}: {arguments.network} with {parameters:,} parameters on {len(plan):,} examples")
    precision = name_of(dtype_of(recipe.precision, device))
    machine = machine_name(device)
    append(arguments.log, f"machine: {machine}, {precision}" + (f", GPU {claimed}" if claimed else ""))
    made_of = {"dataset": checksum, "plan": plan.checksum, "settings": settings}
    tag = digest_of(*made_of.values(), repr(seeds), arguments.keep, torch.__version__, device.type, precision, arguments.code)

    def note(line: str) -> None:
        say(arguments.log, f"{label}  {line}")

    checkpoints = Checkpoints(
        arguments.outcomes.with_name("checkpoint.npz"),
        tag,
        arguments.checkpoint_minutes,
        note,
        arguments.limit_minutes or float("inf"),
    )
    reporter = Reporter(label, arguments.log)
    with checkpoints.signals():
        outcomes, dynamics = train_member(
            dataset,
            plan,
            network,
            recipe,
            seeds,
            device,
            arguments.keep == "epochs",
            reporter,
            checkpoints,
            note,
            f"network {arguments.network}",
        )
    save_dynamics(arguments.dynamics, replace(dynamics, dataset=checksum))
    save_outcomes(arguments.outcomes, replace(outcomes, **made_of, machine=machine, precision=precision))
    if arguments.weights:
        outputs = dataset.classes + plan.extra_classes
        told = made_of | {"outputs": outputs, "weight_seed": seeds.weights}
        save_weights(arguments.weights, network if arguments.keep_weights == "yes" else None, told)
    earlier = arguments.outcomes.with_name(EARLIER_SECONDS)
    if checkpoints.earlier_seconds:
        write_text(earlier, f"{checkpoints.earlier_seconds:.3f}\n")
    else:
        earlier.unlink(missing_ok=True)
    checkpoints.clear()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--plan", type=Path, required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--condition", required=True, help="for the progress lines only; no seed depends on it")
parser.add_argument("--variant", type=int, required=True)
parser.add_argument("--member", type=int, required=True)
parser.add_argument("--seed", type=int, required=True, help="the seed of the study")
parser.add_argument("--network", required=True)
parser.add_argument("--network-settings", type=json.loads, default={}, help="JSON: keywords of the network's builder")
parser.add_argument("--whitening", type=Path, nargs="*", default=[], help="filters, for a network that needs them")
parser.add_argument("--recipe", type=Recipe.read, required=True, help="JSON: the keys of a recipe")
parser.add_argument("--keep", choices=("epochs", "sums"), required=True, help="what the dynamics keep")
parser.add_argument("--code", default="", help="digest of the code of the training; a checkpoint of other code is not resumed")
parser.add_argument("--checkpoint-minutes", type=float, default=5)
parser.add_argument("--limit-minutes", type=float, default=0, help="when the job will be killed; 0: never")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--outcomes", type=Path, required=True)
parser.add_argument("--dynamics", type=Path, required=True)
parser.add_argument("--weights", type=Path, help="where the network's last weights go, by which it can score images later on")
parser.add_argument("--keep-weights", choices=("yes", "no"), default="yes", help="no: the file tells only whose they would be")

if __name__ == "__main__":
    run(main, parser)
