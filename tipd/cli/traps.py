"""Archives of spam and agents as sources: they stand in the configuration itself, not in files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.errors import TipdError

if TYPE_CHECKING:
    import argparse

CLASS = "spam"


def declared(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return what is declared, by name, as records beside those of lists. Raises ConfigError."""
    from tipd.daemon import sections
    from tipd.modules.spamtrap.settings import SpamtrapSettings

    config = sections.load(args.config)
    settings = config.section("modules.spamtrap", SpamtrapSettings)
    found: dict[str, dict[str, Any]] = {}
    for trap, some in (("archive", settings.archives), ("agent", settings.agents)):
        for one in some:
            record = _record(one) | {"trap": trap, "class": CLASS, "file": str(config.path or "")}
            on = one.enabled and settings.enabled
            found[one.name] = record | ({"state": "new"} if on else {"state": "off", "error": "enabled = false"})
    return found


def _record(one: Any) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(one)
    plain["layout"] = {key: value for key, value in plain.get("layout", {}).items() if value}
    return {key: value for key, value in plain.items() if value not in (None, "", {}, [], ())}


def refuse_switch(args: argparse.Namespace) -> None:
    """Raise TipdError, saying where to switch it, for the name of an archive or agent."""
    trap = declared(args).get(args.name)
    if trap is not None:
        table = "archives" if trap["trap"] == "archive" else "agents"
        word = "true" if args.sources_verb == "enable" else "false"
        raise TipdError(
            f"{args.name} is an {trap['trap']}: write `enabled = {word}` below its [[modules.spamtrap.{table}]] in"
            f" {trap['file'] or 'the configuration'}, and restart the daemon"
        )
