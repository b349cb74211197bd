"""A resolver that asks servers on loopback, and what tests ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import trio

from support.dns.responder import Responder, Script, responder
from support.dns.wire import QUESTION, Asked, a, reply
from tipd.model.dns import A, Answer, wire_name
from tipd.net.resolver.pending import Full
from tipd.net.resolver.resolver import Resolver
from tipd.net.settings import NetSettings

TRUE = "192.0.2.1"
FALSE = "203.0.113.66"
NAME = "www.example.org"


@asynccontextmanager
async def resolving(*servers: Responder, **settings: Any) -> AsyncIterator[Resolver]:
    resolver = Resolver(NetSettings(resolvers=tuple(each.text for each in servers), **settings))
    async with trio.open_nursery() as nursery:
        await nursery.start(resolver.run)
        yield resolver
        nursery.cancel_scope.cancel()


async def told(script: Script, rtype: int = A, name: str = NAME, **more: Any) -> Answer:
    """Return what a resolver makes of a server that follows this script."""
    async with responder(script) as server, resolving(server) as resolver:
        return await resolver.query(name, rtype, **more)


def addresses(answer: Answer) -> list[str]:
    return [str(ip_address(answer.rdata[at : at + 4])) for at in range(0, len(answer.rdata), 4)]


def truth(asked: Asked) -> bytes:
    return reply(asked, a(QUESTION, TRUE))


async def all_of(resolver: Resolver, names: list[str]) -> list[Answer]:
    """Ask for all the names at once, as the tracker does; each must be told of exactly once."""
    told_of: dict[int, Answer] = {}
    ended = trio.Event()

    def done(token: int, answer: Answer) -> None:
        assert token not in told_of
        told_of[token] = answer
        if len(told_of) == len(names):
            ended.set()

    for token, name in enumerate(names):
        while True:
            try:
                resolver.submit(wire_name(name), A, token, done)
                break
            except Full:
                await resolver.wait_room()
    await ended.wait()
    return [told_of[token] for token in range(len(names))]
