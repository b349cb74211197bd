"""A small tree of zones on loopback, from a root down, and a resolver that walks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio

from support.dns.responder import Responder, Script, responders
from support.dns.zones import Zone, authority
from tipd.net.resolver.resolver import Resolver
from tipd.net.settings import NetSettings

ROOT_AT, ORG_AT, EXAMPLE_AT, OTHER_AT, NET_AT = (f"127.0.0.{last}" for last in (1, 2, 3, 4, 5))

ROOT = Zone(
    "",
    [
        "org 3600 NS ns.org-servers.org",
        f"ns.org-servers.org A {ORG_AT}",
        "net 3600 NS ns.net-servers.net",
        f"ns.net-servers.net A {NET_AT}",
    ],
)
ORG = Zone(
    "org",
    [
        "org NS ns.org-servers.org",
        f"ns.org-servers.org A {ORG_AT}",
        "example.org 3600 NS ns1.example.org",
        f"ns1.example.org A {EXAMPLE_AT}",
        "glueless.org NS ns.hosting.net",
    ],
)
EXAMPLE = Zone(
    "example.org",
    [
        "example.org NS ns1.example.org",
        f"ns1.example.org A {EXAMPLE_AT}",
        "www.example.org 300 A 192.0.2.1",
        "www.example.org 300 A 192.0.2.2",
        "www.example.org AAAA 2001:db8::1",
        "alias.example.org 30 CNAME www.example.org",
        "away.example.org 45 CNAME www.hosting.net",
        "gone.example.org CNAME nothing.hosting.net",
        "example.org MX 10 mail.example.org",
    ],
)
NET = Zone("net", ["net NS ns.net-servers.net", "hosting.net NS ns.hosting.net", f"ns.hosting.net A {OTHER_AT}"])
HOSTING = Zone(
    "hosting.net",
    ["hosting.net NS ns.hosting.net", f"ns.hosting.net A {OTHER_AT}", "www.hosting.net 600 A 198.51.100.7"],
)
GLUELESS = Zone("glueless.org", ["glueless.org NS ns.hosting.net", "www.glueless.org A 203.0.113.5"])

WORLD: dict[str, Script] = {
    ROOT_AT: authority(ROOT),
    ORG_AT: authority(ORG),
    EXAMPLE_AT: authority(EXAMPLE),
    OTHER_AT: authority(HOSTING, GLUELESS),
    NET_AT: authority(NET),
}


@asynccontextmanager
async def walking(port: int, **settings: Any) -> AsyncIterator[Resolver]:
    """Run a resolver that begins at the root on loopback; `settings` of `[net]` beside it."""
    given: dict[str, Any] = {"allow_networks": ("127.0.0.0/8",), "root_servers": (ROOT_AT,), "authority_port": port}
    resolver = Resolver(NetSettings(**(given | settings)))
    async with trio.open_nursery() as nursery:
        await nursery.start(resolver.run)
        yield resolver
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def world(
    changed: dict[str, Script] | None = None, **settings: Any
) -> AsyncIterator[tuple[Resolver, dict[str, Responder]]]:
    """Serve the tree, with other scripts at some addresses; yield a resolver and the servers by address."""
    async with responders(WORLD | (changed or {})) as found, walking(found[0].port, **settings) as resolver:
        yield resolver, {one.address: one for one in found}


def questions(servers: Sequence[Responder]) -> int:
    """Return how many questions they were asked in all."""
    return sum(len(each.asked) for each in servers)
