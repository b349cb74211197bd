"""Records in, batches of rows out: judged, folded, counted."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tipd.mail import record as records
from tipd.mail.defects import bits
from tipd.mail.record import FORMAT
from tipd.model.spam import MailRow, Sight, SpamBatch, UrlRow
from tipd.modules.spamtrap.campaign_keys import keys_of
from tipd.modules.spamtrap.folds import Folds
from tipd.modules.spamtrap.judging import Ground, judge
from tipd.modules.spamtrap.knowledge.knowledge import Knowledge
from tipd.modules.spamtrap.rows import moment_of, relay_of, rest_of, text_of

if TYPE_CHECKING:
    from tipd.mail.record import Record
    from tipd.modules.spamtrap.judging import Judged, Link

MOST_ROWS = 20_000  # of one transaction
CLASSES = ("spam", "bounce", "auto_reply", "confirmation")
"""The number of a class in the store is its place here, from 1."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """By what records of one source are judged.

    `now`: no mail was seen later; `since`: an older one is a fact and no sighting. `own`: networks inside the trust
    boundary. `trap_key`: for telling recipients apart where they come unmasked.
    """

    source: str
    now: datetime
    since: datetime
    own: tuple[str, ...] = ()
    knowledge_dirs: tuple[str, ...] = ()
    trap_key: bytes = b""

    def ground(self) -> Ground:
        """Read what is known; raises ConfigError."""
        own = tuple(ipaddress.ip_network(text, strict=False) for text in self.own)
        return Ground(_knowledge(self.knowledge_dirs), own)


_read: dict[tuple[str, ...], Knowledge] = {}


def _knowledge(folders: tuple[str, ...]) -> Knowledge:
    """Return what is known, read once a process: workers are replaced often enough."""
    if folders not in _read:
        _read[folders] = Knowledge.load([Path(folder) for folder in folders])
    return _read[folders]


class Gathering:
    """Takes records, gives batches; what folds is remembered as long as it lives.

    `refused` counts records that are none; `unseen` why relays were not sighted.
    """

    def __init__(self, rules: Rules, ground: Ground | None = None) -> None:
        """Begin with nothing."""
        self._rules = rules
        self._ground = ground or rules.ground()
        self._folds = Folds()
        self.refused: Counter[str] = Counter()
        self.unseen: Counter[str] = Counter()
        self.taken = 0
        self._begin()

    def _begin(self) -> None:
        self._mails: list[MailRow] = []
        self._urls: dict[tuple[int, str, str], UrlRow] = {}
        self._sights: dict[str, Sight] = {}

    @property
    def rows(self) -> int:
        """Return how many rows stand ready."""
        return len(self._mails) + len(self._urls) + len(self._sights)

    def line(self, line: bytes) -> None:
        """Take a record's line; one that is none is counted."""
        try:
            record = records.decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            self.refused["malformed"] += 1
            return
        if record.format > FORMAT:
            self.refused["format"] += 1
        else:
            self.add(record)

    def add(self, record: Record, recipients: tuple[str, ...] = ()) -> None:
        """Take a record; `recipients` where they are told apart from it, and unmasked."""
        try:
            sha256 = bytes.fromhex(record.sha256)
        except ValueError:
            sha256 = b""
        if len(sha256) != 32:
            self.refused["no_hash"] += 1
            return
        told = moment_of(record.at)
        at = min(told or self._rules.now, self._rules.now)
        judged = judge(record, self._ground)
        keys = keys_of(record, judged.links) if judged.counts else ()
        self.taken += 1
        self._mails.append(self._mail(record, sha256, at, keys, recipients or record.recipients))
        if keys:
            for link in judged.links:
                self._add_link(keys[0], link, at)
            if judged.sender:
                self._count(keys[0], judged.sender, judged.sender, judged.sender, at)
        self._see(record, judged, told and at)

    def _mail(
        self, record: Record, sha256: bytes, at: datetime, keys: tuple[int, ...], recipients: tuple[str, ...]
    ) -> MailRow:
        return MailRow(
            sha256=sha256,
            at=at,
            class_=CLASSES.index(record.class_) + 1,
            size=max(0, min(record.size, 2**31 - 1)),
            relay=relay_of(record),
            trap=self._trap(recipients),
            keys=keys,
            subject=text_of(record.subject),
            defects=bits(record.defects),
            rest=rest_of(record),
        )

    def _trap(self, recipients: tuple[str, ...]) -> bytes:
        if not recipients:
            return b""
        first = recipients[0]
        if first.startswith("hmac:"):
            try:
                return bytes.fromhex(first[5:])[:8]
            except ValueError:
                return b""
        return hashlib.blake2b(first.lower().encode(), digest_size=8, key=self._rules.trap_key[:64]).digest()

    def _add_link(self, key: int, link: Link, at: datetime) -> None:
        host, shape = self._folds.fold(key, link.host, link.shape)
        self._count(key, host, shape, link.example, at)

    def _count(self, key: int, host: str, shape: str, example: str, at: datetime) -> None:
        before = self._urls.get((key, host, shape))
        self._urls[key, host, shape] = UrlRow(
            key=key,
            host=text_of(host),
            shape=text_of(shape, 2048),
            example=before.example if before else text_of(example, 8192),
            at=max(at, before.at) if before else at,
            count=before.count + 1 if before else 1,
        )

    def _see(self, record: Record, judged: Judged, at: datetime | None) -> None:
        """Sight the relay, where there is one, and it is known when."""
        why = judged.unseen or ("no_date" if at is None else "old" if at < self._rules.since else "")
        if why or judged.relay is None or at is None:
            self.unseen[why] += 1
            return
        before = self._sights.get(judged.relay)
        traps = {*(before.traps if before else ()), *((record.trap,) if record.trap else ())}
        self._sights[judged.relay] = Sight(
            address=judged.relay,
            at=max(at, before.at) if before else at,
            count=before.count + 1 if before else 1,
            traps=tuple(sorted(traps)),
        )

    def batch(self) -> SpamBatch:
        """Return what stands ready, and begin anew; marks are for the caller to put beside it."""
        made = SpamBatch(
            source=self._rules.source,
            mails=tuple(self._mails),
            urls=tuple(self._urls.values()),
            sights=tuple(self._sights.values()),
        )
        self._begin()
        return made
