"""Part "packing" of ``gpu.py``: whether members that share a GPU train more images a second than one after the other."""

import multiprocessing
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import mps
import torch
from gpu_setting import Setting
from measuring import RECIPE, one_epoch, seconds_of, table, wait_for
from stacking import Stacked
from train_member import set_determinism

from hbr.training.engine import Training
from hbr.training.precision import dtype_of

Way = Callable[[Setting, int], float]


def packing(setting: Setting) -> Iterator[str]:
    """Yield how many images a second several members train together, by way of packing."""
    setting = setting.part(100 * RECIPE.batch_size)
    yield mps.state()
    rows = []
    longest = 0.0
    for network in (setting.network, "resnet8")[: 1 if setting.smoke else 2]:
        part = replace(setting, network=network)
        alone = 0.0
        for name, members, way in ways(setting.smoke):
            if longest and not setting.has_time(longest):
                rows.append([network, name, members, "no time left", ""])
                continue
            started = time.monotonic()
            pace, said = attempt(part, members, way)
            longest = max(longest, time.monotonic() - started)
            alone = pace if name == "one by one" else alone
            rows.append([network, name, members, said, f"{pace / alone:.2f}" if pace and alone else ""])
    title = f"Packing of members on one device, {len(setting.data.train_labels):,} images each"
    yield table(title, ["network", "way", "members", "images/s in all", "to one"], rows)


def ways(smoke: bool) -> list[tuple[str, int, Way]]:
    """Return ways of packing with how many members; those that decide come first, since time may end.

    Where it is enough that each way runs, each comes once, with at most two members.
    """
    rows: list[tuple[str, int, Way]] = [
        ("one by one", 1, in_processes),
        ("processes", 2, in_processes),
        ("processes", 4, in_processes),
        ("processes, MPS", 4, in_served_processes),
        ("streams", 4, in_streams),
        ("torch.func, no tracking", 2, stacked),
        ("processes", 8, in_processes),
    ]
    return list({name: (name, min(members, 2), way) for name, members, way in rows}.values()) if smoke else rows


def attempt(setting: Setting, members: int, way: Way) -> tuple[float, str]:
    """Return the images a second of a way, 0 where it does not go, and what its row says."""
    try:
        pace = way(setting, members)
    except NotAvailable as error:
        return 0.0, str(error)
    except Exception as error:
        return 0.0, f"failed: {' '.join(str(error).split())[:60] or type(error).__name__}"
    return pace, f"{pace:,.0f}"


class NotAvailable(Exception):
    """A way that this machine does not have."""


def in_served_processes(setting: Setting, members: int) -> float:
    """Return images a second of members in processes of their own, served by an MPS daemon that is started for them."""
    if mps.is_running():
        raise NotAvailable("not available: a daemon runs, all rows of processes are with MPS")
    if shutil.which(mps.DAEMON) is None:
        raise NotAvailable("not available: no daemon installed")
    if setting.device.type == "cpu":
        raise NotAvailable("not available: no GPU")
    with mps.daemon():
        return in_processes(setting, members)


def in_processes(setting: Setting, members: int) -> float:
    """Return images a second of members in processes of their own, all of which train at once."""
    patience = min(60.0, max(15.0, setting.seconds_left()))
    context = multiprocessing.get_context("spawn")
    ready, go, spent = context.Barrier(members + 1), context.Event(), context.Queue()
    processes = [
        context.Process(target=_train_beside, args=(setting, seed, ready, go, spent), daemon=True) for seed in range(members)
    ]
    for process in processes:
        process.start()
    try:
        ready.wait(patience)
        go.set()
        found = [spent.get(timeout=patience) for _ in processes]
        if None in found:
            raise RuntimeError("an error")
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__} in one of {members} processes") from error
    finally:
        # Nobody who failed, or waits for one that did, is waited for.
        ready.abort()
        for process in processes:
            process.join(5 if go.is_set() else 0)
            process.kill()
            process.join()
    begin, end = min(start for start, _, _ in found), max(end for _, end, _ in found)
    return sum(images for _, _, images in found) / (end - begin)


def _train_beside(setting: Setting, seed: int, ready, go, spent) -> None:
    torch.set_num_threads(1)
    set_determinism()
    try:
        member = setting.member(seed=seed)
        one_epoch(member)
        wait_for(setting.device)
        ready.wait(90)
        go.wait(30)
        begin = time.time()
        one_epoch(member)
        wait_for(setting.device)
        spent.put((begin, time.time(), member.examples))
    except BaseException:
        ready.abort()
        spent.put(None)
        raise


def in_streams(setting: Setting, members: int) -> float:
    """Return images a second of members in threads of one process, each with a stream of its own."""
    trained = [setting.member(seed=seed) for seed in range(members)]
    for member in trained:
        # Recordings of several threads would disturb one another.
        one_epoch(member)
    failures: list[Exception] = []

    def work(member: Training) -> None:
        try:
            if setting.device.type == "cuda":
                with torch.cuda.stream(torch.cuda.Stream()):
                    one_epoch(member)
            else:
                one_epoch(member)
        except Exception as error:
            failures.append(error)

    def together() -> None:
        threads = [threading.Thread(target=work, args=(member,)) for member in trained]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    seconds = seconds_of(together, setting.device)
    if failures:
        raise failures[0]
    return members * len(setting.data.train_labels) / seconds


def stacked(setting: Setting, members: int) -> float:
    """Return images a second of members stacked by torch.func, in steps of their networks alone."""
    networks = [setting.fresh(seed) for seed in range(members)]
    step = Stacked(networks, setting.device, dtype_of("auto", setting.device)).step
    side = setting.data.train_images.shape[1]
    images = torch.randn(members, RECIPE.batch_size, 3, side, side, device=setting.device)
    labels = torch.randint(10, (members, RECIPE.batch_size), device=setting.device)
    rounds = 2 if setting.smoke else 30
    for _ in range(2):
        step(images, labels)
    seconds = seconds_of(lambda: [step(images, labels) for _ in range(rounds)], setting.device)
    return members * RECIPE.batch_size * rounds / seconds
