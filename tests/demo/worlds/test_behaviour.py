"""What stands behind names: pure functions of time, place and seed."""

from hypothesis import given
from hypothesis import strategies as st

from demo.worlds.behaviour import Alias, Broken, ByRegion, Hosted, Moment, Rotating, RoundRobin, Stages, Steady
from tipd.model.dns import AAAA, CNAME, MX, A, wire_name

POOL = tuple(f"192.0.2.{number}" for number in range(1, 101))
POOL6 = tuple(f"2001:db8::{number:x}" for number in range(1, 101))
TIMES = st.floats(0, 1e6)


@given(TIMES, st.integers(1, 300), st.text(max_size=5))
def test_rotating_holds_for_a_ttl_and_shows_distinct_ones(now, ttl, seed):
    behaviour = Rotating(POOL, 10, ttl)
    first = behaviour.look("a.example", A, Moment(now, seed=seed))
    begun = now // ttl * ttl
    assert behaviour.look("a.example", A, Moment(begun, seed=seed)) == first
    assert len(set(first.rdatas)) == 10
    assert first.ttl == ttl


def test_rotating_shows_others_in_time_and_others_for_other_names_and_seeds():
    behaviour = Rotating(POOL, 10, 2)
    looks = [behaviour.look("a.example", A, Moment(2 * number)).rdatas for number in range(40)]
    assert len(set(map(frozenset, looks))) == 40
    assert len({rdata for look in looks for rdata in look}) > 90
    assert behaviour.look("b.example", A, Moment(0)).rdatas != looks[0]
    assert behaviour.look("a.example", A, Moment(0, seed="1")).rdatas != looks[0]


def test_a_type_gets_the_addresses_of_its_family():
    behaviour = Rotating(POOL, 3, 2, POOL6)
    assert {len(rdata) for rdata in behaviour.look("a.example", A, Moment(0)).rdatas} == {4}
    assert {len(rdata) for rdata in behaviour.look("a.example", AAAA, Moment(0)).rdatas} == {16}
    assert behaviour.look("a.example", MX, Moment(0)).rdatas == ()
    assert Rotating(POOL, 3, 2).look("a.example", AAAA, Moment(0)) == ((), 2, AAAA, True, False)


def test_round_robin_turns_and_changes_nothing():
    behaviour = RoundRobin(POOL, 2)
    first, second = (behaviour.look("a.example", A, Moment(now)).rdatas for now in (0, 2))
    assert first != second
    assert sorted(first) == sorted(second)
    assert second == (*first[1:], first[0])


def test_an_alias_answers_whatever_is_asked():
    for rtype in (A, AAAA, MX):
        look = Alias("b.example", 30).look("a.example", rtype, Moment(0))
        assert (look.rdatas, look.ttl, look.rtype) == ((wire_name("b.example"),), 30, CNAME)


def test_regions_are_told_apart_and_strangers_get_the_rest():
    behaviour = ByRegion({"": Steady(POOL[:1]), "eu": Steady(POOL[1:2])})
    assert behaviour.look("a", A, Moment(0, "eu")).rdatas == (bytes((192, 0, 2, 2)),)
    assert behaviour.look("a", A, Moment(0, "mars")).rdatas == behaviour.look("a", A, Moment(0)).rdatas


def test_stages_follow_each_other_and_the_last_stays():
    behaviour = Stages(((10, Steady(POOL[:1])), (20, Broken()), (30, None)))
    assert behaviour.look("a", A, Moment(9.9)).rdatas
    assert behaviour.look("a", A, Moment(10)).fails
    for late in (20, 29, 31, 1e9):
        assert not behaviour.look("a", A, Moment(late)).exists


def test_a_hosted_name_keeps_its_address_and_some_are_gone():
    behaviour = Hosted(POOL, 20, 0.2)
    looks = [behaviour.look(f"n-{number}.example", A, Moment(0)) for number in range(500)]
    assert looks == [behaviour.look(f"n-{number}.example", A, Moment(1e6)) for number in range(500)]
    assert 60 < sum(not look.exists for look in looks) < 140
    assert {len(look.rdatas) for look in looks} == {0, 1}
