"""What the agent knows between starts: which mails were read, which lines wait to be sealed, what is to be withdrawn.

SQLite in WAL mode, every commit on the disk before it counts. The sealed folders are the truth for numbers: a line is
given to version N first (`give`), the version is written, then the line goes (`sealed`). What a crash left in between
is settled by reading the versions this ledger has not `seen`, and releasing the rest. Safe to call from several
threads; another process may withdraw at the same time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tipd.agent import maildir
from tipd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

VERSION = 1
_CHUNK = 500
_DROP = "DELETE FROM line WHERE view = ? AND mail IN (SELECT id FROM mail WHERE sha256 = ?)"
_NOT_AGAIN = (
    "SELECT 1 FROM before WHERE view = ? AND sha256 = ? UNION SELECT 1 FROM withdrawal WHERE view = ? AND sha256 = ?"
)
_TWIN = "SELECT sealed, views FROM mail WHERE sha256 = ? ORDER BY id DESC LIMIT 1"
_MOVED = "UPDATE mail SET place = ?, length = ?, gone = NULL WHERE box = ? AND name = ? AND place IS NOT NULL"
_LYING = "SELECT mail.id, mail.box, folder.path, name, place, length, at FROM mail JOIN folder ON folder.id = folder"
_OLD = _LYING + (  # noqa: S608 - of our own words
    " WHERE mail.box = ? AND at < ? AND (at, mail.id) > (?, ?) AND gone IS NULL AND sealed AND place IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM line JOIN mail AS twin ON twin.id = line.mail WHERE twin.sha256 = mail.sha256)"
    " ORDER BY at, mail.id LIMIT ?"  # as the index has them: nothing is sorted
)
_SEALED = (
    "UPDATE mail SET sealed = 1 WHERE sha256 IN"  # copies under another name too
    " (SELECT sha256 FROM mail WHERE id IN (SELECT mail FROM line WHERE view = ? AND n = ?))"
)
_SCHEMA = """
CREATE TABLE folder (id INTEGER PRIMARY KEY, box BLOB NOT NULL, path BLOB NOT NULL UNIQUE);
CREATE TABLE mail (
  id INTEGER PRIMARY KEY,
  box BLOB NOT NULL,        -- path of the maildir or mbox file
  name BLOB NOT NULL,       -- what stands before ':'; of an mbox, its SHA-256
  folder INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  at REAL NOT NULL,         -- delivered, seconds since 1970
  place INTEGER, length INTEGER,     -- in an mbox
  sealed INTEGER NOT NULL DEFAULT 0, -- stands in a version
  views TEXT NOT NULL DEFAULT '',    -- that these bytes gave a line to, under this name or another one
  gone REAL                          -- since when it is no more there
);
CREATE UNIQUE INDEX mail_name ON mail (box, name);
CREATE INDEX mail_sha256 ON mail (sha256);
CREATE INDEX mail_at ON mail (box, at) WHERE gone IS NULL;
CREATE INDEX mail_gone ON mail (gone) WHERE gone IS NOT NULL;
CREATE TABLE line (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  view TEXT NOT NULL,
  due REAL NOT NULL,        -- not before
  mail INTEGER NOT NULL,
  n INTEGER,                -- the version it was given to
  bytes BLOB NOT NULL
);
CREATE INDEX line_due ON line (view, n, due);
CREATE INDEX line_mail ON line (mail);
CREATE TABLE withdrawal (
  id INTEGER PRIMARY KEY, view TEXT NOT NULL, sha256 BLOB NOT NULL, why TEXT NOT NULL, n INTEGER,
  done INTEGER NOT NULL DEFAULT 0, UNIQUE (view, sha256)
);
CREATE TABLE seen (view TEXT PRIMARY KEY, n INTEGER NOT NULL /* the last version this ledger knows of */);
CREATE TABLE before (view TEXT NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (view, sha256)) WITHOUT ROWID;
CREATE TABLE mbox (
  box BLOB PRIMARY KEY, inode INTEGER NOT NULL, place INTEGER NOT NULL, tail BLOB NOT NULL
) WITHOUT ROWID;
"""


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """One mail that was read; `lines`: by view, with the moment (seconds since 1970) before which it stays here."""

    box: bytes
    folder: bytes
    name: bytes
    sha256: bytes
    at: float
    lines: Mapping[str, tuple[float, bytes]] = {}
    place: int | None = None
    length: int | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far an mbox file was read; `tail`: a hash of what stands before `place`, to know the file again."""

    inode: int
    place: int
    tail: bytes


class Line(NamedTuple):
    """A line that waits to be sealed."""

    id: int
    mail: int
    bytes: bytes


class Lying(NamedTuple):
    """Where a mail lay when it was read."""

    id: int
    box: bytes
    folder: bytes
    name: bytes
    place: int | None
    length: int | None
    at: float


class Ledger:
    """Open it once; `close` it."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; raises ConfigError for one of a newer release, sqlite3.Error for a broken one."""
        self.path = path
        self._lock = threading.RLock()
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        try:
            self._prepare()
        except BaseException:
            self._base.close()
            raise

    def _prepare(self) -> None:
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = FULL")
        self._base.execute("PRAGMA cache_size = -8192")
        self.path.chmod(0o600)  # lines of the full view lie here
        (version,) = self._base.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise ConfigError(f"{self.path}: was made by a newer release ({version}, this one knows {VERSION})")
        if version == 0:
            with self._write():
                for statement in _SCHEMA.split(";\n"):
                    self._base.execute(statement)
                self._base.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the file; nothing is lost where this is not called."""
        with self._lock:
            self._base.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with self._lock:
            return self._base.execute(statement, values).fetchall()

    # --- mails -------------------------------------------------------------------------------------------------------

    def known(self, box: bytes, folder: bytes, names: Sequence[bytes]) -> set[bytes]:
        """Return which of some names (before `:`) were read; one that lies in another folder now is noted there."""
        found: set[bytes] = set()
        moved: list[int] = []
        with self._lock:
            here = self._folder(folder)
            for begun in range(0, len(names), _CHUNK):
                chunk = names[begun : begun + _CHUNK]
                marks = ",".join("?" * len(chunk))
                rows = self._base.execute(
                    f"SELECT id, name, folder, gone FROM mail WHERE box = ? AND name IN ({marks})",  # noqa: S608
                    (box, *chunk),
                )
                for row, name, where, gone in rows:
                    found.add(name)
                    if where != here or gone is not None:
                        moved.append(row)
            if moved:
                with self._write() as base:
                    here = self._folder_made(box, folder)
                    base.executemany(
                        "UPDATE mail SET folder = ?, gone = NULL WHERE id = ?", [(here, row) for row in moved]
                    )
        return found

    def _folder(self, path: bytes) -> int:
        row = self._base.execute("SELECT id FROM folder WHERE path = ?", (path,)).fetchone()
        return int(row[0]) if row else 0

    def _folder_made(self, box: bytes, path: bytes) -> int:
        self._base.execute("INSERT INTO folder (box, path) VALUES (?, ?) ON CONFLICT (path) DO NOTHING", (box, path))
        return self._folder(path)

    def add(self, mails: Iterable[Added], positions: Mapping[bytes, Position] | None = None) -> int:
        """Keep mails that were read, their lines, and how far mbox files were; all or nothing. Return how many are new.

        A mail whose bytes are known, under whatever name, gives no view a second line.
        """
        new = 0
        with self._write() as base:
            for mail in mails:
                new += self._add(base, mail)
            for box, position in (positions or {}).items():
                base.execute(
                    "INSERT OR REPLACE INTO mbox VALUES (?, ?, ?, ?)",
                    (box, position.inode, position.place, position.tail),
                )
        return new

    def _add(self, base: sqlite3.Connection, mail: Added) -> int:
        twin = base.execute(_TWIN, (mail.sha256,)).fetchone()
        had = set(twin[1].split()) if twin else set()
        folder = self._folder_made(mail.box, mail.folder)
        sealed = int(bool(twin and twin[0]))
        views = " ".join(sorted(had | mail.lines.keys()))
        cursor = base.execute(
            "INSERT INTO mail (box, name, folder, sha256, at, place, length, sealed, views)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (box, name) DO NOTHING",
            (mail.box, mail.name, folder, mail.sha256, mail.at, mail.place, mail.length, sealed, views),
        )
        if not cursor.rowcount:  # known under this very name; in an mbox it may stand elsewhere by now
            base.execute(_MOVED, (mail.place, mail.length, mail.box, mail.name))
            return 0
        if twin is not None and mail.lines.keys() - had:
            base.execute("UPDATE mail SET views = ? WHERE sha256 = ?", (views, mail.sha256))
        for view, (due, line) in mail.lines.items():
            if view in had:
                continue
            if base.execute(_NOT_AGAIN, (view, mail.sha256) * 2).fetchone():
                base.execute("UPDATE mail SET sealed = 1 WHERE id = ?", (cursor.lastrowid,))
                continue
            base.execute(
                "INSERT INTO line (view, due, mail, bytes) VALUES (?, ?, ?, ?)", (view, due, cursor.lastrowid, line)
            )
        return int(twin is None)

    def lying(self, sha256: bytes) -> list[Lying]:
        """Return where mails of these bytes lay."""
        rows = self._rows(f"{_LYING} WHERE sha256 = ? AND gone IS NULL", (sha256,))
        return [Lying(*row) for row in rows]  # type: ignore[arg-type]

    def where(self, sha256: bytes) -> Path | None:
        """Return the file in which a mail lies now; None where it is gone, or stands in an mbox."""
        for lying in self.lying(sha256):
            found = maildir.find(lying.folder, lying.name) if lying.place is None else None
            if found is not None:
                return Path(os.fsdecode(found[0])) / os.fsdecode(found[1])
        return None

    def position(self, box: bytes) -> Position | None:
        """Return how far an mbox file was read."""
        rows = self._rows("SELECT inode, place, tail FROM mbox WHERE box = ?", (box,))
        return Position(inode=rows[0][0], place=rows[0][1], tail=rows[0][2]) if rows else None  # type: ignore[arg-type]

    # --- lines and versions ------------------------------------------------------------------------------------------

    def waiting(self, view: str, now: float, most: int) -> int:
        """Return how many lines of a view may be sealed now, counted up to `most`."""
        rows = self._rows(
            "SELECT count(*) FROM (SELECT 1 FROM line WHERE view = ? AND n IS NULL AND due <= ? LIMIT ?)",
            (view, now, most),
        )
        return int(rows[0][0])  # type: ignore[call-overload, no-any-return]

    def take(self, view: str, now: float, most: int) -> list[Line]:
        """Return the lines of a view that may be sealed now, first come first; at most `most`."""
        rows = self._rows(
            "SELECT id, mail, bytes FROM line WHERE view = ? AND n IS NULL AND due <= ? ORDER BY id LIMIT ?",
            (view, now, most),
        )
        return [Line(*row) for row in rows]  # type: ignore[arg-type]

    def give(self, view: str, n: int, lines: Iterable[int], withdrawals: Iterable[bytes] = ()) -> None:
        """Note what version `n` is about to hold."""
        with self._write() as base:
            base.executemany("UPDATE line SET n = ? WHERE id = ?", [(n, line) for line in lines])
            base.executemany(
                "UPDATE withdrawal SET n = ? WHERE view = ? AND sha256 = ?", [(n, view, each) for each in withdrawals]
            )

    def sealed(self, view: str, n: int) -> None:
        """Note that version `n` is there: its lines go, and its mails may."""
        with self._write() as base:
            base.execute(_SEALED, (view, n))
            base.execute("DELETE FROM line WHERE view = ? AND n = ?", (view, n))
            base.execute("UPDATE withdrawal SET done = 1 WHERE view = ? AND n = ?", (view, n))
            base.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (view, n))

    def seen(self, view: str) -> int:
        """Return the last version of a view that this ledger knows of."""
        rows = self._rows("SELECT n FROM seen WHERE view = ?", (view,))
        return int(rows[0][0]) if rows else 0  # type: ignore[call-overload]

    def sealed_before(self, view: str, n: int, sha256s: Iterable[bytes], withdrawn: Iterable[bytes] = ()) -> None:
        """Note what version `n` holds, as it lies in the sealed folder: a crash, or an older ledger, missed it."""
        with self._write() as base:
            for each in sha256s:
                rows = base.execute("UPDATE mail SET sealed = 1 WHERE sha256 = ?", (each,)).rowcount
                if not rows:
                    base.execute("INSERT OR IGNORE INTO before VALUES (?, ?)", (view, each))
                base.execute(_DROP, (view, each))
            base.executemany(
                "INSERT INTO withdrawal (view, sha256, why, n, done) VALUES (?, ?, '', ?, 1)"
                " ON CONFLICT (view, sha256) DO UPDATE SET n = excluded.n, done = 1",
                [(view, each, n) for each in withdrawn],
            )
            base.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (view, n))

    def release(self, view: str) -> None:
        """Take back what was given to a version that was never written."""
        with self._write() as base:
            base.execute(
                "DELETE FROM line WHERE view = ? AND n IS NOT NULL AND mail IN"
                " (SELECT mail.id FROM mail JOIN withdrawal USING (sha256) WHERE withdrawal.view = line.view)",
                (view,),
            )
            base.execute("UPDATE line SET n = NULL WHERE view = ? AND n IS NOT NULL", (view,))
            base.execute("UPDATE withdrawal SET n = NULL WHERE view = ? AND n IS NOT NULL AND NOT done", (view,))

    # --- withdrawals -------------------------------------------------------------------------------------------------

    def withdraw(self, sha256s: Iterable[bytes], why: str, views: Sequence[str]) -> int:
        """Have the next version of each view take back some mails' records; return how many were not withdrawn yet.

        Lines that still wait are dropped. May be called from another process.
        """
        new = 0
        with self._write() as base:
            for each in sha256s:
                for view in views:
                    base.execute(f"{_DROP} AND n IS NULL", (view, each))
                    new += base.execute(
                        "INSERT OR IGNORE INTO withdrawal (view, sha256, why) VALUES (?, ?, ?)", (view, each, why)
                    ).rowcount
        return new

    def withdrawals(self, view: str, most: int) -> list[bytes]:
        """Return the mails that the next version of a view takes back."""
        rows = self._rows(
            "SELECT sha256 FROM withdrawal WHERE view = ? AND NOT done AND n IS NULL ORDER BY id LIMIT ?", (view, most)
        )
        return [row[0] for row in rows]  # type: ignore[misc]

    def withdrawn(self, sha256: bytes) -> bool:
        """Say whether a mail's record is taken back, or about to be, in any view."""
        return bool(self._rows("SELECT 1 FROM withdrawal WHERE sha256 = ? LIMIT 1", (sha256,)))

    # --- mails that go -----------------------------------------------------------------------------------------------

    def old(self, box: bytes, before: float, after: Lying | None, most: int) -> list[Lying]:
        """Return sealed mails of a maildir, delivered before a moment; oldest first, those after one.

        None for whose bytes a line waits, of whatever view and under whatever name.
        """
        begun = (after.at, after.id) if after else (-1e18, 0)
        return [Lying(*row) for row in self._rows(_OLD, (box, before, *begun, most))]  # type: ignore[arg-type]

    def gone(self, mails: Iterable[int], now: float) -> None:
        """Note that some mails are no more where they lay."""
        with self._write() as base:
            base.executemany("UPDATE mail SET gone = ? WHERE id = ?", [(now, each) for each in mails])

    def lying_in(self, box: bytes, after: bytes, most: int) -> list[tuple[int, bytes]]:
        """Return id and name of the mails of a maildir that are not known to be gone, by name, after one."""
        rows = self._rows(
            "SELECT id, name FROM mail INDEXED BY mail_name WHERE box = ? AND name > ? AND gone IS NULL"
            " AND place IS NULL ORDER BY name LIMIT ?",
            (box, after, most),
        )
        return [(row[0], row[1]) for row in rows]  # type: ignore[misc]

    def forget(self, before: float, most: int) -> int:
        """Drop mails that are gone since before a moment and have no line left; return how many."""
        with self._write() as base:
            return base.execute(
                "DELETE FROM mail WHERE id IN (SELECT id FROM mail WHERE gone < ?"
                " AND NOT EXISTS (SELECT 1 FROM line WHERE line.mail = mail.id) LIMIT ?)",
                (before, most),
            ).rowcount
