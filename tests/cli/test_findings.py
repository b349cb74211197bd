from typing import Any

import pytest

FINDING = {
    "seq": 17,
    "at": "2026-11-22T04:00:00Z",
    "kind": "indicator.listed",
    "module": "blacklist",
    "source": "one",
    "subject": {"kind": "domain", "value": "evil\x07.example"},
    "data": {},
}


def test_findings_pages_until_the_limit(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.cli.findings._PAGE", 2)
    last = iter((2, 4, 5))
    fake.answers["GET", "/api/v1/findings"] = lambda _: (
        200,
        {"findings": [FINDING, FINDING], "last": next(last), "more": True, "store_id": "s"},
    )
    ran = tipd("findings", "--since", "0", "--limit", "5", "--kind", "indicator.listed", "--json")
    assert (ran.code, ran.lines) == (0, [FINDING] * 6)
    assert [target for _, target, _, _ in fake.asked] == [
        "/api/v1/findings?since=0&limit=2&kind=indicator.listed",
        "/api/v1/findings?since=2&limit=2&kind=indicator.listed",
        "/api/v1/findings?since=4&limit=1&kind=indicator.listed",
    ]


def test_findings_as_lines(tipd: Any, fake: Any) -> None:
    fake.answers["GET", "/api/v1/findings"] = 200, {"findings": [FINDING], "last": 17, "more": False}
    assert tipd("findings").out == "17 2026-11-22T04:00:00Z indicator.listed   one domain evil\\x07.example\n"
    fake.answers["GET", "/api/v1/findings"] = 200, {"findings": [], "last": 17, "more": False}
    assert tipd("findings").code == 1
    fake.answers["GET", "/api/v1/findings"] = 410, {"detail": "retention removed findings after the cursor"}
    ran = tipd("findings")
    assert (ran.code, ran.err) == (1, "tipd: retention removed findings after the cursor\n")


def test_fewer_than_none_is_a_usage_error(tipd: Any) -> None:
    assert tipd("findings", "--limit", "-1").code == 2
