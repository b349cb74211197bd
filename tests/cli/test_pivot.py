"""`tipd pivot`."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

PATH = "/api/v1/pivot/198.51.100.7"
AT = "2026-11-22T04:00:00Z"


def row(value: str, **more: Any) -> dict[str, Any]:
    """Return one step."""
    plain = {"value": value, "how": "had_by", "type": "A", "via": None, "asn": 64500, "first": AT, "last": AT}
    return plain | {"count": 1234, "watched": "confirmed", "tags": ["lab"], "kind": "domain"} | more


def answer(*rows: Any, more: bool = False) -> dict[str, Any]:
    return {"value": "198.51.100.7", "kind": "ipv4", "rows": list(rows), "more": more}


def test_where_a_value_leads(tipd: Any, fake: Any) -> None:
    odd = row("\x1b[31m.example", via="ns1.example", asn=None, watched=None, tags=[])
    fake.answers["GET", PATH] = (200, answer(row("flux.example.org"), odd, more=True))
    ran = tipd(
        "pivot", "198.51.100.7", "--since", "2026-11-01", "--until", "2026-12-01", "--tag", "lab", "--limit", "2"
    )
    assert ran.code == 0
    _, first, second = ran.out.splitlines()
    assert first.split() == [
        *("flux.example.org", "had_by", "A", "AS64500", "2026-11-22", "04:00:00", "2026-11-22", "04:00:00"),
        *("1,234", "confirmed", "lab"),
    ]
    assert second.startswith("\\x1b[31m.example")
    assert "there is more" in ran.err
    assert parse_qs(urlsplit(fake.asked[0][1]).query) == {
        "since": ["2026-11-01T00:00:00+00:00"],
        "until": ["2026-12-01T00:00:00+00:00"],
        "tag": ["lab"],
        "limit": ["2"],
    }
    assert [line["value"] for line in tipd("--json", "pivot", "198.51.100.7").lines] == [
        "flux.example.org",
        odd["value"],
    ]


def test_nowhere(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, answer())
    ran = tipd("pivot", "198.51.100.7")
    assert (ran.code, ran.out) == (1, "")
    assert "leads nowhere" in ran.err


def test_what_is_found_comes_under_watch(tipd: Any, fake: Any) -> None:
    found = {"domain": "flux.example.org", "path": ["198.51.100.7", "a.example"], "result": "new"}
    done = {"value": "198.51.100.7", "domains": [found], "refused": {"full.example": "no room"}, "spent": True}
    fake.answers["POST", PATH] = (200, done)
    ran = tipd(
        "pivot", "198.51.100.7", "--add", "--tag", "lab", "--note", "n", "--tlp", "amber", "--since", "2026-11-01"
    )
    assert (ran.code, ran.out) == (0, "flux.example.org\tnew\t198.51.100.7 > a.example\n")
    assert "full.example: refused: no room" in ran.err
    assert "a bound" in ran.err
    assert fake.asked[0][3] == {
        "tags": ["lab"],
        "follow": False,
        "since": "2026-11-01T00:00:00+00:00",
        "note": "n",
        "tlp": "amber",
    }
    tipd("pivot", "198.51.100.7", "--follow", "--depth", "4", "--budget", "50")
    assert fake.asked[1][3] == {"tags": [], "follow": True, "depth": 4, "budget": 50}
    fake.answers["POST", PATH] = (200, done | {"domains": [], "refused": {}, "spent": False})
    assert tipd("--json", "pivot", "198.51.100.7", "--add").code == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--depth", "3"],
        ["--add", "--depth", "3"],
        ["--note", "n"],
        ["--budget", "3"],
        ["--tlp", "red"],
        ["--since", "x"],
    ],
)
def test_what_does_not_go_together(tipd: Any, fake: Any, words: list[str]) -> None:
    assert tipd("pivot", "198.51.100.7", *words).code == 2
    assert fake.asked == []
