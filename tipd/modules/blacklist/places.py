"""Where the module keeps its files, below the state folder; the calls touch the disk: run them in a thread."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path


class Places:
    """Folders are made when first needed, for our own user only."""

    def __init__(self, state_dir: Path, spool: str = "spool") -> None:
        """Name the folders; nothing is made yet. Who sweeps another's `spool` would take its work from under it."""
        self._spool = state_dir / spool
        self._snapshots = state_dir / "snapshots"
        self._set_aside = state_dir / "set_aside"

    def sweep(self) -> None:
        """Remove what a killed run left in the spool."""
        shutil.rmtree(self._spool, ignore_errors=True)

    def scratch(self, name: str) -> Path:
        """Make and return a folder for one run of a source."""
        self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._spool))

    def snapshot(self, source_id: int) -> Path:
        """Return where the source's snapshot lies, if there is one."""
        return self._snapshots / f"{source_id}.snapshot"

    def keep_snapshot(self, made: Path, source_id: int) -> None:
        """Move a claimed snapshot into its place."""
        self._snapshots.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.replace(self.snapshot(source_id))

    def set_aside(self, body: Path, name: str) -> Path:
        """Keep a refused body for review, the last one of each source; return where."""
        self._set_aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = self._set_aside / f"{name}.body"
        body.replace(kept)
        return kept
