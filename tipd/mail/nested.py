"""What archives and messages inside a mail hold, listed to a depth; nothing is ever written, no name inside is used.

Caps come before work: names are counted as they are read, and what is unpacked to look at it (to hash a member, to
tell its type, to list an archive inside) comes out of one budget for the whole mail. What is encrypted is listed by
its name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tipd.mail import defects
from tipd.mail.filetype import real_type
from tipd.mail.record import Attachment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tipd.mail.limits import Limits


class BadArchive(Exception):
    """An archive that cannot be listed, or not to its end; the text says why."""


@dataclass(slots=True)
class Budget:
    """What may still be unpacked of one mail, and what was met on the way."""

    limits: Limits
    room: int
    met: list[str] = field(default_factory=list)


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
            if len(found) >= budget.limits.inside:
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
    if member.open is None or member.size > budget.room:
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


def _listers() -> dict[str, Callable[[bytes], Iterator[Member]]]:
    from tipd.mail.nested_zip import members as in_zip

    return {"application/zip": in_zip}
