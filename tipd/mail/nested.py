"""What archives and messages inside a mail hold, listed to a depth; nothing is ever written, no name inside is used.

Caps come before work: names and headers are counted as they are read, and what is unpacked to look at it (to hash a
member, to tell its type, to list an archive inside) comes out of one budget for the whole mail. What is encrypted is
listed by its name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tipd.mail import defects
from tipd.mail.filetype import MESSAGE, real_type
from tipd.mail.record import Attachment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tipd.mail.limits import Limits


# Office documents are zips too, but what is inside them says nothing of the mail: they are not listed.
ZIPS = ("application/zip", "application/java-archive", "application/vnd.android.package-archive")


class BadArchive(Exception):
    """An archive that cannot be listed, or not to its end; the text says why."""


MOST_HEADERS = 10_000  # of one archive that are read, whatever they say
ARCHIVES = 5  # so many archives' worth of names are listed of one mail


class Budget:
    """What may still be unpacked (bytes) and listed (names) of one mail, and what was met on the way."""

    __slots__ = ("limits", "met", "names", "room")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.room = limits.unpacked
        self.names = ARCHIVES * limits.inside
        self.met: list[str] = []


@dataclass(frozen=True, slots=True)
class Member:
    """One entry: its name and unpacked size as the archive says; `open` unpacks at most so many bytes, None: cannot."""

    name: str
    size: int
    open: Callable[[int], bytes] | None = None


def inside(content: bytes, kind: str, budget: Budget, depth: int) -> tuple[tuple[Attachment, ...], bool]:
    """Return what a file of this media type holds, and whether more is inside than was listed."""
    lister = _listers().get(kind)
    if lister is None:
        return (), False
    if depth >= budget.limits.nested:
        return (), True
    found: list[Attachment] = []
    try:
        for member in lister(content):
            budget.names -= 1
            if len(found) >= budget.limits.inside or budget.names < 0:
                budget.met.append(defects.MANY_INSIDE)
                return tuple(found), True
            found.append(_looked_at(member, budget, depth + 1))
    except BadArchive:
        budget.met.append(defects.BAD_ARCHIVE)
        return tuple(found), True
    return tuple(found), False


def _looked_at(member: Member, budget: Budget, depth: int) -> Attachment:
    """Return a member, unpacked to be hashed where it fits what is left of the budget."""
    name = member.name[: budget.limits.field]
    if member.open is None or not budget.room or member.size > budget.room:
        return Attachment(name=name, size=member.size, cut=member.open is not None)
    try:
        content = member.open(budget.room + 1)
    except BadArchive:
        budget.met.append(defects.BAD_ARCHIVE)
        return Attachment(name=name, size=member.size, cut=True)
    if len(content) > budget.room:
        budget.room = 0
        budget.met.append(defects.MANY_INSIDE)
        return Attachment(name=name, size=member.size, cut=True)
    budget.room -= len(content)
    return attachment(name, "", content, budget, depth)


def attachment(name: str, declared: str, content: bytes, budget: Budget, depth: int) -> Attachment:
    """Return a file as a record holds it, with what is inside it."""
    real = real_type(content)
    within, cut = inside(content, real, budget, depth)
    return Attachment(
        name=name,
        declared=declared,
        real=real,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        inside=within,
        cut=cut,
    )


def sliced(content: bytes, begun: int, size: int) -> Callable[[int], bytes]:
    """Return what opens a member that lies in the archive as it is."""

    def opened(most: int) -> bytes:
        return content[begun : begun + min(size, most)]

    return opened


@cache
def _listers() -> dict[str, Callable[[bytes], Iterator[Member]]]:
    from tipd.mail import nested_7z, nested_message, nested_rar, nested_streams, nested_tar, nested_zip

    return {
        **dict.fromkeys(ZIPS, nested_zip.members),
        MESSAGE: nested_message.members,
        "application/x-tar": nested_tar.members,
        "application/gzip": nested_streams.in_gzip,
        "application/x-bzip2": nested_streams.in_bzip2,
        "application/x-xz": nested_streams.in_xz,
        "application/zstd": nested_streams.in_zstd,
        "application/x-7z-compressed": nested_7z.members,
        "application/vnd.rar": nested_rar.members,
    }
