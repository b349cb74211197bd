"""The resolver engine: questions a second and CPU time for each, against dnsperf and dns.asyncquery, in one run.

A server of ours in C on loopback answers with five addresses and EDNS. The engine asks as the tracker does, through
`Resolver.submit`: the name's text is put into wire form, id, port and case are drawn, the question is compared bit by
bit, and retries are on. dnsperf, with one thread, is the ceiling; it asks names from a file, without random case. Both
have the same server, one after the other, several times; machines with two cores lend one to it. `dns.asyncquery` asks
on trio, a hundred questions at a time, each with a socket of its own. CPU time is that of the whole process that asks,
the pump that feeds the engine included. With 5 % of the questions dropped, what stays without an answer after three
tries is compared with what is to be expected (0.05³), and each answer with the addresses that its name has.
"""

from __future__ import annotations

import math
import random
import statistics
import struct
import time

import dns.asyncquery
import dns.exception
import dns.message
import trio
from _figure import figure, machine, say, scaled
from _name_server import NameServer, dnsperf

from tipd.model.dns import A, Answer, Outcome, wire_name
from tipd.net.resolver.pending import TRIES
from tipd.net.resolver.resolver import Resolver
from tipd.net.settings import NetSettings

ADDRESSES = 5
NAMES = scaled(100_000, 100)
QUESTIONS = scaled(400_000, 1000)  # a turn
SECONDS = scaled(5)  # a turn of dnsperf
ROUNDS = scaled(5)
SLOW_QUESTIONS = scaled(4000, 100)
SLOW_AT_ONCE = 100
LOSS = 50  # of 1,000
LOSSY_QUESTIONS = scaled(400_000, 2000)


def names() -> list[str]:
    """Return names of usual length, the same in each run."""
    rng = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    firsts = ("".join(rng.choices(letters, k=rng.randint(5, 20))) for _ in range(NAMES))
    return [f"{first}.example.{rng.choice(('com', 'net', 'org'))}" for first in firsts]


def addresses(name: str) -> bytes:
    """Return what the server says of a name, packed, sorted and joined."""
    value = 2166136261
    for byte in wire_name(name)[:-1]:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    found = set()
    for _ in range(ADDRESSES):
        value = (value * 1664525 + 1013904223) & 0xFFFFFFFF
        found.add(struct.pack("!I", value))
    return b"".join(sorted(found))


class Turn:
    """One turn of the engine: all questions put, all answers counted."""

    def __init__(self, port: int, asked: list[str], count: int, expected: list[bytes] | None = None) -> None:
        self._settings = NetSettings(resolvers=(f"127.0.0.1:{port}",), queries_per_second=0)
        self._asked, self._count, self._expected = asked, count, expected
        self.answered = self.failed = self.wrong = 0
        self.wall = self.cpu = 0.0
        self._ended = trio.Event()
        trio.run(self._run)

    async def _run(self) -> None:
        resolver = Resolver(self._settings)
        async with trio.open_nursery() as nursery:
            await nursery.start(resolver.run)
            wall, cpu = time.perf_counter(), time.process_time()
            await self._pump(resolver)
            await self._ended.wait()
            self.wall, self.cpu = time.perf_counter() - wall, time.process_time() - cpu
            nursery.cancel_scope.cancel()

    async def _pump(self, resolver: Resolver) -> None:
        submit, asked, done, put = resolver.submit, self._asked, self._done, 0
        while put < self._count:
            await resolver.wait_room()
            for number in range(put, min(put + resolver.room, self._count)):
                place = number % len(asked)
                submit(wire_name(asked[place]), A, place, done)
                put = number + 1

    def _done(self, place: int, answer: Answer) -> None:
        if answer.outcome is not Outcome.NOERROR:
            self.failed += 1
        else:
            self.answered += 1
            if self._expected is not None and answer.rdata != self._expected[place]:
                self.wrong += 1
        if self.answered + self.failed == self._count:
            self._ended.set()

    @property
    def rate(self) -> float:
        """Return answers a second."""
        return self.answered / self.wall

    @property
    def micros(self) -> float:
        """Return microseconds of CPU time a question."""
        return self.cpu / self._count * 1e6


def slow(port: int, asked: list[str]) -> float:
    """Return the questions a second of dns.asyncquery."""
    left = iter(asked[number % len(asked)] for number in range(SLOW_QUESTIONS))

    async def ask() -> None:
        for name in left:
            query = dns.message.make_query(name, "A", use_edns=0, payload=1232)
            await dns.asyncquery.udp(query, "127.0.0.1", port=port, timeout=5)

    async def ask_all() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(SLOW_AT_ONCE):
                nursery.start_soon(ask)

    begun = time.perf_counter()
    trio.run(ask_all)
    return SLOW_QUESTIONS / (time.perf_counter() - begun)


def speed(asked: list[str]) -> None:
    """Measure rates and CPU time."""
    turns: list[Turn] = []
    ceilings, slows = [], []
    with NameServer(ADDRESSES) as server:
        Turn(server.port, asked, QUESTIONS // 4)
        for _ in range(ROUNDS):
            turns.append(Turn(server.port, asked, QUESTIONS))
            ceilings.append(dnsperf(server.port, asked, SECONDS))
            slows.append(slow(server.port, asked))
            last = turns[-1]
            say(
                f"engine {last.rate:,.0f}/s, {last.micros:.1f} µs CPU; dnsperf {ceilings[-1]:,.0f}/s; "
                f"dns.asyncquery {slows[-1]:,.0f}/s; {last.failed} without an answer"
            )
    rate = statistics.median(turn.rate for turn in turns)
    for against, others in (("dnsperf, one thread (0.5 wanted)", ceilings), ("dns.asyncquery (30 wanted)", slows)):
        ratio = statistics.median(turn.rate / other for turn, other in zip(turns, others, strict=True))
        figure("dns", "answers of the engine", rate, "1/s", against, ratio)
    micros = statistics.median(turn.micros for turn in turns)
    figure("dns", "CPU time a question", micros, "µs", "the 15 µs wanted", micros / 15)


def loss(asked: list[str]) -> None:
    """Measure what stays without an answer where one in twenty questions is dropped."""
    with NameServer(ADDRESSES, LOSS) as server:
        turn = Turn(server.port, asked, LOSSY_QUESTIONS, [addresses(name) for name in asked])
    expected = LOSSY_QUESTIONS * (LOSS / 1000) ** TRIES
    say(
        f"at {LOSS / 10:g} % loss: {turn.failed} of {LOSSY_QUESTIONS:,} without an answer, {expected:.1f} expected "
        f"(± {math.sqrt(expected):.1f}); {turn.rate:,.0f}/s"
    )
    figure(
        "dns", "left without an answer at 5 % loss", turn.failed, "questions", "0.05³ of them", turn.failed / expected
    )
    figure("dns", "wrong answers at 5 % loss", turn.wrong, f"of {turn.answered:,}")


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    asked = names()
    speed(asked)
    loss(asked)


if __name__ == "__main__":
    main()
