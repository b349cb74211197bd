"""`tipd check`: is the configuration right, and every source's declaration? Nothing is started or fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tipd.cli.output import Output
from tipd.errors import EXIT_CONFIG, EXIT_DONE, ConfigError

if TYPE_CHECKING:
    import argparse

    from tipd.config import Config
    from tipd.modules.blacklist.catalogue import Sources


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    subparsers.add_parser(
        "check",
        help="check the configuration and all sources",
        description="Check the configuration and every source's declaration; all that is wrong is said at once.",
    )


def run(args: argparse.Namespace) -> int:
    """Print all that is wrong; 78 where anything is."""
    output = Output.of(args)
    try:
        config, sources, wrong = _checked(args)
    except ConfigError as error:
        _complain(output, str(error).splitlines())
        return EXIT_CONFIG
    _complain(output, wrong)
    if sources.left_out and not output.as_json:
        names = (f"{name} ({why.removeprefix('commercial use: ')})" for name, why in sorted(sources.left_out.items()))
        output.say(f"left out, commercial use: {', '.join(names)}")
    where = config.path or "no configuration file, so the defaults"
    if output.as_json:
        facts: dict[str, Any] = {"ok": not wrong, "config": str(config.path) if config.path else None}
        facts |= {"sources": len(sources.ok), "enabled": len(sources.enabled), "faults": len(wrong)}
        output.record(facts | {"left_out": dict(sources.left_out)})
    else:
        state = "fine" if not wrong else f"{len(wrong)} wrong"
        output.say(f"{where}; {len(sources.ok)} sources, {len(sources.enabled)} enabled: {state}")
    return EXIT_CONFIG if wrong else EXIT_DONE


def _checked(args: argparse.Namespace) -> tuple[Config, Sources, list[str]]:
    from tipd.daemon import sections, watching
    from tipd.modules.blacklist import catalogue
    from tipd.modules.blacklist.settings import BlacklistSettings
    from tipd.modules.fastflux.knowledge.knowledge import Knowledge
    from tipd.modules.fastflux.settings import FluxSettings
    from tipd.modules.spamtrap.checking import faults_of, faults_of_sharing
    from tipd.modules.spamtrap.settings import SharingSettings, SpamtrapSettings
    from tipd.store.address import read_url
    from tipd.store.settings import StoreSettings

    config = sections.load(args.config)
    wrong = []
    try:
        read_url(config.section("store", StoreSettings))
    except ConfigError as error:
        wrong += str(error).splitlines()
    try:
        watching.compiled(config)
    except ConfigError as error:
        wrong += str(error).splitlines()
    try:
        tracking = config.section("modules.fastflux", FluxSettings)
        Knowledge.load([Path(folder).expanduser() for folder in tracking.knowledge_dirs])
    except ConfigError as error:
        wrong += str(error).splitlines()
    sources = catalogue.load(config.section("modules.blacklist", BlacklistSettings))
    traps = config.section("modules.spamtrap", SpamtrapSettings)
    wrong += config.located(faults_of(traps, frozenset(sources.ok)))
    wrong += config.located(faults_of_sharing(config.section("sharing", SharingSettings), traps))
    return config, sources, wrong + [fault.message for fault in sources.errors]


def _complain(output: Output, faults: list[str]) -> None:
    for fault in faults:
        if output.as_json:
            output.record({"error": fault})
        else:
            output.err.write(f"tipd: {fault}\n")
