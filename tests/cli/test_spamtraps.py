"""`tipd spamtraps`."""

from typing import Any

PATH = "/api/v1/spamtraps"
AT = "2026-11-22T04:00:00Z"


def trap(name: str, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": name, "kind": "agent", "state": "ok", "mails": 1234, "traps": 40, "entries": 9}
    plain |= {"first_seen": AT, "last_seen": AT, "last_success": AT, "next_run": None, "error": None}
    return plain | {"tlp": "green", "licence": ""} | more


def told(**more: Any) -> dict[str, Any]:
    return {
        "spamtraps": [trap("mx1"), trap("untroubled", kind="archive", error="no\x1b[2Jarchive")],
        "days": [{"day": f"2026-11-{20 + n}", "mails": 500 * n} for n in range(3)],
        "classes": {"spam": 1488, "bounce": 12},
        "defects": {"bad_base64": 40},
        "networks": [
            {"asn": 64500, "name": "EXAMPLE\x07", "mails": 700, "addresses": 50},
            {"asn": None, "name": "", "mails": 200, "addresses": 20},
        ],
    } | more


def test_what_the_traps_take_in(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, told())
    ran = tipd("spamtraps", "--days", "3")
    assert (ran.code, ran.err) == (0, "")
    assert fake.asked[0][1] == f"{PATH}?days=3"
    head, first, second, *rest = ran.out.splitlines()
    assert head.split() == ["NAME", "KIND", "STATE", "MAILS", "TRAPS", "LISTED", "FIRST", "LAST", "TLP", "ERROR"]
    assert first.split()[:6] == ["mx1", "agent", "ok", "1,234", "40", "9"]
    assert second.endswith("no\\x1b[2Jarchive")
    assert rest == [
        "mails a day, 2026-11-20 to 2026-11-22: ▁▄█ 1,500 in all",
        "classes: spam 1,488, bounce 12",
        "defects: bad_base64 40",
        "       700 mails from 50 addresses of AS64500 EXAMPLE\\x07",
        "       200 mails from 20 addresses of unknown AS",
    ]


def test_as_json_it_is_one_line(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, told())
    (line,) = tipd("spamtraps", "--json").lines
    assert line["classes"] == {"spam": 1488, "bounce": 12}


def test_no_trap(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, told(spamtraps=[]))
    ran = tipd("spamtraps")
    assert (ran.code, ran.out) == (1, "")
    assert "no archive and no agent" in ran.err


def test_traps_that_took_nothing_in(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, told(days=[], classes={}, defects={}, networks=[]))
    assert len(tipd("spamtraps").out.splitlines()) == 3
