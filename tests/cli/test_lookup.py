import io
import json
from typing import Any

import pytest

LISTED = {
    "value": "192.0.2.7",
    "kind": "ipv4",
    "listed": True,
    "confidence": 0.75,
    "sources": ["one", "two"],
    "matches": [
        {"kind": "ipv4", "value": "192.0.2.7", "how": "exact"},
        {"kind": "network", "value": "192.0.2.0/24", "how": "contained"},
    ],
}


FREE = {"value": "example.org", "kind": "domain", "listed": False, "confidence": 0.0, "sources": [], "matches": []}


BAD = FREE | {"value": "\x1b[31m", "kind": None, "error": "malformed"}


def results(body: Any) -> tuple[int, Any]:
    known = {one["value"]: one for one in (LISTED, FREE, BAD)}
    return 200, {"results": [known.get(value, FREE | {"value": value}) for value in body["values"]]}


def test_lookup(tipd: Any, fake: Any) -> None:
    fake.answers["POST", "/api/v1/lookup"] = results
    ran = tipd("lookup", "192.0.2.7", "example.org", "\x1b[31m")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "192.0.2.7\tlisted 0.75\tone two\texact, contained 192.0.2.0/24",
        "example.org\tnot listed",
        "\\x1b[31m\tnot an indicator (malformed)",
    ]
    assert tipd("lookup", "example.org").code == 1
    assert tipd("lookup", "--json", "192.0.2.7", "example.org").lines == [LISTED, FREE]


def test_what_sources_say_beside_it_is_shown_where_values_are_named(tipd: Any, fake: Any) -> None:
    said = [
        {"source": "one", "first_seen": "2026-11-22T04:00:00Z", "context": {"port": [22, 80], "malware": "x\x1b"}},
    ]
    match = {"kind": "ipv4", "value": "192.0.2.7", "how": "exact", "said": said}
    asked = []

    def answer(body: Any) -> tuple[int, Any]:
        asked.append(body)
        return 200, {"results": [LISTED | {"matches": [match]}]}

    fake.answers["POST", "/api/v1/lookup"] = answer
    first, second = tipd("lookup", "192.0.2.7").out.splitlines()
    assert first == "192.0.2.7\tlisted 0.75\tone two\texact"
    assert second == "  one\tsince 2026-11-22 04:00:00\tport=22|80 malware=x\\x1b"
    assert asked == [{"values": ["192.0.2.7"], "context": True}]


def test_what_is_allowed_is_told_as_such(tipd: Any, fake: Any) -> None:
    allowed = {"value": "192.0.2.7", "reason": "our\x1b mail", "until": "2026-12-22T04:00:00Z"}
    vetoed = LISTED | {"listed": False, "confidence": 0.0, "allowed": allowed}
    fake.answers["POST", "/api/v1/lookup"] = 200, {"results": [vetoed]}
    ran = tipd("lookup", "192.0.2.7")
    assert ran.code == 1
    assert ran.out == (
        "192.0.2.7\tallowed until 2026-12-22T04:00:00Z: our\\x1b mail\tone two\texact, contained 192.0.2.0/24\n"
    )


def test_lookup_reads_lines_in_batches(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.cli.lookup.AT_ONCE", 3)
    lines = io.TextIOWrapper(io.BytesIO(b" a.example \n\nb.example\n\xff.example\nc.example\n"))
    monkeypatch.setattr("sys.stdin", lines)
    fake.answers["POST", "/api/v1/lookup"] = results
    assert tipd("lookup", "first.example", "-", "last.example").code == 1
    assert [body["values"] for _, _, _, body in fake.asked] == [
        ["first.example", "a.example", "b.example"],
        ["\ufffd.example", "c.example", "last.example"],
    ]


def test_every_line_of_json_is_one_value(tipd: Any, fake: Any) -> None:
    fake.answers["POST", "/api/v1/lookup"] = 200, {"results": [LISTED | {"value": "a\nb\u2028"}]}
    ran = tipd("lookup", "x", "--json")
    assert json.loads(ran.out.removesuffix("\n"))["value"] == "a\nb\u2028"
    assert ran.out.count("\n") == 1
