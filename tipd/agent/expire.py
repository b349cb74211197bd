"""`expire`: mails of a maildir that stand in a sealed version, and are old enough, are removed from it.

The one thing the agent ever does to a maildir, and only where it is told to. A mail none of whose lines waits any more
is removed by its unique name, wherever in the maildir it was moved to; one that is gone already is no defect.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tipd.agent import maildir
from tipd.agent.taking import bytes_of
from tipd.config import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.agent.ledger import Ledger, Lying
    from tipd.agent.maildir import Box

TOGETHER = 500
_SOUGHT = 20_000  # mails that were moved since, for which each folder is listed once
_SWEPT = 5000


class Expired(NamedTuple):
    """How many were removed, how many were gone by themselves, and what stood in the way of the rest."""

    removed: int
    gone: int
    fault: str = ""


def expire(box: Box, ledger: Ledger, now: float) -> Expired:
    """Remove what is due of one maildir; `now`: seconds since 1970. Raises sqlite3.Error."""
    if not box.settings.expire or box.mbox:
        return Expired(0, 0)
    before = now - duration(box.settings.expire).total_seconds()
    total, after = Expired(0, 0), None
    moved: list[Lying] = []
    while mails := ledger.old(bytes_of(box), before, after, TOGETHER):
        after = mails[-1]
        total = _add(total, _remove_all(mails, moved.append, ledger, now))
        if len(moved) >= _SOUGHT:
            total = _add(total, _seek(moved, ledger, now))
            moved = []
    return _add(total, _seek(moved, ledger, now))


def _add(one: Expired, other: Expired) -> Expired:
    return Expired(one.removed + other.removed, one.gone + other.gone, one.fault or other.fault)


def _remove_all(mails: list[Lying], missed: Callable[[Lying], None], ledger: Ledger, now: float) -> Expired:
    """Remove mails that lie under their plain names where they were read; tell which do not."""
    done, fault = list[int](), ""
    for mail in mails:
        try:
            if _remove(mail.folder, mail.name):
                done.append(mail.id)
            else:
                missed(mail)
        except OSError as error:
            fault = error.strerror or str(error)
    ledger.gone(done, now)
    return Expired(len(done), 0, fault)


def _seek(mails: list[Lying], ledger: Ledger, now: float) -> Expired:
    """Remove mails that were moved or flagged since: their folders are listed."""
    places = _places(mails)
    done, removed, fault = list[int](), 0, ""
    for mail in mails:
        try:
            removed += sum(_remove(*place) for place in places.get(mail.name, ())) > 0
            done.append(mail.id)
        except OSError as error:
            fault = error.strerror or str(error)
    for begun in range(0, len(done), TOGETHER):
        ledger.gone(done[begun : begun + TOGETHER], now)
    return Expired(removed, len(done) - removed, fault)


def sweep(box: Box, ledger: Ledger, now: float) -> int:
    """Note which mails of a maildir went away by themselves; return how many. Raises OSError, sqlite3.Error."""
    if box.mbox:
        return 0
    there = set[int]()
    for folder in box.folders():
        there.update(hash(maildir.unique(name)) for name in os.listdir(folder))  # noqa: PTH208 - bytes
    count, after = 0, b""
    while mails := ledger.lying_in(bytes_of(box), after, _SWEPT):
        after = mails[-1][1]
        gone = [mail for mail, name in mails if hash(name) not in there]
        ledger.gone(gone, now)
        count += len(gone)
    return count


def _places(mails: list[Lying]) -> dict[bytes, list[tuple[bytes, bytes]]]:
    """Return where some mails lie now, in the `new` and `cur` they were read from: unique name to folders and names."""
    found: dict[bytes, list[tuple[bytes, bytes]]] = {mail.name: [] for mail in mails}
    for folder in sorted({mail.folder[:-3] + half for mail in mails for half in (b"new", b"cur")}):
        try:
            with os.scandir(folder) as entries:  # there may be millions: no list of them
                for entry in entries:
                    if (places := found.get(maildir.unique(entry.name))) is not None:
                        places.append((folder, entry.name))
        except OSError:
            continue
    return found


def _remove(path: bytes, name: bytes) -> bool:
    """Remove one mail; return whether it was there, and was one. Raises OSError."""
    try:
        folder = maildir.open_folder(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        os.close(maildir.open_mail(folder, name))  # a file, and no link
        os.unlink(name, dir_fd=folder)
    except (FileNotFoundError, maildir.RefusedMail):
        return False
    finally:
        os.close(folder)
    return True
