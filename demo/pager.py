"""Who is called when something of ours is listed: a webhook's receiver that checks the signature, as it should."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from demo.world import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/pager"
SECRET = b"demo-secret-of-the-pager"


class Pager:
    """Counts what it is told."""

    def __init__(self) -> None:
        """Nothing was told yet."""
        self.findings = 0
        self.forged = 0

    def answer(self, _number: int, headers: Mapping[bytes, bytes], body: bytes) -> Page:
        """Take one message; one that is not signed by the daemon is refused."""
        if not signed(headers.get(b"tipd-signature", b"").decode(), body):
            self.forged += 1
            return Page(b"who are you?", status=403)
        found = json.loads(body)["findings"]
        if not self.findings and found:
            first = found[0]
            value, watches = first["subject"]["value"], ", ".join(first["watches"])
            print(f"-- the watch {watches} fires: {first['kind']} {value} by {first['source']}", flush=True)
        self.findings += len(found)
        return Page(b"thanks")


def signed(header: str, body: bytes) -> bool:
    """Say whether `t=…,v1=…` is the HMAC-SHA256 of `<t>.<body>` under our secret."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    expected = hmac.new(SECRET, f"{parts.get('t')}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(parts.get("v1", ""), expected)
