"""One mail read in place: its bytes, its record, and its line in each view. Runs in a limited process (`child`)."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from tipd.agent import maildir
from tipd.agent.compressed import CompressedError, pieces
from tipd.mail import defects, fallback, views
from tipd.mail.artefacts import Artefacts
from tipd.mail.context import Context
from tipd.mail.limits import DEFAULT, Limits
from tipd.mail.read import read
from tipd.mail.record import Record, Trap, encode
from tipd.mail.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from tipd.agent.settings import Network

LONGEST = 256 * 2**20  # bytes of one mail whose hash is told

State = Literal["read", "gone", "refused", "failed"]
Mode = Literal["all", "header", "hash"]


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What all mails have in common; the keys are secret, and never leave the host."""

    own: tuple[str, ...] = ()
    authserv_id: str = ""
    trap_domains: tuple[str, ...] = ()
    views: dict[str, View] = {}
    keys: dict[str, bytes] = {}
    limits: Limits = DEFAULT


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to read: a file of a folder, or `length` bytes of an mbox file from `offset`.

    `views`: those that get a line of it. `mode`: `header` and `hash` for one that has killed its reader before.
    """

    folder: bytes
    name: bytes
    trap: Trap = ""
    recipients: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    offset: int = 0
    length: int = -1
    mode: Mode = "all"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. `at`: when it was delivered (seconds since 1970). `cpu`: seconds it took.

    `refused`: it is no mail (`why` says what it is); `failed`: it may be read later (no right, an input error).
    """

    state: State
    why: str = ""
    sha256: bytes = b""
    at: float = 0.0
    size: int = 0
    lines: dict[str, bytes] = {}
    cpu: float = 0.0


class Reading:
    """Reads mails by one setup."""

    def __init__(self, setup: Setup, own: Sequence[Network]) -> None:
        """`own`: the setup's networks, parsed."""
        self._setup = setup
        self._own = own

    def outcome(self, entry: Entry) -> Outcome:
        """Read one mail; what can go wrong with a file is an outcome, not an error."""
        try:
            return self._read(entry)
        except FileNotFoundError:
            return Outcome(state="gone")
        except (maildir.RefusedMail, CompressedError) as error:
            return Outcome(state="refused", why=str(error))
        except NotADirectoryError:
            return Outcome(state="refused", why="its folder is a link")
        except OSError as error:
            return Outcome(state="failed", why=error.strerror or str(error))

    def _read(self, entry: Entry) -> Outcome:
        digest, kept, size = hashlib.sha256(), bytearray(), 0
        most = self._setup.limits.size + 1 if entry.mode != "hash" else 0
        descriptor = _opened(entry)
        with os.fdopen(descriptor, "rb") as file:
            modified = os.fstat(descriptor).st_mtime
            for piece in _bytes(file, entry):
                digest.update(piece)
                size += len(piece)
                if len(kept) < most:
                    kept += piece[: most - len(kept)]
        at = modified if entry.length >= 0 else maildir.moment(entry.name, modified)
        artefacts = self._artefacts(bytes(kept), entry, at)
        record = msgspec.structs.replace(artefacts.record, sha256=digest.hexdigest(), size=size)
        lines = self._lines(msgspec.structs.replace(artefacts, record=record), entry.views)
        return Outcome(state="read", sha256=digest.digest(), at=at, size=size, lines=lines)

    def _artefacts(self, raw: bytes, entry: Entry, at: float) -> Artefacts:
        received = None if entry.length >= 0 else datetime.fromtimestamp(at, UTC)
        context = Context(received, self._own, self._setup.authserv_id, entry.trap, entry.recipients)
        if entry.mode == "hash":
            written = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
            record = Record(sha256="", at=written, size=0, trap=entry.trap, parser="none", defects=(defects.BROKEN,))
            return Artefacts(record=record, recipients=entry.recipients)
        if entry.mode == "header":
            raw = raw[: min(fallback.end_of_header(raw), self._setup.limits.header)]
        found = read(raw, context, self._setup.limits)
        if entry.mode == "header":
            met = tuple(dict.fromkeys((*found.record.defects, defects.UNREAD)))
            found = msgspec.structs.replace(found, record=msgspec.structs.replace(found.record, defects=met))
        return found

    def _lines(self, artefacts: Artefacts, names: Iterable[str]) -> dict[str, bytes]:
        setup = self._setup
        return {
            name: encode(views.apply(setup.views[name], name, setup.keys[name], artefacts, setup.trap_domains))
            for name in names
            if name in setup.views
        }


def _opened(entry: Entry) -> int:
    if entry.length >= 0:
        return maildir.open_mail(None, entry.folder + b"/" + entry.name)
    folder = maildir.open_folder(entry.folder)
    try:
        return maildir.open_mail(folder, entry.name)
    finally:
        os.close(folder)


def _bytes(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    if entry.length < 0:
        return pieces(file, LONGEST)
    file.seek(entry.offset)
    return iter([file.read(entry.length)])
