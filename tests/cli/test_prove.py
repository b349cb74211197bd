"""`tipd prove`: intervals, their rounds, and what their bodies say."""

from typing import Any

import pytest
from support.proofs import round_

SIGHTING = {
    "source": "a",
    "first_seen": "2026-11-01T00:00:00Z",
    "last_seen": None,
    "closed": "2026-11-05T00:00:00Z",
    "reason": "left",
    "context": {},
    "tlp": "green",
    "opened_round": 1,
    "closed_round": 2,
    "backfilled": False,
}


def read(*, holds: bool | None = True, body: str = "kept", why: str | None = None) -> dict[str, Any]:
    return {"body": body, "holds": holds, "same_reading": True, "why": why}


@pytest.fixture(autouse=True)
def _answers(fake: Any) -> None:
    fake.answers["GET", "/api/v1/indicators/192.0.2.1"] = 200, {"value": "192.0.2.1", "sightings": [SIGHTING]}
    fake.answers["POST", "/api/v1/lookup"] = 200, {"results": [{"matches": []}]}
    for number, holds in ((1, True), (2, False)):
        fake.answers["GET", f"/api/v1/rounds/{number}"] = 200, round_(number)
        fake.answers["GET", f"/api/v1/rounds/{number}/read"] = 200, read(holds=holds)


def test_an_interval_and_its_proofs(tipd: Any, fake: Any) -> None:
    ran = tipd("prove", "192.0.2.1")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "a  2026-11-01 00:00:00 to 2026-11-05 00:00:00 (UTC), seen by tipd",
        "  opened: round 1 (poll), 2026-11-01 00:00:00: https://lists.example.org/a at 192.0.2.9, HTTP 200",
        f"  opened: body SHA-256 {'ab' * 32}, 7 bytes; tipd 1",
        "  opened: its body is kept, whole, and holds the value",
        "  closed: round 2 (poll), 2026-11-02 00:00:00: https://lists.example.org/a at 192.0.2.9, HTTP 200;"
        " reason: left",
        f"  closed: body SHA-256 {'ab' * 32}, 7 bytes; tipd 1",
        "  closed: its body is kept, whole, and does not hold the value",
    ]
    assert "/api/v1/rounds/1/read?value=192.0.2.1" in [target for _, target, _, _ in fake.asked]


@pytest.mark.parametrize(
    ("at", "code"), [("2026-11-01", 0), ("2026-11-04T23:59", 0), ("2026-11-05", 1), ("2025-01-01", 1)]
)
def test_at_a_moment(tipd: Any, at: str, code: int) -> None:
    assert tipd("prove", "192.0.2.1", "--at", at).code == code


@pytest.mark.parametrize(
    ("said", "code", "text"),
    [
        (read(holds=False), 1, "this does not prove it"),
        (
            read(body="damaged", holds=None, why="its SHA-256 is another"),
            1,
            "its body is damaged: its SHA-256 is another",
        ),
        (read(body="gone", holds=None, why="its time has passed"), 0, "its body is gone: its time has passed"),
        (read(holds=None, why="it cannot be read again"), 0, "kept and whole, but it cannot be read again"),
    ],
)
def test_what_the_body_says_decides(tipd: Any, fake: Any, said: dict[str, Any], code: int, text: str) -> None:
    fake.answers["GET", "/api/v1/rounds/1/read"] = 200, said
    ran = tipd("prove", "192.0.2.1")
    assert ran.code == code
    assert text in ran.out


def test_history_says_that_it_was_a_file(tipd: Any, fake: Any) -> None:
    sighting = SIGHTING | {"backfilled": True}
    fake.answers["GET", "/api/v1/indicators/192.0.2.1"] = 200, {"value": "192.0.2.1", "sightings": [sighting]}
    fake.answers["GET", "/api/v1/rounds/1"] = 200, round_(1, why="backfill", url="old.txt")
    fake.answers["GET", "/api/v1/rounds/1/read"] = 200, read(body="gone", holds=None, why="not kept")
    out = tipd("prove", "192.0.2.1").out
    assert "loaded as history" in out
    assert "a file that was loaded, old.txt" in out
    assert "from here on tipd watched the source itself" in out


def test_json(tipd: Any) -> None:
    (line,) = tipd("prove", "192.0.2.1", "--json").lines
    assert (line["stands"], line["opened_by"]["id"], line["closed_by"]["read"]["holds"]) == (True, 1, False)


def test_a_round_nobody_may_see_proves_nothing(tipd: Any, fake: Any) -> None:
    fake.answers["GET", "/api/v1/rounds/1"] = 404, {"detail": "there is no round"}
    assert tipd("prove", "192.0.2.1").code == 1


def test_what_holds_it_proves_it_too(tipd: Any, fake: Any) -> None:
    """An address that is listed by a network around it, as look-up has it."""
    network = {"kind": "network", "value": "192.0.2.0/28", "how": "contained"}
    exact = {"kind": "ipv4", "value": "192.0.2.3", "how": "exact"}
    fake.answers["POST", "/api/v1/lookup"] = 200, {"results": [{"matches": [exact, network]}]}
    fake.answers["GET", "/api/v1/indicators/192.0.2.3"] = 200, {"value": "192.0.2.3", "sightings": []}
    fake.answers["GET", "/api/v1/indicators/192.0.2.0%2F28"] = (
        200,
        {"value": "192.0.2.0/28", "sightings": [SIGHTING]},
    )
    ran = tipd("prove", "192.0.2.3", "--at", "2026-11-02")
    assert ran.code == 0
    assert ran.out.splitlines()[0].endswith("(UTC), seen by tipd, through 192.0.2.0/28 (contained)")
    assert fake.asked[0][3] == {"values": [{"value": "192.0.2.3", "at": "2026-11-02T00:00:00+00:00"}]}
    (line,) = tipd("prove", "192.0.2.3", "--json").lines
    assert (line["how"], line["value"]) == ("contained", "192.0.2.0/28")


@pytest.mark.parametrize(("why", "said"), [("entries", "reported to tipd"), ("ageing", "its time had come")])
def test_a_round_without_a_body_says_what_it_did(tipd: Any, fake: Any, why: str, said: str) -> None:
    nothing = {"url": None, "address": None, "http_status": None, "body_sha256": None, "body_bytes": None}
    fake.answers["GET", "/api/v1/rounds/1"] = 200, round_(1, why=why, **nothing)
    fake.answers["GET", "/api/v1/rounds/1/read"] = 200, read(body="gone", holds=None, why="not kept")
    lines = [line for line in tipd("prove", "192.0.2.1").out.splitlines() if "opened" in line]
    assert len(lines) == 1
    assert lines[0].endswith(f": {said}")
