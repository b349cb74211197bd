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
    from tipd.agent.ledger import Ledger, Lying
    from tipd.agent.maildir import Box

TOGETHER = 500
_SWEPT = 5000


class Expired(NamedTuple):
    """How many were removed, how many were gone by themselves, and what stood in the way of the rest."""

    removed: int
    gone: int
    fault: str = ""


def expire(box: Box, ledger: Ledger, now: float) -> Expired:
    """Remove what is due of one maildir; `now`: seconds since 1970. Raises sqlite3.Error."""
    removed = gone = after = 0
    fault = ""
    if not box.settings.expire or box.mbox:
        return Expired(0, 0)
    before = now - duration(box.settings.expire).total_seconds()
    while mails := ledger.old(bytes_of(box), before, after, TOGETHER):
        after = mails[-1].id
        done: list[int] = []
        names = _names({mail.folder for mail in mails})
        for mail in mails:
            try:
                removed += (went := _remove(mail, names))
                gone += not went
                done.append(mail.id)
            except OSError as error:
                fault = error.strerror or str(error)
        ledger.gone(done, now)
    return Expired(removed, gone, fault)


def sweep(box: Box, ledger: Ledger, now: float) -> int:
    """Note which mails of a maildir went away by themselves; return how many. Raises OSError, sqlite3.Error."""
    if box.mbox:
        return 0
    there = set[int]()
    for folder in box.folders():
        there.update(hash(maildir.unique(name)) for name in os.listdir(folder))  # noqa: PTH208 - bytes
    count = after = 0
    while mails := ledger.lying_in(bytes_of(box), after, _SWEPT):
        after = mails[-1][0]
        gone = [mail for mail, name in mails if hash(name) not in there]
        ledger.gone(gone, now)
        count += len(gone)
    return count


def _names(folders: set[bytes]) -> dict[bytes, list[tuple[bytes, bytes]]]:
    """Return where the mails of some folders, and of `new` and `cur` beside them, lie now: unique name to places."""
    found: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for folder in {root + half for each in folders for half in (b"new", b"cur") for root in (each[:-3],)}:
        try:
            names = os.listdir(folder)  # noqa: PTH208 - bytes
        except OSError:
            continue
        for name in names:
            found.setdefault(maildir.unique(name), []).append((folder, name))
    return found


def _remove(mail: Lying, names: dict[bytes, list[tuple[bytes, bytes]]]) -> bool:
    """Remove one mail; return whether it was there. Raises OSError."""
    went = False
    for path, name in names.get(mail.name, ()):
        folder = maildir.open_folder(path)
        try:
            os.close(maildir.open_mail(folder, name))  # a file, and no link
            os.unlink(name, dir_fd=folder)
            went = True
        except (FileNotFoundError, maildir.RefusedMail):
            continue
        finally:
            os.close(folder)
    return went
