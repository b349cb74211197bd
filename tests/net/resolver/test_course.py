"""What becomes of a question: retries, other servers, forgeries and former tries."""

import struct

import pytest
import trio
from support.dns.asking import Told, asked, plan, running
from support.dns.responder import Say, Script, responder, responders
from support.dns.wire import FORMERR, QR, QUESTION, RD, REFUSED, SERVFAIL, Asked, a, cname, record, reply

from tipd.model.dns import A, Outcome, wire_name
from tipd.net.resolver.course import NO_ANSWER
from tipd.net.resolver.engine import Engine
from tipd.net.resolver.upstream import Upstream

TRUE = bytes((192, 0, 2, 1))


def truth(question: Asked) -> bytes:
    return reply(question, a(QUESTION, "192.0.2.1"))


def silent(_question: Asked) -> None:
    return None


def failing(rcode: int) -> Script:
    return lambda question: reply(question, rcode=rcode)


async def test_three_tries_and_then_the_deadline(autojump_clock):
    async with responder(silent) as server, running(Engine()) as engine:
        by, begun = plan(server, seconds=8.0), trio.current_time()
        answer = await asked(engine, by)
        assert (answer.outcome, answer.why, answer.server) == (Outcome.TIMEOUT, NO_ANSWER, "")
        assert 8.0 <= trio.current_time() - begun < 8.2
        assert len(server.asked) == 3 and len({each.id for each in server.asked}) == 3
        assert len({each.question for each in server.asked}) == 3
        facts = by.upstreams[0].facts()
        assert (facts["sent"], facts["lost"], facts["in_flight"]) == (3, 3, 0)


async def test_the_second_try_asks_another_server(autojump_clock):
    async with responders({"127.0.0.1": silent, "127.0.0.2": truth}) as servers, running(Engine()) as engine:
        by = plan(*servers)
        for _ in range(4):
            answer = await asked(engine, by)
            assert (answer.rdata, answer.server) == (TRUE, servers[1].text)
        assert len(servers[0].asked) == 2


@pytest.mark.parametrize("rcode", [SERVFAIL, REFUSED, 9])
async def test_who_cannot_say_is_not_the_last_word(autojump_clock, rcode: int):
    async with responders({"127.0.0.1": failing(rcode), "127.0.0.2": truth}) as servers, running(Engine()) as engine:
        by = plan(*servers)
        assert [(await asked(engine, by)).rdata for _ in range(4)] == [TRUE] * 4


async def test_where_no_other_server_is_it_is(autojump_clock):
    both = {"127.0.0.1": failing(SERVFAIL), "127.0.0.2": failing(REFUSED)}
    async with responders(both) as servers, running(Engine()) as engine:
        begun = trio.current_time()
        assert (await asked(engine, plan(servers[0]))).outcome is Outcome.SERVFAIL
        assert len(servers[0].asked) == 1
        last = await asked(engine, plan(*servers))
        assert last.outcome in (Outcome.SERVFAIL, Outcome.REFUSED)
        assert len(servers[0].asked) == 2 and len(servers[1].asked) == 1
        assert trio.current_time() - begun < 0.5


async def test_what_is_wrong_with_the_chain_is_told_at_once(autojump_clock):
    def circle(question: Asked) -> bytes:
        return reply(question, [cname(QUESTION, "b.example"), cname("b.example", "www.example.org")])

    async with responders({"127.0.0.1": circle, "127.0.0.2": circle}) as servers, running(Engine()) as engine:
        answer = await asked(engine, plan(*servers))
        assert (answer.outcome, answer.why) == (Outcome.SERVFAIL, "a chain of CNAMEs that runs in a circle")
        assert sum(len(each.asked) for each in servers) == 1


async def test_what_cannot_be_read_is_asked_elsewhere_and_told_at_last(autojump_clock):
    def broken(question: Asked) -> bytes:
        return reply(question, [record(QUESTION, A, b"\1\2\3")])

    async with responders({"127.0.0.1": broken, "127.0.0.2": truth}) as servers, running(Engine()) as engine:
        by = plan(*servers)
        assert [(await asked(engine, by)).rdata for _ in range(2)] == [TRUE] * 2
        alone = plan(servers[0], seconds=3.0)
        answer = await asked(engine, alone)
        assert answer.outcome is Outcome.TIMEOUT and answer.why.startswith("an answer that cannot be read")
        assert alone.upstreams[0].unread == 3


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("whole", [True, False])
async def test_a_server_without_edns_is_asked_once_without_and_remembered(autojump_clock, bare: bool, whole: bool):
    def script(question: Asked) -> bytes:
        if not question.edns:
            return truth(question)
        header = question.wire[:2] + struct.pack("!5H", QR | RD | FORMERR, 0, 0, 0, 0)
        return header if bare else reply(question, rcode=FORMERR)

    async with responder(script) as server, running(Engine()) as engine:
        by, told = plan(server, whole=whole), Told()
        for number in range(2):
            engine.put(by, wire_name("www.example.org"), A, number, told)
            await told.wait(number + 1)
        assert [each.edns for each in server.asked] == [True, False, False]
        assert {answer.outcome for _token, answer in told.answers} == {Outcome.NOERROR}
        assert not by.upstreams[0].edns and by.upstreams[0].in_flight == 0


async def test_who_understands_neither_is_not_remembered(autojump_clock):
    async with responder(failing(FORMERR)) as server, running(Engine()) as engine:
        by = plan(server)
        answer = await asked(engine, by)
        assert (answer.outcome, answer.why) == (Outcome.SERVFAIL, "FORMERR")
        assert [each.edns for each in server.asked] == [True, False]
        assert by.upstreams[0].edns


async def test_an_answer_to_a_former_try_is_welcome_and_was_not_lost(autojump_clock):
    def script(question: Asked):
        return [Say(truth(question), after=2.0 if len(server.asked) == 1 else 4.0)]

    async with responder(script) as server, running(Engine()) as engine:
        by, begun = plan(server), trio.current_time()
        assert (await asked(engine, by)).rdata == TRUE
        assert 1.9 < trio.current_time() - begun < 2.2
        facts = by.upstreams[0].facts()
        assert (facts["answered"], facts["lost"], facts["in_flight"]) == (1, 0, 0)
        await trio.sleep(5)
        assert by.upstreams[0].late == 1  # the second try's, which nobody waits for any more


async def test_a_forged_former_try_is_none(autojump_clock):
    def script(question: Asked):
        evil = reply(question, a(QUESTION, "203.0.113.66"), question=question.question.swapcase())
        return [Say(evil, after=1.4), Say(evil, after=0.1), Say(truth(question), after=0.1)]

    async with responder(script) as server, running(Engine()) as engine:
        assert (await asked(engine, plan(server))).rdata == TRUE


async def test_questions_and_other_opcodes_are_no_answers(autojump_clock):
    def script(question: Asked):
        wrong = (0, QR | 0x2800, QR | 0x0800)
        yield from (Say(reply(question, a(QUESTION, "203.0.113.66"), flags=flags)) for flags in wrong)
        yield Say(reply(question, a(QUESTION, "203.0.113.66"), counts=(2, 1, 0, 0)))
        yield Say(truth(question))

    async with responder(script) as server, running(Engine()) as engine:
        by = plan(server)
        assert (await asked(engine, by)).rdata == TRUE
        assert by.upstreams[0].forged == 4


async def test_a_port_where_nobody_listens_costs_little_time(autojump_clock):
    with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as closed:
        await closed.bind(("127.0.0.1", 0))
        nobody = Upstream("127.0.0.1", closed.getsockname()[1])
    async with responder(truth) as server, running(Engine()) as engine:
        by, begun = plan(nobody, server), trio.current_time()
        assert [(await asked(engine, by)).rdata for _ in range(6)] == [TRUE] * 6
        assert trio.current_time() - begun < 0.5
        assert nobody.unreachable > 0


async def test_a_retry_is_not_held_up_by_a_window_that_narrowed(autojump_clock):
    def script(question: Asked):
        return truth(question) if len(server.asked) > 30 else None

    async with responder(script) as server, running(Engine()) as engine:
        by, told = plan(Upstream(server.address, server.port, most=40)), Told()
        for number in range(30):
            engine.put(by, wire_name(f"n{number}.example.org"), A, number, told)
        by.upstreams[0].window = 1.0
        assert {each.outcome for each in await told.wait(30)} == {Outcome.NOERROR}
        assert trio.current_time() < 2.0


async def test_nothing_stays_in_flight_when_late_trouble_sends_a_question_on(autojump_clock):
    """The answer to the first try comes while the second is under way, and leads to a third."""

    def slow(question: Asked) -> list[Say]:
        return [Say(reply(question, rcode=SERVFAIL), after=1.5)]

    scripts: dict[str, Script] = {"127.0.0.1": slow, "127.0.0.2": silent, "127.0.0.3": truth}
    async with responders(scripts) as servers, running(Engine()) as engine:
        by = plan(*servers)
        for _ in range(9):
            assert (await asked(engine, by)).rdata == TRUE
        await trio.sleep(3)
        assert not any(each.flight for each in engine._pool.open.values())


def lowering(*, tcp: bool) -> Script:
    """Return what a server answers that does not keep the case of letters."""

    def script(question: Asked) -> bytes | None:
        told = reply(question, a(QUESTION, "192.0.2.1"), question=question.question.lower())
        return told if tcp or not question.tcp else None

    return script


@pytest.mark.parametrize("tcp", [True, False], ids=["over TCP too", "UDP only"])
async def test_a_server_that_does_not_keep_the_case_is_learnt_and_asked_at_full_speed(autojump_clock, tcp):
    async with responder(lowering(tcp=tcp)) as server, running(Engine()) as engine:
        by, told = plan(server), Told()
        (upstream,) = by.upstreams
        assert upstream.keeps_case
        for number in range(20):
            engine.put(by, wire_name(f"h{number}.example.org"), A, number, told)
        await told.wait(20)
        began = trio.current_time()
        assert not upstream.keeps_case and upstream.facts()["keeps_case"] is False
        for number in range(200):
            await engine.wait_room(by)
            engine.put(by, wire_name(f"n{number}.example.org"), A, number, told)
        answers = await told.wait(220)
        assert {each.rdata for each in answers[0 if tcp else 20 :]} == {TRUE}
        assert trio.current_time() - began < 0.5 and upstream.in_flight == 0 and upstream.window > 4
