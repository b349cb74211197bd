"""`tipd flux show`."""

from typing import Any

import pytest

PATH = "/api/v1/flux/domains/flux.example.org"
AT = "2026-11-22T04:00:00Z"


def told(**more: Any) -> dict[str, Any]:
    """Return all that is known of a name."""
    record = {"data": "198.51.100.7", "asn": 64500, "first": AT, "last": AT, "count": 3, "current": True}
    return {
        "domain": "flux.example.org",
        "state": "confirmed",
        "since": AT,
        "reason": "holz",
        "apex": "example.org",
        "tlp": "green",
        "added": AT,
        "samples": 1234,
        "last_sample": AT,
        "ttl": 60,
        "tags": ["lab"],
        "note": "seen \x1b[31m",
        "path": ["198.51.100.7"],
        "origins": [{"why": "list", "source": "drop", "class": "malware", "by": "", "first": AT}],
        "holz": {"score": 211.8, "flux": True, "bound": 142.38, "n_a": 20, "n_asn": 10},
        "verdict": {"tier": "confirmed", "reasons": [{"code": "holz", "text": "two windows"}, "plain"]},
        "features": {"fluxiness": 2.51234},
        "rrsets": [{"type": "A", "records": [record] * 60}],
        "networks": [{"network": 4, "size": 2, "names": ["flux.example.org", "b.example.org"]}],
    } | more


def test_all_that_is_known(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, told())
    ran = tipd("flux", "show", "flux.example.org")
    assert ran.code == 0
    for line in (
        "flux.example.org: confirmed since 2026-11-22 04:00:00 (UTC): holz",
        "1,234 look-ups, last 2026-11-22 04:00:00, TTL 60 s",
        "note seen \\x1b[31m",
        "found by way of 198.51.100.7",
        "because of list drop malware, 2026-11-22 04:00:00",
        "Holz score 211.80, over 142.38: 20 addresses, 10 ASNs",
        "  two windows",
        "fluxiness 2.51",
        "A: 60 seen, 60 of them in the last answer",
        "  and 10 more (--json has them all)",
        "network 4: 2 names, such as flux.example.org b.example.org",
    ):
        assert line in ran.out.splitlines()
    assert tipd("--json", "flux", "show", "flux.example.org").lines[0]["samples"] == 1234


def test_a_name_of_which_little_is_known(tipd: Any, fake: Any) -> None:
    holz = {"score": None, "flux": None, "bound": 142.38, "n_a": None, "n_asn": None}
    fake.answers["GET", PATH] = (200, told(holz=holz, rrsets=[], tags=[], note="", path=[], last_sample=None))
    assert "not taken yet" in tipd("flux", "show", "flux.example.org").out


def test_as_of_a_moment(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, told())
    tipd("flux", "show", "flux.example.org", "--at", "2026-11-22")
    assert fake.asked[0][1].endswith("?at=2026-11-22T00%3A00%3A00%2B00%3A00")
    assert tipd("flux", "show", "flux.example.org", "--at", "yesterday").code == 2


@pytest.mark.parametrize("name", ["none.example", "a/b", "\x00"])
def test_a_name_that_is_not_tracked(tipd: Any, fake: Any, name: str) -> None:
    assert tipd("flux", "show", name).code == 1
