"""The stream's messages, encoded once for all readers that asked for the same kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tipd.api.stream import frames
from tipd.model.finding import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.finding import Finding

type Kinds = frozenset[str]  # empty: every kind


class Message(NamedTuple):
    """One message: its JSON, and the websocket frame around it."""

    text: bytes
    frame: bytes


def message(text: bytes) -> Message:
    """Return JSON with its frame."""
    return Message(text, frames.text(text))


def findings_message(encoded: Sequence[bytes], last: int) -> Message:
    """Return `{"type":"findings","findings":[…],"last":…}`: `last` is the cursor after it."""
    return message(b'{"type":"findings","findings":[%b],"last":%d}' % (b",".join(encoded), last))


def gap_message(since: int) -> Message:
    """Return `{"type":"gap","since":…}`: retention removed what lay between the cursor and `since`."""
    return message(msgspec.json.encode({"type": "gap", "since": since}))


class Batch:
    """Findings on their way to readers: each is encoded once, each filter's message is put together once."""

    def __init__(self, findings: Sequence[Finding], last: int) -> None:
        """`last` is the cursor after the batch; at least the last finding's seq."""
        self.last = last
        self._kinds = [finding.kind for finding in findings]
        self._encoded = [encode(finding) for finding in findings]
        self._messages: dict[Kinds, Message | None] = {}

    def for_kinds(self, kinds: Kinds) -> Message | None:
        """Return the message for readers of these kinds, None where the batch has nothing for them."""
        if kinds not in self._messages:
            self._messages[kinds] = self._assemble(kinds)
        return self._messages[kinds]

    def _assemble(self, kinds: Kinds) -> Message | None:
        chosen = self._encoded
        if kinds:
            chosen = [text for text, kind in zip(self._encoded, self._kinds, strict=True) if kind in kinds]
        return findings_message(chosen, self.last) if chosen else None
