"""`tipd sources`: what is declared, what the daemon says of it, and a try of one declaration.

`list`, `show` and `test` need no daemon: where one answers, its states stand beside the declarations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli import past, traps
from tipd.cli.client import Client, Refused
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, ConfigError, TipdError, Unavailable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    import msgspec

    from tipd.modules.blacklist.catalogue import Sources
    from tipd.modules.blacklist.declaration import Source

_GOOD = frozenset({"ok", "unchanged"})
_QUIET = frozenset({"new", "", "off", "left_out"})
_YES_NO: dict[Any, str] = {True: "yes", False: "no"}
_NOTHING_TO_ACCEPT = 409
_TITLES = (
    *("NAME", "STATE", "ENTRIES", "LAST SUCCESS", "NEXT RUN", "EVERY"),
    *("CLASS", "ABSENCE", "TLP", "COMMERCIAL", "PASS ON", "LICENCE", "ABOUT"),
)


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("sources", help="list, show, test, run, accept, enable and disable sources")
    verbs = parser.add_subparsers(dest="sources_verb", metavar="VERB", required=True)
    verbs.add_parser("list", help="list all sources, with their states where the daemon runs")
    show = verbs.add_parser("show", help="show one declaration and its state")
    show.add_argument("name", metavar="NAME")
    test = verbs.add_parser("test", help="show what would be read, refused and guessed; nothing is stored")
    test.add_argument("source", metavar="NAME|FILE|URL", help="a source, a declaration, or the address of a list")
    test.add_argument("body", metavar="BODYFILE", nargs="?", help="read this file instead of fetching")
    run_ = verbs.add_parser("run", help="let the daemon collect a source now")
    run_.add_argument("name", metavar="NAME")
    accept = verbs.add_parser("accept", help="let the body that its guards refused be used, and collect the source now")
    accept.add_argument("name", metavar="NAME")
    key = verbs.add_parser("key", help="enter the credential of a source: from standard input, into a closed file")
    key.add_argument("name", metavar="NAME", help="a credential that sources name, or a source")
    past.add_parsers(verbs)
    for word, told in (("enable", "collect a source"), ("disable", "collect a source no more; what it listed ends")):
        verb = verbs.add_parser(word, help=f"{told}; writes the key `enabled` in your own file about it")
        verb.add_argument("name", metavar="NAME")
        verb.add_argument("--reason", metavar="TEXT", help="why, for the audit")


def run(args: argparse.Namespace) -> int:
    """Do what the second word says."""
    verbs = {
        **{"list": _list, "show": _show, "test": _test, "run": _run, "accept": _accept, "key": _key},
        **{"enable": _switch, "disable": _switch, "replay": past.replay, "backfill": past.backfill},
    }
    return verbs[args.sources_verb](args, Output.of(args))


def declared(args: argparse.Namespace) -> Sources:
    """Return all declarations of the configuration. Raises ConfigError."""
    from tipd.daemon import sections
    from tipd.modules.blacklist import catalogue
    from tipd.modules.blacklist.settings import BlacklistSettings

    return catalogue.load(sections.load(args.config).section("modules.blacklist", BlacklistSettings))


def _states(args: argparse.Namespace, output: Output) -> dict[str, dict[str, Any]]:
    """Return what the daemon says, by name; empty where none answers."""
    try:
        return {row["name"]: row for row in Client.of(args).get("/api/v1/sources")["sources"]}
    except (Unavailable, Refused) as error:
        if args.url is not None:  # somebody asked for this very daemon
            raise
        if args.verbose:
            output.say(f"declarations only: {error}")
        return {}


def _list(args: argparse.Namespace, output: Output) -> int:
    if args.url is not None:  # a daemon elsewhere has declarations of its own
        return _list_elsewhere(args, output)
    sources = declared(args)
    states = _states(args, output)
    records = {name: _record(source, sources, states.get(name)) for name, source in sources.ok.items()}
    records |= {name: record | states.get(name, {}) for name, record in traps.declared(args).items()}
    _write([record for _, record in sorted(records.items())], output)
    for fault in sources.errors:
        output.err.write(f"tipd: {fault.message}\n")
    return ConfigError.exit_code if sources.errors else EXIT_DONE


def _list_elsewhere(args: argparse.Namespace, output: Output) -> int:
    _write([row for _, row in sorted(_states(args, output).items())], output)
    return EXIT_DONE


def _write(records: Sequence[Mapping[str, Any]], output: Output) -> None:
    if output.as_json:
        for record in records:
            output.record(record)
    else:
        output.table(_TITLES, map(_row, records))


def _record(source: Source, sources: Sources, state: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the declaration, with what the daemon says over it; of its tables what they say beyond the defaults."""
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(source)
    plain |= {key: _said(getattr(source, key)) for key in ("expect", "request", "ageing", "fields")}
    if plain.pop("entries"):  # the state's are a number
        plain["by_hand"] = True
    record = {key: value for key, value in plain.items() if value not in (None, "", {}, [], ())}
    record["file"] = str(sources.paths.get(source.name, ""))
    return record | _state(source, sources) | dict(state or {})


def _said(value: Any) -> Any:
    """Return a table without the keys that are at their defaults."""
    import msgspec

    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        changed = {field.encode_name: getattr(value, field.name) for field in fields if _differs(value, field)}
        return {name: _said(inner) for name, inner in changed.items()}
    if isinstance(value, dict):
        return {name: _said(inner) for name, inner in value.items()}
    return msgspec.to_builtins(value)


def _differs(table: msgspec.Struct, field: msgspec.structs.FieldInfo) -> bool:
    import msgspec

    default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return bool(getattr(table, field.name) != default)


def _state(source: Source, sources: Sources) -> dict[str, Any]:
    """Return what the files alone say of its state, and why it is off."""
    why = sources.off.get(source.name)
    if why is None:
        return {"state": "new"}
    return {"state": "left_out" if source.name in sources.left_out else "off", "error": why}


def _row(record: Mapping[str, Any]) -> list[str]:
    entries = record.get("entries")
    return [
        record["name"],
        record["state"],
        "" if entries is None else f"{entries:,}",
        _short(record.get("last_success")),
        _short(record.get("next_run")),
        *(record.get(key, "") for key in ("every", "class", "absence", "tlp", "commercial")),
        _YES_NO.get(record.get("redistribute"), ""),
        record.get("licence", ""),
        record.get("about", ""),
    ]


def _short(at: str | None) -> str:
    """Return a moment to the second, as the machine writes it (UTC)."""
    return at[:19].replace("T", " ") if at else ""


def _show(args: argparse.Namespace, output: Output) -> int:
    if args.url is not None:
        record = Client.of(args).get(f"/api/v1/sources/{quote(args.name, safe='')}")
    else:
        sources = declared(args)
        source, trapped = sources.ok.get(args.name), traps.declared(args)
        if source is None and args.name not in trapped:
            raise _unknown(args.name, sources)
        state = _states(args, output).get(args.name)
        record = _record(source, sources, state) if source is not None else trapped[args.name] | (state or {})
    if output.as_json:
        output.record(record)
        return EXIT_DONE
    for key, value in record.items():
        if value not in (None, {}, []) and key != "rounds":  # those are for programs
            text = output.coloured(printable(str(value)), _colour(str(value))) if key == "state" else _text(value)
            output.line(f"{key:<14} {text}")
    if _waits_for_review(record.get("set_aside")):
        output.say(f"look at what was set aside; `tipd sources accept {args.name}` lets it be used")
    return EXIT_DONE


def _waits_for_review(set_aside: Mapping[str, Any] | None) -> bool:
    """Return whether a body is set aside that could be accepted and is not yet."""
    if not set_aside or set_aside.get("entries") is None:
        return False
    return bool((set_aside.get("accepted") or {}).get("sha256") != set_aside.get("sha256"))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return printable(", ".join(f"{key} = {inner}" for key, inner in value.items()))
    return printable(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def _colour(state: str) -> str:
    return "green" if state in _GOOD else "dim" if state in _QUIET else "red"


def _unknown(name: str, sources: Sources) -> TipdError:
    from tipd.config import nearest

    for fault in sources.errors:
        if fault.name == name:
            return ConfigError(fault.message)
    return TipdError(f"there is no source {name!r}{nearest(name, frozenset(sources.ok))}")


def _run(args: argparse.Namespace, output: Output) -> int:
    answer = Client.of(args).post(f"/api/v1/sources/{quote(args.name, safe='')}/run")
    if output.as_json:
        output.record(answer)
    else:
        output.say(f"{args.name} is collected as soon as there is room; see `tipd sources show {args.name}`")
    return EXIT_DONE if answer.get("requested", True) else EXIT_NEGATIVE


def _accept(args: argparse.Namespace, output: Output) -> int:
    try:
        answer = Client.of(args).post(f"/api/v1/sources/{quote(args.name, safe='')}/accept")
    except Refused as refused:
        if refused.status == _NOTHING_TO_ACCEPT:  # trying again would not help
            refused.exit_code = EXIT_NEGATIVE
        raise
    if output.as_json:
        output.record(answer)
    else:
        output.say(
            f"the refused body of {args.name} ({answer['entries']:,} entries) is accepted, and collected as soon as"
            f" there is room; see `tipd sources show {args.name}`"
        )
    return EXIT_DONE


def _test(args: argparse.Namespace, output: Output) -> int:
    from tipd.cli import try_source

    return try_source.run(args, output)


def _key(args: argparse.Namespace, output: Output) -> int:
    from tipd.cli import source_key

    return source_key.run(args, output)


def _switch(args: argparse.Namespace, output: Output) -> int:
    from tipd.cli import switch_source

    return switch_source.run(args, output, enabled=args.sources_verb == "enable")
