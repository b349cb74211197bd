import json
from typing import Any

import pytest

from tipd.model.allow import AllowList
from tipd.model.canonical import canonical
from tipd.model.tlp import Tlp
from tipd.store.lookup import LookupIndex


def ask(index: LookupIndex, *values: str) -> list[dict[str, Any]]:
    return json.loads(index.lookup(values, Tlp.RED, AllowList()))["results"]


@pytest.mark.parametrize(
    ("asked", "matches"),
    [
        ("192.0.2.7", [("192.0.2.7", "exact"), ("192.0.2.0/25", "contained"), ("192.0.2.0/24", "contained")]),
        ("192.0.2.200", [("192.0.2.0/24", "contained")]),
        ("192.0.2.0/25", [("192.0.2.0/25", "exact"), ("192.0.2.0/24", "contained")]),
        ("192.0.2.64/26", [("192.0.2.0/25", "contained"), ("192.0.2.0/24", "contained")]),
        ("192.0.2.65/26", [("192.0.2.0/25", "contained"), ("192.0.2.0/24", "contained")]),
        ("192.0.0.0/16", []),
        ("2001:db8::1", [("2001:db8::1", "exact"), ("2001:db8::/64", "contained"), ("2001:db8::/32", "contained")]),
        ("2001:DB8:0:0::2", [("2001:db8::/64", "contained"), ("2001:db8::/32", "contained")]),
        ("2001:db8::/64", [("2001:db8::/64", "exact"), ("2001:db8::/32", "contained")]),
        ("2001:db9::/64", []),
        ("www.bad.example.org", [("bad.example.org", "parent"), ("example.org", "parent")]),
        ("bad.example.org", [("bad.example.org", "exact"), ("example.org", "parent")]),
        ("WWW.bad.example.org", [("bad.example.org", "parent"), ("example.org", "parent")]),
        ("notexample.org", []),
        ("http://www.example.org/a?b=c", [("example.org", "host")]),
        (
            "http://bad.example.org/page",
            [("http://bad.example.org/page", "exact"), ("bad.example.org", "host"), ("example.org", "host")],
        ),
        ("https://user@192.0.2.7:8443/x", [("192.0.2.7", "host"), ("192.0.2.0/25", "host"), ("192.0.2.0/24", "host")]),
        ("http://[2001:db8::1]/", [("2001:db8::1", "host"), ("2001:db8::/64", "host"), ("2001:db8::/32", "host")]),
        ("someone@example.org", [("someone@example.org", "exact")]),
        ("A" * 40, [("a" * 40, "exact")]),
        ("AS64500", [("AS64500", "exact")]),
    ],
)
def test_what_matches_and_how(index_of: Any, asked: str, matches: list[tuple[str, str]]) -> None:
    index = index_of(
        [(value, 1) for value in ("192.0.2.7", "192.0.2.0/25", "2001:db8::1", "2001:db8::/64", "example.org")]
        + [(value, 2) for value in ("192.0.2.0/24", "2001:db8::/32", "bad.example.org", "http://bad.example.org/page")]
        + [(value, 3) for value in ("someone@example.org", "a" * 40, "AS64500")]
    )
    (result,) = ask(index, asked)
    assert [(match["value"], match["how"]) for match in result["matches"]] == matches
    assert result["listed"] is bool(matches)
    assert all(match["kind"] == canonical(match["value"], poison=False).kind for match in result["matches"])
