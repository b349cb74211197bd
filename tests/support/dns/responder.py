"""Servers on loopback, UDP and TCP on one port, that do what a script says."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import trio

from support.dns.wire import Asked

MOST_BUFFER = 4 * 2**20  # bytes: ten thousand forgeries at once are not to be lost on the way


@dataclass(frozen=True)
class Say:
    """Send this, `after` seconds."""

    wire: bytes
    after: float = 0.0


@dataclass(frozen=True)
class Forge:
    """Send this over UDP from another port of the same address."""

    wire: bytes


@dataclass(frozen=True)
class Trickle:
    """Send this over TCP in pieces of `step` bytes, with a pause between them; then hold the connection."""

    wire: bytes
    step: int = 1
    pause: float = 0.05


@dataclass(frozen=True)
class Raw:
    """Send these bytes over TCP as they are, length and all."""

    wire: bytes


@dataclass(frozen=True)
class Close:
    """Close the connection."""


type Act = Say | Forge | Trickle | Raw | Close
type Script = Callable[[Asked], Iterable[Act] | bytes | None]


@dataclass
class Responder:
    """One server; `asked` is all it was asked."""

    address: str
    port: int
    script: Script
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    @property
    def text(self) -> str:
        return f"{self.address}:{self.port}" if ":" not in self.address else f"[{self.address}]:{self.port}"

    def acts(self, asked: Asked) -> Iterable[Act]:
        self.asked.append(asked)
        told = self.script(asked)
        return () if told is None else (Say(told),) if isinstance(told, bytes) else told


class _Ports:
    """The sockets of one server: what it listens on, and one of another port to forge from."""

    def __init__(self, udp: trio.socket.SocketType, tcp: trio.SocketListener, other: trio.socket.SocketType) -> None:
        self.udp, self.tcp, self.other = udp, tcp, other


@asynccontextmanager
async def responder(script: Script, address: str = "127.0.0.1") -> AsyncIterator[Responder]:
    """Answer by the script on a free port of the address."""
    async with responders({address: script}) as (one,):
        yield one


@asynccontextmanager
async def responders(scripts: dict[str, Script]) -> AsyncIterator[Sequence[Responder]]:
    """Answer by one script for each address (of 127.0.0.0/8 or ::1), all on one and the same port."""
    async with AsyncExitStack() as stack:
        port, bound = await _bound(list(scripts), stack)
        found = [Responder(address, port, script) for address, script in scripts.items()]
        async with trio.open_nursery() as nursery:
            for one, ports in zip(found, bound, strict=True):
                nursery.start_soon(_over_udp, one, ports, nursery)
                nursery.start_soon(_accept, one, ports.tcp, nursery)
            yield found
            nursery.cancel_scope.cancel()


async def _bound(addresses: list[str], stack: AsyncExitStack) -> tuple[int, list[_Ports]]:
    for _attempt in range(50):
        async with AsyncExitStack() as trial:
            try:
                port, bound = 0, []
                for address in addresses:
                    ports = await _ports(address, port, trial)
                    port = ports.udp.getsockname()[1]
                    bound.append(ports)
            except OSError:  # another program has this port on one of them
                continue
            stack.push_async_exit(trial.pop_all().__aexit__)
            return port, bound
    raise OSError("no port is free on all addresses")


async def _ports(address: str, port: int, stack: AsyncExitStack) -> _Ports:
    family = trio.socket.AF_INET6 if ":" in address else trio.socket.AF_INET
    udp, other, tcp = (
        stack.enter_context(trio.socket.socket(family, kind))
        for kind in (trio.socket.SOCK_DGRAM, trio.socket.SOCK_DGRAM, trio.socket.SOCK_STREAM)
    )
    for sock in (udp, other):
        sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, MOST_BUFFER)
    await udp.bind((address, port))
    await other.bind((address, 0))
    await tcp.bind((address, udp.getsockname()[1]))
    tcp.listen(64)
    return _Ports(udp, trio.SocketListener(tcp), other)


async def _over_udp(one: Responder, ports: _Ports, nursery: trio.Nursery) -> None:
    while True:
        wire, peer = await ports.udp.recvfrom(65535)
        acts = one.acts(Asked(wire, False, peer[:2], (one.address, one.port)))
        if isinstance(acts, tuple) and len(acts) == 1 and isinstance(acts[0], Say) and not acts[0].after:
            await ports.udp.sendto(acts[0].wire, peer)
        else:
            nursery.start_soon(_say_udp, acts, ports, peer)


async def _say_udp(acts: Iterable[Act], ports: _Ports, peer: tuple[str, int]) -> None:
    for act in acts:
        if isinstance(act, Say):
            await trio.sleep(act.after)
            await ports.udp.sendto(act.wire, peer)
        elif isinstance(act, Forge):
            try:
                await ports.other.sendto(act.wire, peer)
            except ConnectionRefusedError:  # of an earlier one: the socket asked from is closed to others
                continue


async def _accept(one: Responder, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
    while True:
        stream = await listener.accept()
        one.connections += 1
        nursery.start_soon(_over_tcp, one, stream)


async def _over_tcp(one: Responder, stream: trio.SocketStream) -> None:
    peer = stream.socket.getpeername()[:2]
    async with stream:
        try:
            while wire := await _message(stream):
                for act in one.acts(Asked(wire, True, peer, (one.address, one.port))):
                    if isinstance(act, Close):
                        return
                    await _say_tcp(act, stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError, EOFError):
            return


async def _say_tcp(act: Act, stream: trio.SocketStream) -> None:
    if isinstance(act, Say):
        await trio.sleep(act.after)
        await stream.send_all(struct.pack("!H", len(act.wire)) + act.wire)
    elif isinstance(act, Raw):
        await stream.send_all(act.wire)
    elif isinstance(act, Trickle):
        whole = struct.pack("!H", len(act.wire)) + act.wire
        for at in range(0, len(whole), act.step):
            await stream.send_all(whole[at : at + act.step])
            await trio.sleep(act.pause)


async def _message(stream: trio.SocketStream) -> bytes:
    """Return the next message; empty at the end."""
    head = await _exactly(stream, 2)
    return await _exactly(stream, int.from_bytes(head)) if head else b""


async def _exactly(stream: trio.SocketStream, length: int) -> bytes:
    got = bytearray()
    while len(got) < length:
        piece = await stream.receive_some(length - len(got))
        if not piece:
            return b""
        got += piece
    return bytes(got)
