"""Make a PostgreSQL cluster: whole or not at all, with checksums, for peers on a unix socket only."""

from __future__ import annotations

import os
import secrets
import shutil
from typing import TYPE_CHECKING, Any

import trio

from tipd.errors import ConfigError, Unavailable
from tipd.store.places import DATABASE, ROLE, make_folder, way

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.store.account import Account
    from tipd.store.binaries import Installation
    from tipd.store.places import Places

ADMIN = "tipd_admin"  # the superuser; the daemon connects as `tipd`, who is none
_TUNING = """
# --- tipd: yours to change; what tipd must decide it says on the server's command line ---
jit = off                   # its statements are short
wal_compression = on
max_wal_size = '2GB'
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
log_min_error_statement = panic     # statements carry what people asked for
"""
_SETUP = f"CREATE ROLE {ROLE} LOGIN\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n"


def environment() -> dict[str, str]:
    """Return what a server program sees of our environment: nothing of PG*, and messages in English."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return kept | {"LC_ALL": "C", "LC_MESSAGES": "C"}


async def initialise(places: Places, target: Path, installation: Installation, account: Account) -> None:
    """Make a cluster with role and database at `target`, which does not exist yet.

    Built beside it and renamed, so that a crash leaves no half of one; what an earlier crash left is removed.
    Raises Unavailable with what initdb said.
    """
    for left in places.root.glob("making-*"):
        await trio.to_thread.run_sync(shutil.rmtree, left, True)  # noqa: FBT003 - ignore_errors
    making = places.root / f"making-{secrets.token_hex(4)}"
    make_folder(making, 0o700)
    account.own(making)
    with way(making, account) as path:
        args = ["-D", path.text, "-U", ADMIN, "--encoding=UTF8", "--locale=C", "--data-checksums"]
        args += ["--auth-local=peer", "--auth-host=reject"]
        await _program(installation, "initdb", args, account, path.descriptors)
        write_access(making, account)
        _append(making / "postgresql.conf", _TUNING)
        said = await _program(
            installation, "postgres", ["--single", "-D", path.text, "postgres"], account, path.descriptors, stdin=_SETUP
        )
        if "ERROR:" in said or "FATAL:" in said:
            raise Unavailable(f"the new cluster's role and database were refused: {_tail(said)}")
    making.rename(target)
    sync_folder(places.root)


def write_access(data: Path, account: Account) -> None:
    """Let root, the server's user and ourselves in as `tipd` and its superuser, by peer credentials; nobody else."""
    peers = sorted({"root", account.name})
    ident = "".join(f'tipd "{peer}" {role}\n' for peer in peers for role in (ROLE, ADMIN))
    _replace(data / "pg_ident.conf", ident, account)
    _replace(data / "pg_hba.conf", "local all all peer map=tipd\n", account)


def finish_upgrade(places: Places) -> Path | None:
    """Put a whole upgraded cluster in its place, also after a crash half-way; keep the old one as `data-<major>`.

    Returns where the old one is now, None where there was nothing to do. Raises ConfigError where the cluster is gone
    but an old one is still there: a new empty one would hide that.
    """
    upgraded, kept = places.root / "upgraded", None
    if upgraded.is_dir():
        if places.cluster.exists():
            kept = places.cluster.rename(_old_name(places))
        upgraded.rename(places.cluster)
        sync_folder(places.root)
    elif not places.cluster.exists() and (old := sorted(places.root.glob("data-*"))):
        raise ConfigError(f"{places.cluster} is missing, and {old[-1]} is there: rename it back, or move it away")
    return kept


def _old_name(places: Places) -> Path:
    name = f"data-{places.major()}"
    taken = sum(1 for _ in places.root.glob(f"{name}*"))
    return places.root / (f"{name}-{taken}" if taken else name)


def sync_folder(folder: Path) -> None:
    """Make renames inside the folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(path: Path, text: str, account: Account) -> None:
    if path.is_file() and path.read_text() == text:
        return
    fresh = path.with_name(path.name + ".tipd")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    account.own(fresh)
    fresh.rename(path)


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


async def _program(
    installation: Installation,
    name: str,
    args: list[str],
    account: Account,
    descriptors: tuple[int, ...],
    *,
    stdin: str = "",
) -> str:
    """Run one of the server's programs to its end and return all it said; raises Unavailable."""
    options: dict[str, Any] = account.spawn() | {"pass_fds": descriptors, "cwd": "/", "env": environment()}
    try:
        done = await trio.run_process(
            [installation.program(name), *args],
            stdin=stdin.encode(),
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            **options,
        )
    except OSError as error:
        raise Unavailable(f"cannot run {installation.program(name)} as {account.name}: {error.strerror}") from None
    said = (done.stdout or b"").decode(errors="replace") + (done.stderr or b"").decode(errors="replace")
    if done.returncode != 0:
        raise Unavailable(f"{name} failed ({done.returncode}): {_tail(said)}")
    return said


def _tail(text: str, lines: int = 4) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines()[-lines:])
