"""Hostile and broken servers against the engine, over real sockets: no wrong answer, no wait without end, no crash."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

import pytest
import trio
from support.dns import wire
from support.dns.resolving import FALSE, NAME, TRUE, addresses, all_of, resolving, told, truth
from support.dns.responder import Act, Close, Raw, Say, Trickle, responder, responders
from support.dns.wire import NXDOMAIN, QR, QUESTION, RA, RD, SERVFAIL, TC, Asked, a, cname, reply, soa
from trio.testing import MockClock

from tipd.model.dns import A, Outcome, wire_name

# --- broken packets ---


BROKEN: dict[str, Callable[[Asked], bytes]] = {
    "name that points at itself": lambda q: reply(
        q, [wire.record(struct.pack("!H", 0xC000 + len(q.question) + 12), A, bytes(4))]
    ),
    "names that point at each other": lambda q: reply(
        q, [wire.cname(QUESTION, struct.pack("!H", 0xC000 + 12 + len(q.question) + 12)), *a(QUESTION, FALSE)]
    ),
    "pointer behind the end": lambda q: reply(q, [wire.record(b"\xff\xff", A, bytes(4))]),
    "label of 64 bytes": lambda q: reply(q, [wire.record(b"\x40" + b"x" * 64 + b"\0", A, bytes(4))]),
    "data longer than the packet": lambda q: reply(q, [wire.record(QUESTION, A, bytes(4), length=400)]),
    "an address of five bytes": lambda q: reply(q, [wire.record(QUESTION, A, bytes(5))]),
    "cut in the middle": lambda q: reply(q, a(QUESTION, FALSE, TRUE))[:-20],
    "fewer records than counted": lambda q: reply(q, a(QUESTION, FALSE), counts=(1, 7, 0, 0)),
    "two questions": lambda q: reply(q, a(QUESTION, FALSE), counts=(2, 1, 0, 0)),
    "a query": lambda q: reply(q, a(QUESTION, FALSE), flags=RD),
    "an update": lambda q: reply(q, a(QUESTION, FALSE), flags=QR | 0x2800),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_a_broken_answer_is_no_answer(autojump_clock: MockClock, how: str) -> None:
    broken = BROKEN[how]
    answer = await told(broken)
    assert answer.outcome in {Outcome.SERVFAIL, Outcome.TIMEOUT} and not answer.rdata
    async with responders({"127.0.0.1": broken, "127.0.0.2": truth}) as (bad, good), resolving(bad, good) as resolver:
        for _ in range(4):
            assert addresses(await resolver.query(NAME, A)) == [TRUE]


async def test_bytes_behind_the_last_record_harm_nobody(autojump_clock: MockClock) -> None:
    answer = await told(lambda q: reply(q, a(QUESTION, TRUE)) + b"junk" * 20)
    assert addresses(answer) == [TRUE]


# --- truncation and TCP ---


async def test_truncated_goes_over_tcp(autojump_clock: MockClock) -> None:
    many = [f"198.51.{last // 250}.{last % 250}" for last in range(300)]

    def script(asked: Asked) -> bytes:
        return reply(asked, a(QUESTION, *many)) if asked.tcp else reply(asked, a(QUESTION, FALSE), flags=QR | TC)

    assert len(addresses(await told(script))) == 300


async def test_an_answer_of_64_kilobytes_over_tcp(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:
        if not asked.tcp:
            return reply(asked, flags=QR | TC)
        padding = b"".join(b"\xff" + b"x" * 255 for _ in range(254))
        whole = reply(asked, a(QUESTION, TRUE), [], [wire.record(b"\0", 16, padding)])
        assert 65_000 < len(whole) < 65_536
        return whole

    assert addresses(await told(script)) == [TRUE]


@pytest.mark.parametrize(
    "acts",
    [
        [Close()],
        [Raw(b"\0")],
        [Raw(b"\0\0")],
        [Raw(b"\0\x05hello")],
        [Raw(b"\xff\xff" + bytes(100)), Close()],
        [Say(b"\0" * 30)],
        [],
    ],
    ids=["closed", "half a length", "nothing", "no header", "cut", "zeros", "silent"],
)
async def test_tcp_that_breaks_ends(autojump_clock: MockClock, acts: list[Act]) -> None:
    answer = await told(lambda q: acts if q.tcp else reply(q, flags=QR | TC))
    assert answer.outcome in {Outcome.SERVFAIL, Outcome.TIMEOUT} and not answer.rdata


async def test_tcp_that_trickles_ends_and_holds_up_nobody(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> Iterable[Act] | bytes:
        if not asked.name.startswith("slow"):
            return truth(asked)
        return [Trickle(truth(asked), pause=2.0)] if asked.tcp else reply(asked, flags=QR | TC)

    async with responder(script) as server, resolving(server) as resolver:
        started = trio.current_time()
        slow = [f"slow{number}.example.org" for number in range(40)]
        answers = await all_of(resolver, [*slow, "quick.example.org"])
        assert {each.outcome for each in answers[:-1]} <= {Outcome.TIMEOUT, Outcome.SERVFAIL}
        assert addresses(answers[-1]) == [TRUE]
        assert trio.current_time() - started < 12.0


async def test_an_answer_to_another_question_over_tcp(autojump_clock: MockClock) -> None:
    other = wire_name("www.example.net") + struct.pack("!HH", A, 1)
    answer = await told(lambda q: reply(q, a(QUESTION, FALSE), question=other) if q.tcp else reply(q, flags=QR | TC))
    assert answer.outcome in {Outcome.SERVFAIL, Outcome.TIMEOUT} and not answer.rdata


# --- strange contents ---


async def test_circle_of_aliases(autojump_clock: MockClock) -> None:
    answer = await told(lambda q: reply(q, [cname(NAME, "b.example.org"), cname("b.example.org", NAME)]))
    assert answer.outcome is Outcome.SERVFAIL and "circle" in answer.why


async def test_chain_of_fifty(autojump_clock: MockClock) -> None:
    links = [cname(NAME if not n else f"c{n}.example.org", f"c{n + 1}.example.org") for n in range(50)]
    answer = await told(lambda q: reply(q, [*links, *a("c50.example.org", FALSE)]))
    assert answer.outcome is Outcome.SERVFAIL and "chain" in answer.why and not answer.rdata


async def test_chain_in_any_order_with_the_least_ttl(autojump_clock: MockClock) -> None:
    links = [
        cname("b.example.net", "c.example.com", 30),
        *a("c.example.com", TRUE, ttl=600),
        cname(NAME, "b.example.net", 90),
    ]
    answer = await told(lambda q: reply(q, links))
    assert (addresses(answer), answer.cname, answer.ttl) == ([TRUE], ("b.example.net", "c.example.com"), 30)


async def test_four_thousand_records_are_not_read(autojump_clock: MockClock) -> None:
    records = [record for number in range(3900) for record in a(QUESTION, f"10.1.{number // 250}.{number % 250}")]
    answer = await told(lambda q: reply(q, records) if q.tcp else reply(q, flags=QR | TC))
    assert answer.outcome is Outcome.SERVFAIL and "3901 records" in answer.why and not answer.rdata


async def test_addresses_of_other_names_do_not_count(autojump_clock: MockClock) -> None:
    answer = await told(lambda q: reply(q, a("evil.example.net", FALSE)))
    assert (answer.outcome, answer.rdata) == (Outcome.NODATA, b"")
    mixed = await told(lambda q: reply(q, [*a(QUESTION, TRUE), *a("evil.example.net", FALSE)], [], a(QUESTION, FALSE)))
    assert addresses(mixed) == [TRUE]


@pytest.mark.parametrize(("ttl", "read"), [(0, 0), (1, 1), (2**31 - 1, 2**31 - 1), (2**31, 0), (2**32 - 1, 0)])
@pytest.mark.parametrize("extra", [[], [soa("example.net")]], ids=["plain", "with more"])
async def test_ttl_with_its_highest_bit_is_none(
    autojump_clock: MockClock, ttl: int, read: int, extra: list[bytes]
) -> None:
    answer = await told(lambda q: reply(q, a(QUESTION, TRUE, ttl=ttl), extra))
    assert (addresses(answer), answer.ttl) == ([TRUE], read)


async def test_ttl_that_falls_and_sets_that_change_are_told_as_they_are(autojump_clock: MockClock) -> None:
    left = iter([300, 200, 100, 0])

    async with (
        responder(lambda q: reply(q, a(QUESTION, TRUE, ttl=next(left)))) as server,
        resolving(server) as resolver,
    ):
        assert [(await resolver.query(NAME, A)).ttl for _ in range(4)] == [300, 200, 100, 0]


async def test_nxdomain_that_flips(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:
        if len(server.asked) % 2:
            return reply(asked, [], [soa("example.org", 900, 30)], rcode=NXDOMAIN)
        return truth(asked)

    async with responder(script) as server, resolving(server) as resolver:
        found = [await resolver.query(NAME, A) for _ in range(4)]
        assert [each.outcome for each in found] == [Outcome.NXDOMAIN, Outcome.NOERROR] * 2
        assert found[0].ttl == 30


async def test_the_same_address_many_times_is_one(autojump_clock: MockClock) -> None:
    assert addresses(await told(lambda q: reply(q, a(QUESTION, TRUE, TRUE, TRUE)))) == [TRUE]


# --- policy ---


@pytest.mark.parametrize("code", [4, 15, 16, 17])
@pytest.mark.parametrize("rcode", [0, NXDOMAIN, SERVFAIL, 5])
async def test_extended_errors_are_policy(autojump_clock: MockClock, code: int, rcode: int) -> None:
    answer = await told(lambda q: reply(q, a(QUESTION, FALSE) if not rcode else [], [], [wire.opt(code)], rcode=rcode))
    assert answer.outcome is Outcome.POLICY and str(code) in answer.why


async def test_other_extended_errors_leave_the_outcome(autojump_clock: MockClock) -> None:
    answer = await told(lambda q: reply(q, [], [], [wire.opt(22, 23)], rcode=SERVFAIL))
    assert answer.outcome is Outcome.SERVFAIL
    assert addresses(await told(lambda q: reply(q, a(QUESTION, TRUE), [], [wire.opt(3)]))) == [TRUE]


async def test_policy_zones_and_walled_gardens(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:
        match asked.name.split(".")[0]:
            case "rpz":
                return reply(asked, [], [soa("example.org")], [soa("rpz.local")], rcode=NXDOMAIN)
            case "walled":
                return reply(asked, a(QUESTION, "198.51.100.9"))
            case "alias":
                return reply(asked, [cname(QUESTION, "stop.garden.example.net"), *a("stop.garden.example.net", FALSE)])
            case "plain":
                return reply(asked, [], [soa("example.org")], rcode=NXDOMAIN)
        return truth(asked)

    gardens = ("198.51.100.0/28", "garden.example.net")
    async with responder(script) as server, resolving(server, walled_gardens=gardens) as resolver:
        found = {each: (await resolver.query(f"{each}.example.org", A)).outcome for each in ("rpz", "walled", "alias")}
        assert set(found.values()) == {Outcome.POLICY}, found
        assert (await resolver.query("plain.example.org", A)).outcome is Outcome.NXDOMAIN
        assert addresses(await resolver.query("true.example.org", A)) == [TRUE]


async def test_nxdomain_without_recursion_of_one_who_recurses(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:
        blocked = asked.name.startswith("blocked")
        return reply(asked, rcode=NXDOMAIN, flags=QR | RD | (0 if blocked else RA))

    async with responder(script) as server, resolving(server) as resolver:
        assert (await resolver.query("gone.example.org", A)).outcome is Outcome.NXDOMAIN
        assert (await resolver.query("blocked.example.org", A)).outcome is Outcome.POLICY
