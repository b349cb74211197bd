"""In bulk the allowlist says what it says of one value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tipd.model.allow import Allowance, AllowList
from tipd.model.canonical import canonical
from tipd.model.kind import KIND_OF
from tipd.store.lookup.questions import Questions
from tipd.store.lookup.search import Hits
from tipd.store.lookup.veto import Veto

SEED = 5
TEXTS = [
    "192.0.2.5", "192.0.2.0/24", "192.0.2.0/25", "192.0.3.1", "2001:db8::1", "2001:db8::/32", "2001:db8::/64",
    "example.org", "a.example.org", "b.a.example.org", "EXAMPLE.org", "http://example.org/x", "http://192.0.2.5/",
    "http://[2001:db8::1]/", "https://b.a.example.org:8443/?q", "someone@example.org", "AS64500", "f" * 40, "e" * 64,
    "http://example.org/X y",
]  # fmt: skip


def allow_list(texts: list[str]) -> AllowList:
    found = {canonical(text, poison=False) for text in texts}
    now = datetime(2026, 3, 15, tzinfo=UTC)
    return AllowList.of(
        Allowance(kind=one.kind, value=one.value, reason="ours", by="me", created=now) for one in sorted(found)
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(TEXTS), max_size=4), st.lists(st.sampled_from(TEXTS), max_size=20))
def test_entries_are_those_of_the_matcher(allowed: list[str], asked: list[str]) -> None:
    allow = allow_list(allowed)
    questions = Questions.of(asked, SEED)
    for _ in questions.work_out():
        pass
    hits = Hits(matches=dict.fromkeys(range(len(asked)), "{}"), sets=dict.fromkeys(range(len(asked)), 1))
    found = Veto.of(allow, SEED).entries(questions, hits)
    for at, text in enumerate(asked):
        one = canonical(text, poison=False)
        assert KIND_OF[int(questions.kinds[at])] is one.kind
        assert found.get(at) == allow.covering(one.kind, one.value)


def test_only_what_has_hits_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    questions = Questions.of(["192.0.2.5", "192.0.2.6"], SEED)
    veto = Veto.of(allow_list(["192.0.2.0/24"]), SEED)
    assert set(veto.entries(questions, Hits({1: "{}"}, {1: 1}))) == {1}

    def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("tipd.store.lookup.veto.search", never)
    assert veto.entries(questions, Hits()) == {}
    assert Veto.of(AllowList(), SEED).entries(questions, Hits({1: "{}"}, {1: 1})) == {}
