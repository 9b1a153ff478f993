"""Parts "epochs" and "authors" of ``gpu.py``: what an epoch takes, by way of stepping, and in the authors' manner."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import torch
from gpu_setting import Setting, is_replayed
from measuring import RECIPE, interleaved, one_epoch, seconds_of, table
from plain import PlainTraining

from hbr.training.engine import Training

Way = tuple[Training, Callable[[], object]]

# Whole batches: what is compiled for one size is compiled again for another.
IMAGES = 100 * RECIPE.batch_size


def epochs(setting: Setting) -> Iterator[str]:
    """Yield epochs, tests included: recorded and eager steps, precisions, tracking on and off, compiled networks."""
    setting = setting.part(2 * RECIPE.batch_size if setting.smoke else IMAGES)
    images = len(setting.data.train_labels)
    works: dict[str, Callable[[], object]] = {}
    first: dict[str, float] = {}
    warm: dict[str, float] = {}
    ran: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name, (seconds_needed, make) in ways().items():
        # A round of all must fit in what is left.
        if warm and not setting.has_time(seconds_needed + sum(warm.values()) + 2 * max(warm.values())):
            failed[name] = "no time left"
            continue
        try:
            member, work = make(setting)
            # The second shows whether it goes on: memory that is used again is used for the first time there.
            begun, second = (seconds_of(work, setting.device) for _ in range(2))
        except Exception as error:
            failed[name] = f"failed: {' '.join(str(error).split())[:60] or type(error).__name__}"
            continue
        first[name], warm[name] = begun, second
        works[name], ran[name] = work, "recorded" if is_replayed(member) else "eager"
    seconds = interleaved(works, 1 if setting.smoke else 5, setting.device, warm_up=False, deadline=setting.deadline)
    own = next(iter(seconds.values()))
    rows = [
        [
            name,
            ran[name],
            len(values),
            f"{median(values):.3f}",
            f"{median(value / base for value, base in zip(values, own, strict=True)):.3f}",
            f"{images / median(values):,.0f}",
            f"{first[name]:.2f}",
        ]
        for name, values in seconds.items()
    ]
    rows += [[name, "", 0, what, "", "", ""] for name, what in failed.items()]
    columns = ["step", "ran", "n", "seconds", "ratio", "images/s", "first epoch, with recording or compiling"]
    title = f"Epoch of {images:,} images and test of {len(setting.data.test_labels):,}"
    yield table(f"{title}, {setting.network}, batch {RECIPE.batch_size}", columns, rows)


def ways() -> dict[str, tuple[float, Callable[[Setting], Way]]]:
    """Return by name how a member is made and trains an epoch, with the seconds that must be left to begin with it."""

    def plain(precision: str, is_recorded: bool, is_tracked: bool = True) -> Callable[[Setting], Way]:
        def make(setting: Setting) -> Way:
            member = setting.member(precision, is_recorded)
            if not is_tracked:
                member.recorder.update = lambda *batch: None
            return member, lambda: one_epoch(member)

        return make

    def with_tf32(setting: Setting) -> Way:
        member = setting.member("float32")

        def work() -> None:
            with tf32():
                one_epoch(member)

        return member, work

    return {
        "recorded, bfloat16, tracking": (0, plain("bfloat16", True)),
        "recorded, bfloat16, no tracking": (0, plain("bfloat16", True, False)),
        "eager, bfloat16, tracking": (0, plain("bfloat16", False)),
        "recorded, float32, tracking": (0, plain("float32", True)),
        "eager, float32, tracking": (0, plain("float32", False)),
        "recorded, float32 as TF32, tracking": (0, with_tf32),
        "compiled and recorded, bfloat16, tracking": (25, lambda setting: compiled(setting, "default", True)),
        "compiled, reduce-overhead, bfloat16, tracking": (25, lambda setting: compiled(setting, "reduce-overhead", False)),
    }


def compiled(setting: Setting, mode: str, is_recorded: bool) -> Way:
    """Return a member whose steps run a compiled network, and its epoch; on a CPU nothing is compiled, only traced."""
    member = setting.member("bfloat16", is_recorded)
    eager = getattr(member.train_batch, "eager", member.train_batch)
    how = {"mode": mode} if setting.device.type == "cuda" else {"backend": "eager"}
    # The test keeps the network as it is: its batches are of other sizes.
    eager.network = torch.compile(member.network, dynamic=False, **how)
    if mode == "reduce-overhead":

        def step(batch, rate):
            torch.compiler.cudagraph_mark_step_begin()
            # The compiler's own graph writes the next logits into the same memory.
            return eager(batch, rate).clone()

        member.train_batch = step
    return member, lambda: one_epoch(member)


@contextmanager
def tf32() -> Iterator[None]:
    """Let convolutions in float32 round to TF32, as torch does by default."""
    torch.backends.cudnn.allow_tf32, before = True, torch.backends.cudnn.allow_tf32
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def undetermined(work: Callable[[], object]) -> None:
    """Do some work with whatever kernels are fastest, as the authors do."""
    mode = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("default")
    try:
        with tf32():
            work()
    finally:
        torch.set_deterministic_debug_mode(mode)


def authors(setting: Setting) -> Iterator[str]:
    """Yield an epoch in the authors' manner, from some of its batches, beside the engine's on as many images."""
    part = setting.part(256 if setting.smoke else 3_200)
    images, tests = len(part.data.train_labels), len(part.data.test_labels)
    member, plain = part.member(), PlainTraining(part.data, part.fresh(), setting.device, workers=0 if setting.smoke else 2)
    works = {
        "engine: train, track, test": lambda: one_epoch(member),
        "authors' manner: train, track": lambda: undetermined(plain.epoch),
        "authors' manner: test once a class": lambda: undetermined(plain.accuracies),
    }
    seconds = interleaved(works, 1 if setting.smoke else 3, setting.device, deadline=setting.deadline)
    own = seconds["engine: train, track, test"]
    rows = []
    for name, values in seconds.items():
        ratio = median(value / base for value, base in zip(values, own, strict=False))
        rows.append([name, len(values), f"{median(values):.3f}", f"{ratio:.1f}", f"{median(values) * 50_000 / images:.2f}"])
    title = f"{images:,} training and {tests:,} test images, {setting.network}"
    yield table(title, ["what", "n", "seconds", "ratio", "seconds for 50,000 and 10,000"], rows)
