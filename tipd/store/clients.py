"""PostgreSQL's client programs: `pg_dump` must not be older than the server it reads."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from tipd.errors import Unavailable
from tipd.store import binaries
from tipd.store.address import for_programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Target:
    """A database as programs are told of it: address, and the descriptors its socket's path leads through."""

    dsn: str
    descriptors: tuple[int, ...] = ()


def client(name: str, major: int, named: str = "", environ: Mapping[str, str] = os.environ) -> Path:
    """Return the program of exactly that major, else of the next newer one; raises Unavailable saying what to install.

    `named` is a folder to look into first. Blocks (runs `--version`).
    """
    fitting: dict[int, Path] = {}
    for path in _places(name, named, environ):
        found = _major(path)
        if found is not None and found >= major:
            fitting.setdefault(found, path)
    if not fitting:
        raise Unavailable(f"no {name} of PostgreSQL {major} or newer was found: install the client programs")
    return fitting[min(fitting)]


def _places(name: str, named: str, environ: Mapping[str, str]) -> Iterator[Path]:
    if named:
        yield Path(named) / name
    for installation in binaries.find(environ):
        yield installation.folder / name
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder.startswith("/"):
            yield Path(folder) / name


def _major(program: Path) -> int | None:
    try:
        said = subprocess.run(  # noqa: S603 - a program of the machine's own
            [program, "--version"], capture_output=True, text=True, check=False, timeout=10, env={"LC_ALL": "C"}
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(match[1]) if match else None


def options(target: Target, *, terminal: bool = False) -> dict[str, Any]:
    """Return what `subprocess` needs so that the program reaches the database; at a `terminal` in its language."""
    _, environ = for_programs(target.dsn)
    return {"pass_fds": target.descriptors, "env": environ if terminal else environ | {"LC_ALL": "C"}}


def address(target: Target) -> str:
    """Return the option that names the database."""
    return f"--dbname={for_programs(target.dsn)[0]}"


async def run(command: Sequence[str | Path], **options: Any) -> bytes:
    """Run the program to its end and return its output (empty where stdout leads elsewhere).

    Raises Unavailable with its last words.
    """
    options.setdefault("capture_stdout", "stdout" not in options)
    try:
        done = await trio.run_process(command, capture_stderr=True, check=False, **options)
    except OSError as error:
        raise Unavailable(f"cannot run {command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        said = (done.stderr or b"").decode(errors="replace").strip().splitlines()
        raise Unavailable(f"{Path(command[0]).name} failed: {' | '.join(said[-3:]) or done.returncode}")
    return done.stdout or b""
