"""What is asked of the worker process that reads a body, and what it answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.reading.snapshot import Identity

SAMPLES = 20


class ReadJob(msgspec.Struct, frozen=True, kw_only=True):
    """One body to read. Paths are absolute; `opened`, `closed`, `snapshot` and scratch files are made in `folder`.

    `seed` is the database's hash seed; `old_snapshot` counts where its head says `identity`, else `open_keys` (sorted
    u64 file) does; without either all is new. `open_more`: something may stand beside the open ones, so that each is
    written again; false: none says anything but its value. The new snapshot bears the same identity, until who applies
    it knows its round (`snapshot.claim`). `first`: so many of the body's first indicators are shown in the result.
    `signature`: the file of the detached one, where one came; `trusted`: the body is the operator's own, or was checked
    when it came, so that no signature is asked for.
    """

    body: str
    folder: str
    source: Source
    seed: int
    identity: Identity
    old_snapshot: str = ""
    open_keys: str = ""
    open_more: bool = True
    first: int = 0
    signature: str = ""
    trusted: bool = False
    max_body: int = 2**30
    max_rows: int = 50_000_000


class Sample(msgspec.Struct, frozen=True):
    """A row that was refused: its number from 1, why, and what stood there (cut)."""

    line: int
    reason: str
    text: str


class First(msgspec.Struct, frozen=True):
    """An indicator among the first of a body, and what stands beside it (`tipd.model.context`)."""

    kind: str
    value: str
    context: dict[str, Any]
    tlp: int | None = None
    until: datetime | None = None


class ReadResult(msgspec.Struct, kw_only=True):
    """What a body holds; nothing of it has been written to the database.

    `rows` counts rows that are no comments; `known` those of them that stood in the last body too; `filtered` those
    that `[where]` left out; `refused` by reason; `entries`, `opened`, `closed` and `had` count distinct indicators
    after and before; `withdrawn` those whose last word was that they are taken back; `kinds` counts the opened ones by
    kind; `unread` by key what stood beside rows and was not what its key wants; `nuls` the NULs that were taken out, so
    that rows may have been read that never stood there like that; `says_more`: something stood beside
    rows; `first` are the first indicators of those that had to be read. `broken` says why the body could not be read
    to its end. `unsigned`: nothing was read, since it has no good signature, and why; `signer`: whose good one it has
    (fingerprint). `wants_keys`: nothing was read, since the snapshot does not fit and there are no open keys to stand
    in for it.
    """

    rows: int = 0
    known: int = 0
    filtered: int = 0
    refused: dict[str, int] = {}
    samples: list[Sample] = []
    entries: int = 0
    opened: int = 0
    closed: int = 0
    had: int = 0
    bytes: int = 0
    kinds: dict[str, int] = {}
    withdrawn: int = 0
    unread: dict[str, int] = {}
    nuls: int = 0
    says_more: bool = False
    first: list[First] = []
    html: bool = False
    canary: bool = True
    stamp: str | None = None
    broken: str = ""
    unsigned: str = ""
    signer: str = ""
    wants_keys: bool = False
