"""Looking up name servers by name, without a network: steps are recorded, answers handed in."""

import pytest

from tipd.model.dns import AAAA, A, Answer, Outcome, wire_name
from tipd.net.resolver.bailiwick import ROOT
from tipd.net.resolver.delegation import Delegation, Delegations, Hosts, NameServer
from tipd.net.resolver.lookups import AT_ONCE, Lookups
from tipd.net.resolver.walk import MOST_DEPTH, MOST_LOOKUPS, Walk

NS1, NS2 = wire_name("ns1.example.net"), wire_name("ns2.example.net")
FOUND = Answer(Outcome.NOERROR, bytes((192, 0, 2, 53)), 300)


class Stage:
    """Lookups whose walks go nowhere by themselves."""

    def __init__(self) -> None:
        self.hosts = Hosts(lambda: 0.0)
        self.steps: list[Walk] = []
        root = Delegation(ROOT, (NameServer(ROOT, ("192.0.2.1",)),), float("inf"))
        self.lookups = Lookups(Delegations(root, lambda: 0.0), self.hosts, self.steps.append)

    def begin(self, walk: Walk, *names: bytes, zone: str = "example.org") -> list[Walk]:
        """Let it begin; return the walks for servers' names."""
        self.steps.clear()
        made = Delegation(wire_name(zone), tuple(NameServer(name) for name in names), 60.0)
        self.lookups.begin(walk, made)
        return list(self.steps)


def walk() -> Walk:
    return Walk(wire_name("www.example.org"), A, None, lambda _token, _answer: None, 100.0)


def end(child: Walk, answer: Answer) -> None:
    child.live = False
    child.done(child.token, answer)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_what_is_found_is_kept_and_the_walk_goes_on(stage: Stage) -> None:
    one = walk()
    (child,) = stage.begin(one, NS1)
    assert (child.at, child.rtype, one.waiting) == (NS1, A, 1)
    end(child, FOUND)
    assert stage.hosts.get(NS1) == ("192.0.2.53",) and one.waiting == 0 and stage.steps[-1] is one


def test_some_at_once_and_no_more_than_some_in_all(stage: Stage) -> None:
    one = walk()
    names = [wire_name(f"ns{number}.example.net") for number in range(20)]
    asked = []
    while children := stage.begin(one, *names):
        assert len(children) <= AT_ONCE
        asked += [child.at for child in children]
        for child in children:
            end(child, Answer(Outcome.SERVFAIL))
    assert len(asked) == len(set(asked)) == MOST_LOOKUPS


def test_others_wait_for_the_same_look_up(stage: Stage) -> None:
    one, other = walk(), walk()
    (child,) = stage.begin(one, NS1)
    assert not stage.begin(other, NS1) and other.waiting == 1
    end(child, FOUND)
    assert stage.steps[-2:] == [one, other] and not one.waiting and not other.waiting


def test_ipv6_is_asked_for_on_behalf_of_whoever_still_waits(stage: Stage) -> None:
    one, other = walk(), walk()
    (child,) = stage.begin(one, NS1)
    stage.begin(other, NS1)
    one.live = False
    end(child, Answer(Outcome.NODATA, ttl=60))
    six = stage.steps[-1]
    assert (six.at, six.rtype, six.budget) == (NS1, AAAA, other.budget)
    end(six, Answer(Outcome.NOERROR, bytes(15) + b"\1", 300))
    assert stage.hosts.get(NS1) == ("::1",)


def test_nobody_waits_any_more(stage: Stage) -> None:
    one = walk()
    (child,) = stage.begin(one, NS1)
    one.live = False
    end(child, Answer(Outcome.NODATA, ttl=60))
    assert stage.hosts.get(NS1) is None and stage.lookups.count == 1


@pytest.mark.parametrize("outcome", [Outcome.SERVFAIL, Outcome.REFUSED, Outcome.TIMEOUT, Outcome.POLICY])
def test_trouble_is_not_kept(stage: Stage, outcome: Outcome) -> None:
    (child,) = stage.begin(walk(), NS1)
    end(child, Answer(outcome))
    assert stage.hosts.get(NS1) is None


def test_servers_that_are_known_not_to_be_there_are_not_asked_for_again(stage: Stage) -> None:
    (child,) = stage.begin(walk(), NS1)
    end(child, Answer(Outcome.NXDOMAIN, ttl=60))
    assert stage.hosts.get(NS1) == () and not stage.begin(walk(), NS1)


def test_a_server_inside_its_own_zone_needs_glue(stage: Stage) -> None:
    assert not stage.begin(walk(), NS1, zone="example.net")


def test_no_circles_and_no_depths(stage: Stage) -> None:
    one = walk()
    (child,) = stage.begin(one, NS1)
    assert not stage.begin(child, NS1, zone="example.com")  # it is what is looked for
    deep = child
    for number in range(MOST_DEPTH):
        found = stage.begin(deep, wire_name(f"ns.deep{number}.example"), zone="example.com")
        assert bool(found) == (deep.depth < MOST_DEPTH)
        deep = found[0] if found else deep
    assert deep.depth == MOST_DEPTH
