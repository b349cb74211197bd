"""Records in, batches of rows out: judged, folded, counted."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tipd.mail import record as records
from tipd.mail.defects import bits
from tipd.mail.record import FORMAT
from tipd.model.spam import CLASSES, FileRow, MailRow, Sight, SpamBatch, UrlRow
from tipd.modules.spamtrap.campaign_keys import files_of, keys_of
from tipd.modules.spamtrap.folds import Folds
from tipd.modules.spamtrap.judging import Ground, judge
from tipd.modules.spamtrap.knowledge.knowledge import Knowledge
from tipd.modules.spamtrap.rows import moment_of, relay_of, rest_of, text_of

if TYPE_CHECKING:
    from tipd.mail.record import Attachment, Record
    from tipd.modules.spamtrap.judging import Judged

MOST_ROWS = 20_000  # of one transaction


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """By what records of one source are judged.

    `now`: no mail was seen later; `since`: an older one is a fact and no sighting. `own`: networks inside the trust
    boundary. `trap_key`: for telling recipients apart where they come unmasked. `version`: of an agent's view that the
    records are of, 0 for archives.
    """

    source: str
    now: datetime
    since: datetime
    own: tuple[str, ...] = ()
    knowledge_dirs: tuple[str, ...] = ()
    trap_key: bytes = b""
    version: int = 0

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


@dataclass(slots=True)
class _Counted:
    """A URL's shape in a batch: its place there, one that had it, when last, how often."""

    place: int
    example: str
    at: datetime
    count: int = 0


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
        self._urls: dict[tuple[int, str, str], _Counted] = {}
        self._files: dict[str, tuple[int, FileRow]] = {}
        self._sights: dict[str, Sight] = {}

    def of_version(self, number: int) -> None:
        """Let what comes from now on be of this version."""
        self._rules = msgspec.structs.replace(self._rules, version=number)

    @property
    def rows(self) -> int:
        """Return how many rows stand ready."""
        return len(self._mails) + len(self._urls) + len(self._files) + len(self._sights)

    def line(self, line: bytes) -> None:
        """Take a record's line; one that is none is counted."""
        try:
            record = records.decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            self.refused["malformed"] += 1
            return
        if record.format > FORMAT + 1:  # a newer release's new keys travel untouched
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
        sighted = self._see(record, judged, told and at)
        self.taken += 1
        self._mails.append(
            MailRow(
                sha256=sha256,
                at=at,
                class_=CLASSES.index(record.class_),
                size=max(0, min(record.size, 2**31 - 1)),
                relay=relay_of(record),
                trap=self._trap(recipients or record.recipients),
                trap_kind=record.trap,
                keys=keys,
                subject=text_of(record.subject),
                defects=bits(record.defects),
                rest=rest_of(record),
                urls=self._links(keys[0], judged, at) if keys else (),
                files=tuple(map(self._file, files_of(record.attachments))) if keys else (),
                version=self._rules.version,
                sighted=sighted,
            )
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

    def _links(self, key: int, judged: Judged, at: datetime) -> tuple[int, ...]:
        """Count what a mail leads to; return the places of it in the batch."""
        places = [
            self._count(key, *self._folds.fold(key, one.host, one.shape), one.example, at) for one in judged.links
        ]
        if judged.sender:
            places.append(self._count(key, judged.sender, judged.sender, judged.sender, at))
        return tuple(dict.fromkeys(places))

    def _count(self, key: int, host: str, shape: str, example: str, at: datetime) -> int:
        counted = self._urls.get((key, host, shape))
        if counted is None:
            counted = self._urls[key, host, shape] = _Counted(len(self._urls), text_of(example, 8192), at)
        counted.at = max(at, counted.at)
        counted.count += 1
        return counted.place

    def _file(self, one: Attachment) -> int:
        place, _ = self._files.setdefault(
            one.sha256,
            (
                len(self._files),
                FileRow(
                    sha256=one.sha256,
                    name=text_of(one.name, 255),
                    real=text_of(one.real or one.declared, 100),
                    size=max(0, one.size),
                ),
            ),
        )
        return place

    def _see(self, record: Record, judged: Judged, at: datetime | None) -> bool:
        """Sight the relay, where there is one, and it is known when."""
        why = judged.unseen or ("no_date" if at is None else "old" if at < self._rules.since else "")
        if why or judged.relay is None or at is None:
            self.unseen[why] += 1
            return False
        before = self._sights.get(judged.relay)
        traps = {*(before.traps if before else ()), *((record.trap,) if record.trap else ())}
        self._sights[judged.relay] = Sight(
            address=judged.relay,
            at=max(at, before.at) if before else at,
            count=before.count + 1 if before else 1,
            traps=tuple(sorted(traps)),
        )
        return True

    def batch(self) -> SpamBatch:
        """Return what stands ready, and begin anew; marks are for the caller to put beside it."""
        urls = tuple(
            UrlRow(
                key=key,
                host=text_of(host),
                shape=text_of(shape, 2048),
                example=counted.example,
                at=counted.at,
                count=counted.count,
            )
            for (key, host, shape), counted in self._urls.items()
        )
        made = SpamBatch(
            source=self._rules.source,
            mails=tuple(self._mails),
            urls=urls,
            sights=tuple(self._sights.values()),
            files=tuple(row for _, row in self._files.values()),
        )
        self._begin()
        return made
