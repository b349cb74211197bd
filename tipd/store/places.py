"""Where the managed server keeps things below `state_dir`, and how a user who cannot walk there reaches them.

`<state_dir>/postgres/data` is the cluster, `…/run` the socket's folder, `<state_dir>/lock` the lock. A server user that
cannot enter a folder above (`/root`, a 0700 temporary folder) is handed an open descriptor and walks through
`/proc/self/fd/N`: such a link leads straight to the folder and asks nothing of those above it (proc(5)). The same way
shortens a socket path that is over the 107 bytes of `sockaddr_un` (unix(7)).
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tipd.errors import ConfigError, TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.store.account import Account

SOCKET = ".s.PGSQL.5432"
DATABASE = "tipd"
ROLE = "tipd"
_MAX_SOCKET_PATH = 107
_PROC = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class Places:
    """The managed server's folders."""

    state_dir: Path

    @property
    def root(self) -> Path:
        """All that belongs to the managed server."""
        return self.state_dir / "postgres"

    @property
    def cluster(self) -> Path:
        """The cluster."""
        return self.root / "data"

    @property
    def run(self) -> Path:
        """The socket's folder; only the server's user (and root) may enter."""
        return self.root / "run"

    def major(self) -> int | None:
        """Return the number in `PG_VERSION`, None where there is no cluster; raises ConfigError where it is odd."""
        try:
            text = (self.cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.cluster}/PG_VERSION: {error}") from None
        if not text.isdigit():
            raise ConfigError(f"{self.cluster}/PG_VERSION says {text[:20]!r}: not a version of PostgreSQL tipd knows")
        return int(text)

    def make(self, account: Account) -> None:
        """Make the folders that are missing; raises ConfigError naming the folder that cannot be made."""
        open_to_others = 0o711 if account.switch else 0o700
        make_folder(self.state_dir, open_to_others, parents=True)
        make_folder(self.root, open_to_others)
        make_folder(self.run, 0o700)
        account.own(self.run)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the state directory; raises TryAgain where another tipd does, naming its process.

        The kernel lets go of it when the process ends, however it ends.
        """
        make_folder(self.state_dir, 0o700 if os.geteuid() else 0o711, parents=True)
        with held(self.state_dir / "lock", self.state_dir):
            yield


@contextmanager
def held(lock: Path, what: Path) -> Iterator[None]:
    """Hold a lock file; raises TryAgain where another process does, saying what it uses, ConfigError without a file."""
    descriptor = _open_lock(lock)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise TryAgain(f"{what} is in use by another tipd (process {holder})") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def make_folder(path: Path, mode: int, *, parents: bool = False) -> None:
    """Make a folder if it is missing; raises ConfigError in plain words."""
    try:
        path.mkdir(mode, parents=parents)
        path.chmod(mode)  # whatever the umask
    except FileExistsError:
        if not path.is_dir():
            raise ConfigError(f"{path} is in the way: a folder must stand there") from None
    except OSError as error:
        raise ConfigError(f"cannot make {path}: {error.strerror}") from None


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class Way:
    """How a process reaches a folder: the path to say, and the descriptors it must inherit for it."""

    text: str
    descriptors: tuple[int, ...] = ()


@contextmanager
def way(folder: Path, account: Account | None, *, socket: bool = False) -> Iterator[Way]:
    """Give a way into the folder for children of that account (None: for ourselves).

    `socket`: a socket of ours must fit behind it. Raises ConfigError where only `/proc` could help and there is none.
    """
    plain = str(folder)
    fits = not socket or len(os.fsencode(f"{plain}/{SOCKET}")) + len(".lock") <= _MAX_SOCKET_PATH
    if fits and (account is None or account.can_reach(folder)):
        yield Way(plain)
        return
    if not _PROC.is_dir():
        why = f"{account.name} cannot enter it" if fits and account else f"a socket's path has {_MAX_SOCKET_PATH} bytes"
        raise ConfigError(f"{folder} cannot be used ({why}, and there is no /proc to go around): move state_dir")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Way(f"{_PROC}/{descriptor}", (descriptor,))
    finally:
        os.close(descriptor)


def dsn(sockets: Way, *, role: str = ROLE, database: str = DATABASE) -> str:
    """Return the address behind a way; good in this process, and in children that inherit its descriptors."""
    return f"postgresql://{role}@/{database}?host={quote(sockets.text, safe='')}"
