"""Whom to believe at the first contact, and after files were lost: a chain is walked before a record of it is taken.

Who signs version 1 says little: whoever forges a chain signs it too, and may name any key as the next. A chain is
believed as far back as hashes reach from a manifest that a trusted key signed, or from the one the cursor stands on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from tipd.modules.spamtrap.agents.verifying import Course, Refusal, follow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tipd.modules.spamtrap.agents.origin import Origin


@dataclass(frozen=True, slots=True)
class Wanted:
    """What makes a chain believed: a manifest signed by one of `keys` (base64), or version `number` with `digest`."""

    keys: frozenset[str] = frozenset()
    number: int = 0
    digest: str = ""

    @property
    def anything(self) -> bool:
        """Whether nothing is known yet: the first contact."""
        return not self.keys and not self.number


async def anchored(origin: Origin, course: Course, wanted: Wanted, now: Callable[[], datetime]) -> dict[int, str]:
    """Return the digests of the versions behind `course` up to the one that makes the chain believed.

    Raises Refusal where there is none, AwayError where the origin cannot be asked.
    """
    found: dict[int, str] = {}
    while True:
        listing = await origin.listing(course.number)
        for data in listing.manifests:
            version, course = await trio.to_thread.run_sync(follow, course, data, now())
            found[version.n] = version.digest
            if version.n == wanted.number and version.digest != wanted.digest:
                text = f"version {version.n} is not the one that was taken: its history was rewritten"
                raise Refusal("rewritten", text, version.n)
            if version.n == wanted.number or version.manifest.key in wanted.keys:
                return found
        if not listing.manifests or course.number >= listing.last:
            break
    if wanted.number:
        raise Refusal("rewritten", f"its last version is {course.number}, and {wanted.number} was taken already")
    key = course.key or "nobody"
    raise Refusal("key", f"nothing is signed with the key that was given for it; {key!r} signs now", course.number)


def expected(found: dict[int, str], n: int, digest: str) -> None:
    """Raise Refusal where a version that was walked over is another one now."""
    if found.get(n, digest) != digest:
        raise Refusal("fork", f"version {n} is another one than when it was asked for before", n)
