"""How far a reader has come, kept in a file, so that the next start goes on from there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipd.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Cursor:
    """The last `seq` that was printed (None: none yet), and whose log it belongs to."""

    since: int | None = None
    store_id: str | None = None
    path: Path | None = None

    @classmethod
    def read(cls, path: Path) -> Cursor:
        """Return what the file says; a file that is not there is a new reader. Raises ConfigError."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(int(kept["since"]), str(kept["store_id"]) if kept.get("store_id") else None, path)
        except FileNotFoundError:
            return cls(path=path)
        except OSError as error:
            raise ConfigError(f"--cursor-file {path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(f"--cursor-file {path}: is not a cursor; remove it to begin anew") from None

    def keep(self) -> None:
        """Write the file, whole or not at all. Raises ConfigError."""
        if self.path is None or self.since is None:
            return
        beside = self.path.with_name(f".{self.path.name}.new")
        try:
            beside.write_text(json.dumps({"since": self.since, "store_id": self.store_id}) + "\n", encoding="utf-8")
            beside.replace(self.path)
        except OSError as error:
            raise ConfigError(f"--cursor-file {self.path}: {error.strerror}") from None
