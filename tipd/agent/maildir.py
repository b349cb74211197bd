"""Maildirs as they lie: which folders there are, and how a mail is opened without being led elsewhere.

The folders belong to whoever gets the mail, so they are hostile: a link, a pipe or a device may stand where a mail
should. Nothing is renamed, moved or written here, and `tmp` is never touched (maildir(5); Maildir++ keeps further
folders beside, `.Name/new` and `.Name/cur`).
"""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.agent.compressed import CompressedError, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tipd.agent.settings import MaildirSettings

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
_MOMENT = re.compile(rb"\A(\d{9,10})\.")
_FIRST, _LAST = 315_532_800, 4_102_444_800  # 1980 and 2100
MOST_FOLDERS = 10_000  # of one maildir


class RefusedMail(Exception):
    """What stands there is no mail; the text says what."""


@dataclass(frozen=True)
class Box:
    """One maildir or mbox file and what the configuration says of it."""

    path: Path
    settings: MaildirSettings
    mbox: bool = False

    def folders(self) -> Iterator[bytes]:
        """Yield the folders of a maildir that hold mails, those of Maildir++ too; links are not followed.

        One that may not be entered is yielded too: listing it says so. Raises OSError.
        """
        root = os.fsencode(self.path)
        yield from _halves(root)
        with os.scandir(root) as entries:
            inner = [entry.name for entry in entries if _is_inner(entry)]
        for name in sorted(inner)[:MOST_FOLDERS]:
            yield from _halves(root + b"/" + name)


def _is_inner(entry: os.DirEntry[bytes]) -> bool:
    return entry.name.startswith(b".") and entry.name not in {b".", b".."} and entry.is_dir(follow_symlinks=False)


def _halves(folder: bytes) -> Iterator[bytes]:
    for half in (b"new", b"cur"):
        path = folder + b"/" + half
        try:
            if stat.S_ISDIR(os.lstat(path).st_mode):
                yield path
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            yield path


def boxes(settings: Iterable[MaildirSettings]) -> tuple[list[Box], list[str]]:
    """Return what the paths and globs lead to now, each once, and what is wrong with those that lead nowhere.

    A link is followed where its path is written out, not where a glob finds it: that one anybody may have put there.
    """
    found: dict[Path, Box] = {}
    faults: list[str] = []
    for each in settings:
        wild = glob.has_magic(each.path)
        paths = [Path(name) for name in sorted(glob.glob(each.path))] if wild else [Path(each.path)]  # noqa: PTH207
        if not paths:
            faults.append(f"{each.path}: there is none")
        for path in paths:
            try:
                box = _box(path, each, wild=wild)
            except (OSError, RefusedMail) as error:
                faults.append(f"{path}: {getattr(error, 'strerror', None) or error}")
            else:
                found.setdefault(path, box)
    return list(found.values()), faults


def _box(path: Path, settings: MaildirSettings, *, wild: bool) -> Box:
    mode = (path.lstat() if wild else path.stat()).st_mode
    if stat.S_ISREG(mode):
        return Box(path, settings, mbox=True)
    if not stat.S_ISDIR(mode):
        raise RefusedMail("is neither a folder nor a file")
    if not any(_halves(os.fsencode(path))):
        raise RefusedMail("holds neither new nor cur")
    return Box(path, settings)


def unique(name: bytes) -> bytes:
    """Return the part of a name that stays when a mail is moved or flagged: what stands before `:`."""
    return name.partition(b":")[0]


def moment(name: bytes, modified: float) -> float:
    """Return when a mail was delivered (seconds since 1970): by its name, else when its file was last written."""
    match = _MOMENT.match(name)
    told = int(match[1]) if match else 0
    return float(told) if _FIRST <= told <= _LAST else modified


def open_folder(folder: bytes) -> int:
    """Open `new` or `cur` without following a link; raises OSError."""
    return os.open(folder, _FOLDER)


def open_mail(folder: int | None, name: bytes) -> int:
    """Open a mail for reading; raises RefusedMail for what is no file, OSError where it cannot be opened."""
    try:
        try:
            descriptor = os.open(name, _FLAGS | os.O_NOATIME, dir_fd=folder)
        except PermissionError:  # only its owner may leave the time of access alone
            descriptor = os.open(name, _FLAGS, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK}:
            raise RefusedMail("a link") from None
        if error.errno in {errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP}:
            raise RefusedMail("a socket or device") from None
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise RefusedMail(next((word for test, word in _KINDS if test(mode)), "a device"))
    return descriptor


def find(folder: bytes, name: bytes) -> tuple[bytes, bytes] | None:
    """Return where a mail lies now, moved to `cur` or flagged as it may be since; None where it is gone."""
    wanted = unique(name)
    root = folder.rpartition(b"/")[0]
    for half in (folder, root + b"/new", root + b"/cur"):
        try:
            with os.scandir(half) as entries:
                for entry in entries:
                    if entry.name == name or unique(entry.name) == wanted:
                        return half, entry.name
        except OSError:
            continue
    return None


def fetch(path: bytes, name: bytes, most: int) -> bytes:
    """Return a mail's bytes, unpacked; raises RefusedMail, CompressedError (also beyond `most` bytes) and OSError."""
    folder = open_folder(path)
    try:
        descriptor = open_mail(folder, name)
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "rb") as file:
        whole = bytearray()
        for piece in pieces(file, most):
            whole += piece
            if len(whole) > most:
                raise CompressedError(f"it is longer than {most} bytes")
    return bytes(whole)


def cut_out(path: bytes, place: int, length: int) -> bytes:
    """Return some bytes of an mbox file; raises RefusedMail and OSError."""
    with os.fdopen(open_mail(None, path), "rb") as file:
        file.seek(place)
        return file.read(length)
