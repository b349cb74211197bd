"""The messages all stages send: one finding of 260 bytes each, in the stream's own shape."""

from __future__ import annotations

from datetime import UTC, datetime

import _figure  # noqa: F401 - finds tipd

from tipd.api.stream.message import findings_message
from tipd.model.finding import Finding, encode
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind

TOKEN = "tip_benchmark"
FIRST = 10**9  # so that every number has as many digits as the next
BYTES = 260
_AT = datetime(2026, 11, 22, 4, tzinfo=UTC)


def finding_of(number: int) -> Finding:
    """Return the number-th finding, 260 bytes as JSON."""
    bare = _finding(number, "")
    return _finding(number, "x" * (BYTES - len(encode(bare))))


def _finding(number: int, reference: str) -> Finding:
    return Finding(
        seq=FIRST + 1 + number,
        at=_AT,
        kind="indicator.listed",
        module="blacklist",
        source="example_drop",
        subject=Indicator(Kind.IPV4, "198.51.100.7"),
        data={"reference": reference},
    )


def text_of(number: int) -> str:
    """Return the message around the number-th finding."""
    finding = finding_of(number)
    return findings_message([encode(finding)], finding.seq).text.decode()


def frame_bytes() -> int:
    """Return how long every message is on the wire."""
    finding = finding_of(0)
    return len(findings_message([encode(finding)], finding.seq).frame)
