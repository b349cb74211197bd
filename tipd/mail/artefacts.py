"""What was read of one mail on its host, before anything is masked: it never leaves that host as it is."""

from __future__ import annotations

import msgspec

from tipd.mail.record import Record


class Artefacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mail, read.

    `record`: nothing in it is masked; only its three hashes were taken of masked text, without a key, so that they are
    the same on every host. `recipients`: the addresses it was sent or delivered to, in lower case (To, Cc,
    Delivered-To, X-Original-To, Envelope-To, `for` of Received fields): what a view masks.
    """

    record: Record
    recipients: tuple[str, ...] = ()
