"""`tipd sources enable` and `tipd sources disable`: write the one key, and tell the daemon where one runs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tipd.cli import traps
from tipd.cli.client import Client, Refused
from tipd.errors import EXIT_DONE, TipdError, Unavailable

if TYPE_CHECKING:
    import argparse

    from tipd.cli.output import Output


def run(args: argparse.Namespace, output: Output, *, enabled: bool) -> int:
    """Switch the source the words name. Raises TipdError, ConfigError."""
    from tipd.daemon import sections
    from tipd.modules.blacklist import catalogue
    from tipd.modules.blacklist.settings import BlacklistSettings
    from tipd.modules.blacklist.switch import switch

    if args.url is not None:
        raise TipdError("the files that say what is collected are on the daemon's machine: do it there, without --url")
    traps.refuse_switch(args)
    settings = sections.load(args.config).section("modules.blacklist", BlacklistSettings)
    sources = catalogue.load(settings)
    done = switch(settings, sources, args.name, enabled=enabled)
    told = _tell(args, enabled)
    left_out = catalogue.load(settings).left_out.get(args.name) if enabled else None
    if output.as_json:
        path = None if done.path is None else str(done.path)
        output.record(
            {"source": args.name, "enabled": enabled, "changed": done.changed, "file": path, "daemon": told is None}
        )
        return EXIT_DONE
    word = "enabled" if enabled else "disabled"
    where = f" in {done.path}" if done.changed else " already"
    if left_out:
        output.say(f"{args.name} is {word}{where}; it is left out all the same: {left_out}")
    else:
        output.say(f"{args.name} is {word}{where}; {told or _acts(enabled)}")
    return EXIT_DONE


def _acts(enabled: bool) -> str:
    if enabled:
        return "the daemon asks it as soon as its provider's pace allows"
    return "the daemon ends what it listed now"


def _tell(args: argparse.Namespace, enabled: bool) -> str | None:
    """Tell the daemon; return None where it heard, else why not, in a few words."""
    try:
        body = {"enabled": enabled, "reason": args.reason or ""}
        Client.of(args).post(f"/api/v1/sources/{quote(args.name, safe='')}/switched", body)
    except Unavailable:
        return "no daemon answers: it counts from its next start"
    except Refused as refused:
        return f"the daemon was not told ({refused}): it counts from its next round"
    return None
