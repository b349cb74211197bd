"""What a reader asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.api import World, finding

from tipd.api.problem import Problem
from tipd.api.stream.ask import Ask, parse_ask, place


@pytest.mark.parametrize(
    ("query", "ask"),
    [
        ("", Ask(None, frozenset(), None)),
        ("since=0", Ask(0, frozenset(), None)),
        ("since=5&kind=a.b&kind=c,d.e&store_id=x", Ask(5, frozenset({"a.b", "c", "d.e"}), "x")),
        ("since=9223372036854775807", Ask(2**63 - 1, frozenset(), None)),
    ],
)
def test_questions_are_read(query: str, ask: Ask) -> None:
    assert parse_ask(query) == ask


@given(st.text(max_size=80))
def test_anything_else_is_a_problem_and_nothing_worse(query: str) -> None:
    try:
        ask = parse_ask(query)
    except Problem as problem:
        assert problem.status == 400
    else:
        assert ask.since is None or ask.since >= 0


async def test_the_place_to_start() -> None:
    world = World()
    world.findings.tell(*[finding(seq) for seq in range(1, 10)])
    assert await place(world.store, parse_ask("")) == 9
    assert await place(world.store, parse_ask("since=9")) == 9
    assert await place(world.store, parse_ask("since=0&store_id=one")) == 0
    for query in ("since=10", "since=1&store_id=two"):
        with pytest.raises(Problem) as caught:
            await place(world.store, parse_ask(query))
        assert caught.value.status == 410


def test_tags_of_tracked_names() -> None:
    assert parse_ask("tag=lab&tag=a,b").tags == {"lab", "a", "b"}
    for query in ("tag=", "tag=" + "x" * 65, "&".join(f"tag={number}" for number in range(51))):
        with pytest.raises(Problem) as caught:
            parse_ask(query)
        assert caught.value.members["parameter"] == "tag"
