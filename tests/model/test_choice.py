"""Which findings a reader gets."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.api import finding

from tipd.model.choice import choice
from tipd.model.tlp import WORDS, Tlp


def told(**more):
    return msgspec.structs.replace(finding(1), **more)


@pytest.mark.parametrize("mark", Tlp)
@pytest.mark.parametrize("ceiling", Tlp)
def test_nothing_above_the_readers_mark(mark: Tlp, ceiling: Tlp) -> None:
    one = told(tlp=WORDS[mark] if mark else msgspec.UNSET)
    assert choice(max_tlp=ceiling).admits(one) is (mark <= ceiling)


def test_kinds_watches_and_first_rounds() -> None:
    mine, first, plain = told(watches=["ours", "more"]), told(initial=True), told()
    assert choice(frozenset({"a.b"}), max_tlp=Tlp.RED).admits(plain) is False
    assert choice(frozenset({"indicator.listed"}), max_tlp=Tlp.RED).admits(plain)
    ours = choice(max_tlp=Tlp.CLEAR, watches=frozenset({"ours", "theirs"}))
    assert [ours.admits(one) for one in (mine, first, plain)] == [True, False, False]
    assert not choice(max_tlp=Tlp.RED, watches=frozenset({"theirs"})).admits(mine)
    any_watch = choice(max_tlp=Tlp.RED, watches=frozenset({"*"}))
    assert [any_watch.admits(one) for one in (mine, first, plain)] == [True, False, False]
    assert [choice(max_tlp=Tlp.RED, initial=False).admits(one) for one in (mine, first, plain)] == [True, False, True]
    assert choice(max_tlp=Tlp.RED).admits(first)


def test_that_a_source_was_loaded_stands_for_what_it_loaded() -> None:
    loaded = told(kind="source.loaded", subject=None, data={"entries": 5}, initial=True)
    assert choice(max_tlp=Tlp.RED, initial=False).admits(loaded)


@given(
    st.sampled_from(["a.b", "c.d"]),
    st.sampled_from(list(Tlp)),
    st.lists(st.sampled_from(["x", "y"]), unique=True),
    st.booleans(),
    st.frozensets(st.sampled_from(["a.b", "c.d"])),
    st.sampled_from(list(Tlp)),
    st.frozensets(st.sampled_from(["x", "y", "*"])),
    st.booleans(),
)
def test_it_is_the_plain_rule(kind, mark, watches, is_first, kinds, ceiling, wanted, initial) -> None:
    one = told(
        kind=kind,
        tlp=WORDS[mark],
        watches=watches or msgspec.UNSET,
        initial=True if is_first else msgspec.UNSET,
    )
    plain = (
        (not kinds or kind in kinds)
        and mark <= ceiling
        and (not wanted or bool(wanted & set(watches)) or ("*" in wanted and bool(watches)))
        and (initial or not is_first)
    )
    assert choice(kinds, max_tlp=ceiling, watches=wanted, initial=initial).admits(one) is plain


def test_equal_wishes_are_one_choice() -> None:
    assert choice(frozenset({"a"}), max_tlp=Tlp.RED) is choice(frozenset({"a"}), max_tlp=Tlp.RED)
    assert choice(max_tlp=Tlp.RED) is not choice(max_tlp=Tlp.GREEN)


@pytest.mark.parametrize(
    ("data", "admitted"),
    [
        ({"tags": ["lab", "mine"]}, True),
        ({"tags": ["other"]}, False),
        ({"tags": []}, False),
        ({"tags": "lab"}, False),
        ({"tags": [["lab"], 7]}, False),
        ({}, False),
    ],
)
def test_tags_of_tracked_names(data: dict, admitted: bool) -> None:
    one = told(kind="flux.confirmed", data=data)
    wanted = frozenset({"lab", "theirs"})
    assert choice(max_tlp=Tlp.RED, tags=wanted).admits(one) is admitted
    assert choice(frozenset({"flux.dormant"}), max_tlp=Tlp.RED, tags=wanted).admits(one) is False
    assert choice(max_tlp=Tlp.RED).admits(one)
    assert choice(max_tlp=Tlp.RED, tags=wanted) is choice(max_tlp=Tlp.RED, tags=frozenset(wanted))
