"""Credentials: files by name, shared by the sources that name them. The calls touch the disk."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.net.credential import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

GRANTED = "CREDENTIALS_DIRECTORY"  # systemd's LoadCredential= puts them there


def folder_of(credentials_dir: str, state_dir: Path) -> Path:
    """Return the folder of the files: the configured one, or the state folder's."""
    return Path(credentials_dir) if credentials_dir else state_dir / "credentials"


def credential_file(folder: Path, name: str) -> Path | None:
    """Return where a credential stands: in our folder, else where systemd put it; None where none is named."""
    if not name:
        return None
    own, granted = folder / name, os.environ.get(GRANTED)
    if granted and not own.exists() and (Path(granted) / name).exists():
        return Path(granted) / name
    return own


def secret_of(raw: bytes) -> str:
    """Return what somebody entered, without one line end. Raises ValueError for what could not be sent."""
    text = raw.decode("ascii", "replace").removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise ValueError("nothing was entered")
    if len(raw) > MAX_BYTES or not text.isascii() or not text.isprintable():
        raise ValueError("a credential is one line of printable ASCII")
    return text


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        owner = folder.parent.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)


def newer(folder: Path, names: Iterable[str], than: float) -> bool:
    """Return whether all of these files are there and one was written after that moment (seconds since 1970)."""
    try:
        times = [path.stat().st_mtime for name in names if (path := credential_file(folder, name))]
    except OSError:
        return False
    return bool(times) and max(times) > than


def write(folder: Path, name: str, secret: str) -> Path:
    """Write the file, mode 0600, at one stroke: a fetch sees the old one or the new one. Raises OSError."""
    _make(folder)
    handle, made = tempfile.mkstemp(prefix=f".{name}-", dir=folder)  # mode 0600
    try:
        if os.geteuid() == 0:  # entered by root for a daemon that runs as somebody else
            owner = folder.stat()
            os.fchown(handle, owner.st_uid, owner.st_gid)
        with os.fdopen(handle, "w") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(made).replace(folder / name)
    except BaseException:
        with suppress(OSError):
            Path(made).unlink()
        raise
    return folder / name
