"""What a walk is on its way, and what it shares with the walks for its servers' names."""

from tipd.model.dns import A, wire_name
from tipd.net.resolver.bailiwick import ROOT
from tipd.net.resolver.delegation import Delegation
from tipd.net.resolver.walk import MOST_QUESTIONS, Walk


def nobody(_token: object, _answer: object) -> None:
    """Take an answer that nobody waits for."""


def test_a_walk_for_a_servers_name_shares_the_budget_and_knows_those_above() -> None:
    walk = Walk(wire_name("www.example.org"), A, None, nobody, 100.0)
    first = walk.below(wire_name("ns.example.net"), A, None, nobody)
    second = first.below(wire_name("ns.example.com"), A, None, nobody)
    second.budget.left -= 7
    assert walk.budget.left == first.budget.left == MOST_QUESTIONS - 7
    assert [each.depth for each in (walk, first, second)] == [0, 1, 2]
    assert second.hosts == {wire_name("ns.example.net"), wire_name("ns.example.com")} and not walk.hosts
    assert second.deadline == 100.0


def test_another_zone_is_a_new_beginning() -> None:
    walk = Walk(wire_name("www.example.org"), A, None, nobody, 100.0)
    walk.passed.add("192.0.2.1")
    walk.looked_up.add(wire_name("ns.example.net"))
    zone = Delegation(ROOT, (), 0.0)
    walk.enter(zone, from_cache=False)
    assert walk.delegation is zone and not walk.from_cache and not walk.passed and not walk.looked_up
