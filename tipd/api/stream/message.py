"""The stream's messages: each finding encoded once, each message put together once for all that ask for the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tipd.api.stream import frames
from tipd.model.finding import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.choice import Choice
    from tipd.model.finding import Finding


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
    """Annotated findings on their way to readers: each encoded once, each choice's message put together once."""

    def __init__(self, findings: Sequence[Finding], last: int) -> None:
        """`last` is the cursor after the batch; at least the last finding's seq."""
        self.last = last
        self._findings = findings
        self._encoded = [encode(finding) for finding in findings]
        self._messages: dict[Choice, Message | None] = {}
        self._assembled: dict[tuple[int, ...], Message] = {}

    def for_choice(self, choice: Choice) -> Message | None:
        """Return the message for readers of this choice, None where the batch has nothing for them."""
        try:  # asked for each reader: one look-up
            return self._messages[choice]
        except KeyError:
            made = self._messages[choice] = self._assemble(choice)
            return made

    def _assemble(self, choice: Choice) -> Message | None:
        chosen = tuple(place for place, finding in enumerate(self._findings) if choice.admits(finding))
        if not chosen:
            return None
        if chosen not in self._assembled:  # most choices leave out nothing
            self._assembled[chosen] = findings_message([self._encoded[place] for place in chosen], self.last)
        return self._assembled[chosen]
