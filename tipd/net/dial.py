"""A connection to one place that the operator named: guarded, by the proxy where there is one, under TLS where it asks.

Error handling: FetchError `unreachable`. Resource handling: who gets the stream closes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.model.proxy import proxy_address
from tipd.net import transport
from tipd.net.guard import Guard
from tipd.net.request import FetchError
from tipd.net.resolve import ResolveError, literal

if TYPE_CHECKING:
    from tipd.net.hop import Place
    from tipd.net.tls import Files
    from tipd.net.trip import Tools


async def connect(
    tools: Tools, place: Place, files: Files = (None, None, None), allow_networks: tuple[str, ...] = ()
) -> transport.Dialled:
    """Return an open stream; `files`: the authority, our certificate and its key. Raises FetchError."""
    limits = tools.limits
    if tools.proxy:
        host, port = proxy_address(tools.proxy)
        addresses = await resolved(tools, host)
        dialled = await transport.race(addresses[: transport.MAX_TRIED], port, Guard(addresses), limits.connect)
    else:
        guard = tools.guard.also(allow_networks)
        allowed = transport.vetted(await resolved(tools, place.host), guard)
        dialled = await transport.race(allowed, place.port, guard, limits.connect)
    if not place.secure:
        return dialled
    try:
        context = await tools.contexts.get((files[0] or tools.ca_file, *files[1:]))
        with trio.move_on_after(limits.connect):
            if tools.proxy:
                await transport.tunnel(dialled.stream, place.host, place.port)
            return transport.Dialled(await transport.secure(dialled.stream, place.host, context), dialled.address)
        raise FetchError("unreachable", f"timeout: no TLS with {place.host} within {limits.connect:g} s")
    except BaseException:
        await trio.aclose_forcefully(dialled.stream)
        raise


async def resolved(tools: Tools, host: str) -> list[str]:
    """Return the host's addresses; raises FetchError."""
    address = literal(host)
    if address is not None:
        return [address]
    try:
        return await tools.resolver.resolve(host)
    except ResolveError as error:
        raise FetchError("unreachable", f"DNS: {error}") from None
