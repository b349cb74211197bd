"""Sending: where it cannot be done it is tried again, and what was no try does not count as one."""

import random
import select
from collections.abc import Iterator
from typing import Any

import pytest

from tipd.model.dns import A, wire_name
from tipd.net.resolver.pending import Pending, Plan
from tipd.net.resolver.sender import JITTER, UNSENT, Sender
from tipd.net.resolver.sockets import Pool, Socket
from tipd.net.resolver.timers import PARKED, Timers
from tipd.net.resolver.upstream import FIRST_TIMEOUT, Upstream

NAME = wire_name("www.example.org")


class Sending:
    """A sender with one port, whose sending a test replaces."""

    def __init__(self, pool: Pool) -> None:
        self.timers = Timers()
        self.sender = Sender(pool, self.timers, random.Random(1).randbytes)
        self.upstream = Upstream("127.0.0.1", 9, ports=1)
        self.plan = Plan(upstreams=(self.upstream,))
        self.socket: Socket = pool.add(self.upstream, 0.0)
        self.sent: list[bytes] = []
        self.errors: list[OSError] = []
        self.socket.send = self.send  # type: ignore[assignment]

    def send(self, packet: bytes) -> int:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(packet)
        return len(packet)

    def first(self, **more: Any) -> Pending:
        plan = Plan(upstreams=(self.upstream,), **more)
        self.sender.first(plan, 0, NAME, A, None, print, 10.0)
        return list(self.socket.flight.values())[-1]


@pytest.fixture
def sending() -> Iterator[Sending]:
    pool = Pool(8)
    with select.epoll() as epoll:
        pool.start(epoll)
        yield Sending(pool)
        pool.stop()


def test_a_first_try_is_in_flight_under_its_id(sending: Sending) -> None:
    pending = sending.first()
    assert sending.sent[0][:2] == pending.id and sending.sent[0][12:].startswith(pending.question)
    assert sending.socket.flight == {pending.id: pending}
    assert (pending.tries, pending.counted, pending.common, pending.deadline) == (1, True, True, 20.0)
    assert FIRST_TIMEOUT <= pending.due - 10.0 <= FIRST_TIMEOUT * JITTER[-1]
    assert (sending.upstream.in_flight, sending.upstream.sent, sending.socket.sent) == (1, 1, 1)
    assert sending.socket.used == 10.0


def test_a_try_ends_at_the_deadline(sending: Sending) -> None:
    assert sending.first(seconds=0.3).due == 10.3


def test_an_id_in_flight_is_not_given_again(sending: Sending) -> None:
    draws = iter([b"\7\7" + bytes(100), b"\7\7" + bytes(100), b"\7\7", b"\7\x08"])
    sending.sender.noise.take = lambda count: next(draws)[:count]  # type: ignore[method-assign]
    sending.first()
    sending.first()
    assert list(sending.socket.flight) == [b"\7\7", b"\7\x08"]


def test_a_second_try_waits_twice_as_long(sending: Sending) -> None:
    pending = sending.first()
    for tries, least in ((2, 2.0), (3, 4.0)):
        sending.sender.send(pending, sending.upstream, 10.0)
        assert (pending.tries, pending.counted) == (tries, True)
        assert least <= pending.due - 10.0 <= least * JITTER[-1]
    assert len({packet[:2] for packet in sending.sent}) == 3


def test_without_edns_where_the_question_or_the_server_wants_it(sending: Sending) -> None:
    pending = sending.first()
    pending.plain = True
    sending.sender.send(pending, sending.upstream, 10.0)
    pending.plain = False
    sending.upstream.understand(edns=False, now=10.0)
    sending.sender.send(pending, sending.upstream, 10.0)
    assert [packet[11] for packet in sending.sent] == [1, 0, 0]
    assert len({len(packet) for packet in sending.sent[1:]}) == 1


def test_an_error_of_an_earlier_question_is_no_error_of_this_one(sending: Sending) -> None:
    sending.errors = [ConnectionRefusedError()]
    pending = sending.first()
    assert len(sending.sent) == 1 and pending.due - 10.0 >= FIRST_TIMEOUT
    assert sending.upstream.unreachable == 1


def test_what_could_not_be_sent_is_tried_again_soon(sending: Sending) -> None:
    sending.errors = [OSError(101, "no way"), OSError(101, "no way")]
    pending = sending.first()
    assert sending.sent == [] and pending.due == pytest.approx(10.0 + UNSENT)
    assert pending.tries == 1


def test_a_full_queue_of_the_machine_costs_no_try(sending: Sending) -> None:
    sending.errors = [BlockingIOError()]
    pending = sending.first()
    assert (pending.tries, pending.due, sending.upstream.unreachable) == (0, pytest.approx(10.0 + UNSENT), 0)


def test_with_no_port_to_be_had_it_waits(sending: Sending) -> None:
    for each in list(sending.upstream.sockets):
        each.flight[b"ab"] = Pending(NAME, A, None, print, sending.plan, 0.0)
    elsewhere = Upstream("127.0.0.1", 9)
    full = Sender(Pool(0), sending.timers, random.Random(1).randbytes)
    full.first(Plan(upstreams=(elsewhere,)), 0, NAME, A, None, print, 10.0)
    (parked,) = sending.timers.parked
    assert (parked.tries, parked.due) == (0, pytest.approx(10.0 + PARKED))
    full.send(parked, elsewhere, 10.0)
    assert (elsewhere.in_flight, elsewhere.unreachable) == (0, 2)


def test_where_no_socket_can_be_opened_questions_are_refused_and_do_not_pile_up() -> None:
    timers, upstream = Timers(), Upstream("127.0.0.1", 9)
    sender, now = Sender(Pool(0), timers, random.Random(1).randbytes), 10.0
    while upstream.room(now) and len(timers.parked) < 100:
        sender.first(Plan(upstreams=(upstream,)), 0, NAME, A, None, print, now)
    assert len(timers.parked) == 1


def test_a_try_that_is_overtaken_by_the_next_can_still_be_found(sending: Sending) -> None:
    pending = sending.first()
    first = pending.id
    for _ in range(2):
        sending.sender.send(pending, sending.upstream, 11.0)
    assert [key for _, key, _ in pending.older or ()] == [key for key in sending.socket.flight if key != pending.id]
    assert first in sending.socket.flight and len(sending.socket.flight) == 3
