"""`tipd audit`: pages of acts as one table."""

from typing import Any


def act(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "at": "2026-11-22T04:00:00Z",
        "by": "uid 0",
        "action": "allow.added",
        "subject": f"ipv4 192.0.2.{number}",
        "reason": "ours",
        "data": {},
    }


def test_acts_are_shown_newest_first(tipd: Any, fake: Any) -> None:
    pages = iter([[act(3), act(2)], [act(1)], []])
    fake.answers["GET", "/api/v1/audit"] = lambda _body: (200, {"acts": next(pages)})
    ran = tipd("audit", "--limit", "10")
    assert [line.split()[5] for line in ran.out.splitlines()[1:]] == ["192.0.2.3", "192.0.2.2", "192.0.2.1"]
    assert [asked[1].partition("?")[2] for asked in fake.asked] == ["limit=10", "limit=8&before=2", "limit=7&before=1"]
    pages = iter([[act(1)]])
    assert tipd("--json", "audit", "--limit", "1").lines == [act(1)]


def test_who_may_not_read_it_is_told(tipd: Any, fake: Any) -> None:
    fake.answers["GET", "/api/v1/audit"] = 403, {"detail": "this needs max_tlp red"}
    assert tipd("audit").code == 78
