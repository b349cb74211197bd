"""One message of a sink: findings, where they end, and a signature by which a receiver knows who sent it. Pure."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tipd.model.finding import Finding, encode

if TYPE_CHECKING:
    from datetime import datetime

SINK_TEST = "sink.test"


class Gap(msgspec.Struct, frozen=True):
    """Retention removed what lay after `since` and before `first` while the receiver was away."""

    since: int
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings after `since` up to `last`, to be told together; the same pair is the same message."""

    sink: str
    store_id: str
    since: int
    last: int
    findings: tuple[Finding, ...]
    gap: Gap | None = None

    @property
    def delivery(self) -> str:
        """The message's number: a repetition has the same, so that a receiver can leave it out."""
        place = f"{self.store_id} {self.sink} {self.since} {self.last}"
        return hashlib.sha256(place.encode()).hexdigest()[:32]

    def body(self) -> bytes:
        """Return the message as JSON."""
        head = {"sink": self.sink, "store_id": self.store_id, "delivery": self.delivery, "last": self.last}
        if self.gap is not None:
            head["gap"] = self.gap
        shown = msgspec.json.encode(head)
        return b'%b,"findings":[%b]}' % (shown[:-1], b",".join(encode(finding) for finding in self.findings))

    def lines(self) -> bytes:
        """Return the findings as JSON Lines."""
        return b"".join(encode(finding) + b"\n" for finding in self.findings)

    def facts(self) -> dict[str, str]:
        """Return what stands beside the findings, as a command's environment."""
        facts = {
            "TIPD_SINK": self.sink,
            "TIPD_STORE_ID": self.store_id,
            "TIPD_DELIVERY": self.delivery,
            "TIPD_LAST": str(self.last),
        }
        if self.gap is not None:
            facts |= {"TIPD_GAP_SINCE": str(self.gap.since), "TIPD_GAP_FIRST": str(self.gap.first)}
        return facts


def signature(secret: bytes, body: bytes, at: int) -> str:
    """Return the header `Tipd-Signature`: `t=…,v1=…`, HMAC-SHA256 (RFC 2104) in hex over `<t>.<body>`.

    `at` is in seconds since 1970: a receiver refuses what is much older than its clock, so nothing can be replayed.
    """
    digest = hmac.new(secret, b"%d.%b" % (at, body), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def sample(sink: str, store_id: str, at: datetime, last: int) -> Group:
    """Return a message that only shows that the way to the receiver is open."""
    finding = Finding(
        seq=last, at=at, kind=SINK_TEST, module="watching", source=None, subject=None, data={"sink": sink}
    )
    # The time makes each test another message.
    return Group(
        sink=sink, store_id=f"{store_id} test {at.timestamp():.6f}", since=last, last=last, findings=(finding,)
    )
