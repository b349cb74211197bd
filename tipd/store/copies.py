"""Programs that the server's user cannot reach (an environment below `/root`): copy them to where it can."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.errors import Unavailable
from tipd.store.binaries import Installation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.store.account import Account

CACHE = Path("/var/cache/tipd")
_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "pgxs", "doc", "man", "__pycache__", "*.py")


def usable(found: Sequence[Installation], account: Account, beside: Path, cache: Path = CACHE) -> list[Installation]:
    """Return those that the account can run, each as it is or, of the `embedded` extra, as the copy it will have.

    `beside` is the folder next to the cluster, taken where the account can enter it, else `cache`.
    """
    targets = [folder for folder in (beside, cache) if _enterable(folder, account)]
    able: list[Installation] = []
    for one in found:
        if account.can_reach(one.folder / "postgres"):
            able.append(one)
        elif one.embedded and targets:
            able.append(Installation(_copied(one, targets[0]), one.version))
    return able


def explain(found: Sequence[Installation], account: Account) -> str:
    """Say in plain words why nothing that was found can be used."""
    folders = ", ".join(str(one.folder) for one in found)
    return f"user {account.name} cannot enter {folders}: install PostgreSQL where every user can run it"


def provide(wanted: Installation, found: Sequence[Installation]) -> None:
    """Make the copy that `usable` promised, if it is one and is not there yet; raises Unavailable."""
    if (wanted.folder / "postgres").is_file() or any(one.folder == wanted.folder for one in found):
        return
    source = next(one for one in found if one.embedded and one.version == wanted.version)
    try:
        _copy(source, wanted.folder)
    except OSError as error:
        raise Unavailable(f"cannot copy {source.folder} to {wanted.folder}: {error}") from None


def _enterable(folder: Path, account: Account) -> bool:
    """Say whether the account can enter it, or could once it is made."""
    standing = next(part for part in (folder, *folder.parents) if part.is_dir())
    return account.can_reach(standing)


def _copied(one: Installation, target: Path) -> Path:
    """Return where the copy's programs stand: the layout is kept, since they find their libraries by it."""
    package = one.folder.parent.parent
    name = f"programs-{one.version[0]}.{one.version[1]}"
    return target / name / package.name / one.folder.parent.name / "bin"


def _copy(source: Installation, folder: Path) -> None:
    """Copy the installation and the libraries beside its package, under a passing name, then rename."""
    package = source.folder.parent.parent
    target = folder.parent.parent.parent
    target.parent.mkdir(0o755, parents=True, exist_ok=True)
    making = target.with_name(f"{target.name}-{secrets.token_hex(4)}")
    making.mkdir(0o755)
    try:
        shutil.copytree(source.folder.parent, making / package.name / source.folder.parent.name, ignore=_NOT_NEEDED)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, making / libraries.name)
        for path in (making, *making.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        shutil.rmtree(target, ignore_errors=True)
        making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
