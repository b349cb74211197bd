"""A small MISP on loopback: `POST /attributes/restSearch` and a feed, in their true formats, with switches for faults.

with Misp() as misp:
    misp.add("ip-dst", "192.0.2.1", 1_790_000_000)
    ... a source asks misp.base ...
    assert misp.asked[0]["page"] == 1
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.stand_in import StandIn

SPACE = uuid.UUID("8f2b1a0e-0000-4000-8000-000000000000")

type Answer = tuple[int, Mapping[str, str], bytes]


class Misp(StandIn):
    """A context manager; `base` is its address.

    Switches: `fail` (page → status), `repeats` (each page is the first one), `newest` (what every timestamp is said to
    be: a cursor that goes back), `slow` (seconds), `echo` (answers tell the key back), `retry_after` with a 429.
    """

    def __init__(self, key: str = "k" * 40, host: str = "127.0.0.1") -> None:
        """`key` is what `Authorization` must say."""
        super().__init__(self._handler(), host)
        self.key = key
        self.attributes: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.fetched: list[str] = []
        self.fail: dict[int, int] = {}
        self.repeats = False
        self.newest: int | None = None
        self.echo = False
        self.retry_after = 0
        self.before: Callable[[dict[str, Any]], None] = lambda _asked: None

    # --- what it holds ----------------------------------------------------------------------------------------------

    def add(self, kind: str, value: str, timestamp: int, *, event: int = 1, **more: Any) -> dict[str, Any]:
        """Add an attribute to an event."""
        attribute = {
            "id": str(len(self.attributes) + 1),
            "event_id": str(event),
            "object_id": "0",
            "object_relation": None,
            "category": "Network activity",
            "type": kind,
            "value": value,
            "to_ids": True,
            "uuid": str(uuid.uuid5(SPACE, f"{event}/{kind}/{value}")),
            "timestamp": str(timestamp),
            "distribution": "5",
            "sharing_group_id": "0",
            "comment": "",
            "deleted": False,
            "disable_correlation": False,
            "first_seen": None,
            "last_seen": None,
        } | more
        self.attributes.append(attribute)
        return attribute

    def change(self, value: str, timestamp: int, **keys: Any) -> None:
        """Change an attribute: `deleted=True` takes it back."""
        for attribute in self.attributes:
            if attribute["value"] == value:
                attribute.update(keys, timestamp=str(timestamp))

    def event(self, number: int) -> dict[str, Any]:
        """Return an event as MISP exports it; a deleted attribute is not in it."""
        own = [each for each in self.attributes if each["event_id"] == str(number) and not each["deleted"]]
        all_of_it = [each for each in self.attributes if each["event_id"] == str(number)]
        return {
            "Event": {
                "analysis": "2",
                "Attribute": own,
                "date": "2026-11-22",
                "extends_uuid": "",
                "info": f"event {number}",
                "Object": [],
                "Orgc": {"name": "CERT Example", "uuid": str(uuid.uuid5(SPACE, "org"))},
                "published": True,
                "Tag": [{"name": "tlp:green", "colour": "#339900"}],
                "threat_level_id": "2",
                "timestamp": str(max((int(each["timestamp"]) for each in all_of_it), default=0)),
                "uuid": self.event_uuid(number),
            }
        }

    @staticmethod
    def event_uuid(number: int) -> str:
        """Return an event's identifier."""
        return str(uuid.uuid5(SPACE, f"event {number}"))

    def manifest(self) -> dict[str, Any]:
        """Return the feed's manifest: event → what stands at its top."""
        numbers = sorted({int(each["event_id"]) for each in self.attributes})
        shown = ("Orgc", "Tag", "info", "date", "analysis", "threat_level_id", "timestamp")
        events = {number: self.event(number)["Event"] for number in numbers}
        return {self.event_uuid(number): {key: event[key] for key in shown} for number, event in events.items()}

    # --- what it answers --------------------------------------------------------------------------------------------

    def search(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the page that is asked for, oldest attribute first."""
        page, limit = int(asked.get("page", 1)), int(asked.get("limit", 0)) or len(self.attributes) + 1
        since, deleted = int(asked.get("timestamp") or 0), asked.get("deleted", 0)
        wanted = {bool(each) for each in (deleted if isinstance(deleted, list) else [deleted])}
        found = [each for each in self.attributes if int(each["timestamp"]) >= since and each["deleted"] in wanted]
        start = 0 if self.repeats else (page - 1) * limit
        return {"response": {"Attribute": [self._said(each) for each in found[start : start + limit]]}}

    def _said(self, attribute: Mapping[str, Any]) -> dict[str, Any]:
        number = int(attribute["event_id"])
        event = {"id": str(number), "info": f"event {number}", "org_id": "1", "uuid": self.event_uuid(number)}
        newest = {} if self.newest is None else {"timestamp": str(self.newest)}
        return {**attribute, **newest, "Event": event}

    def answer(self, path: str, headers: Message, body: bytes) -> Answer:
        """Answer one request."""
        self.pause()
        if headers.get("Authorization") != self.key:
            return _json(403, {"name": "Authentication failed.", "message": headers.get("Authorization"), "url": path})
        if path.startswith("/feed/"):
            return self._feed(path.removeprefix("/feed/"), headers)
        asked = json.loads(body or b"{}")
        self.before(asked)
        self.asked.append(asked)
        status = self.fail.get(int(asked.get("page", 1)), 200)
        if status != 200:
            wait = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
            return _json(status, {"name": "An Internal Error Has Occurred.", "message": self.key}, wait)
        found = self.search(asked)
        if self.echo:
            said = {"type": "url", "value": f"http://evil.example.org/{self.key}"}
            found["response"]["Attribute"][-1].update(said)
        return _json(200, found, {"X-Result-Count": str(len(found["response"]["Attribute"]))})

    def _feed(self, name: str, headers: Message) -> Answer:
        self.fetched.append(name)
        if name == "manifest.json":
            status, more, raw = _json(200, self.manifest())
            tag = f'"{hashlib.sha256(raw).hexdigest()[:16]}"'
            same = headers.get("If-None-Match") == tag
            return (304, {"ETag": tag}, b"") if same else (status, {**more, "ETag": tag}, raw)
        numbers = {self.event_uuid(int(each["event_id"])): int(each["event_id"]) for each in self.attributes}
        uuid_of = name.removesuffix(".json")
        number = numbers.get(uuid_of)
        if number is None:
            return _json(404, {"message": "not here"})
        if number in self.fail:
            return _json(self.fail[number], {"message": "failed"})
        return _json(200, self.event(number))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        misp = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._serve(b"")

            def do_POST(self) -> None:
                self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def _serve(self, body: bytes) -> None:
                status, more, raw = misp.answer(self.path, self.headers, body)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _json(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    return status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode()
