"""Read a body as the worker does, and look at what came of it."""

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path

from tipd.model.kind import KIND_OF
from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.reader import CLOSED, OPENED, SNAPSHOT, read
from tipd.modules.blacklist.reading.job import ReadJob, ReadResult
from tipd.modules.blacklist.reading.snapshot import Identity

SEED = 0x9E3779B97F4A7C15
IDENTITY = Identity(store_id="s", source_id=1, last_round=1, read_digest="d")


def frames(raw: bytes) -> list[tuple[int, int, str, object]]:
    """Return the rows (key, kind's code, value, context) of a file of frames, read by PostgreSQL's format."""
    rows, at = [], 0
    while at < len(raw):
        count, size = struct.unpack_from("<II", raw, at)
        end = at + 8 + size
        at += 8
        for _ in range(count):
            (columns,) = struct.unpack_from(">h", raw, at)
            at += 2
            row = []
            for _ in range(columns):
                (length,) = struct.unpack_from(">i", raw, at)
                at += 4
                row.append(None if length < 0 else raw[at : at + length])
                at += max(length, 0)
            assert columns == 6
            key, kind, value, context, tlp, until = row
            assert tlp is None or len(tlp) == 2
            assert until is None or len(until) == 8
            assert context is None or context[0] == 1
            rows.append(
                (
                    int.from_bytes(key, signed=True),
                    int.from_bytes(kind),
                    value.decode(),
                    None if context is None else json.loads(context[1:]),
                )
            )
        assert at == end
    return rows


@dataclass
class Outcome:
    """What one read gave: `rows` of the opened file, `closed` keys."""

    result: ReadResult
    rows: list[tuple[int, int, str, object]]
    closed: list[int]
    folder: Path
    contexts: dict[str, object] = field(default_factory=dict)

    @property
    def found(self) -> set[tuple[str, str]]:
        """Return (kind, value) of what was opened."""
        return {(str(KIND_OF[kind]), value) for _, kind, value, _ in self.rows}

    @property
    def values(self) -> set[str]:
        """Return the values of what was opened."""
        return {value for _, _, value, _ in self.rows}


class Reader:
    """Reads bodies of one source one after the other, each against the snapshot of the last."""

    def __init__(self, folder: Path, declaration: str = "", **job: object) -> None:
        self.folder = folder
        url = "" if "url =" in declaration or "path =" in declaration else 'url = "https://lists.example.org/x"\n'
        self.source = catalogue.parse(url + declaration)
        self.job = job
        self.snapshot = folder / "last"
        self.rounds = 0

    def read(self, body: bytes | str, *, keep: bool = True, **job: object) -> Outcome:
        """Read; `keep` moves the snapshot into place for the next time."""
        self.rounds += 1
        work = self.folder / f"round{self.rounds}"
        work.mkdir()
        (work / "body").write_bytes(body.encode() if isinstance(body, str) else body)
        settings = {
            "seed": SEED,
            "identity": IDENTITY,
            "old_snapshot": str(self.snapshot) if self.snapshot.exists() else "",
            **self.job,
            **job,
        }
        result = read(ReadJob(body=str(work / "body"), folder=str(work), source=self.source, **settings))
        if result.broken or result.wants_keys or result.unsigned:
            return Outcome(result, [], [], work)
        rows = frames((work / OPENED).read_bytes())
        raw = (work / CLOSED).read_bytes()
        closed = list(struct.unpack(f"<{len(raw) // 8}q", raw))
        if keep:
            (work / SNAPSHOT).replace(self.snapshot)
        return Outcome(result, rows, closed, work, {value: context for _, _, value, context in rows if context})
