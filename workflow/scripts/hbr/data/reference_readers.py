"""What references hold, read and matched to the images of a prepared data set."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hbr.data.files import read_arrays, reading
from hbr.errors import StudyError

# Below it labels agree with the data set's hardly more than by chance (Cohen's kappa): they are in another order.
LEAST_AGREEMENT = 0.2
# What people could say of a candidate of a label error.
ANSWERS = ("given", "guessed", "neither", "both")


@dataclass(frozen=True)
class Images:
    """The images of one part of a prepared data set, as a reference is matched to them.

    ``known`` marks those whose label is as published, neither flipped on purpose nor replaced. ``published`` is how many images
    both parts have, for a data set that was published as one and split here.
    """

    labels: np.ndarray
    ids: Sequence[str]
    published: int
    classes: int
    known: np.ndarray


def read_reference(settings: Mapping[str, Any], path: Path, images: Images) -> dict[str, np.ndarray]:
    """Return the arrays of a reference in the order of the images; ``settings`` are kind and settings.

    ``votes`` and ``labels`` give ``votes`` (uint16, images x classes, 0 of images that nobody saw) and ``raters`` (int16,
    people x images, -1 for none; no rows where only counts are known). ``predictions`` give ``predictions`` (int16,
    networks x images) and ``networks``, their names. ``label-errors`` give ``samples``, ``given``, ``suggested`` and
    ``answers`` (candidates x :data:`ANSWERS`). Raises ``StudyError``, key and file in its sentence, on what does not fit.
    """
    return READERS[settings["kind"]](settings, path, images)


def read_votes(settings: Mapping[str, Any], path: Path, images: Images) -> dict[str, np.ndarray]:
    """Return people's votes; the class with most must agree with the label beyond chance."""
    key = settings["key"]
    (counts,), places = _matched(settings, path, images, [key], 2)
    if counts.shape[1] != images.classes:
        raise StudyError(f"key: {key} of {path} counts {counts.shape[1]} classes, the data set has {images.classes}")
    if counts.min(initial=0) < 0 or counts.max(initial=0) > np.iinfo(np.uint16).max:
        raise StudyError(f"key: {key} of {path} holds numbers that are no counts; write another")
    votes = np.zeros((len(images.labels), images.classes), np.uint16)
    votes[places >= 0] = counts[places[places >= 0]]
    seen = votes.sum(1) > 0
    check_agreement(f"key: {key} of {path}", votes.argmax(1)[seen], images, seen)
    return {"votes": votes, "raters": np.empty((0, len(votes)), np.int16)}


def read_labels(settings: Mapping[str, Any], path: Path, images: Images) -> dict[str, np.ndarray]:
    """Return the labels by each of some people; those of everyone must agree with the data set's beyond chance."""
    keys = settings["keys"]
    arrays, places = _matched(settings, path, images, keys, 1)
    seen = places >= 0
    raters = np.full((len(keys), len(images.labels)), -1, np.int16)
    votes = np.zeros((len(images.labels), images.classes), np.uint16)
    for row, key, array in zip(raters, keys, arrays, strict=True):
        row[seen] = _classes(f"keys: {key} of {path}", array, images.classes)[places[seen]]
        check_agreement(f"keys: {key} of {path}", row[seen], images, seen)
        votes[np.flatnonzero(seen), row[seen]] += 1
    return {"votes": votes, "raters": raters}


def read_predictions(settings: Mapping[str, Any], path: Path, images: Images) -> dict[str, np.ndarray]:
    """Return the classes that networks predict; each network must be right beyond chance."""
    names = settings["networks"] or [name for name in sorted(read_arrays(path)) if name != settings["ids"]]
    if not names:
        raise StudyError(f"networks: {path} holds no arrays; name another file")
    arrays, places = _matched(settings, path, images, names, 1)
    if (places < 0).any():
        raise StudyError(f"match: {path} has no predictions of {int((places < 0).sum()):,} of {len(places):,} test images")
    predicted = [
        _classes(f"networks: {name} of {path}", own, images.classes)[places] for name, own in zip(names, arrays, strict=True)
    ]
    for name, own in zip(names, predicted, strict=True):
        check_agreement(f"networks: {name} of {path}", own, images, np.ones(len(places), bool))
    return {"predictions": np.stack(predicted).astype(np.int16), "networks": np.asarray(names, np.str_)}


def read_label_errors(settings: Mapping[str, Any], path: Path, images: Images) -> dict[str, np.ndarray]:
    """Return candidates of label errors with what people answered; what they call given must be the label."""
    with reading(path, "a JSON list of candidates of label errors"):
        rows = [
            (
                str(one["id"]),
                int(one["given_original_label"]),
                int(one["our_guessed_label"]),
                [int(one["mturk"][a]) for a in ANSWERS],
            )
            for one in json.loads(path.read_text(encoding="utf-8"))
        ]
    if not rows:
        raise StudyError(f"file: {path} holds no candidates; name another")
    own = _own_ids(settings["match"], images.ids, path)
    place = {name: number for number, name in enumerate(own)}
    # Of a data set that is split here the other part has candidates, too; a folder need not hold all that was published.
    whole = settings["match"] == "index" and max(map(int, own)) < len(own)
    strange = [name for name, *_ in rows if name not in place]
    if strange and (whole or len(strange) == len(rows)):
        raise StudyError(f"match: id {strange[0]} of {path} is none of the data set's {len(own):,} images; match by another")
    names, given, suggested, answers = zip(*(row for row in rows if row[0] in place), strict=True)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise StudyError(f"file: {path} lists image {twice} twice; keep one entry of each")
    samples = np.array([place[name] for name in names])
    labels = _classes(f"file: given_original_label of {path}", np.array(given), images.classes)
    chosen = np.zeros(len(own), bool)
    chosen[samples] = True
    ordered = np.argsort(samples, kind="stable")
    check_agreement(f"file: given_original_label of {path}", labels[ordered], images, chosen)
    others = _classes(f"file: our_guessed_label of {path}", np.array(suggested), images.classes)
    return {
        "samples": samples[ordered],
        "given": labels[ordered].astype(np.int16),
        "suggested": others[ordered].astype(np.int16),
        "answers": np.array(answers, np.int32)[ordered],
    }


READERS: dict[str, Callable[[Mapping[str, Any], Path, Images], dict[str, np.ndarray]]] = {
    "votes": read_votes,
    "labels": read_labels,
    "label-errors": read_label_errors,
    "predictions": read_predictions,
}


def check_agreement(where: str, given: np.ndarray, images: Images, seen: np.ndarray) -> None:
    """Raise ``StudyError`` where classes ``given`` for the images ``seen`` agree with their labels no more than by chance.

    By Cohen's kappa, the agreement beyond chance, over images whose label is as published.
    """
    known = images.known[seen]
    labels, given = images.labels[seen][known], given[known]
    if not len(labels):
        raise StudyError(f"{where} speaks of no image of this data set; match it by another of index, stem, id")
    observed = (labels == given).mean()
    shares = [np.bincount(one, minlength=images.classes) / len(labels) for one in (labels, given)]
    chance = float(shares[0] @ shares[1])
    if chance < 1 and (observed - chance) / (1 - chance) < LEAST_AGREEMENT:
        raise StudyError(
            f"{where} agrees with the label of {100 * observed:.0f} % of {len(labels):,} images, hardly more than the "
            f"{100 * chance:.0f} % of chance: it is in another order, or of other data"
        )


def _matched(
    settings: Mapping[str, Any], path: Path, images: Images, names: Sequence[str], dimensions: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return named arrays of integers, and the row of each image in them, -1 where match id finds none."""
    held = read_arrays(path)
    key = {"votes": "key", "labels": "keys", "predictions": "networks"}[settings["kind"]]
    by_ids = settings["match"] == "id"
    for name in [*names, *([settings["ids"]] if by_ids else [])]:
        if name not in held:
            raise StudyError(f"{key if name in names else 'ids'}: {path} holds no {name}, but {', '.join(sorted(held))}")
    arrays = [held[name] for name in names]
    for name, array in zip(names, arrays, strict=True):
        if array.ndim != dimensions or not np.issubdtype(array.dtype, np.integer):
            wanted = "one integer an image" if dimensions == 1 else "integers, images x classes"
            raise StudyError(f"{key}: {name} of {path} is {array.dtype} of shape {array.shape}; it takes {wanted}")
    rows = _rows(settings, path, images, None if not by_ids else held[settings["ids"]])
    for name, array in zip(names, arrays, strict=True):
        length = _length(settings["match"], images, rows, len(array) if not by_ids else len(held[settings["ids"]]))
        if len(array) != length:
            raise StudyError(
                f"{key}: {name} of {path} has {len(array):,} rows, and {length:,} are needed for these "
                f"{len(images.ids):,} images (match: {settings['match']})"
            )
    return arrays, rows


def _rows(settings: Mapping[str, Any], path: Path, images: Images, ids: np.ndarray | None) -> np.ndarray:
    own = _own_ids(settings["match"], images.ids, path)
    if ids is None:
        return np.array([int(name) for name in own])
    if ids.ndim != 1 or ids.dtype.kind not in "iuU":
        raise StudyError(f"ids: {settings['ids']} of {path} is {ids.dtype} of shape {ids.shape}; give one text or number a row")
    place = {str(name): row for row, name in enumerate(ids.tolist())}
    if len(place) < len(ids):
        raise StudyError(f"ids: {settings['ids']} of {path} names an image twice; keep one row of each")
    rows = np.array([place.get(name, -1) for name in own])
    if (rows < 0).all():
        raise StudyError(f"ids: none of {settings['ids']} of {path} is an id of the data set, as {own[0]!r} is")
    return rows


def _length(match: str, images: Images, rows: np.ndarray, least: int) -> int:
    """Return how many rows an array must have: those of the part, or of both parts where these are of one numbering."""
    if match != "index":
        # A folder need not hold all images of what was published; a file that brings ids may hold more.
        return max(least, int(rows.max()) + 1)
    return len(rows) if int(rows.max()) < len(rows) else images.published


def _own_ids(match: str, ids: Sequence[str], path: Path) -> list[str]:
    """Return what images are matched by: their ids, or numbers without leading zeros."""
    if match == "id":
        return list(ids)
    names = [Path(name).stem for name in ids] if match == "stem" else list(ids)
    for name in names:
        if not (name.isascii() and name.isdigit()):
            other = "stem or id" if match == "index" else "id"
            raise StudyError(f"match: {match} needs images that are known by a number, and one is {name!r}; write {other}")
    numbers = [str(int(name)) for name in names]
    known = dict(zip(numbers, ids, strict=True))
    for number, own in zip(numbers, ids, strict=True):
        # Folders whose classes count from 0 each.
        if known[number] != own:
            raise StudyError(f"match: {match} needs images of different numbers, and {own!r} and {known[number]!r} share one")
    return numbers


def _classes(where: str, given: np.ndarray, classes: int) -> np.ndarray:
    if len(given) and not (given.min() >= 0 and given.max() < classes):
        raise StudyError(f"{where} is {given.min()} to {given.max()}, and there are {classes} classes; number them from 0")
    return given.astype(np.int64)
