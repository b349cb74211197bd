"""`tipd asn`."""

from typing import Any


def test_status_of_a_table_and_of_none(tipd: Any, fake: Any) -> None:
    fake.answers["GET", "/api/v1/asn"] = 200, {"state": "ready", "file": "/etc/asn.tsv", "rows": 500000}
    shown = tipd("asn", "status")
    assert shown.code == 0
    assert "rows           500,000" in shown.out
    fake.answers["GET", "/api/v1/asn"] = 200, {"state": "none"}
    shown = tipd("asn", "status")
    assert (shown.code, shown.out) == (1, "")
    assert "asn_file" in shown.err
    assert tipd("asn", "status", "--json").lines == [{"state": "none"}]


def test_lookup_says_who_and_what_is_not_known(tipd: Any, fake: Any) -> None:
    known = {"value": "192.0.2.1", "asn": 64500, "name": "EX\x1bAMPLE"}
    fake.answers["GET", "/api/v1/asn/192.0.2.1"] = 200, known
    fake.answers["GET", "/api/v1/asn/192.0.2.0/24"] = 200, {"value": "192.0.2.0/24", "asn": None, "name": ""}
    shown = tipd("asn", "lookup", "192.0.2.1")
    assert shown.code == 0
    assert "AS64500      EX\\x1bAMPLE" in shown.out
    shown = tipd("asn", "lookup", "192.0.2.1", "192.0.2.0/24")
    assert shown.code == 1
    assert "192.0.2.0/24" in shown.out and "unknown" in shown.out
    assert tipd("asn", "lookup", "192.0.2.1", "--json").lines == [known]
