"""Make a conda channel of the running Python and a folder of wheels. Runs in the conda client's environment.

    python channel.py CHANNEL WHEELS PROBE --names '{"torch": "pytorch"}'

Packages hold what a wheel holds, with its dependencies, but no console scripts: rules call `python` alone. PROBE becomes
the `sitecustomize` of the channel's Python.
"""

import argparse
import email
import hashlib
import io
import json
import re
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from conda_package_streaming.create import conda_builder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

SUBDIR = "linux-64"
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"lib/{PYTHON}/site-packages"
BUILT_FOR_CUDA = ("pytorch", "torchvision")

# Tests and headers: half of all files, which no rule reads.
LEFT_OUT = re.compile(r"/(tests?|include)/")

# Beside a CPU build of torch, a torchvision built for CUDA loads none of its compiled operators, and its import fails for want
# of these two. They are declared, not defined: calling one fails.
OPERATORS = """
import torch

for schema in (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
):
    torch.library.define("torchvision::" + schema.partition("(")[0], "(" + schema.partition("(")[2])
"""


def main(channel: Path, wheels: Path, probe: Path, names: dict[str, str]) -> None:
    """Write packages and their index."""
    folder = channel / SUBDIR
    folder.mkdir(parents=True)
    # Largest first, so that neither process is left alone with torch.
    files = sorted(wheels.glob("*.whl"), key=lambda path: -path.stat().st_size)
    requirements = {parse_wheel_filename(path.name)[0]: requirements_of(path) for path in files}
    with ProcessPoolExecutor(2) as pool:
        packed = [pool.submit(pack_python, folder, probe)]
        for path in files:
            name, version, _, _ = parse_wheel_filename(path.name)
            depends = [f"python {sys.version_info.major}.{sys.version_info.minor}.*", *depends_of(name, requirements, names)]
            name = names.get(name, name)
            index = record(name, version.public, "cpu_0" if name in BUILT_FOR_CUDA else "0", depends)
            packed.append(pool.submit(pack_wheel, folder, path, index))
        records = dict(future.result() for future in packed)
    write_index(folder, records | dict(cuda_builds(records.values())))
    (channel / "noarch").mkdir()
    write_index(channel / "noarch", {})


def requirements_of(path: Path) -> list[Requirement]:
    """Return what a wheel requires."""
    with zipfile.ZipFile(path) as wheel:
        metadata = next(name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        return [Requirement(text) for text in email.message_from_bytes(wheel.read(metadata)).get_all("Requires-Dist") or []]


def depends_of(name: str, requirements: dict[str, list[Requirement]], names: dict[str, str], extra: str = "") -> Iterator[str]:
    """Yield what a package depends on as conda writes it; conda has no extras, so what they require is named here."""
    for requirement in requirements[name]:
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            other = canonicalize_name(requirement.name)
            yield f"{names.get(other, other)} {requirement.specifier}".strip()
            for wanted in requirement.extras:
                yield from depends_of(other, requirements, names, wanted)


def pack_python(folder: Path, probe: Path) -> tuple[str, dict]:
    """Pack interpreter, library and standard library of the running Python."""
    base, standard = Path(sys.base_prefix), Path(sysconfig.get_path("stdlib"))
    left_out = {"site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "__pycache__"}

    def wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        name = Path(member.name).name
        return None if name in left_out or name.startswith("config-") else member

    def fill(tar: tarfile.TarFile) -> None:
        tar.add((base / "bin" / PYTHON).resolve(), f"bin/{PYTHON}")
        for link in ("python", "python3"):
            member = tarfile.TarInfo(f"bin/{link}")
            member.type, member.linkname = tarfile.SYMTYPE, PYTHON
            tar.addfile(member)
        for library in base.glob(f"lib/lib{PYTHON}.so*"):
            tar.add(library, f"lib/{library.name}")
        tar.add(standard, f"lib/{PYTHON}", filter=wanted)
        tar.add(probe, f"{SITE}/sitecustomize.py")

    return pack(folder, record("python", sys.version.split()[0], "0", []), fill)


def pack_wheel(folder: Path, path: Path, index: dict) -> tuple[str, dict]:
    """Pack one wheel."""
    with zipfile.ZipFile(path) as wheel:

        def fill(tar: tarfile.TarFile) -> None:
            for member in wheel.infolist():
                if member.is_dir() or LEFT_OUT.search(member.filename):
                    continue
                content = wheel.read(member)
                if member.filename == "torchvision/__init__.py":
                    content = OPERATORS.encode() + content
                header = tarfile.TarInfo(installed(member.filename))
                header.size, header.mode = len(content), (member.external_attr >> 16) & 0o777 or 0o644
                tar.addfile(header, io.BytesIO(content))

        return pack(folder, index, fill)


def installed(member: str) -> str:
    """Return where a wheel's file is installed, relative to the environment."""
    top, _, rest = member.partition("/")
    if not top.endswith(".data"):
        return f"{SITE}/{member}"
    kind, _, rest = rest.partition("/")
    return {"data": rest, "scripts": f"bin/{rest}", "headers": f"include/{rest}"}.get(kind, f"{SITE}/{rest}")


def record(name: str, version: str, build: str, depends: list[str]) -> dict:
    """Return what an index says of a package."""
    return {"name": name, "version": version, "build": build, "build_number": 0, "depends": depends, "subdir": SUBDIR}


def cuda_builds(records: Iterable[dict]) -> Iterator[tuple[str, dict]]:
    """Yield what the index says of CUDA builds that exist in it alone: enough to solve with, not to install."""
    for cpu in records:
        if cpu["name"] in BUILT_FOR_CUDA:
            cuda = {**cpu, "build": "cuda_200", "build_number": 200, "depends": [*cpu["depends"], "__cuda"]}
            yield f"{cuda['name']}-{cuda['version']}-{cuda['build']}.conda", cuda


def pack(folder: Path, index: dict, fill: Callable[[tarfile.TarFile], None]) -> tuple[str, dict]:
    """Write a package; return its file name and its record."""
    stem = f"{index['name']}-{index['version']}-{index['build']}"
    with conda_builder(stem, folder, compression_level=1) as tar:
        fill(tar)
        files = "".join(f"{member.name}\n" for member in tar.getmembers() if not member.isdir())
        for name, text in (("info/index.json", json.dumps(index)), ("info/files", files)):
            header = tarfile.TarInfo(name)
            header.size = len(text.encode())
            tar.addfile(header, io.BytesIO(text.encode()))
    path = folder / f"{stem}.conda"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.name, {**index, "sha256": digest, "size": path.stat().st_size}


def write_index(folder: Path, records: dict[str, dict]) -> None:
    """Write the index of one folder."""
    index = {"info": {"subdir": folder.name}, "packages": {}, "packages.conda": records, "repodata_version": 1}
    (folder / "repodata.json").write_text(json.dumps(index))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("channel", type=Path)
parser.add_argument("wheels", type=Path)
parser.add_argument("probe", type=Path)
parser.add_argument("--names", type=json.loads, default={}, help="JSON: name in the registry to name on conda-forge")

if __name__ == "__main__":
    main(**vars(parser.parse_args()))
