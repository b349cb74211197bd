"""What is kept of zones and their servers, and for how long."""

import pytest

from tipd.model.dns import wire_name
from tipd.net.resolver.bailiwick import ROOT
from tipd.net.resolver.delegation import (
    LAME_FOR,
    LEAST_TTL,
    MOST_ADDRESSES,
    MOST_SERVERS,
    MOST_TTL,
    Delegation,
    Delegations,
    Hosts,
    NameServer,
)

ORG, EXAMPLE, SUB = wire_name("org"), wire_name("example.org"), wire_name("sub.example.org")
SERVER = NameServer(wire_name("ns.example.org"), ("192.0.2.1",))


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def root() -> Delegation:
    return Delegation(ROOT, (SERVER,), float("inf"))


def test_the_nearest_zone_above_the_name(time: Time, root: Delegation) -> None:
    kept = Delegations(root, time)
    assert kept.deepest(SUB) is root
    org, example = kept.keep(ORG, [SERVER], 600), kept.keep(EXAMPLE, [SERVER], 600)
    assert kept.deepest(wire_name("www.sub.example.org")) is example and kept.deepest(EXAMPLE) is example
    assert kept.deepest(wire_name("example2.org")) is org and kept.deepest(wire_name("example.net")) is root


@pytest.mark.parametrize(("ttl", "seconds"), [(0, LEAST_TTL), (600, 600), (2**31 - 1, MOST_TTL), (172800, MOST_TTL)])
def test_ttl_within_bounds(time: Time, root: Delegation, ttl: int, seconds: float) -> None:
    kept, hosts = Delegations(root, time), Hosts(time)
    kept.keep(EXAMPLE, [SERVER], ttl)
    hosts.keep(SERVER.name, ["192.0.2.1"], ttl)
    time.now += seconds - 1
    assert kept.deepest(SUB) is not root and hosts.get(SERVER.name) == ("192.0.2.1",)
    time.now += 1
    assert kept.deepest(SUB) is root and hosts.get(SERVER.name) is None
    assert len(kept) == len(hosts) == 0


def test_those_not_used_longest_go_first(time: Time, root: Delegation) -> None:
    kept, hosts = Delegations(root, time, 3), Hosts(time, 3)
    names = [wire_name(f"{each}.example") for each in "abcd"]
    for name in names[:3]:
        kept.keep(name, [SERVER], 600)
        hosts.keep(name, [], 600)
    assert kept.deepest(names[0]).zone == names[0] and hosts.get(names[0]) == ()
    kept.keep(names[3], [SERVER], 600)
    hosts.keep(names[3], [], 600)
    assert [kept.deepest(name).zone for name in names] == [names[0], ROOT, names[2], names[3]]
    assert [hosts.get(name) for name in names] == [(), None, (), ()]


def test_the_root_is_not_replaced(time: Time, root: Delegation) -> None:
    kept = Delegations(root, time)
    kept.keep(ROOT, [NameServer(b"\1x\0", ("203.0.113.66",))], 600)
    assert kept.deepest(SUB) is root and not kept.drop(root)


def test_more_servers_and_addresses_than_anybody_needs(time: Time, root: Delegation) -> None:
    kept, hosts = Delegations(root, time), Hosts(time)
    assert len(kept.keep(EXAMPLE, [SERVER] * 500, 60).servers) == MOST_SERVERS
    hosts.keep(SERVER.name, [f"192.0.2.{each}" for each in range(250)], 60)
    assert len(hosts.get(SERVER.name) or ()) == MOST_ADDRESSES


def test_only_what_is_kept_still_is_dropped(time: Time, root: Delegation) -> None:
    kept = Delegations(root, time)
    first = kept.keep(EXAMPLE, [SERVER], 600)
    second = kept.keep(EXAMPLE, [SERVER], 600)
    assert not kept.drop(first) and kept.deepest(SUB) is second
    assert kept.drop(second) and kept.deepest(SUB) is root


def test_lame_for_a_while(time: Time, root: Delegation) -> None:
    kept = Delegations(root, time)
    zone, other = kept.keep(EXAMPLE, [SERVER], 600), kept.keep(ORG, [SERVER], 600)
    zone.mark_lame("192.0.2.1", time.now)
    assert zone.is_lame("192.0.2.1", time.now + LAME_FOR - 1) and not zone.is_lame("192.0.2.1", time.now + LAME_FOR)
    assert not other.is_lame("192.0.2.1", time.now)  # it may well speak for other zones
