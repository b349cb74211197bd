"""The tree of zones: who holds a name, who refers to whom, and what is not there."""

import pytest

from demo.worlds import zones
from demo.worlds.behaviour import Alias, Moment, Rotating, Steady
from demo.worlds.wire import address_bytes
from demo.worlds.zones import Servers, Tree, Zone, usual
from tipd.model.dns import AAAA, CNAME, NS, SOA, A, text_name

NOW = Moment(0)
FLUXING = Servers(tuple(f"ns{n}.moving.example" for n in range(6)), 2, 2, at=("127.0.54.1", "127.0.54.2"))
HOSTS = {
    "still.example": {"www.still.example": Steady(("192.0.2.1",)), "a.b.still.example": Steady(("192.0.2.2",))},
    "alias.test": {"www.alias.test": Alias("to.alias.test", 9), "to.alias.test": Steady(("192.0.2.5",))},
    "own.homeip.net": {"own.homeip.net": Rotating(("192.0.2.6", "192.0.2.7"), 1, 2)},
}
TREE = Tree(
    [
        *(Zone(name, usual(name), hosts) for name, hosts in HOSTS.items()),
        Zone("moving.example", FLUXING, {"moving.example": Steady(("192.0.2.3",))}),
        Zone("wild.test", usual("wild.test"), {}, Steady(("192.0.2.4",))),
    ]
)


def ask(server, name, rtype=A, now=0.0):
    return TREE.asked_at(server, name, rtype, Moment(now))


def test_the_root_refers_to_the_top_level_and_that_to_the_zone():
    referred = ask(zones.ROOT, "www.still.example")
    assert not referred.authoritative
    assert [(record.name, record.rtype) for record in referred.authority] == [("example", NS)]
    assert [record.rdata for record in referred.additional] == [address_bytes(zones.TLDS)]
    referred = ask(zones.TLDS, "www.still.example")
    assert {record.name for record in referred.authority} == {"still.example"}
    assert {record.rdata for record in referred.additional} == {address_bytes(each) for each in zones.ZONES}


def test_the_zones_own_server_answers_with_true_ttls():
    answered = ask(zones.ZONES[0], "www.still.example")
    assert answered.authoritative
    assert [(record.name, record.ttl, record.rdata) for record in answered.answer] == [
        ("www.still.example", 3, address_bytes("192.0.2.1"))
    ]


def test_who_does_not_have_the_zone_refuses():
    assert ask("127.0.54.1", "www.still.example").rcode == zones.REFUSED
    assert ask(zones.ZONES[0], "moving.example") == zones.Reply(zones.REFUSED)
    assert ask("127.0.54.1", "moving.example").authoritative


def test_name_servers_move():
    seen = set()
    for now in range(0, 40, 2):
        names = {text_name(record.rdata) for record in ask(zones.TLDS, "moving.example", now=now).authority}
        assert len(names) == 2
        assert names == {text_name(rdata) for rdata in TREE.look("moving.example", NS, Moment(now)).rdatas}
        seen |= names
    assert seen == set(FLUXING.names)


def test_a_name_server_is_public_to_resolvers_and_near_to_who_asks_it():
    name = "ns3.moving.example"
    (public,) = TREE.look(name, A, NOW).rdatas
    (near,) = ask("127.0.54.1", name).answer
    assert public[0] != 127
    assert near.rdata == address_bytes("127.0.54.2")


@pytest.mark.parametrize(
    ("name", "exists"),
    [("still.example", True), ("b.still.example", True), ("c.still.example", False), ("x.www.still.example", False)],
)
def test_what_is_not_there_is_told_from_what_has_no_address(name, exists):
    answered = ask(zones.ZONES[0], name)
    assert answered.answer == ()
    assert [record.rtype for record in answered.authority] == [SOA]
    assert answered.rcode == (0 if exists else zones.NXDOMAIN)


def test_a_host_without_the_type_has_none():
    answered = ask(zones.ZONES[0], "www.still.example", AAAA)
    assert (answered.rcode, answered.answer, answered.authority[0].rtype) == (0, (), SOA)


def test_a_wildcard_answers_for_all_below():
    for name in ("a.wild.test", "b.c.wild.test"):
        assert ask(zones.ZONES[1], name).answer[0].rdata == address_bytes("192.0.2.4")
    assert ask(zones.ZONES[1], "wild.test").answer == ()


def test_an_alias_within_the_zone_is_followed():
    assert [record.rtype for record in ask(zones.ZONES[0], "www.alias.test").answer] == [CNAME, A]
    assert [record.rtype for record in ask(zones.ZONES[0], "www.alias.test", CNAME).answer] == [CNAME]


def test_a_zone_below_a_private_suffix_hangs_below_its_top_level():
    assert {record.name for record in ask(zones.ROOT, "own.homeip.net").authority} == {"net"}
    assert {record.name for record in ask(zones.TLDS, "own.homeip.net").authority} == {"own.homeip.net"}


def test_the_crowd_has_zones_of_its_own():
    name = next(f"word-{n}.example" for n in range(9) if TREE.look(f"word-{n}.example", A, NOW).exists)
    assert {record.name for record in ask(zones.TLDS, name).authority} == {name}
    assert len(ask(zones.ZONES[0], name).answer) == 1
    assert ask(zones.ZONES[0], name, NS).answer[0].name == name
    assert TREE.chain("no_word.example")[0].name == "example"


def test_the_apex_tells_its_servers_and_its_soa():
    (soa,) = ask(zones.ZONES[0], "still.example", SOA).answer
    assert soa.rtype == SOA
    servers = ask(zones.ZONES[0], "still.example", NS)
    assert [text_name(record.rdata) for record in servers.answer] == ["ns1.still.example", "ns2.still.example"]


def test_where_servers_listen():
    assert TREE.addresses() == {zones.ROOT, zones.TLDS, *zones.ZONES, "127.0.54.1", "127.0.54.2"}
