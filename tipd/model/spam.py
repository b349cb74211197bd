"""Values of spamtraps that more than one room knows: what of a mail is stored, and how far a source was taken.

Times are `datetime` (UTC). Hashes are raw bytes; campaigns are known by 64-bit keys (signed, as PostgreSQL's bigint).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from tipd.model.finding import NewFinding

CAMPAIGN = "spam.campaign"
URL = "spam.url"  # at most once a day for each campaign and host
VERSION = "agent.version"
REFUSED = "agent.refused"
PINNED = "agent.pinned"  # the key an agent signs with was taken at the first contact
ARCHIVE = "archive.taken"


class MailRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One mail, compact.

    `keys`: what it has in common with others (template, URL shapes, attachments), strongest first. `trap`: keyed HMAC
    of the recipient, empty where a view tells none. `rest`: the record's JSON for what has no column, empty for a mail
    of a known campaign (its version is kept as a file, and is the proof).
    """

    sha256: bytes
    at: datetime
    class_: int
    size: int
    relay: str | None = None
    trap: bytes = b""
    keys: tuple[int, ...] = ()
    subject: str = ""
    defects: int = 0
    rest: bytes = b""


class UrlRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A URL's shape (tokens masked) as a campaign sends it; `host` as it folds (random sub-domains are `*`)."""

    key: int  # of the campaign: the first of the mail's keys
    host: str
    shape: str
    example: str
    at: datetime
    count: int = 1


class Sight(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An address the trap itself saw: the relay at the trust boundary, with the pieces of evidence."""

    address: str
    at: datetime
    count: int
    traps: tuple[str, ...] = ()  # kinds of traps: pristine, recycled, typo


class VersionMark(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an agent's view that was taken: the cursor stands on it afterwards."""

    agent: str
    view: str
    number: int
    manifest: bytes  # as it was signed
    sha256: bytes  # of the manifest: what the next one names
    key: bytes  # the public key that holds from now on


class ArchiveMark(msgspec.Struct, frozen=True, kw_only=True):
    """How far an archive was taken: `done` when its end was stored.

    `stamp`: what tells without reading it whether it is still the same (validators of its server, a folder's listing).
    """

    archive: str
    name: str
    sha256: bytes
    members: int
    done: bool
    stamp: str = ""


class SpamBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction stores, at most 20,000 rows; the marks go with it or not at all."""

    source: str
    mails: tuple[MailRow, ...] = ()
    urls: tuple[UrlRow, ...] = ()
    sights: tuple[Sight, ...] = ()
    withdraws: tuple[bytes, ...] = ()
    versions: tuple[VersionMark, ...] = ()  # in the chain's order; the cursor stands on the last afterwards
    archive: ArchiveMark | None = None
    findings: tuple[NewFinding, ...] = ()
