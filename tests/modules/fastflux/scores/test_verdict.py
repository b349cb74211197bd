"""The verdict over whole worlds: which must be confirmed, which never, and what is known to deceive it."""

import itertools
import random
import re

import pytest
from house import tree
from support.judged import SHIPPED, follow
from support.looks import START, empty, look, rotating

from tipd.model.dns import Outcome
from tipd.model.flux import State, Tier
from tipd.modules.fastflux.knowledge.entry import Entry, Kind
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.scores import holz
from tipd.modules.fastflux.scores.features import Features, Given
from tipd.modules.fastflux.scores.verdict import DEFAULTS, MODEL, Bounds, verdict

DAY = 288  # look-ups at a TTL of 300 s
ABOVE = {State.LIKELY, State.CONFIRMED}


@pytest.fixture
def rng() -> random.Random:
    return random.Random(20260101)


def hosts(rng: random.Random, count: int, asns: int, *, first: int = 64500) -> dict[int, int]:
    """So many addresses in so many ASes, all over the public address space: address to AS."""
    found: dict[int, int] = {}
    while len(found) < count:
        number = rng.randrange(11 << 24, 90 << 24)
        found[number] = first + rng.randrange(asns)
    return found


def take(looks, count: int):
    return itertools.islice(looks, count)


# --- worlds that flux ------------------------------------------------------------------------------------------------


def test_single_flux_is_confirmed_within_three_windows(rng) -> None:
    bots = hosts(rng, 5000, 60)
    course = follow(take(rotating(rng, sorted(bots), 10, bots), DAY))
    assert course.when(State.LIKELY) == 2
    assert course.when(State.CONFIRMED) == 3
    assert course.states[-1][2] == "holz"
    assert {"holz", "asns", "entropy", "growth", "fluxiness", "pace", "ttl"} <= course.codes


def test_flux_with_two_addresses_an_answer_is_confirmed_by_the_long_window(rng) -> None:
    bots = hosts(rng, 2000, 80)
    course = follow(take(rotating(rng, sorted(bots), 2, bots, ttl=180), 60))
    assert course.history.window.holz.flux is False
    assert course.when(State.LIKELY) is not None
    assert (course.state, course.states[-1][2]) == (State.CONFIRMED, "long")


def test_flux_that_shows_one_address_at_a_time_too(rng) -> None:
    bots = hosts(rng, 2000, 80)
    assert follow(take(rotating(rng, sorted(bots), 1, bots, ttl=600), 60)).state is State.CONFIRMED


def test_double_flux_is_confirmed_and_says_so(rng) -> None:
    bots, servers = hosts(rng, 400, 40), hosts(rng, 120, 30)

    def ask(number, history, looked) -> None:
        if number % 4 == 1:
            shown = sorted(rng.sample(sorted(servers), 4))
            packed = b"".join(each.to_bytes(4) for each in shown)
            history.add_ns(looked.at, [f"ns{each % 50}.example" for each in shown], packed, [servers[s] for s in shown])

    course = follow(take(rotating(rng, sorted(bots), 8, bots), 40), each=ask)
    assert course.state is State.CONFIRMED
    assert "double" in course.codes


def test_slow_flux_behind_servers_that_flux_is_likely(rng) -> None:
    homes, servers = hosts(rng, 40, 3), hosts(rng, 200, 40)

    def ask(number, history, looked) -> None:
        shown = sorted(rng.sample(sorted(servers), 3))
        packed = b"".join(each.to_bytes(4) for each in shown)
        history.add_ns(looked.at, ["ns1.example"], packed, [servers[each] for each in shown])

    course = follow(take(rotating(rng, sorted(homes), 1, homes, ttl=1800), 20), each=ask)
    assert (course.state, course.verdict.why) == (State.LIKELY, "double")


def test_flux_behind_an_alias_under_another_domain_is_confirmed(rng) -> None:
    bots = hosts(rng, 600, 60)
    course = follow(take(rotating(rng, sorted(bots), 10, bots, cname="go.relay-flux.test"), 20))
    assert course.state is State.CONFIRMED
    assert "foreign_cname" in course.codes


@pytest.mark.parametrize("name", ["pay.quiet-apex.example", "parcel-track.homeip.net"])
def test_flux_under_a_quiet_apex_or_a_private_suffix_is_flux(rng, name) -> None:
    bots = hosts(rng, 300, 40)
    assert follow(take(rotating(rng, sorted(bots), 10, bots), 10), name).state is State.CONFIRMED


def test_an_old_name_that_begins_to_flux_is_confirmed(rng) -> None:
    bots = hosts(rng, 600, 60)
    quiet = [look(START + number * 300, [1 << 27], {1 << 27: 64500}) for number in range(150)]
    flux = [look(START + (150 + number) * 300, rng.sample(sorted(bots), 10), bots) for number in range(10)]
    course = follow([*quiet, *flux])
    assert course.when(State.CONFIRMED) <= 150 + 4


def test_empty_answers_between_hide_no_flux(rng) -> None:
    bots = hosts(rng, 600, 60)
    found = rotating(rng, sorted(bots), 10, bots)
    mixed = (empty(each.at) if number % 2 else each for number, each in enumerate(take(found, 20)))
    assert follow(mixed).state is State.CONFIRMED


def test_sinkholes_and_private_addresses_among_them_hide_no_flux(rng) -> None:
    bots = hosts(rng, 600, 60)
    looks = [
        look(START + number * 300, [*rng.sample(sorted(bots), 10), 0x0A000001, 0xC7028901], bots)
        for number in range(10)
    ]
    course = follow(looks)
    assert course.state is State.CONFIRMED
    assert "barred" in course.codes
    assert course.history.window.n_a == 20


def test_every_other_answer_at_a_known_cdn_hides_no_flux(rng) -> None:
    bots, edges = hosts(rng, 600, 60), hosts(rng, 20, 1)
    cdn = rotating(rng, sorted(edges), 2, edges, cname="e1.akamaiedge.net")
    flux = rotating(rng, sorted(bots), 10, bots)
    mixed = (one if number % 2 else other for number, (one, other) in enumerate(zip(flux, cdn, strict=False)))
    course = follow(take(mixed, 40))
    assert course.state is State.CONFIRMED
    assert not course.verdict.lowered


def test_decoys_of_a_cdn_among_the_bots_hide_no_flux(rng) -> None:
    bots = hosts(rng, 600, 60)
    edges = {(104 << 24) + number: 13335 for number in range(60_000)}
    pool = sorted(bots)
    looks = (
        look(START + number * 300, [*rng.sample(pool, 7), *rng.sample(sorted(edges), 90)], bots | edges)
        for number in range(30)
    )
    course = follow(looks)
    assert course.state is State.CONFIRMED
    assert "known" not in course.codes


def test_a_name_server_that_parks_hides_no_flux(rng) -> None:
    bots = hosts(rng, 600, 60)
    course = follow(take(rotating(rng, sorted(bots), 10, bots), 20), servers=("ns1.sedoparking.com",))
    assert course.state is State.CONFIRMED
    assert "known" in course.codes
    assert not course.verdict.lowered


# --- worlds that do not ----------------------------------------------------------------------------------------------


def never_above(course) -> bool:
    return not any(state in ABOVE for _, state, _ in course.states)


def test_a_round_robin_is_stable_and_let_go(rng) -> None:
    found = hosts(rng, 6, 2)
    course = follow(look(START + number * 300, found, found) for number in range(2 * DAY))
    assert never_above(course)
    assert course.states[-1][1:] == (State.DROPPED, "stable")


def test_a_round_robin_that_shows_some_of_its_servers_is_benign(rng) -> None:
    found = hosts(rng, 16, 2)
    course = follow(take(rotating(rng, sorted(found), 4, found), 2 * DAY))
    assert never_above(course)
    assert course.verdict.tier is Tier.BENIGN


@pytest.mark.parametrize("ttl", [20, 60, 300])
def test_a_cdn_of_one_as_that_rotates_for_days(rng, ttl) -> None:
    found = hosts(rng, 800, 1)
    course = follow(take(rotating(rng, sorted(found), 8, found, ttl=ttl), 5 * DAY))
    assert never_above(course)
    assert "few_asns" in course.codes


def test_even_answers_of_a_hundred_out_of_one_as_confirm_nothing(rng) -> None:
    found = hosts(rng, 800, 1)
    course = follow(take(rotating(rng, sorted(found), 60, found), DAY))
    assert course.history.window.holz.flux
    assert course.state is State.LIKELY


def test_a_cdn_of_many_ases_behind_a_known_alias(rng) -> None:
    found = hosts(rng, 300, 40)
    course = follow(take(rotating(rng, sorted(found), 10, found, ttl=20, cname="e1.g.akamaiedge.net"), DAY))
    assert course.history.window.holz.flux
    assert never_above(course)
    assert course.verdict.tier is Tier.POSSIBLE
    assert course.verdict.lowered


def test_a_cdn_of_many_ases_behind_an_unknown_alias_is_possible_at_most(rng) -> None:
    found = hosts(rng, 300, 20)
    course = follow(take(rotating(rng, sorted(found), 2, found, ttl=20, cname="x.cdn.example.net"), 3 * DAY))
    assert never_above(course)
    assert max(course.tiers, key=list(Tier).index) is Tier.POSSIBLE
    assert {"asns", "foreign_cname"} <= course.codes


def test_an_unknown_cdn_that_scores_as_flux_does_deceive_it(rng) -> None:
    """What is known of its false positives: see docs/reference/fast-flux.md."""
    found = hosts(rng, 300, 40)
    course = follow(take(rotating(rng, sorted(found), 10, found, ttl=20, cname="x.cdn.example.net"), 20))
    assert course.state is State.CONFIRMED


@pytest.mark.parametrize("name", ["0.pool.ntp.org", "de.pool.ntp.org", "seed.bitcoin.sipa.be", "irc.efnet.org"])
def test_pools_that_are_known(rng, name) -> None:
    found = hosts(rng, 3000, 600)
    course = follow(take(rotating(rng, sorted(found), 8, found, ttl=150), DAY), name)
    assert course.history.window.holz.flux
    assert never_above(course)
    assert course.verdict.lowered


def test_a_pool_that_nobody_told_of_deceives_it(rng) -> None:
    """What is known of its false positives: see docs/reference/fast-flux.md."""
    found = hosts(rng, 3000, 600)
    assert follow(take(rotating(rng, sorted(found), 4, found, ttl=150), 60)).state is State.CONFIRMED


def test_a_name_that_has_moved_behind_a_cdn_is_behind_it(rng) -> None:
    own, edges = hosts(rng, 2, 2), hosts(rng, 300, 40)
    before = [look(START + number * 3600, own, own, ttl=3600) for number in range(30)]
    later = [
        look(START + (60 + number) * 3600, rng.sample(sorted(edges), 10), edges, ttl=3600, cname="e1.akamaiedge.net")
        for number in range(60)
    ]
    course = follow([*before, *later])
    assert course.history.window.holz.flux
    assert course.verdict.lowered
    assert never_above(course)


def test_knowledge_that_comes_later_takes_a_confirmed_name_back(rng) -> None:
    found = hosts(rng, 3000, 600)
    stream = list(take(rotating(rng, sorted(found), 8, found, ttl=150), 40))
    assert follow(stream, "time.example.org").state is State.CONFIRMED
    knowing = Knowledge([(Kind.POOL, Entry(name=("time.example.org",), reason="our time servers"))])
    assert never_above(follow(stream, "time.example.org", knowledge=knowing))


def test_a_small_fixed_pool_is_taken_back_after_a_week_without_a_new_address(rng) -> None:
    found = hosts(rng, 30, 25)
    course = follow(take(rotating(rng, sorted(found), 8, found, ttl=1200), 8 * 72))
    assert course.when(State.CONFIRMED) is not None
    assert course.states[-1][1:] == (State.WATCHED, "saturated")


def test_a_wildcard_zone_is_stable(rng) -> None:
    found = hosts(rng, 3, 1)
    course = follow((look(START + number * 300, found, found) for number in range(DAY)), "x1.wildcard.example")
    assert course.states[-1][1:] == (State.DROPPED, "stable")


def test_a_sinkhole_of_many_networks_counts_for_nothing(rng) -> None:
    block = range(0xC6336400, 0xC6336410)
    found = {number: 64500 + number % 16 for number in block}
    knowing = Knowledge([(Kind.SINKHOLE, Entry(network=("198.51.100.0/28",), reason="ours"))])
    course = follow(take(rotating(rng, sorted(found), 8, found), 2 * DAY), knowledge=knowing)
    assert never_above(course)
    assert course.states[-1][1:] == (State.DROPPED, "sinkhole")


def test_private_answers_count_for_nothing(rng) -> None:
    found = {0x0A000000 + number * 65793: 0 for number in range(64)}
    course = follow(take(rotating(rng, sorted(found), 8, found), 2 * DAY))
    assert never_above(course)
    assert course.states[-1][1:] == (State.DROPPED, "private")


def test_a_parked_name(rng) -> None:
    found = hosts(rng, 1, 1)
    course = follow(
        (look(START + number * 600, found, found) for number in range(DAY)), servers=("ns1.sedoparking.com",)
    )
    assert never_above(course)
    assert course.verdict.lowered


def test_other_answers_elsewhere(rng) -> None:
    """Three places ask in turn, and each is told two of its own eight addresses, in three ASes in all."""
    regions = [hosts(rng, 8, 1, first=64500 + region) for region in range(3)]
    looks = (
        look(START + number * 60, rng.sample(sorted(regions[number % 3]), 2), regions[number % 3], ttl=60)
        for number in range(3 * DAY)
    )
    course = follow(looks)
    assert never_above(course)
    assert course.verdict.tier in {Tier.BENIGN, Tier.POSSIBLE}


def test_a_dying_name_is_let_go_without_having_been_more(rng) -> None:
    found = hosts(rng, 2, 2)
    alive = [look(START + number * 300, found, found) for number in range(20)]
    failing = [empty(START + (20 + number) * 300, Outcome.SERVFAIL) for number in range(20)]
    gone = [empty(START + (40 + number) * 3600) for number in range(30)]
    course = follow([*alive, *failing, *gone])
    assert never_above(course)
    assert course.states[-1][1:] == (State.DROPPED, "nxdomain")


def test_a_flux_name_that_is_taken_away_is_dormant_and_then_gone(rng) -> None:
    bots = hosts(rng, 600, 60)
    alive = list(take(rotating(rng, sorted(bots), 10, bots), 10))
    course = follow([*alive, *(empty(alive[-1].at + (number + 1) * 21600) for number in range(4 * 92))])
    assert [state for _, state, _ in course.states][-2:] == [State.DORMANT, State.DROPPED]
    assert [why for *_, why in course.states][-2:] == ["nxdomain", "gone"]


def test_a_flux_name_that_is_led_into_a_sinkhole_is_dormant(rng) -> None:
    bots = hosts(rng, 600, 60)
    alive = list(take(rotating(rng, sorted(bots), 10, bots), 10))
    sunk = [look(alive[-1].at + (number + 1) * 3600, [0xC7028905], {0xC7028905: 8075}) for number in range(30)]
    course = follow([*alive, *sunk])
    assert course.states[-1][1:] == (State.DORMANT, "sinkhole")


def test_a_resolver_that_blocks_says_nothing(rng) -> None:
    bots = hosts(rng, 600, 60)
    blocked = [empty(START + number * 300, Outcome.POLICY) for number in range(50)]
    course = follow(blocked)
    assert course.states == [(0, State.CANDIDATE, "")]
    course = follow([*blocked, *take(rotating(rng, sorted(bots), 10, bots), 0), *blocked])
    assert course.verdict.tier is Tier.UNKNOWN


def test_a_site_that_moves_now_and_then_is_no_flux(rng) -> None:
    """Six hosting companies in two months: scattered and ever new, and yet not fast."""
    found = hosts(rng, 6, 6)
    moves = [each for each in found for _ in range(24 * 10)]
    course = follow(look(START + number * 3600, [each], found, ttl=3600) for number, each in enumerate(moves))
    assert never_above(course)


def test_a_home_with_another_address_each_day_is_no_flux(rng) -> None:
    found = hosts(rng, 60, 1)
    moves = [each for each in found for _ in range(96)]
    course = follow(look(START + number * 900, [each], found, ttl=60) for number, each in enumerate(moves))
    assert never_above(course)


# --- without an AS table ---------------------------------------------------------------------------------------------


def test_without_an_as_table_flux_is_likely_at_most(rng) -> None:
    bots = hosts(rng, 5000, 60)
    course = follow(take(rotating(rng, sorted(bots), 10, None), DAY))
    assert course.history.window.holz is None
    assert (course.state, course.verdict.tier, course.verdict.why) == (State.LIKELY, Tier.LIKELY, "growth")
    assert {"prefixes", "no_asns"} <= course.codes


def test_without_an_as_table_a_cdn_in_few_networks_is_not(rng) -> None:
    edges = [(203 << 24) + number for number in range(400)]
    assert never_above(follow(take(rotating(rng, edges, 8, None), DAY)))


def test_a_table_that_knows_hardly_any_of_them_does_not_make_them_few(rng) -> None:
    bots = hosts(rng, 5000, 60)
    known = {number: asn for number, asn in bots.items() if asn < 64503}
    course = follow(take(rotating(rng, sorted(bots), 10, known), 60))
    assert (course.state, course.verdict.why) == (State.LIKELY, "growth")
    assert {"prefixes", "unplaced"} <= course.codes


# --- the verdict itself ----------------------------------------------------------------------------------------------


def test_one_look_up_says_nothing(rng) -> None:
    found = hosts(rng, 20, 20)
    course = follow([look(START, found, found)])
    assert (course.verdict.tier, course.state) == (Tier.UNKNOWN, State.CANDIDATE)


def test_a_set_that_never_changes_is_no_more_than_likely(rng) -> None:
    found = hosts(rng, 20, 12)
    course = follow(look(START + number * 300, found, found) for number in range(90))
    assert course.state is State.LIKELY
    assert course.verdict.tier is Tier.LIKELY


def test_each_reason_says_what_was_measured_and_where_the_bound_lies(rng) -> None:
    bots = hosts(rng, 600, 60)
    course = follow(take(rotating(rng, sorted(bots), 10, bots), 50))
    for reason in course.verdict.reasons:
        assert reason.code
        assert reason.text
        assert reason.value is not None
    assert course.verdict.model == MODEL
    assert course.verdict.since == START
    assert course.verdict.looks == 50


def test_bounds_can_be_moved(rng) -> None:
    bots = hosts(rng, 600, 60)
    found = follow(take(rotating(rng, sorted(bots), 2, bots), 12)).last.features
    assert verdict(found).tier is Tier.LIKELY
    assert verdict(found, Bounds(per_day=10_000)).tier is Tier.POSSIBLE


def test_what_others_know_is_among_the_reasons_and_shared_addresses_weigh(rng) -> None:
    found = hosts(rng, 40, 10)
    stream = list(take(rotating(rng, sorted(found), 3, found, ttl=3600), 5))
    assert follow(stream).verdict.tier is Tier.POSSIBLE
    given = Given(shared=12, shared_names=5, siblings={"spam": 3, "listed": 0}, registered=START - 86400 * 3)
    course = follow(stream, given=given)
    assert (course.verdict.tier, course.verdict.why) == (Tier.LIKELY, "shared")
    assert {"shared", "siblings", "young"} <= course.codes
    old = follow(stream, given=Given(registered=START - 86400 * 4000))
    assert "old" in old.codes


def test_the_shipped_knowledge_lowers_and_never_hides(rng) -> None:
    found = hosts(rng, 3000, 600)
    course = follow(take(rotating(rng, sorted(found), 8, found), 10), "pool.ntp.org", knowledge=SHIPPED)
    assert course.state is State.WATCHED
    assert "holz" in course.codes
    assert [reason.value for reason in course.verdict.reasons if reason.code == "known"] == ["pool:pool.ntp.org"]


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_states_the_bounds_as_they_are() -> None:
    page = " ".join(tree.text("docs/reference/fast-flux.md").split())
    known = DEFAULTS
    for said in (
        f"in {known.asns} ASNs or more, with at least {known.entropy} bits",
        f"in {known.prefixes16} /16 or more",
        f"after {known.looks} look-ups: fluxiness of at least {known.fluxiness}; {known.per_day:g} new addresses"
        f" a day; {known.late} of them late",
        f"over {known.strong_looks} look-ups: {known.strong_asns} ASNs, {known.strong_entropy} bits, fluxiness"
        f" {known.strong_fluxiness}, {known.strong_per_day:g} new addresses a day",
        f"{known.ns_new} new addresses of name servers, in {known.ns_asns} ASNs or more, with a fluxiness of"
        f" {known.ns_fluxiness}",
        f"{known.shared_names} other names or more",
        f"a median TTL of at most {known.ttl} s; registered at most {known.age_days:g} days ago",
        f"{known.settled} look-ups in a row",
        f"{known.saturated} look-ups or more, over {known.saturated_days:g} days or more",
        f"in {known.few_asns} ASNs or fewer",
        f"| `{MODEL}` |",
        f"| `{holz.VERSION}` |",
    ):
        assert said in page, said


def test_the_page_has_every_feature_and_every_reason() -> None:
    page = tree.text("docs/reference/fast-flux.md")
    assert [name for name in Features.__struct_fields__ if f"`{name}`" not in page] == []
    source = tree.text("tipd/modules/fastflux/scores/reasons.py")
    codes = set(re.findall(r'Reason\(\s*"(\w+)"', source))
    assert len(codes) > 15
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []
