"""Build `dist/tipd-agent`: one file for mail hosts, with everything in it, for each Python it may meet there.

Packages come as wheels (hashes checked) from requirements/agent.txt, for Python 3.11 to 3.14 on the architectures asked
for; what several of them have in common is stored once. The same commit and lock give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from pip._vendor.packaging.markers import Marker

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "agent.txt"
TARGET = ROOT / "dist" / "tipd-agent"
ROOMS = ("agent", "mail", "model")
ALONE = ("__init__.py", "clock.py", "config.py", "errors.py", "log.py")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
ARCHITECTURES = ("x86_64", "aarch64")
# What wheels call the C libraries that the distributions of these Pythons have (Debian 12: glibc 2.36, RHEL 9: 2.34).
GLIBC = ("manylinux2014", "manylinux_2_17", "manylinux_2_24", "manylinux_2_27", "manylinux_2_28", "manylinux_2_34")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = re.compile(
    r"(^|/)(__pycache__|tests?|testing)/|\.(pyi|pyx|pxd|h|c|cpp|a)$|\.dist-info/(?!METADATA|licenses/)"
)
_NEEDED = re.compile(r"^(trio|hypothesis)/testing/")  # trio imports its own


def main(arguments: list[str]) -> int:
    """Build it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    machine = platform.machine()
    parser.add_argument("--arch", action="append", choices=ARCHITECTURES, help="for which processors (repeat it)")
    parser.add_argument("--python", action="append", choices=PYTHONS, help="for which Pythons alone (repeat it)")
    parser.add_argument("--output", type=Path, default=TARGET, help="where it goes")
    args = parser.parse_args(arguments)
    archive = Archive()
    for python in args.python or PYTHONS:
        for architecture in args.arch or [machine]:
            print(f"tipd: Python {python} on {architecture}", file=sys.stderr)
            archive.add(f"cp{python.replace('.', '')}-{architecture}", [*own(), *packages(python, architecture)])
    written = archive.write(args.output)
    print(f"{args.output}: {written / 2**20:.1f} MiB, sha256 {hashlib.sha256(args.output.read_bytes()).hexdigest()}")
    return 0


class Archive:
    """The files, each content once, and which of them each Python needs."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self._sets: dict[str, list[tuple[str, str, int]]] = {}

    def add(self, name: str, files: list[tuple[str, bytes]]) -> None:
        """Take what a Python on an architecture (`cp311-x86_64`) needs: paths and contents."""
        entries = self._sets.setdefault(name, [])
        for path, content in sorted(files):
            digest = hashlib.sha256(content).hexdigest()
            self._contents[digest] = content
            entries.append((path, digest, len(content)))

    def write(self, target: Path) -> int:
        """Write the file, replacing what stood there; return its size."""
        packed = io.BytesIO()
        packed.write((ROOT / "packaging" / "agent" / "head.sh").read_bytes())
        bootstrap = (ROOT / "packaging" / "agent" / "bootstrap.py").read_bytes()
        sets = {f"sets/{name}.json": json.dumps(files).encode() for name, files in sorted(self._sets.items())}
        build = hashlib.sha256(bootstrap + b"".join(sets.values())).hexdigest()[:16]
        about = {"build": build, "sets": sorted(self._sets)}
        with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
            _put(file, "__main__.py", bootstrap)
            _put(file, "about.json", json.dumps(about).encode())
            for name, content in sets.items():
                _put(file, name, content)
            for digest, content in sorted(self._contents.items()):
                _put(file, f"files/{digest}", content)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.tmp")
        beside.write_bytes(packed.getvalue())
        beside.chmod(0o755)
        beside.replace(target)
        return len(packed.getvalue())


def _put(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    file.writestr(entry, content)


def own() -> Iterator[tuple[str, bytes]]:
    """Yield tipd's own files that the agent needs."""
    for name in ALONE:
        yield f"tipd/{name}", (ROOT / "tipd" / name).read_bytes()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    about = f"Metadata-Version: 2.1\nName: tipd\nVersion: {version}\n"
    yield f"tipd-{version}.dist-info/METADATA", about.encode()
    for room in ROOMS:
        for path in sorted((ROOT / "tipd" / room).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_bytes()


def packages(python: str, architecture: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the locked packages for one Python on one architecture."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(applicable(LOCK.read_text(encoding="utf-8"), python, architecture), encoding="utf-8")
        platforms = [f"--platform={libc}_{architecture}" for libc in GLIBC]
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--progress-bar=off", "--only-binary=:all:"),
                *("--no-deps", "--require-hashes", "--disable-pip-version-check", "--implementation=cp", *platforms),
                *(f"--python-version={python}", "--dest", folder, "-r", str(wanted)),
            ],
            check=True,
        )
        for wheel in sorted(Path(folder).glob("*.whl")):
            yield from unpacked(wheel)


def applicable(lock: str, python: str, architecture: str) -> str:
    """Return the entries of a lock that a Python on Linux needs, without their markers: pip knows only its own."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": architecture,
        "os_name": "posix",
    }
    kept = []
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        head, _, hashes = entry.partition("\n")
        pin, _, marker = head.removesuffix("\\").strip().partition(" ; ")
        if not marker or Marker(marker).evaluate(environment):
            kept.append(f"{pin} \\\n{hashes}")
    return "\n".join(kept) + "\n"


def unpacked(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what a wheel installs beside its modules, tests, headers and stubs left out."""
    with zipfile.ZipFile(wheel) as file:
        for name in file.namelist():
            root, _, rest = name.partition("/")
            path = rest.partition("/")[2] if root.endswith(".data") else name
            foreign = root.endswith(".data") and rest.partition("/")[0] not in {"purelib", "platlib"}
            if path and not name.endswith("/") and not foreign and (not _LEFT_OUT.search(path) or _NEEDED.match(path)):
                yield path, file.read(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
