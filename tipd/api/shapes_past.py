"""The shapes of what proves the past: rounds, bodies read again, history on its way in, what is forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec


class RoundProof(msgspec.Struct, frozen=True, kw_only=True):
    """One round of a source, with all that proves it.

    `why`: poll, page, replay, backfill, entries, ageing, withdrawal, removal; `at`: the moment whose set it tells;
    `address`: the one connected to; hashes in hex; `declaration`: the digest of what was declared (`declared`) when it
    ran; `body`: whether its body is `kept` (`/api/v1/rounds/{id}/body`), `gone`, or was removed because of what was
    `forgotten`.
    """

    id: int
    source: str
    why: str
    at: datetime | None
    started: datetime
    ended: datetime | None
    status: str | None
    url: str | None
    address: str | None
    http_status: int | None
    etag: str | None
    last_modified: str | None
    body_sha256: str | None
    body_bytes: int | None
    body: Literal["kept", "gone", "forgotten"]
    declaration: str | None
    declared: dict[str, Any] | None
    read_digest: str | None
    version: str | None
    entries: int | None
    listed: int
    delisted: int
    refused: dict[str, int]
    error: str | None


class RoundList(msgspec.Struct, frozen=True, kw_only=True):
    """Rounds of one source, newest first, without what was declared; `more`: there are older ones."""

    rounds: list[RoundProof]
    more: bool


class BodyRead(msgspec.Struct, frozen=True, kw_only=True):
    """A round's body read again for one value: what is kept, whether its hash is right, whether it holds the value.

    `body`: kept, gone or damaged (`why` says how); `holds`: null where it could not be read; `same_reading`: today's
    tipd reads bodies of that declaration as the round did.
    """

    round: int
    value: str
    kind: str
    body: str
    body_sha256: str | None
    holds: bool | None
    same_reading: bool | None
    why: str | None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A replay is asked for; the finding `source.replayed` after `since` tells how it went."""

    source: str
    requested: bool
    since: int


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which moment on bodies are read again; all that are kept where it is left out."""

    since: datetime | None = None


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """A file on its way in, and how far it is."""

    upload: str
    bytes: int


class BackfillRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finished upload, the moment it tells the source's whole set of, and where it is from (a file's name)."""

    upload: str
    at: datetime
    origin: Annotated[str, msgspec.Meta(max_length=500)] = ""


class BackfillJob(msgspec.Struct, frozen=True, kw_only=True):
    """A file on its way into history.

    `state`: waiting, running, done, known (that very body was loaded for that moment already), refused or failed, with
    `why`; `round` is its proof; `entries` indicators in it, `added` intervals begun or extended, `cut` intervals that
    were believed to go on and did not.
    """

    id: str
    source: str
    at: datetime
    state: str
    why: str | None
    round: int | None
    entries: int
    added: int
    cut: int


class ForgetRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value to forget and why. `block`: never take it in again; `below`: with the names, URLs, addresses on it."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    block: bool = False
    below: bool = False


class ForgetJob(msgspec.Struct, frozen=True, kw_only=True):
    """A value on its way out; `key`, a keyed hash, stands for it.

    `state`: running, done or failed, with `why`; `values` forgotten, `closed` intervals that were open, `sightings` and
    `findings` blanked, `mentions` of it in other rows replaced, `bodies` removed.
    """

    id: str
    key: str
    state: str
    why: str | None
    values: int
    closed: int
    sightings: int
    findings: int
    mentions: int
    bodies: int
    blocked: bool
