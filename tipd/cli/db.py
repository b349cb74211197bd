"""`tipd db`: look after the database."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from tipd import config, log
from tipd.cli.output import Output
from tipd.errors import EXIT_NEGATIVE
from tipd.store import ops, ops_dump, ops_upgrade
from tipd.store.settings import StoreSettings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Coroutine

# Sections that are not looked at.
_OTHERS = frozenset({"findings", "api", "net", "modules", "agent", "log", "sharing", "watch", "sink"})
_VERBS: dict[str, Callable[[argparse.Namespace, Path, StoreSettings], Coroutine[Any, Any, int]]] = {}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its own verbs."""
    parser = subparsers.add_parser("db", help="look after the database")
    parser.set_defaults(func=run)
    verbs = parser.add_subparsers(dest="db_verb", metavar="VERB", required=True)
    migrate = verbs.add_parser("migrate", help="bring the schema up to date")
    migrate.add_argument("--dry-run", action="store_true", help="try it in a transaction and undo it")
    verbs.add_parser("status", help="server, schema, and bytes by table")
    dump = verbs.add_parser("dump", help="write the whole store to a new file; a daemon may be running")
    dump.add_argument("file", type=Path)
    restore = verbs.add_parser("restore", help="fill an empty store from a dump")
    restore.add_argument("file", type=Path)
    verbs.add_parser("upgrade", help="move the managed server's data to the newest PostgreSQL installed")
    shell = verbs.add_parser("shell", help="open psql; its own options after --")
    shell.add_argument("arguments", nargs="*", metavar="OPTION")


def run(args: argparse.Namespace) -> int:
    """Do it and return the exit code; raises TipdError for what is expected."""
    log.setup("error" if args.quiet else "info" if args.verbose else "warning")
    loaded = config.load(args.config, os.environ, {"store": StoreSettings}, _OTHERS)
    return trio.run(_VERBS[args.db_verb], args, loaded.state_dir, loaded.section("store", StoreSettings))


async def _migrate(args: argparse.Namespace, state_dir: Path, settings: StoreSettings) -> int:
    async with ops.reach(state_dir, settings, log.get("db"), make=True) as database:
        names = await ops.bring_up(database, dry_run=args.dry_run)
    done = "would be applied" if args.dry_run else "applied"
    lines = [f"{name} {done}" for name in names] or ["the schema is up to date"]
    _tell(args, {"migrations": names, "dry_run": args.dry_run}, lines)
    return 0


async def _status(args: argparse.Namespace, state_dir: Path, settings: StoreSettings) -> int:
    async with ops.reach(state_dir, settings, log.get("db")) as database:
        report = await ops.status(database)
    where = f"below {state_dir}" if report.kind == "managed" else f"named in {settings.url_file}"
    lines = [
        f"PostgreSQL {report.version}, {report.kind}, {where}{', in use by a daemon' if report.shared else ''}",
        f"store {report.store_id or 'not made yet'}, schema {report.applied[-1] if report.applied else 'empty'}",
        *(f"pending: {name}" for name in report.pending),
        *(f"missing or different: {statement.splitlines()[0]}" for statement in report.missing),
        *(f"not of tipd's: {statement.splitlines()[0]}" for statement in report.extra),
        *(f"UNSAFE: {name} is off" for name in report.unsafe),
        *(f"{size:>16,} {name}" for name, size in report.sizes.items()),
    ]
    _tell(args, asdict(report), lines)
    return EXIT_NEGATIVE if report.pending or report.missing else 0


async def _dump(args: argparse.Namespace, state_dir: Path, settings: StoreSettings) -> int:
    async with ops.reach(state_dir, settings, log.get("db")) as database:
        dumped = await ops_dump.dump(database, args.file.absolute())
    told = asdict(dumped) | {"path": str(dumped.path)}
    _tell(args, told, [f"{dumped.path}: {dumped.bytes:,} bytes, of PostgreSQL {dumped.version}"])
    return 0


async def _restore(args: argparse.Namespace, state_dir: Path, settings: StoreSettings) -> int:
    async with ops.reach(state_dir, settings, log.get("db"), make=True) as database:
        found = await ops_dump.restore(database, args.file.absolute())
    _tell(args, {"store_id": found.store_id, "previous": found.previous}, [f"restored as store {found.store_id}"])
    return 0


async def _upgrade(args: argparse.Namespace, state_dir: Path, settings: StoreSettings) -> int:
    done = await ops_upgrade.upgrade(state_dir, settings, log.get("db"))
    lines = [f"PostgreSQL {done.before} is the newest there is here"]
    if done.kept is not None:
        lines = [f"moved from PostgreSQL {done.before} to {done.after}", f"the old data are kept: {done.kept}"]
    _tell(args, asdict(done) | {"kept": str(done.kept) if done.kept else None}, lines)
    return 0


async def _shell(args: argparse.Namespace, state_dir: Path, settings: StoreSettings) -> int:
    async with ops.reach(state_dir, settings, log.get("db")) as database:
        return await ops.shell(database, args.arguments)


_VERBS |= {
    "migrate": _migrate,
    "status": _status,
    "dump": _dump,
    "restore": _restore,
    "upgrade": _upgrade,
    "shell": _shell,
}


def _tell(args: argparse.Namespace, facts: dict[str, Any], lines: list[str]) -> None:
    """Print one JSON line, or lines for people."""
    output = Output.of(args)
    if output.as_json:
        output.record(facts)
        return
    for line in lines:
        output.line(line)
