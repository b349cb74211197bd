"""Addresses of name servers that came without glue, looked up on their own, for walks that wait for them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from tipd.model.dns import AAAA, A, Outcome
from tipd.net.resolver.bailiwick import within
from tipd.net.resolver.walk import MOST_DEPTH, MOST_LOOKUPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.model.dns import Answer
    from tipd.net.resolver.delegation import Delegation, Delegations, Hosts
    from tipd.net.resolver.walk import Walk

AT_ONCE = 2  # for one walk


class Lookups:
    """Begins walks for servers' names; `step` lets a walk go on."""

    def __init__(self, delegations: Delegations, hosts: Hosts, step: Callable[[Walk], None]) -> None:
        self._delegations, self._hosts, self._step = delegations, hosts, step
        self._waiting: dict[bytes, list[Walk]] = {}
        self.count = 0

    def begin(self, walk: Walk, zone: Delegation) -> bool:
        """Look up servers of the zone without glue; False where there are none (any more)."""
        if walk.waiting:
            return True
        hosts = [each.name for each in zone.servers if not each.addresses and self._may(walk, each.name, zone)]
        for host in hosts[: min(AT_ONCE, MOST_LOOKUPS - len(walk.looked_up))]:
            walk.looked_up.add(host)
            walk.waiting += 1
            if walk.depth:  # these never wait for each other, or they could do so in a circle
                self._ask(walk, host)
            elif (others := self._waiting.get(host)) is not None:
                others.append(walk)
            else:
                self._waiting[host] = [walk]
                self._ask(walk, host)
        return bool(walk.waiting) or not walk.live or walk.asking

    def _may(self, walk: Walk, host: bytes, zone: Delegation) -> bool:
        """A server inside the zone that it serves needs glue: nobody else could say where it is."""
        if host in walk.looked_up or host in walk.hosts or within(host, zone.zone) or walk.depth >= MOST_DEPTH:
            return False
        return self._hosts.get(host) is None

    def _ask(self, walk: Walk, host: bytes, rtype: int = A) -> None:
        self.count += 1
        child = walk.below(host, rtype, (walk, host, rtype), self._found)
        child.enter(self._delegations.deepest(host), from_cache=True)
        self._step(child)

    def _found(self, token: tuple[Walk, bytes, int], answer: Answer) -> None:
        """Take in what is known of a server's address, and let all go on that waited for it.

        What ended in trouble is not kept: it may have been the budget or the time of whoever asked that was over.
        """
        walk, host, rtype = token
        waiting = [walk] if walk.depth else self._waiting[host]
        if answer.outcome is Outcome.NODATA and rtype == A:
            heir = next((each for each in waiting if each.live), None)
            if heir is not None:
                self._ask(heir, host, AAAA)
                return
        elif answer.outcome in (Outcome.NOERROR, Outcome.NODATA, Outcome.NXDOMAIN):
            self._hosts.keep(host, _addresses(answer.rdata, rtype), answer.ttl)
        if not walk.depth:
            del self._waiting[host]
        for each in waiting:
            each.waiting -= 1
            self._step(each)


def _addresses(rdata: bytes, rtype: int) -> list[str]:
    width = 4 if rtype == A else 16
    return [str(ipaddress.ip_address(rdata[at : at + width])) for at in range(0, len(rdata), width)]
