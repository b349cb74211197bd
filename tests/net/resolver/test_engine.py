"""Many questions in flight, room, and the end of all of them, whatever happens."""

import random
import socket
from ipaddress import ip_address

import pytest
import trio
from support.dns.asking import Told, asked, plan, running
from support.dns.responder import responder, responders
from support.dns.wire import QUESTION, Asked, a, reply

from tipd.model.dns import MX, A, Outcome, wire_name
from tipd.net.resolver import engine as engine_room
from tipd.net.resolver.engine import STOPPED, Engine
from tipd.net.resolver.pending import Full, Plan
from tipd.net.resolver.policy import Policy
from tipd.net.resolver.upstream import Upstream

NAME = wire_name("www.example.org")


def numbered(question: Asked) -> bytes:
    """Answer with the address that the name's first label is."""
    return reply(question, a(QUESTION, f"192.0.2.{int(question.name.split('.')[0][1:]) % 256}"))


def silent(_question: Asked) -> None:
    return None


async def test_each_of_many_gets_its_own_answer(autojump_clock):
    async with responder(numbered) as server, running(Engine()) as engine:
        by, told = plan(server), Told()
        for number in range(2000):
            await engine.wait_room(by)
            engine.put(by, wire_name(f"n{number}.example.org"), A, number, told)
        await told.wait(2000)
        assert all(answer.rdata == ip_address(f"192.0.2.{token % 256}").packed for token, answer in told.answers)
        assert sorted(token for token, _answer in told.answers) == list(range(2000))
        assert by.upstreams[0].in_flight == 0


async def test_ids_ports_and_case_differ(autojump_clock):
    async with responder(numbered) as server, running(Engine()) as engine:
        by = plan(server)
        for _ in range(64):
            await asked(engine, by, "n1.example-of-a-name.org")
        assert len({each.id for each in server.asked}) > 60
        assert len({each.peer for each in server.asked}) > 8
        assert len({each.question for each in server.asked}) > 60
        assert {each.name for each in server.asked} == {"n1.example-of-a-name.org"}


async def test_entropy_is_handed_in(autojump_clock):
    seen = []
    for _ in range(2):
        rng = random.Random(7)
        async with responder(numbered) as server, running(Engine(entropy=rng.randbytes)) as engine:
            by = plan(server)
            for _ in range(20):
                await asked(engine, by, "n1.example.org")
            seen.append([(each.id, each.question) for each in server.asked])
    assert seen[0] == seen[1]


async def test_a_full_window_refuses_and_opens_again(autojump_clock):
    async with responder(numbered) as server, running(Engine()) as engine:
        by, told = plan(Upstream(server.address, server.port, most=3)), Told()
        for number in range(3):
            engine.put(by, wire_name(f"n{number}.example.org"), A, number, told)
        assert engine.room(by) == 0
        with pytest.raises(Full):
            engine.put(by, NAME, A, None, told)
        with trio.fail_after(1):
            await engine.wait_room(by)
        assert engine.room(by) > 0


async def test_the_bucket_holds_questions_back(autojump_clock):
    async with responder(numbered) as server, running(Engine()) as engine:
        by, told = plan(Upstream(server.address, server.port, rate=100.0)), Told()
        begun = trio.current_time()
        for number in range(110):
            await engine.wait_room(by)
            engine.put(by, wire_name(f"n{number}.example.org"), A, number, told)
        assert 0.9 < trio.current_time() - begun < 1.5  # ten at once, then a hundred a second


async def test_questions_go_round_the_servers(autojump_clock):
    async with responders({"127.0.0.1": numbered, "127.0.0.2": numbered}) as servers, running(Engine()) as engine:
        by = plan(*servers)
        for _ in range(10):
            await asked(engine, by, "n1.example.org")
        assert [len(each.asked) for each in servers] == [5, 5]


async def test_a_server_without_room_is_passed_over(autojump_clock):
    async with responders({"127.0.0.1": silent, "127.0.0.2": numbered}) as (deaf, good), running(Engine()) as engine:
        by = plan(Upstream(deaf.address, deaf.port, most=1), good)
        for _ in range(4):
            await asked(engine, by, "n1.example.org")
        assert len(deaf.asked) <= 4 and len(good.asked) >= 4


async def test_what_is_under_way_ends_when_it_stops(autojump_clock):
    told = Told()
    async with responder(silent) as server, running(Engine()) as engine:
        by = plan(server)
        for number in range(10):
            engine.put(by, NAME, A, number, told)
        engine.ask(plan(Upstream(server.address, server.port, most=0)), NAME, A, 10, told)
    answers = await told.wait(11)
    assert {(each.outcome, each.why) for each in answers} == {(Outcome.TIMEOUT, STOPPED)}
    assert by.upstreams[0].in_flight == 0
    assert engine.room(by) == 0
    for put in (engine.put, engine.ask):
        with pytest.raises(Full):
            put(by, NAME, A, None, told)


async def test_it_runs_again_after_it_stopped(autojump_clock):
    engine = Engine()
    async with responder(numbered) as server:
        by = plan(server)
        for _ in range(2):
            async with running(engine):
                assert (await asked(engine, by, "n1.example.org")).outcome is Outcome.NOERROR


async def test_who_waits_for_room_waits_for_the_start_too(autojump_clock):
    engine, by = Engine(), plan(Upstream("127.0.0.1", 9))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(engine.wait_room, by)
        await trio.testing.wait_all_tasks_blocked()
        await nursery.start(engine.run)
        await engine.wait_room(by)
        assert engine.room(by) > 0
        nursery.cancel_scope.cancel()


async def test_a_plan_of_ones_own_sees_the_packet(autojump_clock):
    async with responder(numbered) as server, running(Engine()) as engine:
        told = Told()
        engine.ask(plan(server, recursion=False, whole=True), wire_name("n7.example.org"), A, None, told)
        (answer,) = await told.wait(1)
        assert answer.server == server.text
        assert told.packets[0][12:].startswith(server.asked[0].question)
        assert not server.asked[0].flags


async def test_only_so_many_wait_for_room(autojump_clock, monkeypatch):
    monkeypatch.setattr(engine_room, "MOST_WAITING", 5)
    async with running(Engine()) as engine:
        by, told = plan(Upstream("127.0.0.1", 9, most=0), seconds=1.0), Told()
        for number in range(5):
            engine.ask(by, NAME, A, number, told)
        with pytest.raises(Full):
            engine.ask(by, NAME, A, None, told)
        assert {each.outcome for each in await told.wait(5)} == {Outcome.TIMEOUT}


async def test_a_walled_garden_is_known_in_common_answers(autojump_clock):
    async with responder(numbered) as server, running(Engine(Policy(gardens=["192.0.2.9"]))) as engine:
        by = plan(server)
        walled = await asked(engine, by, "n9.example.org")
        assert (walled.outcome, bool(walled.why)) == (Outcome.POLICY, True)
        assert (await asked(engine, by, "n8.example.org")).outcome is Outcome.NOERROR
        assert by.upstreams[0].in_flight == 0


async def test_what_one_resolver_blocks_another_is_asked_for_and_what_all_block_is_blocked(autojump_clock):
    def blocking(question: Asked) -> bytes:
        return reply(question, a(QUESTION, "192.0.2.9"))

    both = {"127.0.0.1": blocking, "127.0.0.2": numbered}
    async with responders(both) as servers, running(Engine(Policy(gardens=["192.0.2.9"]))) as engine:
        by = plan(*servers)
        for _ in range(8):
            answer = await asked(engine, by, "n1.example.org")
            assert (answer.outcome, answer.rdata) == (Outcome.NOERROR, ip_address("192.0.2.1").packed)
        assert len(servers[0].asked) >= 4
        before = len(servers[0].asked), len(servers[1].asked)
        assert (await asked(engine, by, "n9.example.org")).outcome is Outcome.POLICY
        assert (len(servers[0].asked), len(servers[1].asked)) == (before[0] + 1, before[1] + 1)
        assert [each.in_flight for each in by.upstreams] == [0, 0]


async def test_other_tasks_have_their_turn_while_much_comes(autojump_clock, monkeypatch):
    monkeypatch.setattr(engine_room, "BUDGET", 0.0)
    monkeypatch.setattr(engine_room, "BATCH", 1)
    async with responder(numbered) as server, running(Engine()) as engine:
        by, told, turns = plan(server), Told(), 0
        for number in range(32):
            engine.put(by, wire_name(f"n{number}.example.org"), A, number, told)
        while len(told.answers) < 32:
            turns += 1
            await trio.lowlevel.checkpoint()
        assert turns >= 32


async def test_done_may_ask_again(autojump_clock):
    async with responder(numbered) as server, running(Engine()) as engine:
        by, told = plan(server), Told()

        def again(token, answer):
            told(token, answer)
            if token < 50:
                engine.put(by, NAME[:0] + wire_name(f"n{token}.example.org"), A, token + 1, again)

        engine.put(by, wire_name("n0.example.org"), A, 1, again)
        await told.wait(50)
        assert [token for token, _answer in told.answers] == list(range(1, 51))


async def test_a_type_that_is_not_common(autojump_clock):
    async with responder(lambda q: reply(q)) as server, running(Engine()) as engine:
        assert (await asked(engine, plan(server), rtype=MX)).outcome is Outcome.NODATA


async def test_packets_too_short_for_a_header_behind_an_answer_harm_nobody(autojump_clock):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        async with running(Engine()) as engine:
            await trio.sleep(1)  # at 0 no round trip is measured
            told, by = Told(), plan(Upstream(*server.getsockname(), ports=1))
            for number in range(3):
                engine.put(by, wire_name(f"h{number}.example.org"), A, number, told)
            packets = [server.recvfrom(512) for _ in range(3)]
            peer, (first, _, last) = packets[0][1], [Asked(packet) for packet, _ in packets]
            for each in [reply(first, a(QUESTION, "192.0.2.1")), *(bytes(size) for size in reversed(range(12)))]:
                server.sendto(each, peer)  # all at once, so that they are read in one go
            await told.wait(1)
            server.sendto(reply(last), peer)
            answers = await told.wait(2)
            assert [each.outcome for each in answers] == [Outcome.NOERROR, Outcome.NODATA]
            assert engine.running


async def test_thousands_that_wait_for_room_are_not_all_woken_at_every_turn(autojump_clock):
    async with responder(lambda _: None) as server, running(Engine()) as engine:
        by, looks = plan(Upstream(server.address, server.port, most=1)), []
        engine.put(by, NAME, A, None, Told())
        room = engine.room

        def counted(plan: Plan) -> int:
            looks.append(plan)
            return room(plan)

        engine.room = counted
        async with trio.open_nursery() as nursery:
            for _ in range(3000):
                nursery.start_soon(engine.wait_room, by)
            await trio.sleep(0.2)
            assert len(looks) == 3000
            nursery.cancel_scope.cancel()
