"""A resolver as its clients see it: RA, a cache with TTLs that fall between refreshes, and a policy of its own.

The cache is the client's view of RFC 1034 5.3.3; how a resolver walks the tree is not played: it looks into it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from demo.worlds import space
from demo.worlds.behaviour import Look, Moment
from demo.worlds.wire import Record, Reply, address_bytes
from demo.worlds.zones import NXDOMAIN, SERVFAIL, records, soa_record
from tipd.model.dns import CNAME, A, text_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.worlds.zones import Tree

BLOCKED = 15  # the extended error "Blocked" (RFC 8914, 4.16)
MOST_ALIASES = 8
MOST_CACHED = 100_000


class Recursive:
    """One resolver in one region; `blocks` maps names to `ede` (NXDOMAIN, saying so) or `garden` (leads elsewhere)."""

    def __init__(self, tree: Tree, region: str, *, seed: str = "0", blocks: Mapping[str, str] | None = None) -> None:
        """Begin with nothing cached."""
        self._tree, self._region, self._seed = tree, region, seed
        self.blocks = dict(blocks or {})
        self._cache: dict[tuple[str, int], tuple[float, Look]] = {}

    def answer(self, name: str, rtype: int, now: float) -> Reply:
        """Return what it says at this time (seconds since the world began)."""
        if (policy := self.blocks.get(name)) is not None:
            return _by_policy(policy, name, rtype)
        answer: tuple[Record, ...] = ()
        for _ in range(MOST_ALIASES):
            look = self._look(name, rtype, now)
            if look.fails:
                return Reply(SERVFAIL)
            answer += records(name, look)
            if look.rtype != CNAME or rtype == CNAME:
                return self._ended(name, look, answer, now)
            name = text_name(look.rdatas[0])
        return Reply(SERVFAIL)

    def _ended(self, name: str, look: Look, answer: tuple[Record, ...], now: float) -> Reply:
        if look.rdatas:
            return Reply(0, answer)
        soa = soa_record(self._tree.chain(name)[0], self._moment(now), look.ttl)
        return Reply(0 if look.exists else NXDOMAIN, answer, (soa,))

    def _look(self, name: str, rtype: int, now: float) -> Look:
        expires, look = self._cache.get((name, rtype), (-math.inf, Look()))
        if now >= expires:
            look = self._tree.look(name, rtype, self._moment(now))
            expires = now + look.ttl
            if len(self._cache) >= MOST_CACHED:
                self._cache.clear()
            if not look.fails:
                self._cache[name, rtype] = expires, look
        return look._replace(ttl=math.ceil(expires - now))

    def _moment(self, now: float) -> Moment:
        return Moment(now, self._region, self._seed)


def _by_policy(policy: str, name: str, rtype: int) -> Reply:
    if policy == "ede":
        return Reply(NXDOMAIN, ede=BLOCKED, ede_text="on a list")
    return Reply(0, (Record(name, A, 5, address_bytes(space.GARDEN)),) if rtype == A else ())
