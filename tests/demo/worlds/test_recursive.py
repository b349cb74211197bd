"""The resolver's view: a cache, falling TTLs, aliases followed, answers by policy."""

import math

from hypothesis import given
from hypothesis import strategies as st

from demo.worlds import script, space
from demo.worlds.behaviour import Alias, Broken, Rotating, Steady
from demo.worlds.recursive import BLOCKED, Recursive
from demo.worlds.wire import address_bytes
from demo.worlds.zones import NXDOMAIN, SERVFAIL, Tree, Zone, usual
from tipd.model.dns import AAAA, CNAME, SOA, A

HOSTS = {
    "moving.test": Rotating(space.HOMES_A, 5, 10),
    "a.moving.test": Alias("b.moving.test", 3),
    "b.moving.test": Alias("moving.test", 60),
    "loop.moving.test": Alias("loop.moving.test", 5),
    "dangling.moving.test": Alias("nothing.moving.test", 5),
    "broken.moving.test": Broken(),
    "still.moving.test": Steady(("192.0.2.1",), 30),
}
TREE = Tree([Zone("moving.test", usual("moving.test"), HOSTS)])


@given(st.lists(st.floats(0.001, 15), min_size=2, max_size=30))
def test_what_is_cached_stays_and_its_ttl_falls(pauses):
    """Between two refreshes the set is the same, and time passed plus TTL left is what it was; no TTL is zero."""
    resolver, now, refreshed = Recursive(TREE, "eu"), 0.0, -math.inf
    seen = ()
    for pause in pauses:
        now += pause
        answer = resolver.answer("moving.test", A, now).answer
        rdatas = tuple(record.rdata for record in answer)
        if now < refreshed + 10:
            assert rdatas == seen
        else:
            refreshed, seen = now, rdatas
        assert answer[0].ttl == math.ceil(refreshed + 10 - now) > 0


def test_two_resolvers_that_were_asked_at_other_times_differ():
    first, second = Recursive(TREE, "eu"), Recursive(TREE, "us")
    first.answer("moving.test", A, 9.0)
    early, late = (resolver.answer("moving.test", A, 12.0).answer for resolver in (first, second))
    assert {record.rdata for record in early} != {record.rdata for record in late}
    assert (early[0].ttl, late[0].ttl) == (7, 10)


def test_aliases_are_followed_to_their_end():
    answer = Recursive(TREE, "eu").answer("a.moving.test", A, 0.0).answer
    assert [record.rtype for record in answer] == [CNAME, CNAME, *[A] * 5]
    assert [record.name for record in answer[:3]] == ["a.moving.test", "b.moving.test", "moving.test"]
    assert Recursive(TREE, "eu").answer("a.moving.test", CNAME, 0.0).answer == answer[:1]


def test_a_loop_and_a_broken_zone_are_servfail():
    resolver = Recursive(TREE, "eu")
    assert resolver.answer("loop.moving.test", A, 0.0).rcode == SERVFAIL
    assert resolver.answer("broken.moving.test", A, 0.0).rcode == SERVFAIL


def test_what_is_not_there_comes_with_a_soa_whose_ttl_falls():
    resolver = Recursive(TREE, "eu")
    gone = resolver.answer("dangling.moving.test", A, 0.0)
    assert (gone.rcode, [record.rtype for record in gone.answer]) == (NXDOMAIN, [CNAME])
    assert [(record.rtype, record.ttl) for record in gone.authority] == [(SOA, 5)]
    assert resolver.answer("nothing.moving.test", A, 3.2).authority[0].ttl == 2
    none = resolver.answer("still.moving.test", AAAA, 0.0)
    assert (none.rcode, none.answer, none.authority[0].rtype) == (0, (), SOA)


def test_policy_answers_before_anything_else():
    resolver = Recursive(TREE, "eu", blocks={"moving.test": "ede", "still.moving.test": "garden"})
    blocked = resolver.answer("moving.test", A, 0.0)
    assert (blocked.rcode, blocked.ede, blocked.answer) == (NXDOMAIN, BLOCKED, ())
    led = resolver.answer("still.moving.test", A, 0.0)
    assert [record.rdata for record in led.answer] == [address_bytes(space.GARDEN)]
    assert resolver.answer("still.moving.test", AAAA, 0.0).answer == ()


def test_regions_are_told_different_things():
    tree = script.tree()
    eu, us = (Recursive(tree, region).answer("geo.example", A, 0.0).answer for region in ("eu", "us"))
    assert not {record.rdata for record in eu} & {record.rdata for record in us}
