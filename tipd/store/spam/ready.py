"""A batch made ready before its transaction begins: rows as COPY wants them, made some hundred at a time."""

from __future__ import annotations

import socket
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import trio
import xxhash

from tipd.model.key import key_of
from tipd.model.kind import CODE_OF, Kind
from tipd.model.spam import CLASSES, TRAP_KINDS
from tipd.store.flux import tuples
from tipd.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tipd.model.spam import MailRow, SpamBatch

MOST_MAILS = 20_000  # a transaction
KEPT_WHOLE = 3  # mails of a campaign whose whole record is kept
LONGEST_REST = 16_384  # bytes
LONGEST_SUBJECT, LONGEST_SHAPE, LONGEST_EXAMPLE, LONGEST_HOST = 200, 1000, 2000, 255  # characters
ALONE, URL, FILE = 0, 1, 2  # what a part is
_SIGN, _WRAP = 1 << 63, 1 << 64
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_SPAM = CLASSES.index("spam")
_KIND_OF_TRAP = {word: number for number, word in enumerate(TRAP_KINDS)}
_LARGEST = 2**31 - 1
_NO_KEYS = -1
_FIXED = struct.Struct("!hiiiiiqiqiqiqiiiiihihi?i24s").pack
_split = struct.Struct("!q24s").unpack
_signed = struct.Struct("!q").unpack

MAIL_COLUMNS = (
    "n", "t", "hash", "at", "trap", "defects", "size", "version", "class", "trap_kind", "sighted", "tail", "relay",
    "parts", "subject", "rest",
)  # fmt: skip
PART_COLUMNS = ("part", "alone", "what", "size", "host", "shape", "example")
RELAY_COLUMNS = ("relay", "key", "kind", "asn", "value")


class Part(NamedTuple):
    """What mails hold: a URL's shape on its host, or a file (its real type and SHA-256)."""

    hash: int
    alone: int  # the hash of its host alone; 0: none
    what: int
    size: int
    host: str
    shape: str
    example: str


class Relay(NamedTuple):
    """Who handed mails over."""

    packed: bytes
    key: int
    kind: Kind
    value: str


class Ready(NamedTuple):
    """One batch's rows. `keys`: the distinct lists of keys, by the number mails name them with."""

    number: int
    hashes: tuple[int, ...]
    mails: bytes
    parts: bytes
    relays: bytes
    keys: tuple[tuple[int, ...], ...]
    held: tuple[Part, ...]
    senders: tuple[Relay, ...]


def hash_of(sha256: bytes) -> tuple[int, bytes]:
    """Return both halves of a mail's name as the store keeps them. Raises ValueError where it is no SHA-256."""
    if len(sha256) != 32:
        raise ValueError(f"a SHA-256 has 32 bytes, not {len(sha256)}")
    return _split(sha256)


def sha256_of(hash_: int, tail: bytes) -> bytes:
    """Return a mail's name of its halves."""
    return struct.pack("!q", hash_) + tail


def part_hash(seed: int, what: int, host: str, shape: str) -> int:
    """Return the keyed hash of what mails hold."""
    found = xxhash.xxh3_64_intdigest(f"{what}\0{host}\0{shape}".encode(), seed)
    return found - _WRAP if found >= _SIGN else found


def trap_of(hmac: bytes) -> int:
    """Return a recipient's keyed HMAC as the store keeps it: its first 8 bytes; 0 for none."""
    if not hmac:
        return 0
    return int(_signed(hmac[:8].ljust(8, b"\0"))[0]) or 1


def packed_address(text: str) -> bytes | None:
    """Return an address in four or sixteen bytes, None where it is none."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        return None


def relay_of(seed: int, packed: bytes) -> Relay:
    """Return who handed mails over, by the address."""
    family, kind = (socket.AF_INET, Kind.IPV4) if len(packed) == 4 else (socket.AF_INET6, Kind.IPV6)
    value = socket.inet_ntop(family, packed)
    return Relay(packed, key_of(seed, kind, value), kind, value)


async def ready(batch: SpamBatch, seed: int, now: datetime, asn_of: Callable[[str], int | None]) -> Ready:
    """Make a batch ready (trio-flavoured). Raises ValueError for over 20,000 mails, or one without a SHA-256."""
    if len(batch.mails) > MOST_MAILS:
        raise ValueError(f"at most {MOST_MAILS} mails are stored at once, not {len(batch.mails)}")
    maker = _Maker(batch, seed, now)
    mails = await tuples.packed(batch.mails, maker.row)
    relays = [relay_of(seed, packed) for packed in maker.relays]
    senders = await tuples.packed(relays, lambda one: _relay(one, asn_of(one.value) or 0))
    parts = {part.hash: part for part in maker.parts}
    held = await tuples.packed(parts.values(), _part)
    return Ready(
        len(maker.seen),
        tuple(_split(sha)[0] for sha in maker.seen),
        mails,
        held,
        senders,
        tuple(maker.keys),
        tuple(parts.values()),
        tuple(relays),
    )


class _Maker:
    """Makes rows, and gathers what they share."""

    def __init__(self, batch: SpamBatch, seed: int, now: datetime) -> None:
        self.seen: dict[bytes, None] = {}
        self.keys: dict[tuple[int, ...], int] = {}
        self.relays: dict[bytes, None] = {}
        self.parts = [_url(seed, one.host, one.shape, one.example) for one in batch.urls]
        files = len(self.parts)
        self.parts += [_file(seed, one.sha256.lower(), one.name, one.real, one.size) for one in batch.files]
        self._packed: dict[str, bytes | None] = {}
        self._arrays: dict[tuple[tuple[int, ...], tuple[int, ...]], bytes] = {}
        self._whole: dict[int, int] = {}
        self._files = files
        self._now = now
        self._sights = {packed: one.traps for one in batch.sights if (packed := packed_address(one.address))}

    def row(self, mail: MailRow) -> bytes:
        """Return the mail's row; nothing for one that the batch had before."""
        if mail.sha256 in self.seen:
            return b""
        hash_, tail = hash_of(mail.sha256)
        self.seen[mail.sha256] = None
        t = self.keys.setdefault(mail.keys, len(self.keys)) if mail.keys else _NO_KEYS
        relay = self._relay(mail.relay)
        sighted, kind = self._sighted(mail, relay)
        fixed = _FIXED(
            16, 4, len(self.seen) - 1, 4, t, 8, hash_, 8, (min(mail.at, self._now) - _EPOCH) // _MICRO,
            8, trap_of(mail.trap), 8, mail.defects, 4, min(mail.size, _LARGEST), 4, mail.version, 2, mail.class_,
            2, kind, 1, sighted, 24, tail,
        )  # fmt: skip
        subject, rest = self._kept(t, mail)
        return b"".join(
            (
                fixed,
                tuples.NULL if relay is None else tuples.inet(relay),
                self._array(mail) if mail.keys else tuples.longs(()),
                tuples.text(subject),
                tuples.octets(rest),
            )
        )

    def _relay(self, address: str | None) -> bytes | None:
        if not address:
            return None
        if address not in self._packed:
            packed = self._packed[address] = packed_address(address)
            if packed is not None:
                self.relays[packed] = None
        return self._packed[address]

    def _sighted(self, mail: MailRow, relay: bytes | None) -> tuple[bool, int]:
        """Return whether the trap itself saw the relay, and what kind of trap it was."""
        traps = () if relay is None else self._sights.get(relay, ())
        kind = mail.trap_kind or (traps[0] if len(traps) == 1 else "")
        sighted = mail.sighted
        if sighted is None:
            sighted = mail.class_ == _SPAM and relay in self._sights
        return bool(sighted and relay is not None), _KIND_OF_TRAP.get(kind, 0)

    def _kept(self, t: int, mail: MailRow) -> tuple[str, bytes]:
        if t != _NO_KEYS:
            self._whole[t] = self._whole.get(t, 0) + 1
            if self._whole[t] > KEPT_WHOLE:
                return "", b""
        return storable(mail.subject)[:LONGEST_SUBJECT], _storable(mail.rest)

    def _array(self, mail: MailRow) -> bytes:
        """Return the hashes of what the mail holds. Raises ValueError where the batch does not have it."""
        asked = mail.urls, mail.files
        found = self._arrays.get(asked)
        if found is None:
            try:
                hashes = {self.parts[place].hash for place in mail.urls}
                hashes |= {self.parts[self._files + place].hash for place in mail.files}
            except IndexError:
                raise ValueError("a mail names a URL or a file that its batch does not have") from None
            found = self._arrays[asked] = tuples.longs(sorted(hashes))
        return found


def _storable(rest: bytes) -> bytes:
    """Return a record's JSON; nothing of one that is too long, or could not be looked through for what is forgotten."""
    try:
        text = rest.decode()
    except UnicodeDecodeError:
        return b""
    return rest if len(rest) <= LONGEST_REST and "\0" not in text else b""


def _url(seed: int, host: str, shape: str, example: str) -> Part:
    host, shape = storable(host)[:LONGEST_HOST], storable(shape)[:LONGEST_SHAPE]
    alone = part_hash(seed, ALONE, host, "")
    return Part(part_hash(seed, URL, host, shape), alone, URL, 0, host, shape, storable(example)[:LONGEST_EXAMPLE])


def _file(seed: int, sha256: str, name: str, real: str, size: int) -> Part:
    sha256, real = storable(sha256)[:64], storable(real)[:LONGEST_HOST]
    return Part(part_hash(seed, FILE, "", sha256), 0, FILE, size, real, sha256, storable(name)[:LONGEST_HOST])


def _part(part: Part) -> bytes:
    return tuples.row(
        tuples.int8(part.hash),
        tuples.int8(part.alone),
        tuples.int2(part.what),
        tuples.int8(part.size),
        tuples.text(part.host),
        tuples.text(part.shape),
        tuples.text(part.example),
    )


def _relay(relay: Relay, asn: int) -> bytes:
    return tuples.row(
        tuples.inet(relay.packed),
        tuples.int8(relay.key),
        tuples.int2(CODE_OF[relay.kind]),
        tuples.int8(asn),
        tuples.text(relay.value),
    )


async def hashes_of(shas: Sequence[bytes]) -> tuple[list[int], list[bytes]]:
    """Return both halves of many names (trio-flavoured). Raises ValueError."""
    hashes, tails = [], []
    for number, sha in enumerate(shas):
        hash_, tail = hash_of(sha)
        hashes.append(hash_)
        tails.append(tail)
        if number % 2000 == 1999:
            await trio.lowlevel.checkpoint()
    return hashes, tails
