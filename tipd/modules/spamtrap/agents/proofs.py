"""What was pulled, as it was sealed: a folder for each agent's view, laid out as the agent's own. It is the proof.

Everything here blocks: it runs in threads. Lines that are being downloaded lie in `.incoming` until they are whole.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from tipd.agent.chain import Chain
from tipd.agent.durable import write
from tipd.agent.peers import NAME
from tipd.agent.protocol import Manifest, digest
from tipd.modules.spamtrap.agents.verifying import Course, Refusal, Version, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from tipd.modules.spamtrap.agents.origin import Lines

AGENTS = "agents"  # folder of the state directory
INCOMING = ".incoming"
ASIDE = "aside"
OWED = ".withdrawing"
_decoder = msgspec.json.Decoder(Manifest)


class Owed(msgspec.Struct, frozen=True):
    """Lines of versions up to `upto` that hold mails of these hashes (hex) are to be removed."""

    upto: int
    hashes: tuple[str, ...]


class Proofs:
    """One view's chain as it was pulled."""

    def __init__(self, root: Path, name: str, view: str) -> None:
        """`root`: of all agents; `name`: as configured. Raises Refusal where the view's name cannot be a folder's."""
        if not NAME.fullmatch(view):
            raise Refusal("view", f"a view cannot be called {view[:64]!r}")
        self.folder = root / name / view
        self.chain = Chain(self.folder)
        self._incoming = self.folder / INCOMING
        self._incoming.mkdir(parents=True, exist_ok=True)

    @property
    def last(self) -> int:
        """The highest version that lies here."""
        return self.chain.last

    def course(self) -> Course:
        """Return where the chain here ends."""
        return self.course_at(self.chain.last)

    def course_at(self, n: int) -> Course:
        """Return the course behind version `n`; raises OSError and msgspec.MsgspecError where it cannot be read."""
        if n == 0:
            return Course()
        version = self.version(n)
        said = version.manifest
        return Course(n, version.digest, version.next_key, said.agent, said.view)

    def version(self, n: int) -> Version:
        """Return a version that lies here (and was verified when it came); raises as `course_at`."""
        data = self.chain.manifest(n)
        return Version(n, data, _decoder.decode(data), digest(data))

    def part(self, n: int) -> Path:
        """Return where the lines of a version lie while they come."""
        return self._incoming / f"{n}.part"

    def put(self, pairs: Sequence[tuple[Version, Lines | None]]) -> None:
        """Put verified versions at the end, durably; None: its lines are gone. Raises OSError and ChainError."""
        versions: list[tuple[int, bytes, Path | None]] = []
        for version, lines in pairs:
            body = lines.path if lines is not None else None
            if lines is not None and body is None:
                body = self.part(version.n)
                body.write_bytes(lines.data)
            versions.append((version.n, version.signed, body))
        self.chain.extend(versions)

    def owe(self, upto: int, hashes: Sequence[bytes]) -> None:
        """Note, durably, whose records are taken back by versions up to one, before the store is told; raises OSError.

        The lines that hold them are removed after it was: if we are stopped between, this is what tells.
        """
        owed = self.owed()
        both = dict.fromkeys((*(owed.hashes if owed else ()), *(each.hex() for each in hashes)))
        note = Owed(upto=max(upto, owed.upto if owed else 0), hashes=tuple(both))
        write(self.folder / OWED, msgspec.json.encode(note))

    def owed(self) -> Owed | None:
        """Return what is still to be removed; None where nothing is."""
        try:
            return msgspec.json.decode((self.folder / OWED).read_bytes(), type=Owed)
        except (FileNotFoundError, msgspec.MsgspecError):  # written whole: only a broken disk makes it something else
            return None

    def paid(self) -> None:
        """Note that all lines that had to be removed are."""
        (self.folder / OWED).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what was begun and is not needed any more."""
        for path in self._incoming.iterdir():
            if not path.stem.isdecimal() or int(path.stem) <= self.chain.last:
                path.unlink(missing_ok=True)

    def set_aside(self) -> Path:
        """Move the whole folder out of the way (it holds another chain than the cursor stands on); begin anew."""
        number = 1
        while (aside := self.folder.with_name(f"{self.folder.name}.{ASIDE}.{number}")).exists():
            number += 1
        shutil.move(self.folder, aside)
        self._incoming.mkdir(parents=True, exist_ok=True)
        self.chain.refresh()
        return aside

    def expire(self, before: datetime) -> list[int]:
        """Remove the lines of what was sealed before; their manifests stay. Return the numbers."""
        buried = []
        for n in range(self.chain.first or self.chain.last + 1, self.chain.last + 1):
            sealed = moment(self.version(n).manifest.sealed)
            if sealed is not None and sealed >= before:
                break
            if self.chain.has_body(n):
                self.chain.bury(n)
                buried.append(n)
        return buried

    def bodies(self) -> Iterator[tuple[int, Path]]:
        """Yield the versions whose lines are here."""
        for n in range(max(self.chain.first, 1), self.chain.last + 1):
            with suppress(FileNotFoundError):
                yield n, self.chain.body(n)


def latest(root: Path, name: str) -> list[Manifest]:
    """Return the last manifest of each view of an agent that lies here: how it marks what it says."""
    found: list[Manifest] = []
    with suppress(OSError):
        for folder in sorted((root / name).iterdir()):
            if ASIDE in folder.name.split(".") or not folder.is_dir():
                continue
            chain = Chain(folder)
            if chain.last:
                with suppress(OSError, msgspec.MsgspecError):
                    found.append(_decoder.decode(chain.manifest(chain.last)))
    return found
