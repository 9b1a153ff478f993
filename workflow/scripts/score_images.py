"""Let the network of one member say what it sees in a named set of images."""

import argparse
from pathlib import Path

import torch

from hbr.data.files import read_arrays
from hbr.data.streams import open_images
from hbr.data.whitening import load_whitening
from hbr.errors import StudyError
from hbr.study.command import run
from hbr.training.devices import claim_device, machine_name, set_determinism
from hbr.training.evaluation import stream_logits
from hbr.training.networks import build_network
from hbr.training.precision import dtype_of, forbid_tf32, name_of
from hbr.training.scores import save_scores
from hbr.training.settings import TrainingSettings
from hbr.training.weights import load_weights


def main(arguments: argparse.Namespace) -> None:
    """Build the network, give it its weights, and write what it says of the images, which are read a batch at a time."""
    torch.set_num_threads(arguments.threads)
    set_determinism()
    forbid_tf32()
    claim_device()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    prepared = read_arrays(arguments.dataset, "mean", "std", "class_names", "checksum")
    kept = ("dataset", "plan", "settings", "outputs", "weight_seed")
    told = {name: array.item() for name, array in read_arrays(arguments.weights, *kept).items()}
    if told["dataset"] != str(prepared["checksum"]):
        raise StudyError(f"{arguments.weights} was trained on other data than {arguments.dataset}; delete it and run again")
    settings = TrainingSettings.read(told["settings"])
    dtype = dtype_of(settings.recipe.precision, device)
    with open_images(arguments.dataset, "train_images") as train:
        shape = train.shape
    network = build_network(
        settings.network,
        shape[2],
        told.pop("outputs"),
        # What a network draws when it is built need not be among its weights.
        told.pop("weight_seed"),
        settings=settings.network_settings,
        whitening=load_whitening(arguments.whitening[0])[0] if arguments.whitening else None,
    )
    load_weights(arguments.weights, network)
    network = network.to(device).to(memory_format=torch.channels_last)
    told |= {"variant": arguments.variant, "member": arguments.member, "images": arguments.images}
    told |= {"machine": machine_name(device), "precision": name_of(dtype)}
    with open_images(arguments.file, arguments.array) as images:
        if images.shape != shape:
            given, wanted = (" x ".join(map(str, size)) for size in (images.shape, shape))
            raise StudyError(
                f"{arguments.file}: the images of scored set {arguments.images} are {given}, those of the study {wanted}"
            )
        batches = stream_logits(network, images, prepared["mean"], prepared["std"], dtype, device)
        classes = len(prepared["class_names"])
        save_scores(arguments.scores, batches, images.samples, classes, lambda: {**told, "checksum": images.checksum})


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--weights", type=Path, required=True, help="of train_member")
parser.add_argument("--whitening", type=Path, nargs="*", default=[], help="filters, for a network that needs them")
parser.add_argument("--images", required=True, help="the name of the set")
parser.add_argument("--file", type=Path, required=True)
parser.add_argument("--array", required=True, help="which array of the file holds the images")
parser.add_argument("--variant", type=int, required=True)
parser.add_argument("--member", type=int, required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--scores", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
