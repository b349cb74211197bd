"""Reading the log through a choice: bounded, without holes."""

from __future__ import annotations

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from support.api import FakeFindings, finding

from tipd.api.stream.scan import MOST, PAGE, forward, newest
from tipd.model.annotate import Annotations
from tipd.model.choice import choice
from tipd.model.tlp import Tlp
from tipd.model.watch import Watch, Watches

RED = choice(max_tlp=Tlp.RED)
GREEN = choice(max_tlp=Tlp.GREEN)
OURS = choice(max_tlp=Tlp.RED, watches=frozenset({"ours"}))
NOTES = Annotations(Watches([Watch(name="ours", networks=["203.0.113.0/24"])]))


def log_of(count: int, *, secret=lambda seq: False, ours=lambda seq: False) -> FakeFindings:
    made = []
    for seq in range(1, count + 1):
        one = finding(seq, value="203.0.113.7" if ours(seq) else "198.51.100.7")
        made.append(msgspec.structs.replace(one, tlp="red") if secret(seq) else one)
    return FakeFindings(log=made)


async def walk(log: FakeFindings, wanted, limit: int) -> list[int]:
    """Follow `more` to the end, as a client does."""
    found, since, more = [], 0, True
    while more:
        page = await forward(log, NOTES, wanted, since, end=log.last, limit=limit)
        assert page.last > since or not page.more
        assert len(page.findings) <= limit
        found += [one.seq for one in page.findings]
        since, more = page.last, page.more
    assert since == log.last
    return found


async def test_a_page_ends_where_it_is_full() -> None:
    log = log_of(30)
    page = await forward(log, NOTES, RED, 0, end=30, limit=10)
    assert ([one.seq for one in page.findings], page.last, page.more) == (list(range(1, 11)), 10, True)
    page = await forward(log, NOTES, RED, 20, end=30, limit=10)
    assert (len(page.findings), page.last, page.more) == (10, 30, False)
    assert await forward(log, NOTES, RED, 30, end=30, limit=10) == ([], 30, False)


async def test_what_is_hidden_moves_the_cursor_on_and_is_not_hinted_at() -> None:
    log = log_of(10, secret=lambda seq: seq > 5)
    page = await forward(log, NOTES, GREEN, 0, end=10, limit=5)
    assert ([one.seq for one in page.findings], page.last, page.more) == ([1, 2, 3, 4, 5], 10, False)


async def test_few_of_many_cost_a_bounded_stretch() -> None:
    log = log_of(MOST * 2 + 500, ours=lambda seq: seq == MOST * 2 + 7)
    first = await forward(log, NOTES, OURS, 0, end=log.last, limit=100)
    assert (first.findings, first.more) == ([], True)
    assert MOST <= first.last < MOST + 2 * PAGE
    assert await walk(log, OURS, 100) == [MOST * 2 + 7]


@given(st.integers(0, 60), st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)), st.integers(1, 12))
def test_following_more_gives_each_admitted_finding_once(count, secret, ours, limit) -> None:
    log = log_of(count, secret=secret.__contains__, ours=ours.__contains__)
    seqs = range(1, count + 1)
    assert trio.run(walk, log, GREEN, limit) == [seq for seq in seqs if seq not in secret]
    assert trio.run(walk, log, OURS, limit) == [seq for seq in seqs if seq in ours]


async def test_the_newest_are_looked_for_in_a_bounded_stretch() -> None:
    log = log_of(1000, secret=lambda seq: seq > 300)
    found, last = await newest(log, NOTES, GREEN, 200)
    assert ([one.seq for one in found], last) == (list(range(300, 100, -1)), 1000)
    assert await newest(FakeFindings(), NOTES, GREEN, 200) == ([], 0)
    hidden = log_of(MOST * 2, secret=lambda seq: seq > 10)
    hidden.reads = 0
    assert (await newest(hidden, NOTES, GREEN, 200))[0] == []
    assert hidden.reads <= MOST / PAGE + 2


@pytest.mark.parametrize("pruned", [0, 400])
async def test_the_newest_stop_at_retention(pruned: int) -> None:
    log = log_of(500)
    log.prune(pruned)
    found, last = await newest(log, NOTES, RED, 200)
    assert (found[-1].seq, last) == (max(301, pruned + 1), 500)
