"""An indicator: a thing worth watching, in canonical form.

This file holds the value; `tipd/model/canonical/` makes one out of any text.
"""

from __future__ import annotations

import msgspec

from tipd.model.kind import Kind


class Indicator(msgspec.Struct, frozen=True, order=True, gc=False):
    """`kind` + canonical `value`, both as the API shows them."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return self.value


class RefusedValue(ValueError):
    """A text that is no indicator tipd takes; `reason` is a short word that is counted and shown.

    Reasons: `malformed`, `empty`, `too_long`, `too_wide` (a network wider than /8 or /19), `bogon` (private, loopback,
    link-local, multicast, reserved …), `public_suffix`, `localhost`, `wrong_kind`, `guard` (an operator's guard list).
    """

    def __init__(self, reason: str, text: str = "") -> None:
        """Keep the reason; `text` is what was refused, cut to 200 characters."""
        super().__init__(f"{reason}: {text[:200]!r}" if text else reason)
        self.reason = reason
        self.text = text[:200]
