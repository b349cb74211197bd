"""`tipd allow`: added, removed, listed; refused without a reason."""

from typing import Any

ENTRY = {
    "kind": "ipv4",
    "value": "192.0.2.5",
    "reason": "ours",
    "by": "uid 0",
    "created": "2026-11-22T04:00:00Z",
    "until": None,
}
PATH = "/api/v1/allowed"


def test_a_value_is_allowed_and_no_more(tipd: Any, fake: Any) -> None:
    fake.answers["POST", PATH] = 201, ENTRY | {"until": "2026-12-22T04:00:00Z"}
    ran = tipd("allow", "192.0.2.5", "--reason", "ours", "--for", "30d")
    assert (ran.code, ran.out) == (0, "ipv4 192.0.2.5 is allowed until 2026-12-22T04:00:00Z\n")
    assert fake.asked[0][3] == {"value": "192.0.2.5", "reason": "ours", "for": "30d"}
    fake.answers["POST", PATH] = 201, ENTRY
    assert tipd("allow", "192.0.2.5", "--reason", "ours").out == "ipv4 192.0.2.5 is allowed until it is removed\n"
    assert tipd("--json", "allow", "192.0.2.5", "--reason", "ours").lines == [ENTRY]
    gone = {"kind": "url", "value": "http://example.org/x", "removed": True}
    fake.answers["DELETE", f"{PATH}/http%3A%2F%2Fexample.org%2Fx"] = 200, gone
    ran = tipd("allow", "http://example.org/x", "--remove", "--reason", "sold it")
    assert (ran.code, fake.asked[-1][1].partition("?")[2]) == (0, "reason=sold+it")
    assert "allowed no more" in ran.out
    assert tipd("--json", "allow", "http://example.org/x", "--remove").lines == [gone]
    assert tipd("allow", "192.0.2.9", "--remove").code == 1


def test_what_is_allowed_is_listed(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = 200, {"allowed": [ENTRY]}
    assert tipd("allow").out.splitlines()[1].split() == ["ipv4", "192.0.2.5", "for", "good", "uid", "0", "ours"]
    assert tipd("--json", "allow").lines == [ENTRY]


def test_what_does_not_go_together_is_refused_before_anybody_is_asked(tipd: Any, fake: Any) -> None:
    for words in (
        ("192.0.2.5",),
        ("192.0.2.5", "--reason", "  "),
        ("192.0.2.5", "--remove", "--for", "1d"),
        ("--remove",),
        ("--reason", "why"),
    ):
        assert tipd("allow", *words).code == 2
    assert fake.asked == []


def test_what_the_daemon_refuses_is_said(tipd: Any, fake: Any) -> None:
    fake.answers["POST", PATH] = 400, {"detail": "that network is too wide: allow what is yours in it"}
    ran = tipd("allow", "0.0.0.0/0", "--reason", "peace")
    assert ran.code == 2
    assert "too wide" in ran.err
