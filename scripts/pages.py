"""Write the generated parts of the docs, or say which are not current: `pages.py [--check]`.

Each page in `docs/` that holds a pair of markers, `<!-- generated: NAME -->` and `<!-- end -->`, gets what stands
between them from here; the rest is written by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tipd.api.declare import Route

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CATALOGUE = ROOT / "tipd" / "modules" / "blacklist" / "catalogue"
_SECTION = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
# `key`: meaning · `one`, `two` (words), `three`: meaning · - `key`: meaning · key: meaning
_ENTRY = re.compile(r"(?:[-*] )?((?:`?[a-z][a-z0-9_]*`?(?: \([^)]*\))?(?:, )?)+): +(.*)", re.DOTALL)
_NAME = re.compile(r"`?([a-z][a-z0-9_]*)`?(?: \([^)]*\))?(?:, |$)")

type Meanings = dict[str, str]
type StructType = type[msgspec.Struct]


# --- what docstrings say ---------------------------------------------------------------------------------------------


def documented(kind: StructType) -> tuple[str, Meanings]:
    """Return what the class docstrings say: of the whole (from its own), and of each key (from its bases' too)."""
    keys = {field.encode_name for field in msgspec.structs.fields(kind)}
    meanings: Meanings = {}
    about = ""
    for base in reversed([each for each in kind.__mro__ if each.__module__ != "msgspec" and each is not object]):
        about, found = _read(base.__doc__ or "", keys)
        meanings |= found
    return about, meanings


def _read(docstring: str, keys: set[str]) -> tuple[str, Meanings]:
    head: list[str] = []
    entries: list[list[str]] = []
    current = head
    for raw in docstring.splitlines():
        line = raw.strip()
        if not line:
            current = head
        elif head and _ENTRY.fullmatch(line):  # the first line tells of the whole, whatever it looks like
            current = [line]
            entries.append(current)
        else:
            current.append(line)
    meanings: Meanings = {}
    for lines in entries:
        for piece in _pieces(" ".join(lines), keys):
            match = _ENTRY.fullmatch(piece)
            if match is not None:
                meanings |= dict.fromkeys(_NAME.findall(match[1]), match[2])
    return " ".join(head), meanings


def _pieces(text: str, keys: set[str]) -> Iterator[str]:
    """Part `a`: this; `b`: that at keys alone; other words in backticks are values that a meaning lists."""
    start = 0
    for match in re.finditer(r"; (?=`([a-z][a-z0-9_]*)`(?:: |, `))", text):
        if match[1] in keys:
            yield text[start : match.start()]
            start = match.end()
    yield text[start:]


# --- tables ----------------------------------------------------------------------------------------------------------


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    return _row(titles) + "|" + "---|" * len(titles) + "\n" + "".join(map(_row, rows))


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    elif field.default is msgspec.NODEFAULT:
        return "must be given"
    else:
        value = field.default
    if isinstance(value, msgspec.Struct):
        return "as its own table says"
    return "none" if value is None else f"`{json.dumps(msgspec.to_builtins(value), ensure_ascii=False)}`"


def _keys_table(kind: StructType, without: frozenset[str] = frozenset()) -> str:
    meanings = documented(kind)[1]
    fields = [field for field in msgspec.structs.fields(kind) if field.encode_name not in without]
    rows = ((f"`{each.encode_name}`", _default(each), meanings.get(each.encode_name, "")) for each in fields)
    return _table(("key", "default", "meaning"), rows)


# --- the generated parts ---------------------------------------------------------------------------------------------


def settings_types() -> dict[str, StructType]:
    """Return the sections of the configuration and their types."""
    from tipd.daemon.sections import SECTIONS, TABLES

    found: dict[str, StructType] = {}
    for name, kind in SECTIONS.items():
        found |= {name: kind, **_inner_types(name, kind)}
    return found | {f"[{name}]": kind for name, kind in TABLES.items()}  # as they are written: [[watch]]


def _inner_types(name: str, kind: StructType) -> dict[str, StructType]:
    """Return the tables inside a section, as they are written: `[modules.spamtrap.archives]` is an array of them."""
    found: dict[str, StructType] = {}
    for field in msgspec.structs.fields(kind):
        for one in (field.type, *get_args(field.type)):
            if isinstance(one, type) and issubclass(one, msgspec.Struct):
                inner = f"{name}.{field.encode_name}"
                found[inner if one is field.type else f"[{inner}]"] = one
                found |= _inner_types(inner, one)
    return found


def agent_types() -> dict[str, StructType]:
    """Return the sections of an agent's own configuration and their types."""
    from tipd.agent.settings import AgentSettings, MaildirSettings
    from tipd.mail.view import View

    return {"agent": AgentSettings, "[agent.maildirs]": MaildirSettings, "views.NAME": View}


def settings() -> str:
    """Return a section for each section of the configuration."""
    return _sections(settings_types())


def agent_settings() -> str:
    """Return a section for each section of an agent's configuration."""
    return _sections(agent_types())


def _sections(types: dict[str, StructType]) -> str:
    parts = (f"\n## [{name}]\n\n{documented(kind)[0]}\n\n{_keys_table(kind)}" for name, kind in types.items())
    return "".join(parts).lstrip("\n")


def declaration_types() -> dict[str, StructType]:
    """Return what a source's declaration is made of: its tables and each parser's options, by name."""
    from tipd.modules.blacklist.ageing import Ageing
    from tipd.modules.blacklist.asking import Ask, Pages, Since
    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.expect import Expect
    from tipd.modules.blacklist.fields import Field
    from tipd.modules.blacklist.parsers.registry import FORMATS
    from tipd.modules.blacklist.signature import Signature

    options = {f"options: {name}": each.options for name, each in FORMATS.items()}
    asking: dict[str, StructType] = {"request": Ask, "request.pages": Pages, "request.since": Since}
    tables: dict[str, StructType] = {"expect": Expect, "fields": Field, **asking, "ageing": Ageing}
    tables["signature"] = Signature
    return {"source": Source, **tables, **options}


def declaration() -> str:
    """Return the tables of a source's declaration."""
    types = declaration_types()
    inner = frozenset({"pages", "since"})
    tables = frozenset({"options", "fields", "where", "expect", "request", "ageing", "signature"})
    parts = [
        f"## Keys\n\n{_keys_table(types.pop('source'), tables)}",
        *(
            f"## [{name}]\n\n{documented(types[name])[0]}\n\n{_keys_table(types.pop(name), inner)}"
            for name in ("expect", "fields", "request", "request.pages", "request.since", "ageing", "signature")
        ),
        "## [options], by parser\n",
        *(
            f"### {name.removeprefix('options: ')}\n\n{documented(kind)[0]}\n\n{_keys_table(kind)}"
            for name, kind in types.items()
        ),
    ]
    return "\n".join(parts)


def sources() -> str:
    """Return one row for each shipped declaration, and how many there are."""
    found = [
        tomllib.loads(path.read_text(encoding="utf-8")) | {"file": path.stem}
        for path in sorted(CATALOGUE.glob("*.toml"))
    ]
    keys = (
        *("about", "kind", "class", "absence", "every", "min_interval", "credential", "tlp"),
        *("commercial", "redistribute", "licence"),
    )
    rows = ([_linked(each), *(_words(each.get(key, "")) for key in keys), _evidence(each)] for each in found)
    titles = (
        *("source", "what", "kind", "class", "absence", "every", "floor", "key", "tlp"),
        *("commercial use", "may be passed on", "licence", "evidence (checked)"),
    )
    off = sum(each.get("enabled") is False for each in found)
    keyed = sum("credential" in each for each in found)
    asked = sum("entries" not in each for each in found)
    told = f"{asked} sources that are asked, {off} of them off as shipped, {keyed} in need of a key.\n\n"
    return told + _table(titles, rows)


def _linked(source: dict[str, Any]) -> str:
    home = _home(source) or "source_declarations.md"  # what is written by hand is at nobody's
    return f"[{_name(source)}]({home}){'' if source.get('enabled', True) else ' (off)'}"


def _evidence(source: dict[str, Any]) -> str:
    return f"{source['evidence']} ({source['checked']})" if "evidence" in source else ""


def classes() -> str:
    """Return the classes: the taxonomy's by its classifications, ours with their reasons."""
    from tipd.model.classes import OURS, RSIT

    by: dict[str, list[str]] = {}
    for word, above in RSIT.items():
        by.setdefault(above, []).append(f"`{word}`")
    taxonomy = _table(("classification", "types"), ((above, ", ".join(words)) for above, words in by.items()))
    ours = _table(("ours", "why none of the taxonomy's will do"), ((f"`{word}`", why) for word, why in OURS.items()))
    return f"{taxonomy}\n{ours}"


def _name(source: dict[str, Any]) -> str:
    return str(source.get("name") or source["file"])


def _home(source: dict[str, Any]) -> str:
    return str(source.get("homepage") or source.get("url", ""))


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def routes() -> str:
    """Return one row for each route of the API."""
    from tipd.api.app import ROUTES

    found = [route for route in ROUTES if not route.page]
    rows = ([f"`{each.method} {_path(each.path)}`", _scope(each), _query(each.query), each.summary] for each in found)
    return _table(("request", "scope", "parameters", "what"), rows)


def _scope(route: Route) -> str:
    """Return what a token needs; an upgrade to the stream is checked where the websocket is opened."""
    return "stream" if route.status == HTTPStatus.SWITCHING_PROTOCOLS else route.scope or "none"


def _path(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def _query(kind: StructType | None) -> str:
    return ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(kind)) if kind else ""


def commands() -> str:
    """Return a section for each verb, and a table for each of its own options and words."""
    from tipd.cli.main import VERBS, parser

    verbs = _verbs(parser())
    return "\n".join(f"## {verb}\n\n{_verb(verbs[verb][0], VERBS[verb])}" for verb in VERBS)


def _verbs(parser: argparse.ArgumentParser) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    """Return the parsers below one, with what its help says of each."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {choice.dest: choice.help or "" for choice in action._choices_actions}
            return {name: (inner, told.get(name, "")) for name, inner in action.choices.items()}
    return {}


def _verb(parser: argparse.ArgumentParser, about: str) -> str:
    about = f"{(parser.description or about[:1].upper() + about[1:]).rstrip('.')}.\n"
    if inner := _verbs(parser):
        return "\n".join([about, *(f"### {name}\n\n{_verb(*inner[name])}" for name in inner)])
    own = [action for action in parser._actions if _is_own(action, parser)]
    usage = f"`{' '.join([parser.prog, *(_usage(action) for action in own)])}`\n"
    helped = parser._get_formatter()
    rows = [(f"`{_spelled(each)}`", helped._expand_help(each)) for each in own if each.help]
    return "\n".join([about, usage, *([_table(("word", "meaning"), rows)] if rows else [])])


def _is_own(action: argparse.Action, parser: argparse.ArgumentParser) -> bool:
    """Say whether it belongs to this verb: not help, nor one of the options that stand everywhere."""
    everywhere = next(group for group in parser._action_groups if group.title == "global options")
    return action.help != argparse.SUPPRESS and action.dest != "help" and action not in everywhere._group_actions


def _spelled(action: argparse.Action) -> str:
    value = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    if isinstance(value, tuple):
        value = " ".join(value)
    if action.choices is not None and action.metavar is None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        return value
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {value}"


def _usage(action: argparse.Action) -> str:
    spelled = (
        _spelled(action).removeprefix(", ".join(action.option_strings[:-1]) + ", ")
        if action.option_strings
        else _spelled(action)
    )
    if action.nargs in {"*", "+"}:
        spelled += " …"
    return spelled if action.required and action.nargs not in {"*", "?"} else f"[{spelled}]"


def decisions() -> str:
    """Return a line for each decision."""
    lines = []
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").split("\n", 1)[0]
        lines.append(f"- [{path.name[:4]}: {re.sub(r'^[# 0-9.:-]+', '', title)}]({path.name})\n")
    return "".join(lines)


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "agent_settings": agent_settings,
    "declaration": declaration,
    "sources": sources,
    "classes": classes,
    "routes": routes,
    "commands": commands,
    "decisions": decisions,
}


# --- pages -----------------------------------------------------------------------------------------------------------


def renewed(text: str) -> str:
    """Return a page's text with its generated parts made anew; raises KeyError for a part nobody makes."""
    return _SECTION.sub(lambda match: f"{match[1]}\n{PARTS[match[2]]().strip()}\n\n{match[4]}", text)


def stale() -> dict[Path, str]:
    """Return the pages whose generated parts are not current, with the text they should have."""
    found: dict[Path, str] = {}
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if (new := renewed(text)) != text:
            found[path] = new
    return found


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` name those that are not current; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a page is not current")
    check = parser.parse_args(arguments).check
    pages = stale()
    for path, text in pages.items():
        if not check:
            path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {'is not current: make pages' if check else 'written'}")
    return 1 if check and pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
