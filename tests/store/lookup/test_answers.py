import json
from typing import Any

from tipd.model.allow import AllowList
from tipd.model.tlp import Tlp
from tipd.store.lookup import LookupIndex


def ask(index: LookupIndex, *values: str) -> list[dict[str, Any]]:
    return json.loads(index.lookup(values, Tlp.RED, AllowList()))["results"]


def test_the_shape_of_an_answer(index_of: Any) -> None:
    index = index_of([("192.0.2.7", 1), ("192.0.2.7", 3)])
    assert ask(index, "192.0.2.7", "192.0.2.8") == [
        {
            "value": "192.0.2.7",
            "kind": "ipv4",
            "listed": True,
            "confidence": 0.95,
            "sources": ["one", 'th"ree'],
            "matches": [{"kind": "ipv4", "value": "192.0.2.7", "how": "exact"}],
        },
        {"value": "192.0.2.8", "kind": "ipv4", "listed": False, "confidence": 0.0, "sources": [], "matches": []},
    ]
    assert json.loads(index.lookup([], Tlp.RED, AllowList())) == {"results": []}


def test_what_cannot_be_read_is_an_answer_too(index_of: Any) -> None:
    results = ask(index_of([]), "", "no indicator", 'a"b\\c\n\x04', "\ud800", "300.1.1.1", "x" * 9000, "-")
    assert [(result["kind"], result["listed"], result["matches"]) for result in results] == [(None, False, [])] * 7
    assert [result["error"] for result in results] == [
        "empty",
        *["malformed"] * 4,
        "too_long",
        "malformed",
    ]
    assert results[2]["value"] == 'a"b\\c\n\x04'


def test_a_source_counts_once(index_of: Any) -> None:
    index = index_of([("192.0.2.7", 1), ("192.0.2.0/24", 1), ("192.0.2.0/25", 2)])
    assert ask(index, "192.0.2.7")[0]["confidence"] == 0.75
    assert ask(index, "192.0.2.7")[0]["sources"] == ["one", "two"]
