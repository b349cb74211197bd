"""`tipd mails`."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

PATH = "/api/v1/mails"
NAME = "ab" * 32


def row(name: str = NAME, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"sha256": name, "at": "2026-11-22T03:00:00Z", "class": "spam", "size": 2048}
    plain |= {"source": "mx1", "tlp": "green", "relay": "198.51.100.7", "trap": "0011223344556677"}
    return plain | {"campaign": "0" * 16, "subject": "\x1b[31mParcel", "defects": ["bad_base64"]} | more


def test_mails_as_a_table(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, {"mails": [row(), row(relay=None, campaign=None)], "next": None})
    ran = tipd("mails", "list", "198.51.100.7", "--campaign", "0" * 16, "--source", "mx1", "--until", "2026-11-23")
    assert (ran.code, ran.err) == (0, "")
    head, first, second = ran.out.splitlines()
    assert head.split() == ["SHA256", "AT", "CLASS", "RELAY", "CAMPAIGN", "SOURCE", "SUBJECT"]
    assert first.split() == [NAME, "2026-11-22", "03:00:00", "spam", "198.51.100.7", "0" * 16, "mx1", "\\x1b[31mParcel"]
    assert second.split()[3:] == ["spam", "mx1", "\\x1b[31mParcel"]
    query = parse_qs(urlsplit(fake.asked[0][1]).query)
    wanted = {"value": ["198.51.100.7"], "campaign": ["0" * 16], "source": ["mx1"], "limit": ["100"]}
    assert query == wanted | {"until": ["2026-11-23T00:00:00+00:00"]}


def test_page_after_page_up_to_the_limit(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.cli.mails._PAGE", 2)

    def page(_body: Any) -> tuple[int, Any]:
        query = parse_qs(urlsplit(fake.asked[-1][1]).query)
        begun = int(query.get("after", ["0"])[0], 16)
        names = [f"{number:064x}" for number in range(1, 6)][begun : begun + int(query["limit"][0])]
        return 200, {"mails": [row(name) for name in names], "next": names[-1] if int(names[-1], 16) < 5 else None}

    fake.answers["GET", PATH] = page
    assert [int(one["sha256"], 16) for one in tipd("--json", "mails", "list", "--limit", "0").lines] == [1, 2, 3, 4, 5]
    assert len(tipd("--json", "mails", "list", "--limit", "3").lines) == 3


def test_none(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, {"mails": [], "next": None})
    ran = tipd("mails", "list")
    assert (ran.code, ran.out, ran.err) == (1, "", "tipd: no such mail is kept\n")
    assert tipd("mails", "list", "--limit", "-1").code == 2


def test_one_mail_as_each_source_tells_of_it(tipd: Any, fake: Any) -> None:
    full = row(record={"from": "bank@example.org\x07", "urls": ["http://a.example/{t}"]})
    bare = row(source="mx2", relay=None, trap=None, campaign=None, subject="", defects=[], record={})
    fake.answers["GET", f"{PATH}/{NAME}"] = (200, {"sha256": NAME, "mails": [full, bare]})
    ran = tipd("mails", "show", NAME)
    assert ran.out.splitlines() == [
        f"{NAME}: spam of 2,048 bytes, 2026-11-22 03:00:00 (UTC)",
        "by mx1, tlp green",
        "subject \\x1b[31mParcel",
        "handed over by 198.51.100.7",
        "recipient 0011223344556677",
        "campaign 0000000000000000",
        "defects bad_base64",
        "from bank@example.org\\x07",
        "urls ['http://a.example/{t}']",
        f"{NAME}: spam of 2,048 bytes, 2026-11-22 03:00:00 (UTC)",
        "by mx2, tlp green",
    ]
    assert [one["source"] for one in tipd("--json", "mails", "show", NAME).lines] == ["mx1", "mx2"]


def test_one_that_is_not_kept(tipd: Any, fake: Any) -> None:
    fake.answers["GET", f"{PATH}/{NAME}"] = (404, {"detail": "no such mail"})
    assert tipd("mails", "show", NAME).code == 1
