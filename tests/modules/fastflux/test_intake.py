"""Names out of lists: which are taken, how often, and what a list of rubbish does."""

import pytest
import trio
from support.schedule import START
from support.silence import SILENT
from support.tracking_fakes import Store, source

from tipd.model.allow import Allowance, AllowList
from tipd.model.finding import INDICATOR_DELISTED, INDICATOR_LISTED, Finding
from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.intake import LOOK_EVERY, Intake, name_of
from tipd.modules.fastflux.needs import Listed
from tipd.modules.fastflux.settings import FluxSettings


class Node:
    """Keeps the facts."""

    def __init__(self):
        self.facts = {}

    def note(self, **facts):
        self.facts |= facts


def intake(store, **settings):
    return Intake(store, FluxSettings(**settings), SILENT, Node())


def told(store, kind, value, *, class_=None, name="list", finding=INDICATOR_LISTED, **more):
    rows = store.findings.rows
    rows.append(
        Finding(
            seq=len(rows) + 1, at=START, kind=finding, module="blacklist", source=name,
            subject=Indicator(kind, value), data={"class": class_} if class_ else {}, **more,
        )
    )  # fmt: skip


def names(store):
    return [(new.name, new.source, new.class_) for batch, _ in store.flux.added for new in batch]


async def test_it_begins_with_what_lists_hold_and_goes_on_with_the_log():
    store = Store(source("list"))
    told(store, Kind.DOMAIN, "before.example.org")  # it stands in the list too, and is not read twice
    store.flux.open = [Listed(Kind.DOMAIN, "before.example.org", "phishing", "list", None)]
    reader = intake(store)
    await reader.catch_up()
    assert store.flux.added == [([*store.flux.added[0][0]], True)]
    told(store, Kind.DOMAIN, "after.example.org")
    await reader.catch_up()
    await reader.catch_up()
    assert names(store) == [("before.example.org", "list", "phishing"), ("after.example.org", "list", "phishing")]
    assert [initial for _, initial in store.flux.added] == [True, False]


async def test_a_restart_goes_on_where_it_was():
    store = Store(source("list"))
    store.flux.open = [Listed(Kind.DOMAIN, "old.example.org", "phishing", "list", None)]
    told(store, Kind.DOMAIN, "old.example.org")
    await intake(store).catch_up()
    told(store, Kind.DOMAIN, "new.example.org")
    await intake(store).catch_up()
    await intake(store).catch_up()
    assert [name for name, *_ in names(store)].count("new.example.org") == 1


async def test_an_empty_log_is_read_from_its_begin_and_the_lists_once():
    store = Store(source("list"))
    store.flux.open = [Listed(Kind.DOMAIN, "old.example.org", "phishing", "list", None)]
    reader = intake(store)
    for _ in range(3):
        await reader.catch_up()
    told(store, Kind.DOMAIN, "new.example.org")
    await reader.catch_up()
    assert [name for name, *_ in names(store)] == ["old.example.org", "new.example.org"]


async def test_another_choice_of_classes_begins_with_the_lists_again():
    store = Store(source("list", "spam"))
    told(store, Kind.DOMAIN, "spam.example.org")
    await intake(store, candidates=("phishing",)).catch_up()
    assert store.flux.added == []
    store.flux.open = [Listed(Kind.DOMAIN, "spam.example.org", "spam", "list", None)]
    await intake(store, candidates=("phishing", "spam")).catch_up()
    assert [name for name, *_ in names(store)] == ["spam.example.org"]


async def test_a_log_that_lost_what_was_not_read_begins_with_the_lists_again():
    store = Store(source("list"))
    told(store, Kind.DOMAIN, "one.example.org")
    await intake(store).catch_up()
    for n in range(20):
        told(store, Kind.DOMAIN, f"n{n}.example.org")
    store.findings.prune(15)
    store.flux.open = [Listed(Kind.DOMAIN, f"n{n}.example.org", "phishing", "list", None) for n in range(20)]
    await intake(store).catch_up()
    assert len({name for name, *_ in names(store)}) == 20


@pytest.mark.parametrize(
    ("kind", "value", "class_", "taken"),
    [
        (Kind.DOMAIN, "a.example.org", None, "a.example.org"),  # the source's class counts
        (Kind.DOMAIN, "a.example.org", "tracker", None),  # … unless the row has its own
        (Kind.DOMAIN, "a.example.org", ["proxy", "c2-server"], "a.example.org"),
        (Kind.URL, "http://b.example.org/x?y", None, "b.example.org"),
        (Kind.URL, "http://192.0.2.1/x", None, None),
        (Kind.URL, "http://[2001:db8::1]/x", None, None),
        (Kind.URL, "http://xn--bcher-kva.example/", None, "xn--bcher-kva.example"),
        (Kind.IPV4, "192.0.2.1", None, None),
        (Kind.EMAIL, "a@example.org", None, None),
        (Kind.URL, "https://github.io/x", None, None),  # a public suffix is nobody's
        (Kind.DOMAIN, "customer.github.io", None, "customer.github.io"),
        (Kind.URL, "(forgotten)", None, None),
        (Kind.DOMAIN, "(forgotten)", None, None),
    ],
)
async def test_what_is_taken_of_a_list(kind, value, class_, taken):
    store = Store(source("list"))
    reader = intake(store)
    told(store, Kind.IPV4, "198.51.100.1")
    await reader.catch_up()
    told(store, kind, value, class_=class_)
    await reader.catch_up()
    assert [name for name, *_ in names(store)] == ([taken] if taken else [])


async def test_a_source_of_another_class_gives_no_candidates_and_a_delisting_neither():
    store = Store(source("list", "tracker"), source("phish"))
    reader = intake(store)
    told(store, Kind.DOMAIN, "a.example.org")
    await reader.catch_up()
    told(store, Kind.DOMAIN, "b.example.org")
    told(store, Kind.DOMAIN, "c.example.org", name="unknown")
    told(store, Kind.DOMAIN, "d.example.org", name="phish", finding=INDICATOR_DELISTED)
    await reader.catch_up()
    assert store.flux.added == []


async def test_what_a_list_has_no_more_stays_and_that_is_noted():
    store = Store(source("list"), source("other"))
    reader = intake(store)
    told(store, Kind.DOMAIN, "x.example.org")
    await reader.catch_up()
    for kind, value, finding in (
        (Kind.DOMAIN, "gone.example.org", INDICATOR_LISTED),
        (Kind.DOMAIN, "gone.example.org", INDICATOR_DELISTED),
        (Kind.DOMAIN, "back.example.org", INDICATOR_DELISTED),
        (Kind.DOMAIN, "back.example.org", INDICATOR_LISTED),
        (Kind.URL, "http://many.example.org/1", INDICATOR_DELISTED),
        (Kind.IPV4, "192.0.2.1", INDICATOR_DELISTED),
    ):
        told(store, kind, value, finding=finding)
    told(store, Kind.DOMAIN, "back.example.org", name="other", finding=INDICATOR_DELISTED)
    await reader.catch_up()
    assert store.flux.over == [("gone.example.org", "list"), ("back.example.org", "other")]
    assert {name for name, *_ in names(store)} == {"gone.example.org", "back.example.org"}


async def test_spam_gives_candidates_with_its_own_word():
    store = Store()
    reader = intake(store)
    told(store, Kind.DOMAIN, "a.example.org", name=None)
    await reader.catch_up()
    told(store, Kind.URL, "http://pills.example.org/", name=None, finding="spam.url")
    await reader.catch_up()
    ((new,), _), *_ = store.flux.added
    assert (new.name, new.why, new.class_) == ("pills.example.org", "spam", "spam")


async def test_what_the_allowlist_covers_is_not_taken_whatever_url_it_stands_in():
    store = Store(source("list"))
    entry = Allowance(kind=Kind.DOMAIN, value="example.org", reason="ours", by="me", created=START)
    store.allow = AllowList.of([entry])
    reader = intake(store)
    told(store, Kind.DOMAIN, "x.example.net")
    await reader.catch_up()
    told(store, Kind.DOMAIN, "www.example.org")
    told(store, Kind.URL, "http://www.example.org/x")
    told(store, Kind.DOMAIN, "www.example.com")
    await reader.catch_up()
    assert [name for name, *_ in names(store)] == ["www.example.com"]
    assert reader.refused["allowed"] == 2


async def test_a_rows_own_mark_goes_along_and_its_sources_does_not():
    store = Store(source("list", tlp=Tlp.GREEN))
    reader = intake(store)
    told(store, Kind.DOMAIN, "x.example.net")
    await reader.catch_up()
    told(store, Kind.DOMAIN, "plain.example.org", tlp="green")
    told(store, Kind.DOMAIN, "secret.example.org", tlp="red")
    told(store, Kind.URL, "http://both.example.org/1", tlp="red")
    told(store, Kind.URL, "http://both.example.org/2", tlp="amber")
    await reader.catch_up()
    marks = {new.name: new.tlp for batch, _ in store.flux.added for new in batch}
    assert marks["plain.example.org"] is None
    assert marks["secret.example.org"] is Tlp.RED
    assert marks["both.example.org"] is Tlp.AMBER, "what either row shows is shown"


async def test_no_more_names_than_may_be_watched_are_taken():
    store = Store(source("list"))
    store.flux.open = [Listed(Kind.DOMAIN, f"n{n}.example.org", "phishing", "list", None) for n in range(5000)]
    reader = intake(store, max_domains=3000)
    await reader.catch_up(500)
    assert len(store.flux.known) == 2500
    assert reader.refused["max_domains"] == 2500


async def test_room_is_counted_anew_when_names_have_been_let_go(autojump_clock):
    store = Store(source("list"))
    reader = intake(store, max_domains=10)
    told(store, Kind.DOMAIN, "x.example.org")
    await reader.catch_up(10)
    told(store, Kind.DOMAIN, "a.example.org")
    await reader.catch_up(3)
    assert names(store) == []
    await trio.sleep(60)
    told(store, Kind.DOMAIN, "b.example.org")
    await reader.catch_up(3)
    assert [name for name, *_ in names(store)] == ["b.example.org"]


async def test_what_a_first_round_loads_is_told_as_such():
    store = Store(source("list"))
    reader = intake(store)
    told(store, Kind.DOMAIN, "x.example.org")
    await reader.catch_up()
    told(store, Kind.DOMAIN, "old.example.org", initial=True)
    told(store, Kind.DOMAIN, "new.example.org")
    await reader.catch_up()
    assert [([one.name for one in batch], initial) for batch, initial in store.flux.added] == [
        (["old.example.org"], True),
        (["new.example.org"], False),
    ]


async def test_rubbish_neither_stops_it_nor_piles_up():
    store = Store(source("list"))
    lines = ["x" * 300, "-.-", "\x00.example", "a..b", "localhost", "com", "co.uk", " "]
    store.flux.open = [Listed(Kind.DOMAIN, lines[n % len(lines)], "phishing", "list", None) for n in range(20_000)]
    store.flux.open[7777] = Listed(Kind.DOMAIN, "real.example.org", "phishing", "list", None)
    reader = intake(store)
    await reader.catch_up()
    assert [name for name, *_ in names(store)] == ["real.example.org"]
    assert sum(reader.refused.values()) == 19_999
    assert len(reader.refused) < 10, "counted by reason, not kept"


async def test_it_wakes_by_commits_of_interest_and_waits_for_a_store_that_is_away(autojump_clock):
    store = Store(source("list"))
    told(store, Kind.DOMAIN, "first.example.org")
    reader = intake(store)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader.run)
        await trio.sleep(1)
        told(store, Kind.DOMAIN, "second.example.org")
        reader.heard(2, frozenset({"source.degraded"}))
        await trio.sleep(1)
        assert names(store) == []
        reader.heard(2, frozenset({INDICATOR_LISTED}))
        await trio.sleep(2)
        assert len(names(store)) == 1
        store.flux.away = True
        told(store, Kind.DOMAIN, "third.example.org")
        await trio.sleep(2 * LOOK_EVERY)
        store.flux.away = False
        await trio.sleep(LOOK_EVERY)
        assert [name for name, *_ in names(store)] == ["second.example.org", "third.example.org"]
        nursery.cancel_scope.cancel()


async def test_it_takes_nothing_while_it_may_not(autojump_clock):
    store = Store(source("list"))
    store.flux.open = [Listed(Kind.DOMAIN, "a.example.org", "phishing", "list", None)]
    with trio.move_on_after(5 * LOOK_EVERY):
        await intake(store).run(lambda: False)
    assert store.flux.added == []


async def test_no_classes_no_candidates():
    store = Store(source("list"))
    store.flux.open = [Listed(Kind.DOMAIN, "a.example.org", "phishing", "list", None)]
    await intake(store, candidates=()).catch_up()
    assert store.flux.added == []


def test_the_host_of_a_url_must_be_a_name():
    for url in ("http://192.0.2.1/", "http://[2001:db8::1]:8080/"):
        with pytest.raises(RefusedValue, match="wrong_kind"):
            name_of(Kind.URL, url)
