"""A TAXII 2.1 collection on loopback, in its true format, with switches for faults.

with Taxii() as taxii:
    taxii.add("[ipv4-addr:value = '192.0.2.1']", "2026-11-22T04:00:00.000001Z")
    ... a source asks taxii.objects ...
"""

from __future__ import annotations

import json
import uuid
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.stand_in import StandIn

MEDIA = "application/taxii+json;version=2.1"
SPACE = uuid.UUID("7a1b1a0e-0000-4000-8000-000000000000")


class Taxii(StandIn):
    """A context manager; `objects` is the collection's address.

    Switches: `no_next` (it says `more` without `next`), `circle` (the same `next` again and again), `fail` (number of
    the request, from 1 → status), `forgets` (it knows no `next` that it gave before), `slow` (seconds).
    """

    def __init__(self, key: str = "t" * 40, host: str = "127.0.0.1", limit: int = 10) -> None:
        """`key` is what `Authorization: Bearer` must say; `limit` objects are the most of a page."""
        super().__init__(self._handler(), host)
        self.key = key
        self.limit = limit
        self.kept: list[tuple[str, dict[str, Any]]] = []  # (date added, object), oldest first
        self.asked: list[dict[str, str]] = []
        self.no_next = self.circle = self.forgets = False
        self.fail: dict[int, int] = {}

    @property
    def objects(self) -> str:
        """The address of the collection's objects."""
        return f"{self.base}/api1/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/objects/"

    def add(self, pattern: str, added: str, **more: Any) -> None:
        """Add an indicator, or a newer version of one: `revoked=True` takes it back."""
        indicator = {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--{uuid.uuid5(SPACE, pattern)}",
            "created": "2026-01-01T00:00:00.000Z",
            "modified": added,
            "pattern": pattern,
            "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z",
            "indicator_types": ["malicious-activity"],
        } | more
        self.kept.append((added, indicator))
        self.kept.sort(key=lambda pair: pair[0])

    def answer(self, target: str, headers: Message) -> tuple[int, dict[str, str], bytes]:
        """Answer one request."""
        self.pause()
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query, keep_blank_values=True).items()}
        self.asked.append(query)
        if headers.get("Authorization") != f"Bearer {self.key}":
            return self._error(401)
        if headers.get("Accept") != MEDIA:
            return self._error(406)
        if (status := self.fail.get(len(self.asked), 200)) != 200:
            return self._error(status)
        if "next" in query and (self.forgets or not query["next"].isdigit()):
            return self._error(400)
        return self._page(query)

    def _page(self, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        start = int(query.get("next", 0))
        found = [pair for pair in self.kept if pair[0] > query.get("added_after", "")]
        limit = min(int(query.get("limit", self.limit)), self.limit)
        page, more = found[start : start + limit], len(found) > start + limit
        envelope: dict[str, Any] = {"objects": [each for _, each in page]} if page else {}
        said = {"Content-Type": MEDIA}
        if page:
            said |= {"X-TAXII-Date-Added-First": page[0][0], "X-TAXII-Date-Added-Last": page[-1][0]}
        if more:
            envelope["more"] = True
            if not self.no_next:
                envelope["next"] = "0" if self.circle else str(start + limit)
        return 200, said, json.dumps(envelope).encode()

    def _error(self, status: int) -> tuple[int, dict[str, str], bytes]:
        body = {"title": "no", "http_status": str(status), "description": f"you sent {self.key}"}
        return status, {"Content-Type": MEDIA}, json.dumps(body).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        taxii = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, more, raw = taxii.answer(self.path, self.headers)
                self.send_response(status)
                for name, value in {**more, "Content-Length": str(len(raw))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
