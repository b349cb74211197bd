"""`tipd campaigns`."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

PATH = "/api/v1/campaigns"
NAME = "00000000000000ff"
FIRST, LAST = "2026-11-20T04:00:00Z", "2026-11-22T04:00:00Z"
SPAN = {"first_seen": FIRST, "last_seen": LAST}


def row(name: str = NAME, **more: Any) -> dict[str, Any]:
    """Return a campaign's row."""
    kept = {"urls": 2, "hosts": 1, "attachments": 0, "relays": 3}
    plain = {"campaign": name, "mails": 1200, "traps": 40, "subject": "Your parcel", "kept": kept, "tlp": "green"}
    return plain | SPAN | {"sources": ["mx1", "untroubled"]} | more


def detail(**more: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "days": [{"day": "2026-11-21", "mails": 0}, {"day": "2026-11-22", "mails": 1200}],
        "urls": [
            {"host": "x", "shape": f"http://\x1b[2Jx/{n}/{{t}}", "example": "", "count": n, **SPAN} for n in range(25)
        ],
        "hosts": [{"host": "*.example.org", "count": 7, "shapes": 1, **SPAN}],
        "attachments": [
            {"sha256": "ab" * 32, "name": "\u202egnp.exe", "type": "application/zip", "bytes": 4711, "count": 2}
        ],
        "relays": [
            {"address": "198.51.100.7", "asn": 64500, "count": 9, **SPAN},
            {"address": "2001:db8::7", "asn": None, "count": 1, **SPAN},
        ],
        "recipients": [{"hmac": "0011223344556677", "source": "mx1", "mails": 3, **SPAN}],
        "subjects": ["Your parcel", "Dein\nPaket"],
        "urls_cut": 17,
        "hosts_cut": 0,
        "merged": ["00000000000000aa"],
        "more": False,
    }
    return row() | parts | more


def test_campaigns_as_a_table(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (
        200,
        {"campaigns": [row(), row("0" * 16, subject="\x1b[31m" + "x" * 200)], "next": None},
    )
    ran = tipd("campaigns", "list", "--since", "2026-11-20", "--order", "mails", "--text", "parcel")
    assert (ran.code, ran.err) == (0, "")
    head, first, second = ran.out.splitlines()
    assert head.split() == ["CAMPAIGN", "MAILS", "TRAPS", "FIRST", "LAST", "TLP", "SOURCES", "SUBJECT"]
    assert first.startswith(f"{NAME}  1,200  40     2026-11-20 04:00:00  2026-11-22 04:00:00  green  mx1 untroubled")
    assert "\\x1b[31mx" in second and "\x1b" not in ran.out
    query = parse_qs(urlsplit(fake.asked[0][1]).query)
    wanted = {"since": ["2026-11-20T00:00:00+00:00"], "order": ["mails"], "text": ["parcel"], "limit": ["100"]}
    assert query == wanted


def test_page_after_page_up_to_the_limit(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.cli.campaigns._PAGE", 2)

    def page(_body: Any) -> tuple[int, Any]:
        query = parse_qs(urlsplit(fake.asked[-1][1]).query)
        begun, limit = int(query.get("after", ["0"])[0]), int(query["limit"][0])
        names = [f"{number:016x}" for number in range(5)][begun : begun + limit]
        return 200, {
            "campaigns": [row(name) for name in names],
            "next": str(begun + limit) if begun + limit < 5 else None,
        }

    fake.answers["GET", PATH] = page
    assert [int(one["campaign"], 16) for one in tipd("--json", "campaigns", "list", "--limit", "0").lines] == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert len(tipd("--json", "campaigns", "list", "--limit", "3").lines) == 3


def test_none(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, {"campaigns": [], "next": None})
    ran = tipd("campaigns", "list")
    assert (ran.code, ran.out, ran.err) == (1, "", "tipd: no such campaign is known\n")
    assert tipd("campaigns", "list", "--limit", "-1").code == 2
    assert tipd("campaigns", "list", "--since", "soon").code == 2


def test_one_campaign(tipd: Any, fake: Any) -> None:
    fake.answers["GET", f"{PATH}/{NAME}"] = (200, detail())
    ran = tipd("campaigns", "show", NAME)
    lines = ran.out.splitlines()
    assert lines[:7] == [
        f"{NAME}: 1,200 mails to 40 traps",
        "first 2026-11-20 04:00:00, last 2026-11-22 04:00:00 (UTC), tlp green",
        "by mx1 untroubled",
        "subject Your parcel",
        "subject Dein\\x0aPaket",
        "once also 00000000000000aa",
        "days:",
    ]
    assert lines[7] == "   1,200 2026-11-22"
    assert "  and 5 more (--json has them all)" in lines and "  17 more were not kept" in lines
    assert any(line.endswith("\\x202egnp.exe") for line in lines)
    assert "       9 198.51.100.7 AS64500" in lines and "       1 2001:db8::7" in lines
    assert "\x1b" not in ran.out and "\u202e" not in ran.out


def test_one_campaign_as_json_holds_nothing_a_terminal_obeys(tipd: Any, fake: Any) -> None:
    fake.answers["GET", f"{PATH}/{NAME}"] = (200, detail())
    ran = tipd("--json", "campaigns", "show", NAME)
    assert "\x1b" not in ran.out and "\u202e" not in ran.out
    assert ran.lines[0]["attachments"][0]["name"] == "\u202egnp.exe"


def test_a_campaign_of_which_nothing_is_kept(tipd: Any, fake: Any) -> None:
    lists = ("days", "urls", "hosts", "attachments", "relays", "recipients", "subjects", "merged")
    empty = {name: [] for name in lists}
    fake.answers["GET", f"{PATH}/{NAME}"] = (200, detail(**empty, urls_cut=0, traps=0, sources=[]))
    assert tipd("campaigns", "show", NAME).out.splitlines() == [
        f"{NAME}: 1,200 mails",
        "first 2026-11-20 04:00:00, last 2026-11-22 04:00:00 (UTC), tlp green",
        "subject Your parcel",
    ]
