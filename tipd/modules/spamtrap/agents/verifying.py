"""What is believed of an agent's chain: pure. Forged, replayed, skipped, reordered and re-signed versions end here.

A `Course` stands where the chain was taken to. `follow` takes one manifest further, or raises `Refusal`: the course
stays where it was. Only the numbers, the links, the signature and the times are looked at here; the lines' hash is
compared where they come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.agent import protocol

if TYPE_CHECKING:
    from tipd.agent.protocol import Manifest

NEWEST_FORMAT = protocol.FORMAT + 1  # what a newer release adds are keys: one release ahead is read
CLOCK_OFF = timedelta(minutes=15)
LONGEST_VERSION = 2**30  # bytes, compressed
LONGEST_LINES = 4 * 2**30
MOST_RECORDS = 1_000_000  # an agent seals at most a tenth of it; a version in many pieces is read anew for each
_decoder = msgspec.json.Decoder(dict[str, Any])


class Refusal(Exception):
    """A version, or all an agent says, is not believed. `reason` is one word, for counting; `number` of the version."""

    def __init__(self, reason: str, detail: str, number: int = 0) -> None:
        """Keep the parts beside the text."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.number = number


@dataclass(frozen=True, slots=True)
class Course:
    """How far a chain is believed: `number` 0 before its first version.

    `digest`: SHA-256 (hex) of that version's manifest, None before the first. `key`: who must sign the next (base64;
    empty: whoever the first version names). `agent`, `view`: as the manifests say; empty: not known yet.
    """

    number: int = 0
    digest: str | None = None
    key: str = ""
    agent: str = ""
    view: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A manifest that is believed, as it was signed, and what it says."""

    n: int
    signed: bytes
    manifest: Manifest
    digest: str

    @property
    def next_key(self) -> str:
        """Who signs the next."""
        return self.manifest.next_key or self.manifest.key


def follow(course: Course, data: bytes, now: datetime) -> tuple[Version, Course]:
    """Return the version that comes next, and the course behind it; raises Refusal."""
    if len(data) > protocol.LONGEST_MANIFEST:
        raise Refusal("size", f"a manifest of {len(data)} bytes", course.number + 1)
    document = _document(course, data)
    number = document.get("n")
    number = number if isinstance(number, int) and not isinstance(number, bool) else 0
    try:
        manifest = protocol.read(data, _key(course, document, number))
    except protocol.ForgedError as error:
        raise Refusal("forged", str(error), number) from None
    _links(course, manifest)
    _fits(manifest, now)
    version = Version(manifest.n, data, manifest, protocol.digest(data))
    after = Course(manifest.n, version.digest, version.next_key, manifest.agent, manifest.view)
    return version, after


def _document(course: Course, data: bytes) -> dict[str, Any]:
    try:
        document = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Refusal("forged", f"not a manifest: {error}", course.number + 1) from None
    number = course.number + 1
    form = document.get("format", protocol.FORMAT)
    if not isinstance(form, int) or form > NEWEST_FORMAT:
        raise Refusal("format", f"its format is {str(form)[:20]}, this release reads up to {NEWEST_FORMAT}", number)
    if protocol.canonical(document) != data:
        raise Refusal("forged", "the manifest is not in the form in which it was signed", number)
    return document


def _key(course: Course, document: dict[str, Any], number: int) -> str:
    """Return the key that must have signed; raises Refusal where another one says it did."""
    named = str(document.get("key", ""))
    key = course.key or named
    if named != key:
        raise Refusal("key", f"signed with {named[:44]!r}, which {key!r} did not name as its next", number)
    return key


def _links(course: Course, manifest: Manifest) -> None:
    n, wanted = manifest.n, course.number + 1
    if n < wanted:
        raise Refusal("replayed", f"version {n} comes where {wanted} is next", n)
    if n > wanted:
        raise Refusal("gap", f"version {n} comes where {wanted} is next", n)
    if manifest.previous != course.digest:
        raise Refusal("fork", f"version {n} names another version {n - 1} before it than the one that was taken", n)
    for word, is_, was in (("agent", manifest.agent, course.agent), ("view", manifest.view, course.view)):
        if was and is_ != was:
            raise Refusal(word, f"version {n} is of {word} {is_[:64]!r}, not of {was!r}", n)


def _fits(manifest: Manifest, now: datetime) -> None:
    sizes = (
        ("bytes", manifest.bytes, LONGEST_VERSION),
        ("raw_bytes", manifest.raw_bytes, LONGEST_LINES),
        ("records", manifest.records, MOST_RECORDS),
    )
    for word, is_, most in sizes:
        if not 0 <= is_ <= most:
            raise Refusal("size", f"{word} is {is_}, at most {most} are taken", manifest.n)
    sealed = moment(manifest.sealed)
    if sealed is None:
        raise Refusal("clock", f"it says it was sealed {manifest.sealed[:40]!r}", manifest.n)
    if sealed > now + CLOCK_OFF:
        raise Refusal("clock", f"sealed at {manifest.sealed}, which is not yet: one of the clocks is off", manifest.n)


def moment(text: str) -> datetime | None:
    """Return a time (RFC 3339) in UTC, None where it is none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo is not None else None


def same(course: Course, data: bytes) -> None:
    """Compare what the agent now shows as the version the course stands on; raises Refusal where it is another."""
    if protocol.digest(data) != course.digest:
        number = course.number
        raise Refusal("rewritten", f"version {number} is not the one that was taken: its history was rewritten", number)


def not_shorter(course: Course, last: int) -> None:
    """Raise Refusal where the agent has less than was taken of it."""
    if last < course.number:
        raise Refusal("rewritten", f"its last version is {last}, and {course.number} was taken already", last)


def clock(theirs: datetime | None, now: datetime) -> None:
    """Raise Refusal where the agent's clock, as it says it, is far off ours (None: it does not say)."""
    if theirs is not None and abs(theirs - now) > CLOCK_OFF:
        off = int((theirs - now).total_seconds())
        raise Refusal("clock", f"its clock and ours are {abs(off)} s apart ({'it is ahead' if off > 0 else 'behind'})")
