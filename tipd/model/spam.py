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

# Stored as numbers: never reused or changed. A mail's class is its place here, a trap's kind is too.
CLASSES = ("spam", "bounce", "auto_reply", "confirmation")
TRAP_KINDS = ("", "pristine", "recycled", "typo")


class MailRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One mail, compact.

    `class_`: its place in CLASSES; `defects`: bits (`tipd.mail.defects`). `keys`: what it has in common with others
    (template, URL shapes, attachments), strongest first. `urls`, `files`: places of what it had in the batch's `urls`
    and `files`. `trap`: keyed HMAC of the recipient, empty where a view tells none; `trap_kind`: what kind of trap it
    is. `version`: of the agent's view, where its line stands. `sighted`: whether the trap itself saw its relay; None:
    it did where the mail is spam and its relay is one of the batch's `sights`. `rest`: the record's JSON for what has
    no column; kept of the first mails of a campaign alone (its version is kept as a file, and is the proof).
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
    urls: tuple[int, ...] = ()
    files: tuple[int, ...] = ()
    trap_kind: str = ""
    version: int = 0
    sighted: bool | None = None


class UrlRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A URL's shape (tokens masked); `host` as it folds (random sub-domains are `*`).

    Mails name it by its place in the batch (`MailRow.urls`): what is counted are mails, so that those that are known
    already, or taken back later, do not count. `key` (the first of the mails' keys) and `count` are not stored.
    """

    key: int
    host: str
    shape: str
    example: str
    at: datetime
    count: int = 1


class FileRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An attachment by its SHA-256 (hex): name, real type, bytes. Mails name it by its place in the batch."""

    sha256: str
    name: str = ""
    real: str = ""
    size: int = 0


class Sight(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An address the trap itself saw: the relay at the trust boundary, with the pieces of evidence.

    What is stored (how often, when) is counted from those mails of the batch that are new. `traps`: kinds of traps,
    for mails that say none.
    """

    address: str
    at: datetime
    count: int
    traps: tuple[str, ...] = ()  # pristine, recycled, typo


class VersionMark(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an agent's view that was taken: the cursor stands on it afterwards.

    `gone`: its lines were removed by retention before they could be taken.
    """

    agent: str
    view: str
    number: int
    manifest: bytes  # as it was signed
    sha256: bytes  # of the manifest: what the next one names
    key: bytes  # the public key that holds from now on
    gone: bool = False


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
    """What one transaction stores, at most 20,000 mails; the marks go with it or not at all.

    Mails are stored before what is withdrawn is taken back. A mail that its source brought already is passed over.
    `member`: which archive of the source the mails are from, where no `archive` mark goes with them yet.
    """

    source: str
    mails: tuple[MailRow, ...] = ()
    urls: tuple[UrlRow, ...] = ()
    sights: tuple[Sight, ...] = ()
    withdraws: tuple[bytes, ...] = ()
    versions: tuple[VersionMark, ...] = ()  # in the chain's order; the cursor stands on the last afterwards
    archive: ArchiveMark | None = None
    findings: tuple[NewFinding, ...] = ()
    files: tuple[FileRow, ...] = ()
    member: str = ""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch: mails that were new, known already, taken back; campaigns begun; addresses listed."""

    new: int = 0
    known: int = 0
    withdrawn: int = 0
    campaigns: int = 0
    listed: int = 0


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """The version of an agent's view that was taken last: its number, its manifest's SHA-256, the key of the next."""

    number: int
    manifest_sha256: bytes
    key: bytes
