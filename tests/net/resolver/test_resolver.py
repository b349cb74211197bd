"""What modules ask: one name, or many, of the resolvers that the configuration names."""

import pytest
import trio
from support.dns.asking import Told
from support.dns.responder import responder
from support.dns.wire import QUESTION, Asked, a, reply

from tipd.model.dns import A, Answer, Outcome, wire_name
from tipd.net.resolver.pending import Full
from tipd.net.resolver.resolver import NO_RESOLVER, NO_ROOM, Resolver
from tipd.net.settings import NetSettings


def truth(question: Asked) -> bytes:
    return reply(question, a(QUESTION, "192.0.2.1"))


def resolver(*servers: str, **more: int) -> Resolver:
    return Resolver(NetSettings(resolvers=servers or ("system",), **more))


async def test_one_name(autojump_clock, nursery):
    async with responder(truth) as server:
        made = resolver(server.text)
        assert made.configured and made.room == 0  # it does not run yet
        await nursery.start(made.run)
        answer = await made.query("www.example.org", A)
        assert (answer.outcome, answer.rdata, answer.server) == (Outcome.NOERROR, bytes((192, 0, 2, 1)), server.text)
        assert made.facts()["resolvers"][0]["answered"] == 1


async def test_the_systems_resolvers_do_not_count(autojump_clock):
    made = resolver()
    assert not made.configured
    assert await made.query("www.example.org", A) == Answer(Outcome.TIMEOUT, why=NO_RESOLVER)


async def test_many_names(autojump_clock, nursery):
    async with responder(truth) as server:
        made, told = resolver(server.text, queries_in_flight=10), Told()
        await nursery.start(made.run)
        for number in range(100):
            await made.wait_room()
            made.submit(wire_name(f"n{number}.example.org"), A, number, told)
        assert {answer.outcome for answer in await told.wait(100)} == {Outcome.NOERROR}
        with pytest.raises(Full):
            for number in range(20):
                made.submit(wire_name("www.example.org"), A, number, told)


async def test_the_rate_of_the_configuration_is_kept(autojump_clock, nursery):
    async with responder(truth) as server:
        made, begun = resolver(server.text, queries_per_second=50), trio.current_time()
        await nursery.start(made.run)
        for _ in range(55):
            await made.query("www.example.org", A)
        assert trio.current_time() - begun >= 0.95


async def test_who_finds_no_room_within_the_deadline_is_told(autojump_clock, nursery):
    async with responder(lambda _q: None) as server:
        made = resolver(server.text, queries_in_flight=1)
        await nursery.start(made.run)
        made.submit(wire_name("first.example.org"), A, None, Told())
        begun = trio.current_time()
        answer = await made.query("second.example.org", A, deadline=0.3)
        assert (answer.outcome, answer.why) == (Outcome.TIMEOUT, NO_ROOM)
        assert trio.current_time() - begun == pytest.approx(0.3, abs=0.05)


async def test_the_deadline_of_a_question_is_kept_and_its_reason_told(autojump_clock, nursery):
    async with responder(lambda _q: None) as server:
        made = resolver(server.text)
        await nursery.start(made.run)
        begun = trio.current_time()
        answer = await made.query("www.example.org", A, deadline=2.0)
        assert (answer.outcome, answer.why) == (Outcome.TIMEOUT, "no server answered")
        assert trio.current_time() - begun <= 2.05


async def test_who_goes_away_leaves_nothing_behind(autojump_clock, nursery):
    async with responder(lambda _q: None) as server:
        made = resolver(server.text)
        await nursery.start(made.run)
        with trio.move_on_after(0.2):
            await made.query("www.example.org", A)
        await trio.sleep(12)
        assert made.facts()["resolvers"][0]["in_flight"] == 0


async def test_a_name_that_is_none_is_refused(autojump_clock):
    with pytest.raises(ValueError, match="label"):
        await resolver("127.0.0.1:53").query("a..example", A)
