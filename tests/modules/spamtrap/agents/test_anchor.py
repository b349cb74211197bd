"""Whom to believe at the first contact."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support import sealed
from support.pulling import Memory, mails

from tipd.agent import protocol
from tipd.modules.spamtrap.agents import origin
from tipd.modules.spamtrap.agents.anchor import Wanted, anchored, expected
from tipd.modules.spamtrap.agents.verifying import Course, Refusal

NEXT_KEY = protocol.public_text(sealed.NEXT.public_key())


def now() -> datetime:
    return datetime(2026, 11, 22, 5, tzinfo=UTC)


def changed() -> Memory:
    """An agent whose third version is signed with its next key."""
    agent = Memory()
    agent.grow(mails(1))
    agent.grow(mails(2), next_key=NEXT_KEY)
    agent.grow(mails(3), key=sealed.NEXT)
    return agent


async def test_walked_until_the_key_signs() -> None:
    agent = changed()
    assert set(await anchored(agent, Course(), Wanted(keys=frozenset({sealed.KEY})), now)) == {1}
    found = await anchored(agent, Course(), Wanted(keys=frozenset({NEXT_KEY})), now)
    assert found == {n: protocol.digest(data) for n, data in enumerate(agent.manifests, 1)}


async def test_walked_page_by_page(monkeypatch) -> None:
    agent = changed()
    monkeypatch.setattr("support.pulling.MOST_LISTED", 1)
    assert len(await anchored(agent, Course(), Wanted(keys=frozenset({NEXT_KEY})), now)) == 3
    assert agent.listings == 3
    assert origin.MOST_LISTED == 1000


async def test_nobody_signs_with_it() -> None:
    agent = changed()
    del agent.manifests[2]
    with pytest.raises(Refusal) as raised:
        await anchored(agent, Course(), Wanted(keys=frozenset({NEXT_KEY})), now)
    assert raised.value.reason == "key"


async def test_walked_to_the_version_that_was_taken() -> None:
    agent = changed()
    two = protocol.digest(agent.manifests[1])
    assert set(await anchored(agent, Course(), Wanted(number=2, digest=two), now)) == {1, 2}
    for wanted in (Wanted(number=2, digest="0" * 64), Wanted(number=9, digest=two)):
        with pytest.raises(Refusal) as raised:
            await anchored(agent, Course(), wanted, now)
        assert raised.value.reason == "rewritten"


def test_another_one_the_second_time() -> None:
    expected({1: "a"}, 1, "a")
    expected({1: "a"}, 2, "b")
    with pytest.raises(Refusal) as raised:
        expected({1: "a"}, 1, "b")
    assert raised.value.reason == "fork"


def test_the_first_contact() -> None:
    assert Wanted().anything
    assert not Wanted(number=1).anything
    assert not Wanted(keys=frozenset({"x"})).anything
