"""The sockets of the miniature Internet's DNS: resolvers with a port each, authoritative servers on one port.

UDP and TCP, on loopback addresses only. Every question is written down with its time, so that it can be said afterwards
who was asked what, and how often.
"""

from __future__ import annotations

import errno
import struct
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import trio

from demo.worlds import script
from demo.worlds.behaviour import Moment
from demo.worlds.recursive import Recursive
from demo.worlds.wire import Question, Reply, read_question, write_reply
from demo.worlds.zones import REFUSED, SERVFAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from demo.worlds.zones import Tree

AUTHORITY = "authority"  # the label of all authoritative servers in the log
HOST = "127.0.0.1"
PATIENCE = 10.0  # seconds an idle TCP connection lives
_TRIES = 20


type Mood = Literal["silent", "broken", "refusing"]


class Asked(NamedTuple):
    """A question that came: seconds since the world began, who was asked, and the least TTL that was answered.

    `server` is a resolver's name, or the loopback address of an authoritative server.
    """

    at: float
    server: str
    name: str
    rtype: int
    ttl: int
    tcp: bool = False


class Worlds:
    """All servers of the DNS; the world begins with the first question: whoever starts slowly sees all of it.

    `resolvers` maps each resolver's name, which is also its region, to what it blocks beside what the script says.
    """

    def __init__(
        self,
        *,
        seed: str = "0",
        tree: Tree | None = None,
        resolvers: Mapping[str, Mapping[str, str]] | None = None,
        clock: Callable[[], float] = trio.current_time,
        keep: int = 1_000_000,
    ) -> None:
        """Nothing listens yet; the last `keep` questions are kept."""
        self.tree = tree or script.tree()
        self.seed = seed
        blocked = {world.name: world.blocked for world in script.WORLDS if world.blocked}
        named = resolvers if resolvers is not None else {region: {} for region in script.REGIONS}
        self.resolvers = {
            name: Recursive(self.tree, name, seed=seed, blocks=blocked | dict(own)) for name, own in named.items()
        }
        self.ports: dict[str, int] = {}  # of each resolver, and of the authoritative servers
        self.asked: deque[Asked] = deque(maxlen=keep)
        self.moods: dict[str, Mood] = {}  # of who does not work for now, by name
        self._clock = clock
        self._began: float | None = None

    @property
    def now(self) -> float:
        """Seconds since the world began."""
        return 0.0 if self._began is None else self._clock() - self._began

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen, say so, serve until cancelled."""
        async with trio.open_nursery() as nursery:
            for name, resolver in self.resolvers.items():
                self.ports[name] = await _listen(nursery, (HOST,), partial(self._recursive, name, resolver))
            self.ports[AUTHORITY] = await _listen(nursery, sorted(self.tree.addresses()), self._authoritative)
            task_status.started()

    def resolver_addresses(self) -> list[str]:
        """Return where the resolvers are asked, `host:port`, as a configuration has it."""
        return [f"{HOST}:{self.ports[name]}" for name in self.resolvers]

    def _recursive(self, name: str, resolver: Recursive, _at: str, packet: bytes, *, tcp: bool) -> bytes | None:
        return self._reply(name, packet, tcp, lambda asked: resolver.answer(asked.name, asked.rtype, self.now))

    def _authoritative(self, at: str, packet: bytes, *, tcp: bool) -> bytes | None:
        moment = Moment(self.now, seed=self.seed)
        return self._reply(at, packet, tcp, lambda asked: self.tree.asked_at(at, asked.name, asked.rtype, moment))

    def _reply(self, server: str, packet: bytes, tcp: bool, answer: Callable[[Question], Reply]) -> bytes | None:
        question = read_question(packet)
        if question is None:
            return None
        self._began = self._clock() if self._began is None else self._began
        at, reply = self.now, answer(question)
        ttl = min((record.ttl for record in (*reply.answer, *reply.authority)), default=0)
        self.asked.append(Asked(at, server, question.name, question.rtype, ttl, tcp))
        mood = self.moods.get(server)
        if mood == "silent":
            return None
        reply = reply if mood is None else Reply(SERVFAIL if mood == "broken" else REFUSED)
        recursive = server in self.resolvers
        return write_reply(question, reply, recursive=recursive, most=2**16 - 1 if tcp else question.most)


class Answers(Protocol):
    """Returns what a server at a loopback address says to a packet, None for nothing."""

    def __call__(self, at: str, packet: bytes, /, *, tcp: bool) -> bytes | None:
        """Answer."""
        ...


async def _listen(nursery: trio.Nursery, hosts: tuple[str, ...] | list[str], answer: Answers) -> int:
    """Open UDP and TCP on one free port of all these addresses and serve there; return the port."""
    for _ in range(_TRIES):
        opened: list[trio.socket.SocketType] = []
        try:
            port = 0
            for host in hosts:
                for kind in (trio.socket.SOCK_DGRAM, trio.socket.SOCK_STREAM):
                    opened.append(await _bound(kind, host, port))
                    port = opened[-1].getsockname()[1]
        except OSError as error:
            for each in opened:
                each.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        for each in opened:
            serve = _serve_udp if each.type == trio.socket.SOCK_DGRAM else _serve_tcp
            nursery.start_soon(serve, each, answer)
        return port
    raise OSError(errno.EADDRINUSE, f"no port is free on all of {', '.join(hosts)}")


async def _bound(kind: int, host: str, port: int) -> trio.socket.SocketType:
    made = trio.socket.socket(trio.socket.AF_INET, kind)
    try:
        if kind == trio.socket.SOCK_STREAM:
            made.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_REUSEADDR, 1)
        else:
            made.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 2**21)
        await made.bind((host, port))
        if kind == trio.socket.SOCK_STREAM:
            made.listen(128)
    except OSError:
        made.close()
        raise
    return made


async def _serve_udp(listening: trio.socket.SocketType, answer: Answers) -> None:
    host = listening.getsockname()[0]
    with listening:
        while True:
            packet, client = await listening.recvfrom(4096)
            if (reply := answer(host, packet, tcp=False)) is not None:
                with suppress(OSError):  # the client went away
                    await listening.sendto(reply, client)


async def _serve_tcp(listening: trio.socket.SocketType, answer: Answers) -> None:
    host = listening.getsockname()[0]

    async def converse(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, EOFError):
            async with stream:
                while True:
                    packet = b""
                    with trio.move_on_after(PATIENCE):
                        packet = await _message(stream)
                    if not packet:
                        return
                    if (reply := answer(host, packet, tcp=True)) is not None:
                        await stream.send_all(struct.pack("!H", len(reply)) + reply)

    await trio.serve_listeners(converse, [trio.SocketListener(listening)])


async def _message(stream: trio.SocketStream) -> bytes:
    """Return the next message behind its two bytes of length; raises EOFError where there is none any more."""
    received = bytearray()
    wanted = 2
    while len(received) < wanted:
        if not (more := await stream.receive_some(wanted - len(received))):
            raise EOFError
        received += more
        if len(received) == 2:
            wanted = 2 + struct.unpack("!H", received)[0]
    return bytes(received[2:])
