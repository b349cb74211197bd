"""Which name servers may be asked, and which are left alone."""

import random

import pytest

from tipd.net.guard import Guard
from tipd.net.resolver.servers import DEAF_AFTER, DEAF_FOR, DEAF_FOR_LONGEST, REFUSED_FOR, Server, Servers
from tipd.net.resolver.upstream import Upstream


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def servers(time: Time, *allow: str, most: int = 100) -> Servers:
    return Servers(Guard(allow), 5300, 50, time, random.Random(3), most=most)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.251", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "not an address", ""),
    ],
)
def test_inner_addresses_are_refused(time: Time, address: str) -> None:
    found = servers(time)
    assert found.get(address) is None and found.get(address) is None
    assert found.facts()["addresses_refused"] == 1 and found.facts()["servers"] == 0


def test_networks_that_are_allowed_are_asked_as_fast_as_they_answer(time: Time) -> None:
    found = servers(time, "127.0.0.0/8").get("127.0.0.9")
    assert found is not None and (found.upstream.name, found.upstream.rate) == ("127.0.0.9:5300", 0)


def test_public_addresses_are_asked_with_a_rate(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.net.resolver.servers._ours_or_away", lambda _address, _port: False)
    found = servers(time).get("9.9.9.9")
    assert found is not None and (found.upstream.port, found.upstream.rate) == (5300, 50)


def test_an_address_of_this_machine_is_refused_for_a_while(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guard, "reason", lambda _self, _address: None)  # as if loopback were public
    found = servers(time)
    assert found.get("127.0.0.1") is None
    monkeypatch.setattr("tipd.net.resolver.servers._ours_or_away", lambda _address, _port: False)
    assert found.get("127.0.0.1") is None
    time.now += REFUSED_FOR
    assert found.get("127.0.0.1") is not None


def test_the_operators_roots_are_trusted(time: Time) -> None:
    found = servers(time)
    keys = found.trust([("127.0.0.1", 53), ("127.0.0.1", 5353)])
    assert [found.get(key).upstream.name for key in keys] == ["127.0.0.1:53", "127.0.0.1:5353"]
    assert found.get("127.0.0.1") is None  # the same address out of an answer is not


def test_those_not_used_longest_go_first(time: Time) -> None:
    found = servers(time, "127.0.0.0/8", most=3)
    first = found.get("127.0.0.1")
    for last in (2, 3):
        found.get(f"127.0.0.{last}")
    assert found.get("127.0.0.1") is first
    for last in range(4, 6):
        found.get(f"127.0.0.{last}")
    assert found.get("127.0.0.1") is first and len(found) == 3


def lose(server: Server, count: int) -> None:
    server.upstream.lost += count


def test_deaf_after_some_losses_and_longer_each_time(time: Time) -> None:
    server = Server("x", Upstream("192.0.2.1"))
    lose(server, DEAF_AFTER - 1)
    assert not server.deaf(time.now)
    lose(server, 1)
    wait = DEAF_FOR
    for _ in range(8):
        assert server.deaf(time.now) and server.deaf(time.now + wait - 0.1)
        time.now += wait
        assert not server.deaf(time.now)
        lose(server, 1)  # one is enough
        wait = min(wait * 2, DEAF_FOR_LONGEST)
    server.upstream.answered += 1
    assert not server.deaf(time.now)
    lose(server, DEAF_AFTER - 1)
    assert not server.deaf(time.now)


def test_the_near_are_asked_first_and_the_deaf_not_at_all(time: Time) -> None:
    near, far, deaf, six = (
        Server(each, Upstream(each)) for each in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1")
    )
    for server, seconds in ((near, 0.01), (far, 0.3)):
        server.upstream.measure(seconds)
        server.upstream.answered += 1
    lose(deaf, DEAF_AFTER)
    orders = [servers(time).order([far, deaf, six, near]) for _ in range(20)]
    assert all(order == [near, far, six] for order in orders)
