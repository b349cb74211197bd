"""One question on its way down the tree of zones: what it has seen, and what it may still cost.

A walk is a record, not a task: it takes a step whenever an answer comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.model.dns import MOST_TTL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.model.dns import Answer
    from tipd.net.resolver.delegation import Delegation
    from tipd.net.resolver.servers import Server

MOST_QUESTIONS = 60  # for one name, all that is asked for its servers' names and all tries included
MOST_DEPTH = 3  # servers whose zone's servers are looked up to look up …
MOST_LOOKUPS = 4  # servers of one delegation that are looked up by name: what hostile delegations are multiplied by


class Budget:
    """What is left of the questions that one name may cost; shared with the walks for its servers' names."""

    __slots__ = ("left",)

    def __init__(self, left: int = MOST_QUESTIONS) -> None:
        self.left = left


class Walk:
    """`at`: the name asked for now, the question's own or the end of the chain so far; `hosts`: servers' names whose
    addresses are being looked up by walks above this one.
    """

    __slots__ = (
        "asked", "asking", "at", "budget", "chain", "deadline", "delegation", "depth", "done", "from_cache", "heads",
        "hosts", "live", "looked_up", "passed", "rtype", "token", "trouble", "ttl", "waiting", "was_held",
    )  # fmt: skip

    def __init__(
        self, name: bytes, rtype: int, token: Any, done: Callable[[Any, Answer], None], deadline: float
    ) -> None:
        self.at, self.rtype, self.token, self.done, self.deadline = name, rtype, token, done, deadline
        self.budget = Budget()
        self.depth = 0
        self.hosts: frozenset[bytes] = frozenset()
        self.chain: list[str] = []
        self.ttl = MOST_TTL
        self.delegation: Delegation | None = None
        self.from_cache = True
        self.asked: tuple[Server, ...] = ()  # those that are being asked, or were last
        self.asking = False
        self.passed: set[str] = set()  # servers of this delegation that need not be asked again
        self.looked_up: set[bytes] = set()  # names of its servers
        self.waiting = 0  # look-ups under way
        self.heads: bytes | None = None  # the registrable domain for which others wait
        self.was_held = False
        self.trouble: Answer | None = None
        self.live = True

    def below(self, host: bytes, rtype: int, token: Any, done: Callable[[Any, Answer], None]) -> Walk:
        """Return the walk to a server's address on behalf of this one."""
        child = Walk(host, rtype, token, done, self.deadline)
        child.budget = self.budget
        child.depth = self.depth + 1
        child.hosts = self.hosts | {host}
        return child

    def enter(self, delegation: Delegation, *, from_cache: bool) -> None:
        """Go on with the servers of this zone."""
        self.delegation, self.from_cache = delegation, from_cache
        self.passed = set()
        self.looked_up = set()
