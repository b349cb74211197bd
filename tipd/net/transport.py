"""Connects: addresses in a staggered race (RFC 8305), each vetted by the guard, then a proxy's tunnel, then TLS.

The address is looked at twice: before connecting, and as the socket's peer afterwards.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h11
import trio

from tipd.net.guard import Refused
from tipd.net.request import FetchError
from tipd.net.tls import explain

if TYPE_CHECKING:
    import ssl

    from tipd.net.guard import Guard

STAGGER = 0.25  # seconds before the next address is tried beside (RFC 8305, 5)
MAX_TRIED = 6
MAX_HEAD = 32 * 1024  # h11 parses a full head in one step of the loop
READ = 64 * 1024


@dataclass(frozen=True, slots=True)
class Dialled:
    """An open connection and the address it goes to."""

    stream: trio.abc.Stream
    address: str


def vetted(addresses: list[str], guard: Guard) -> list[str]:
    """Return the addresses that may be connected to, families in turn; raises FetchError where there is none."""
    allowed = [address for address in addresses if guard.reason(address) is None]
    if not allowed:
        why = f"{addresses[0]} is {guard.reason(addresses[0])}" if addresses else "there is no address"
        raise FetchError("unreachable", f"refused by the guard: {why}; allow_networks does not name it")
    return _interleaved(allowed)[:MAX_TRIED]


def _interleaved(addresses: list[str]) -> list[str]:
    """Let the families take turns, beginning with that of the first address (RFC 8305, 4)."""
    first = [a for a in addresses if (":" in a) == (":" in addresses[0])]
    second = [a for a in addresses if (":" in a) != (":" in addresses[0])]
    longest = max(len(first), len(second))
    return [family[i] for i in range(longest) for family in (first, second) if i < len(family)]


async def race(addresses: list[str], port: int, guard: Guard, each: float) -> Dialled:
    """Return the first connection that comes about; `each` is in seconds; raises FetchError with every reason."""
    winner: Dialled | None = None
    faults: list[str] = []

    async def attempt(address: str, failed: trio.Event) -> None:
        nonlocal winner
        try:
            dialled = await _dial(address, port, guard, each)
        except (OSError, Refused, trio.TooSlowError) as error:
            faults.append(f"{address} port {port}: {_words(error, each)}")
            failed.set()
            return
        if winner is not None:  # both came about in one step of the loop
            await trio.aclose_forcefully(dialled.stream)
            return
        winner = dialled
        nursery.cancel_scope.cancel()

    try:
        async with trio.open_nursery() as nursery:
            for address in addresses:
                failed = trio.Event()
                nursery.start_soon(attempt, address, failed)
                with trio.move_on_after(STAGGER):
                    await failed.wait()
    except BaseException:
        if winner is not None:
            await trio.aclose_forcefully(winner.stream)
        raise
    if winner is None:
        raise FetchError("unreachable", "cannot connect: " + "; ".join(faults))
    return winner


async def _dial(address: str, port: int, guard: Guard, each: float) -> Dialled:
    guard.vet(address)
    family = trio.socket.AF_INET6 if ":" in address else trio.socket.AF_INET
    sock = trio.socket.socket(family, trio.socket.SOCK_STREAM)
    try:
        with trio.fail_after(each):
            await sock.connect((address, port))
        guard.vet(sock.getpeername()[0])
        return Dialled(trio.SocketStream(sock), address)
    except BaseException:
        sock.close()
        raise


def _words(error: BaseException, each: float) -> str:
    if isinstance(error, trio.TooSlowError):
        return f"no connection within {each:g} s"
    if isinstance(error, OSError) and error.errno:
        return "connection refused" if error.errno == errno.ECONNREFUSED else os.strerror(error.errno).lower()
    return str(error)


async def tunnel(stream: trio.abc.Stream, host: str, port: int, word: str | None = None) -> None:
    """Ask an HTTP proxy for a tunnel (RFC 9110, 9.3.6); `word` says who we are.

    Raises FetchError where it does not give one.
    """
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
    headers = [("Host", target), *([("Proxy-Authorization", word)] if word else [])]
    wire = connection.send(h11.Request(method="CONNECT", target=target, headers=headers)) or b""
    wire += connection.send(h11.EndOfMessage()) or b""
    try:
        await stream.send_all(wire)
        while True:
            answer = connection.next_event()
            if answer is h11.NEED_DATA:
                connection.receive_data(bytes(await stream.receive_some(READ)))
            elif isinstance(answer, h11.Response):
                break
            elif not isinstance(answer, h11.InformationalResponse):
                raise FetchError("unreachable", "the proxy closed the connection")
    except (h11.RemoteProtocolError, trio.BrokenResourceError):
        raise FetchError("unreachable", "the proxy does not speak HTTP") from None
    if answer.status_code == 407:
        raise FetchError("forbidden", "the proxy answered 407: it asks who we are (proxy_credential)", http_status=407)
    if not 200 <= answer.status_code < 300:
        raise FetchError("unreachable", f"the proxy answered {answer.status_code} and opens no tunnel")
    if connection.trailing_data[0]:
        raise FetchError("unreachable", "the proxy speaks before the tunnel is open")


async def secure(stream: trio.abc.Stream, host: str, context: ssl.SSLContext) -> trio.abc.Stream:
    """Return the stream under TLS, handshake done and certificate checked; raises FetchError."""
    # Not https_compatible: a body that only ends with the connection is whole only after a close_notify.
    secured = trio.SSLStream(stream, context, server_hostname=host)
    try:
        await secured.do_handshake()
    except trio.BrokenResourceError as error:
        raise FetchError("unreachable", explain(error, host)) from None
    return secured
