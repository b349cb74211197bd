"""A partner's MISP: `attributes/restSearch` with a key, in pages, by time; and one attribute that is taken back.

As MISP answers (its OpenAPI document, `restSearchAttributes`), for what the demo asks of it.
"""

from __future__ import annotations

import json
from typing import Any

from demo.world import Page

PATH = "/attributes/restSearch"
KEY = "demo-key-of-a-partner"
TAKEN_BACK_IN = 3  # the round in which the partner notices a mistake
TAKEN_BACK = "203.0.113.250"
_BEGINNING = 1_790_000_000
_NEW_A_ROUND = 3


def answer(number: int, key: str, body: bytes) -> Page:
    """Return what the MISP says in this round to a POST with this `Authorization` and body."""
    if key != KEY:
        return _said(403, {"name": "Authentication failed.", "message": "Authentication failed."})
    try:
        asked = json.loads(body)
        since, limit, page = int(asked["timestamp"] or 0), int(asked["limit"]), int(asked["page"])
    except (ValueError, KeyError, TypeError):
        return _said(400, {"name": "Invalid query.", "message": "Invalid query."})
    found = [one for one in attributes(number) if int(one["timestamp"]) >= since]
    return _said(200, {"response": {"Attribute": found[(page - 1) * limit : page * limit]}})


def attributes(number: int) -> list[dict[str, Any]]:
    """Return all that stands in the MISP, oldest change first."""
    found = [_attribute(0, "ip-dst", TAKEN_BACK, deleted=number >= TAKEN_BACK_IN)]
    for index in range(1, 9 + _NEW_A_ROUND * number):
        kind, value = ("domain", f"c2-{index}.example.net") if index % 3 else ("ip-dst", f"198.51.100.{index % 250}")
        found.append(_attribute(index, kind, value))
    return sorted(found, key=lambda one: int(one["timestamp"]))


def _attribute(index: int, kind: str, value: str, *, deleted: bool = False) -> dict[str, Any]:
    changed = TAKEN_BACK_IN * _NEW_A_ROUND + 8 if deleted else index
    return {
        "id": str(index),
        "event_id": "7",
        "type": kind,
        "category": "Network activity",
        "to_ids": True,
        "value": value,
        "comment": "controller",
        "timestamp": str(_BEGINNING + changed),
        "deleted": deleted,
        "uuid": f"00000000-0000-4000-8000-{index:012d}",
        "Tag": [{"name": "tlp:amber"}],
        "Event": {"id": "7", "uuid": "00000000-0000-4000-8000-00000000beef", "info": "Demo controllers"},
    }


def _said(status: int, value: dict[str, Any]) -> Page:
    return Page(json.dumps(value).encode(), status=status, content_type="application/json")
