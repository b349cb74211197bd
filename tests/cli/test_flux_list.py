"""`tipd flux list`."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

PATH = "/api/v1/flux/domains"


def row(name: str, **more: Any) -> dict[str, Any]:
    """Return a name's row."""
    plain = {"domain": name, "state": "confirmed", "tier": "likely", "score": 211.8, "since": "2026-11-22T04:00:00Z"}
    return plain | {"tlp": "green", "tags": ["lab"], "reason": "holz"} | more


def test_names_as_a_table(tipd: Any, fake: Any) -> None:
    rows = [row("a.example"), row("b.example", score=None, reason="\x1b[31mred")]
    fake.answers["GET", PATH] = (200, {"domains": rows, "next": None, "tracker": {"state": "running", "why": ""}})
    ran = tipd("flux", "list", "--state", "confirmed", "--state", "likely", "--tag", "lab", "--apex", "a.example")
    assert (ran.code, ran.err) == (0, "")
    head, first, second = ran.out.splitlines()
    assert head.split() == ["NAME", "STATE", "TIER", "SCORE", "SINCE", "TLP", "TAGS", "REASON"]
    assert first.split() == [
        "a.example",
        "confirmed",
        "likely",
        "211.80",
        "2026-11-22",
        "04:00:00",
        "green",
        "lab",
        "holz",
    ]
    assert "\\x1b[31mred" in second
    query = parse_qs(urlsplit(fake.asked[0][1]).query)
    assert query == {"state": ["confirmed", "likely"], "tag": ["lab"], "apex": ["a.example"], "limit": ["1000"]}


def test_page_after_page_up_to_the_limit(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.cli.flux_list._PAGE", 2)
    pages = iter((["a.example", "b.example"], ["c.example", "d.example"], ["e.example"]))

    def page(_body: Any) -> tuple[int, Any]:
        names = next(pages)
        return 200, {
            "domains": [row(name) for name in names],
            "next": names[-1] if len(names) == 2 else None,
            "tracker": None,
        }

    fake.answers["GET", PATH] = page
    ran = tipd("--json", "flux", "list", "--limit", "0")
    assert [line["domain"] for line in ran.lines] == [f"{letter}.example" for letter in "abcde"]
    after = [parse_qs(urlsplit(target).query).get("after") for _, target, _, _ in fake.asked]
    assert after == [None, ["b.example"], ["d.example"]]
    pages = iter((["a.example", "b.example"], ["c.example"]))
    assert len(tipd("--json", "flux", "list", "--limit", "3").lines) == 3
    assert "limit=1" in fake.asked[-1][1]


def test_it_says_that_a_resolver_is_needed(tipd: Any, fake: Any) -> None:
    tracker = {"state": "needs_resolver", "why": "none is named\x07"}
    fake.answers["GET", PATH] = (200, {"domains": [], "next": None, "tracker": tracker})
    ran = tipd("flux", "list")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == ["tipd: needs_resolver: none is named\\x07", "tipd: no such name is tracked"]
    assert tipd("flux", "list", "-q").err == ""


def test_a_wrong_limit(tipd: Any, fake: Any) -> None:
    assert tipd("flux", "list", "--limit", "-1").code == 2
