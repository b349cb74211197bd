"""The first thing that runs of the one file: put what this Python needs into a cache folder, once, and go on there.

The folder is unpacked beside its place and renamed, so that it is whole or not there, whoever else starts at the same
time. It is trusted only where it belongs to whoever runs this and nobody else may write to it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import pwd
import shutil
import stat
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = 78
UNAVAILABLE = 69
OTHERS_WRITE = 0o022
ROOT = os.geteuid() == 0
UNUSED = 30 * 86400  # seconds after which what an older file unpacked is removed
HALF_DONE = 86400


def main() -> None:
    """Unpack where that is needed, and go on."""
    archive = Path(__file__).absolute().parent
    mask = os.umask(OTHERS_WRITE)
    with zipfile.ZipFile(archive) as file:
        about = json.loads(file.read("about.json"))
        name = f"cp{sys.version_info[0]}{sys.version_info[1]}-{platform.machine()}"
        if name not in about["sets"]:
            fail(UNAVAILABLE, f"this file was built for {', '.join(about['sets'])}, and this is {name}")
        if platform.libc_ver()[0] != "glibc":
            fail(UNAVAILABLE, "this file needs a system with glibc")
        wanted = json.loads(file.read(f"sets/{name}.json"))
        base = cache_folder()
        place = base / f"{about['build']}-{name}"
        if not whole(place, wanted):
            unpack(file, wanted, base, place)
    (place / ".used").touch()
    tidy(base, place)
    os.umask(mask)
    start(place)


def fail(code: int, message: str) -> NoReturn:
    """End with one sentence."""
    print(f"tipd-agent: {message}", file=sys.stderr)
    sys.exit(code)


def cache_folder() -> Path:
    """Return the first folder that is ours; the one that is named must be."""
    named = os.environ.get("TIPD_AGENT_CACHE")
    reasons = []
    for folder in [named] if named else candidates():
        path = Path(folder)
        try:
            path.mkdir(mode=0o755 if ROOT else 0o700, parents=True, exist_ok=True)
            reason = foreign(path) or ("" if os.access(path, os.W_OK) else "cannot be written")
        except OSError as error:
            reason = error.strerror or str(error)
        if not reason:
            return path
        reasons.append(f"{path}: {reason}")
    fail(CONFIG, "no folder to unpack into (TIPD_AGENT_CACHE names one): " + "; ".join(reasons))


def candidates() -> Iterator[str]:
    """Yield where it may be unpacked: systemd's folder, the user's cache, a folder of this user's below /var/tmp.

    As root never below its home: commands go on as the user whose the agent's state is, and must find their modules.
    """
    if os.environ.get("CACHE_DIRECTORY"):
        yield os.environ["CACHE_DIRECTORY"].split(":")[0]
    if os.environ.get("XDG_CACHE_HOME"):
        yield f"{os.environ['XDG_CACHE_HOME']}/tipd-agent"
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        home = ""
    if ROOT:
        yield "/var/cache/tipd-agent-0"
    elif home not in {"", "/"} and Path(home).is_dir():
        yield f"{home}/.cache/tipd-agent"
    yield f"/var/tmp/tipd-agent-{os.geteuid()}"


def foreign(path: Path) -> str:
    """Return why a folder is not to be trusted, nothing where it is ours alone."""
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        return "is no folder"
    if found.st_uid != os.geteuid():
        return f"belongs to user {found.st_uid}, not to {os.geteuid()}"
    return "others may write to it" if found.st_mode & OTHERS_WRITE else ""


def whole(place: Path, wanted: list[tuple[str, str, int]]) -> bool:
    """Whether all is there as it was packed: a cache may have been tidied up, or written just before a power cut."""
    try:
        if reason := foreign(place):
            fail(CONFIG, f"{place}: {reason}")
        there = all(os.lstat(place / path).st_size == size for path, _, size in wanted)
        return there and all(
            hashlib.sha256((place / path).read_bytes()).hexdigest() == digest for path, digest, _ in wanted
        )
    except OSError:
        return False


def unpack(file: zipfile.ZipFile, wanted: list[tuple[str, str, int]], base: Path, place: Path) -> None:
    """Put everything beside its place, each file as its hash says, and rename it there."""
    beside = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=base))
    try:
        for path, digest, _ in wanted:
            content = file.read(f"files/{digest}")
            if hashlib.sha256(content).hexdigest() != digest:
                fail(CONFIG, f"{file.filename}: {path} is damaged in it")
            target = beside / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if place.exists():  # incomplete
            place.rename(beside / ".before")
        beside.chmod(0o755)
        beside.rename(place)
    except OSError as error:
        if not whole(place, wanted):  # else somebody else was quicker
            fail(CONFIG, f"{place}: {error.strerror}")
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(place / ".before", ignore_errors=True)


def tidy(base: Path, place: Path) -> None:
    """Remove what older files unpacked and nobody has started for long, and what was left half done."""
    now = time.time()
    for other in base.iterdir():
        try:
            half = other.name.startswith(".unpacking-")
            used = other if half else other / ".used"
            if other != place and now - used.stat().st_mtime > (HALF_DONE if half else UNUSED):
                shutil.rmtree(other, ignore_errors=True)
        except OSError:
            continue


def start(place: Path) -> NoReturn:
    """Go on as the agent; nothing of the host's own packages, nor of the folder this was started in, is imported."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {"PYTHONPATH": str(place), "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1"}
    if "PYTHONUNBUFFERED" in os.environ:
        environment["PYTHONUNBUFFERED"] = os.environ["PYTHONUNBUFFERED"]
    words = [sys.executable, "-m", "tipd.agent", *sys.argv[1:]]
    os.execve(sys.executable, words, environment)


if __name__ == "__main__":
    main()
