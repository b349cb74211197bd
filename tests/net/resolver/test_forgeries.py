"""Forged, late, double and lost answers against the engine, over real sockets: no wrong answer, each told once."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable

import pytest
import trio
from support.dns.resolving import FALSE, NAME, TRUE, addresses, all_of, resolving, truth
from support.dns.responder import Act, Forge, Say, Script, responder, responders
from support.dns.wire import QUESTION, SERVFAIL, Asked, a, reply
from trio.testing import MockClock

from tipd.model.dns import MX, A, Outcome, wire_name


def swapped(question: bytes) -> bytes:
    """Return the question in just the other case; lengths of labels are no letters."""
    return question.swapcase()


# --- forgeries ---


def forged(asked: Asked, way: str, number: int) -> Act:
    evil = a(QUESTION, FALSE)
    match way:
        case "id":
            return Say(reply(asked, evil, identity=(asked.id + 1 + number % 65535) % 65536))
        case "port":
            return Forge(reply(asked, evil))
        case "case":
            return Say(reply(asked, evil, question=swapped(asked.question)))
        case "question":
            return Say(reply(asked, evil, question=wire_name("www.example.net") + asked.question[-4:]))
        case "type":
            return Say(reply(asked, evil, question=asked.question[:-4] + struct.pack("!HH", MX, 1)))
        case _:
            return Say(bytes(number % 40))


WAYS = ["id", "port", "case", "question", "type", "short"]


@pytest.mark.parametrize("ways", [WAYS, *([way] for way in WAYS)], ids="-".join)
async def test_ten_thousand_forgeries_before_the_true_answer(autojump_clock: MockClock, ways: list[str]) -> None:
    count = 10_000 if ways == WAYS else 1_000

    def script(asked: Asked) -> Iterable[Act]:
        if not asked.tcp and len(server.asked) == 1:
            yield from (forged(asked, ways[number % len(ways)], number) for number in range(count))
        yield Say(truth(asked))

    async with responder(script) as server, resolving(server) as resolver:
        answer = await resolver.query(NAME, A)
        assert addresses(answer) == [TRUE]
        facts = resolver.facts()["resolvers"][0]
        assert facts["in_flight"] == 0
        if ways in (["question"], ["type"]):
            assert facts["forged"] > 100


async def test_all_ways_at_once_and_many_names(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> Iterable[Act]:
        if not asked.tcp:
            yield from (forged(asked, way, number) for number in range(20) for way in WAYS)
        yield Say(truth(asked))

    async with responder(script) as server, resolving(server) as resolver:
        answers = await all_of(resolver, [f"h{number}.example.org" for number in range(100)])
        assert {tuple(addresses(each)) for each in answers} == {(TRUE,)}


# --- late, double, silent ---


async def test_late_and_double_answers_are_taken_once(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> Iterable[Act]:
        late = 1.4 if len(server.asked) <= 40 else 0.0
        yield Say(truth(asked), after=late)
        yield Say(reply(asked, a(QUESTION, FALSE)))
        yield Say(truth(asked), after=3.0)

    async with responder(script) as server, resolving(server) as resolver:
        answers = await all_of(resolver, [f"h{number}.example.org" for number in range(30)])
        await trio.sleep(20)
        assert {tuple(addresses(each)) for each in answers} == {(TRUE,)}
        facts = resolver.facts()["resolvers"][0]
        assert facts["in_flight"] == 0 and facts["late"] > 0


def dropping(share: float) -> Script:
    rng = random.Random(7)

    def script(asked: Asked) -> bytes | None:
        return None if rng.random() < share else truth(asked)

    return script


@pytest.mark.parametrize(("share", "least"), [(0.05, 198), (0.5, 150)])
async def test_servers_that_drop_some(autojump_clock: MockClock, share: float, least: int) -> None:
    async with responder(dropping(share)) as server, resolving(server) as resolver:
        answers = await all_of(resolver, [f"h{number}.example.org" for number in range(200)])
        good = [each for each in answers if each.outcome is Outcome.NOERROR]
        assert len(good) >= least and {tuple(addresses(each)) for each in good} == {(TRUE,)}
        assert {each.outcome for each in answers} <= {Outcome.NOERROR, Outcome.TIMEOUT}


async def test_a_server_that_drops_all_is_a_timeout_and_another_answers(autojump_clock: MockClock) -> None:
    async with responders({"127.0.0.1": dropping(1.0), "127.0.0.2": dropping(0.0)}) as (deaf, good):
        async with resolving(deaf) as resolver:
            answer = await resolver.query(NAME, A)
            assert (answer.outcome, answer.server) == (Outcome.TIMEOUT, "")
        async with resolving(deaf, good) as resolver:
            answers = await all_of(resolver, [f"h{number}.example.org" for number in range(200)])
            assert {tuple(addresses(each)) for each in answers} == {(TRUE,)}
            assert {each.server for each in answers} == {good.text}


async def test_servfail_of_one_is_not_the_last_word(autojump_clock: MockClock) -> None:
    async with responders({"127.0.0.1": lambda q: reply(q, rcode=SERVFAIL), "127.0.0.2": truth}) as (bad, good):
        async with resolving(bad, good) as resolver:
            for _ in range(6):
                assert addresses(await resolver.query(NAME, A)) == [TRUE]
        async with resolving(bad) as resolver:
            assert (await resolver.query(NAME, A)).outcome is Outcome.SERVFAIL
