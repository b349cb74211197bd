"""Ports: opened, registered, replaced and closed."""

import select
from collections.abc import Iterator

import pytest

from tipd.net.resolver.pending import Pending, Plan
from tipd.net.resolver.sockets import LONGEST_IDLE, LONGEST_LIFE, MOST_SENT, Pool
from tipd.net.resolver.upstream import Upstream

PENDING = Pending(b"\0", 1, None, print, Plan(upstreams=()), 0.0)


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(4)
    with select.epoll() as epoll:
        made.start(epoll)
        yield made
        made.stop()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_socket_is_connected_and_does_not_block(pool: Pool, address: str) -> None:
    upstream = Upstream(address, 5353)
    made = pool.add(upstream, 0.0)
    assert made.raw.getpeername()[:2] == (address, 5353)
    with pytest.raises(BlockingIOError):
        made.recv(10)
    assert (upstream.sockets, pool.open) == ([made], {made.number: made})


def test_worn_old_and_idle_sockets_are_replaced(pool: Pool) -> None:
    upstream = Upstream("127.0.0.1")
    worn, fresh = pool.add(upstream, 0.0), pool.add(upstream, 0.0)
    worn.sent = MOST_SENT
    pool.sweep(1.0)
    assert upstream.sockets == [fresh]
    pool.sweep(LONGEST_IDLE)
    assert upstream.sockets == [] and pool.open == {}
    old = pool.add(upstream, 0.0)
    old.used = LONGEST_LIFE - 1
    pool.sweep(LONGEST_LIFE)
    assert pool.open == {} and old.raw.fileno() == -1


def test_a_replaced_socket_waits_for_its_answers(pool: Pool) -> None:
    upstream = Upstream("127.0.0.1")
    made = pool.add(upstream, 0.0)
    made.flight[b"ab"] = PENDING
    pool.sweep(LONGEST_LIFE)
    assert upstream.sockets == [] and made.number in pool.open
    made.flight.clear()
    pool.sweep(LONGEST_LIFE)
    assert pool.open == {}


def test_idle_ones_make_room_and_busy_ones_do_not(pool: Pool) -> None:
    upstream, other = Upstream("127.0.0.1"), Upstream("127.0.0.2")
    made = [pool.add(upstream, float(number)) for number in range(4)]
    for each in made[1:]:
        each.flight[b"ab"] = PENDING
    pool.add(other, 5.0)
    assert made[0] not in upstream.sockets and len(pool.open) == 4
    other.sockets[0].flight[b"ab"] = PENDING
    with pytest.raises(OSError, match="no more sockets"):
        pool.add(other, 6.0)


def test_nothing_is_opened_when_it_does_not_run(pool: Pool) -> None:
    upstream = Upstream("127.0.0.1")
    pool.add(upstream, 0.0)
    pool.stop()
    assert upstream.sockets == [] and pool.open == {}
    with pytest.raises(OSError, match="no more sockets"):
        pool.add(upstream, 0.0)
