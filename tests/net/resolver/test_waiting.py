"""Walks that wait for room at a server, in order."""

from tipd.model.dns import A, wire_name
from tipd.net.resolver.servers import DEAF_AFTER, Server
from tipd.net.resolver.upstream import Upstream
from tipd.net.resolver.waiting import Waiting
from tipd.net.resolver.walk import Walk


def walk(number: int, deadline: float = 100.0) -> Walk:
    return Walk(wire_name(f"h{number}.example.org"), A, number, lambda _token, _answer: None, deadline)


def server(key: str, room: int = 0) -> Server:
    made = Server(key, Upstream(key))
    made.upstream.window = float(room)
    return made


def tokens(walks: object) -> list[int]:
    return [each.token for each in walks]  # type: ignore[attr-defined]


def test_as_many_as_there_is_room_for_in_order() -> None:
    waiting, full, free = Waiting(), server("192.0.2.1"), server("192.0.2.2")
    for number in range(5):
        waiting.put(walk(number), full)
    waiting.put(walk(9), free)
    assert waiting and tokens(waiting.ready(0.0)) == []
    free.upstream.window = 10.0
    assert tokens(waiting.ready(0.0)) == [9]
    full.upstream.window = 2.0
    found = []
    for each in waiting.ready_at(full.key, 0.0):
        found.append(each.token)
        full.upstream.in_flight += 1  # it is asked at once
    assert found == [0, 1]
    full.upstream.window = 10.0
    assert tokens(waiting.ready(0.0)) == [2, 3, 4] and not waiting


def test_those_whose_time_is_over_and_those_at_deaf_servers_go_on() -> None:
    waiting, full = Waiting(), server("192.0.2.1")
    for number, deadline in enumerate((5.0, 20.0, 6.0)):
        waiting.put(walk(number, deadline), full)
    assert tokens(waiting.ready(10.0)) == [0]
    assert tokens(waiting.ready(21.0)) == [1, 2]
    waiting.put(walk(7), full)
    full.upstream.lost = DEAF_AFTER
    assert tokens(waiting.ready_at(full.key, 30.0)) == [7] and not waiting


def test_one_that_is_put_back_while_it_is_taken_out_waits_on() -> None:
    waiting, full = Waiting(), server("192.0.2.1", room=1)
    waiting.put(walk(1), full)
    for each in waiting.ready(0.0):
        waiting.put(each, full)
    assert tokens(waiting.clear()) == [1] and not waiting and tokens(waiting.ready_at("192.0.2.9", 0.0)) == []
