"""`tipd explain`: the verdict, its arithmetic, and the history."""

from typing import Any

PATH = "/api/v1/indicators/192.0.2.7"
FOUND = {
    "value": "192.0.2.7",
    "kind": "ipv4",
    "verdict": "listed",
    "listed": True,
    "confidence": 0.5,
    "sources": ["one"],
    "matches": [{"kind": "network", "value": "192.0.2.0/24", "how": "contained"}],
    "sightings": [
        {
            "source": "two",
            "first_seen": "then",
            "last_seen": None,
            "closed": "later",
            "reason": "left",
            "context": {"malware": ["a", "b"], "port": 80},
            "tlp": "clear",
        }
    ],
}
TERMS = [{"source": "one", "weight": 0.5, "contribution": 0.5}]


def test_who_lists_it_and_why(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = 200, FOUND
    fake.answers["GET", f"{PATH}/explain"] = 200, {"terms": TERMS}
    ran = tipd("explain", "192.0.2.7")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[:2] == ["ipv4 192.0.2.7: listed, confidence 0.50", "matches network 192.0.2.0/24 (contained)"]
    assert lines[3].split() == ["one", "0.50", "0.50"]
    assert lines[-1].split() == ["two", "then", "later", "(left)", "malware", "a", "b,", "port", "80"]
    assert tipd("--json", "explain", "192.0.2.7").lines == [FOUND | {"terms": TERMS}]


def test_what_is_allowed_says_who_allows_it(tipd: Any, fake: Any) -> None:
    allowed = {"value": "192.0.2.0/24", "reason": "ours", "until": None}
    fake.answers["GET", PATH] = (
        200,
        FOUND | {"verdict": "allowed", "listed": False, "allowed": allowed, "sightings": []},
    )
    fake.answers["GET", f"{PATH}/explain"] = 200, {"terms": []}
    ran = tipd("explain", "192.0.2.7")
    assert ran.code == 1
    assert ran.out.splitlines()[1] == "allowed as 192.0.2.0/24 until it is removed: ours"
    assert tipd("explain", "nothing").code == 1
