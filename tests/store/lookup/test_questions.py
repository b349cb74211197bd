import json
from typing import Any

from tipd.model.allow import AllowList
from tipd.model.tlp import Tlp
from tipd.store.lookup import LookupIndex


def ask(index: LookupIndex, *values: str) -> list[dict[str, Any]]:
    return json.loads(index.lookup(values, Tlp.RED, AllowList()))["results"]


def test_private_and_public_names_are_answered_without_judging(index_of: Any) -> None:
    results = ask(index_of([]), "10.0.0.1", "co.uk", "localhost", "0.0.0.0/0")
    assert [result["kind"] for result in results] == ["ipv4", "domain", "domain", "network"]
    assert not any("error" in result for result in results)


def test_the_canonical_form_stands_beside_what_was_asked(index_of: Any) -> None:
    index = index_of([("example.org", 1), ("192.0.2.7", 1), ("http://example.net/", 2)])
    for asked, form in [
        ("EXAMPLE[.]org", "example.org"),
        ("192.0.2[.]7", "192.0.2.7"),
        ("192.0.2.7:80", "192.0.2.7"),
        ("hxxp://Example.NET", "http://example.net/"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ]:
        (result,) = ask(index, asked)
        assert (result["value"], result["canonical"], result["listed"]) == (asked, form, True)
    assert "canonical" not in ask(index, "example.org")[0]
