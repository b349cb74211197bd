"""Questions over TCP: when, how many, and what is believed."""

import pytest
import trio
from support.dns.asking import Told, asked, plan, running
from support.dns.responder import Close, Script, responder
from support.dns.wire import QR, QUESTION, RA, RD, TC, Asked, a, reply

from tipd.model.dns import A, Outcome, wire_name
from tipd.net.resolver import overtcp
from tipd.net.resolver.engine import Engine

CUT = QR | RD | RA | TC


def cut(over_tcp: Script) -> Script:
    """Answer cut over UDP, by the script over TCP."""

    def script(question: Asked):
        return over_tcp(question) if question.tcp else reply(question, flags=CUT)

    return script


def truth(question: Asked) -> bytes:
    return reply(question, a(QUESTION, "192.0.2.1"))


async def test_a_cut_answer_is_asked_for_again_with_the_same_settings(autojump_clock):
    async with responder(cut(truth)) as server, running(Engine()) as engine:
        by = plan(server)
        assert (await asked(engine, by)).rdata == bytes((192, 0, 2, 1))
        udp, over_tcp = server.asked
        assert (over_tcp.tcp, over_tcp.name, over_tcp.edns, over_tcp.flags) == (True, udp.name, True, udp.flags)
        assert over_tcp.id != udp.id or over_tcp.question != udp.question
        assert by.upstreams[0].in_flight == 0


async def test_a_server_that_does_not_repeat_the_case_is_asked_over_tcp(autojump_clock):
    def script(question: Asked) -> bytes:
        return reply(question, a(QUESTION, "192.0.2.1"), question=question.question.lower())

    async with responder(script) as server, running(Engine()) as engine:
        by = plan(server)
        assert (await asked(engine, by)).outcome is Outcome.NOERROR
        assert [each.tcp for each in server.asked] == [False, True]
        assert by.upstreams[0].case_lost == 1


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (lambda q: [Close()], "over TCP: the connection ended"),
        (lambda q: None, "over TCP: no answer in time"),
        (lambda q: reply(q, identity=q.id ^ 1), "over TCP: an answer to another question"),
        (lambda q: reply(q, question=b"\1a\0\0\1\0\1"), "over TCP: an answer to another question"),
        (lambda q: b"\0", "over TCP: an answer to another question"),
        (lambda q: reply(q, a(QUESTION, "192.0.2.1"), flags=CUT), "over TCP: a cut answer"),
    ],
)
async def test_where_it_brings_nothing_the_reason_is_told(autojump_clock, script: Script, why: str):
    async with responder(cut(script)) as server, running(Engine()) as engine:
        answer = await asked(engine, plan(server))
        assert answer.outcome is Outcome.TIMEOUT and answer.why.startswith(why)


async def test_only_some_go_at_once_and_no_more_than_some_wait(autojump_clock, monkeypatch):
    monkeypatch.setattr(overtcp, "MOST", 40)
    async with responder(cut(lambda _q: None)) as server, running(Engine()) as engine:
        told, by = Told(), plan(server)
        for number in range(60):
            await engine.wait_room(by)
            engine.put(by, wire_name(f"n{number}.example.org"), A, number, told)
        answers = await told.wait(20)
        assert {each.why for each in answers} == {"too many ask over TCP"}
        await trio.sleep(1)
        assert server.connections == overtcp.AT_ONCE
        assert {each.outcome for each in (await told.wait(60))[20:]} == {Outcome.TIMEOUT}


async def test_what_is_under_way_ends_with_the_engine(autojump_clock):
    told = Told()
    async with responder(cut(lambda _q: None)) as server, running(Engine()) as engine:
        engine.put(plan(server), wire_name("example.org"), A, None, told)
        while not server.connections:
            await trio.sleep(0.1)
    assert [each.outcome for each in await told.wait(1)] == [Outcome.TIMEOUT]


async def test_a_late_cut_answer_does_not_ask_twice(autojump_clock):
    from support.dns.responder import Say

    def script(question: Asked):
        if question.tcp:
            return [Say(truth(question), after=4.0)]
        return [Say(reply(question, flags=CUT), after=1.5)]  # later than the first try lasts

    async with responder(script) as server, running(Engine()) as engine:
        told = Told()
        engine.put(plan(server), wire_name("example.org"), A, None, told)
        await told.wait(1)
        await trio.sleep(20)
        assert [answer.outcome for _token, answer in told.answers] == [Outcome.NOERROR]
        assert server.connections == 1
