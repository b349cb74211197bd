"""Find, load and check the configuration; each section's type stands with its owner.

Order: `--config`, else `$TIPD_CONFIG`, `$XDG_CONFIG_HOME/tipd/tipd.toml`, `/etc/tipd/tipd.toml`, else defaults that
work. `TIPD_API__LISTEN=…` overrides `[api] listen`. An error names file, key, line and the nearest known key, and all
errors of a file are reported at once.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import msgspec

from tipd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_T = TypeVar("_T")  # the agent runs on Python 3.11
ENVIRONMENT_PREFIX = "TIPD_"
_NOT_SETTINGS = frozenset({"TIPD_CONFIG", "TIPD_URL", "TIPD_TOKEN_FILE"})  # words of the command line
NO_TABLES: Mapping[str, type[Any]] = {}
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)", re.ASCII)
_SIZES = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_SIZE = re.compile(r"(\d+)\s*([KMGT]?B?)", re.ASCII | re.IGNORECASE)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded configuration: `sections` maps `"store"`, `"modules.blacklist"` … to their owners' types.

    `tables` maps `"watch"` … to what its tables, `[[watch]]`, say, in their order.
    """

    state_dir: Path
    path: Path | None
    sections: Mapping[str, Any]
    tables: Mapping[str, tuple[Any, ...]] = {}

    def section(self, name: str, kind: type[_T]) -> _T:
        """Return a section as its owner's type."""
        value = self.sections[name]
        if not isinstance(value, kind):
            raise TypeError(f"section {name} is {type(value).__name__}, not {kind.__name__}")
        return value

    def table(self, name: str, kind: type[_T]) -> tuple[_T, ...]:
        """Return the tables of one name as their owner's type."""
        values = self.tables.get(name, ())
        if not all(isinstance(value, kind) for value in values):
            raise TypeError(f"the tables {name} are not {kind.__name__}")
        return values

    def located(self, faults: Iterable[str]) -> list[str]:
        """Put file and line before those faults that begin with a key of a section, as `load` says them."""
        if self.path is None:
            return list(faults)
        text = self.path.read_text(encoding="utf-8")
        ours = tuple(f"{name}{sign}" for name in self.sections for sign in ".[:")
        return [_located(fault, text, self.path, {}) if fault.startswith(ours) else fault for fault in faults]


def duration(text: str) -> timedelta:
    """Return `"90s"`, `"5m"`, `"1h30m"`, `"12h"`, `"400d"`, `"2w"` as a timedelta; raises ValueError."""
    stripped = text.strip()
    position, total = 0, 0.0
    while position < len(stripped):
        match = _DURATION.match(stripped, position)
        if match is None:
            raise ValueError(f"not a duration: {text!r} (write 30s, 5m, 12h or 400d)")
        total += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    if not stripped:
        raise ValueError("a duration is empty (write 30s, 5m, 12h or 400d)")
    if total > timedelta.max.total_seconds() / 100:
        raise ValueError(f"{text!r} is too long")
    return timedelta(seconds=total)


def size(text: str | int) -> int:
    """Return `"64MB"`, `"1GB"`, `"4096"` in bytes (powers of 1024); raises ValueError."""
    if isinstance(text, int):
        return text
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a size: {text!r} (write 64MB or 1GB)")
    unit = match[2].upper()
    return int(match[1]) * _SIZES[unit if unit in _SIZES else unit + "B"]


def find(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the configuration file to read, None where there is none; one that was named must exist."""
    named = given or (Path(environ["TIPD_CONFIG"]) if environ.get("TIPD_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(f"{named}: there is no such configuration file")
        return named
    home = environ.get("XDG_CONFIG_HOME") or (f"{environ['HOME']}/.config" if environ.get("HOME") else None)
    places = [Path(home) / "tipd" / "tipd.toml"] if home else []
    return next((place for place in [*places, Path("/etc/tipd/tipd.toml")] if _readable_file(place)), None)


def _readable_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that may not be entered
        return False


def load(
    given: Path | None,
    environ: Mapping[str, str],
    sections: Mapping[str, type[Any]],
    known: frozenset[str] = frozenset(),
    tables: Mapping[str, type[Any]] = NO_TABLES,
) -> Config:
    """Read and check everything; raises ConfigError with all that is wrong, one line each.

    `tables` maps the name of arrays of tables (`[[watch]]`) to the type of one; each has a `name` of its own.

    `sections` maps a section's dotted name to its type, a frozen Struct whose every key has a default. `known` names
    further sections that belong to somebody who reads them elsewhere.
    """
    path = find(given, environ)
    text = _read(path) if path else ""
    tree = _parse(text, path)
    overridden = _override(tree, environ, sections)
    faults = list(_unknown_sections(tree, sections, known | tables.keys()))
    loaded: dict[str, Any] = {}
    for name, kind in sections.items():
        try:
            loaded[name] = _convert(_at(tree, name), name, kind)
        except ValueError as error:
            faults.append(str(error))
    rows = {name: _rows(tree.get(name, []), name, kind, faults) for name, kind in tables.items()}
    if faults:
        raise ConfigError("\n".join(_located(fault, text, path, overridden) for fault in faults))
    return Config(state_dir=_state_dir(tree, environ), path=path, sections=loaded, tables=rows)


def _rows(array: Any, name: str, kind: type[Any], faults: list[str]) -> tuple[Any, ...]:
    """Convert an array of tables; what is wrong goes to `faults`."""
    if not isinstance(array, list):
        faults.append(f"{name}: is not an array of tables (write [[{name}]])")
        return ()
    found: dict[str, Any] = {}
    for number, table in enumerate(array):
        try:
            row = _convert(table, f"{name}[{number}]", kind)
            if row.name in found:
                raise ValueError(f"{name}[{number}].name: there are two of the name {row.name!r}")
            found[row.name] = row
        except (ValueError, TypeError) as error:
            faults.append(str(error) if isinstance(error, ValueError) else f"{name}[{number}]: is not a table")
    return tuple(found.values())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None


def _parse(text: str, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        raise ConfigError(f"{path}{f':{line[1]}' if line else ''}: {error}") from None


def _override(tree: dict[str, Any], environ: Mapping[str, str], sections: Mapping[str, type[Any]]) -> dict[str, str]:
    """Put `TIPD_A__B=…` at `a.b`; return dotted key → variable. A value is TOML where it parses, else a string."""
    names: dict[str, str] = {}
    for variable, value in sorted(environ.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in _NOT_SETTINGS:
            continue
        parts = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if len(parts) == 1 and parts != ["state_dir"]:
            continue  # somebody else's variable
        table = tree
        for part in parts[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{variable}: {'.'.join(parts[:-1])} is not a table")
        table[parts[-1]] = _value(value, _wants_text(sections, parts))
        names[".".join(parts)] = variable
    return names


def _wants_text(sections: Mapping[str, type[Any]], parts: list[str]) -> bool:
    kind = sections.get(".".join(parts[:-1]))
    annotation = (
        next((f.type for f in msgspec.structs.fields(kind) if f.encode_name == parts[-1]), Any) if kind else str
    )
    return annotation is str


def _value(text: str, wants_text: bool) -> Any:
    if wants_text:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _at(tree: Mapping[str, Any], dotted: str) -> Any:
    for part in dotted.split("."):
        tree = tree.get(part, {})
        if not isinstance(tree, dict):
            raise ValueError(f"{dotted}: is not a table")
    return tree


def _convert(table: Any, name: str, kind: type[Any]) -> Any:
    inner = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in table:
        if key not in inner:
            raise ValueError(f"{name}.{key}: unknown key{nearest(key, inner)}")
    try:
        return msgspec.convert(table, kind, strict=True)
    except msgspec.ValidationError as error:
        where = re.search(r" - at `\$\.?(.*)`$", str(error))
        message = str(error).split(" - at ")[0]
        if where and where[1]:
            raise ValueError(f"{name}.{where[1]}{_said_inside(message, _struct_at(kind, where[1]))}") from None
        said = re.match(r"(\w+)[:]? (.*)", message, re.DOTALL)  # what a section checks by itself begins with the key
        named = said is not None and said[1] in inner
        raise ValueError(f"{name}.{said[1]}: {said[2]}" if said and named else f"{name}: {message}") from None


def _struct_at(kind: type[Any], path: str) -> type[Any] | None:
    """Return the struct at a path within another (`archives[0].layout`), None where there is none."""
    for part in re.sub(r"\[.*?\]", "", path).split("."):
        field = next((field for field in msgspec.structs.fields(kind) if field.encode_name == part), None)
        found = [] if field is None else [field.type, *get_args(field.type)]
        inner = next((one for one in found if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)
        if inner is None:
            return None
        kind = inner
    return kind


def _said_inside(message: str, kind: type[Any] | None) -> str:
    """Return `.key: what is wrong` for a table inside a section, `: what is wrong` where it is no key's fault."""
    known = {} if kind is None else {field.encode_name: field for field in msgspec.structs.fields(kind)}
    if unknown := re.match(r"Object contains unknown field `(.+)`", message):
        return f".{unknown[1]}: unknown key{nearest(unknown[1], known)}"
    said = re.match(r"(\w+)[:]? (.*)", message, re.DOTALL)
    return f".{said[1]}: {said[2]}" if said is not None and said[1] in known else f": {message}"


def nearest(key: str, known: Mapping[str, Any] | frozenset[str]) -> str:
    """Return ` (did you mean "…"?)` or an empty string."""
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _unknown_sections(
    tree: Mapping[str, Any], sections: Mapping[str, type[Any]], known: frozenset[str]
) -> Iterator[str]:
    names = {*sections, *known}
    tops = frozenset({name.split(".")[0] for name in names} | {"state_dir"})
    for key, value in tree.items():
        if key not in tops:
            yield f"{key}: unknown key{nearest(key, tops)}"
        elif key not in names and key != "state_dir" and isinstance(value, dict):
            inner = frozenset(name.split(".")[1] for name in names if name.startswith(f"{key}."))
            for name in value:
                if name not in inner:
                    yield f"{key}.{name}: unknown key{nearest(name, inner)}"


def _located(fault: str, text: str, path: Path | None, overridden: Mapping[str, str]) -> str:
    """Put the file and line, or the environment variable, before a fault that begins with a dotted key."""
    dotted = fault.split(": ", maxsplit=1)[0]
    plain = re.sub(r"\[.*?\]", "", dotted)
    if plain in overridden:
        return f"{overridden[plain]}: {fault}"
    table = re.match(r"([A-Za-z0-9_.]+)\[(\d+)\]", dotted)
    line = line_in_table(text, table[1], int(table[2]), plain) if table else line_of(text, plain)
    return f"{path}{f':{line}' if line else ''}: {fault}" if path else fault


def line_in_table(text: str, name: str, number: int, dotted: str) -> int | None:
    """Return the line of a key in the array's table of that number (from 0), or that of its header, or None."""
    lines = text.splitlines()
    headers = [at for at, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]", line)]
    if number >= len(headers):
        return line_of(text, dotted)
    begin, end = headers[number], headers[number + 1] if number + 1 < len(headers) else len(lines)
    part = "\n".join(lines[begin:end])
    within = line_of(part, dotted) or line_of(part, dotted.rpartition(".")[0])  # of an inline table: where it begins
    return begin + (within or 1)


def line_of(text: str, dotted: str) -> int | None:
    """Return the line (from 1) on which a dotted key stands in a TOML text, or that of its table, or None."""
    wanted, current, table_line = dotted.rpartition(".")[0], "", None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
        if header:
            current = header[1].replace('"', "")
            if current == dotted:
                return number
            table_line = number if current == wanted else table_line
            continue
        key = re.match(r'\s*"?([A-Za-z0-9_.-]+)"?\s*=', line)
        if key and (f"{current}.{key[1]}" if current else key[1]) == dotted:
            return number
    return table_line


def _state_dir(tree: Mapping[str, Any], environ: Mapping[str, str]) -> Path:
    given = tree.get("state_dir")
    if given is not None:
        if not isinstance(given, str) or not given:
            raise ConfigError("state_dir: expected a path as a string")
        return Path(given).expanduser().absolute()
    return default_state_dir(environ)


def state_dir(given: Path | None, environ: Mapping[str, str]) -> Path:
    """Return only where the state is, whatever else the file says: how the command line finds its daemon.

    Raises ConfigError where the file is not there or is not TOML.
    """
    path = find(given, environ)
    tree = _parse(_read(path) if path else "", path)
    _override(tree, environ, {})
    return _state_dir(tree, environ)


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """Return /var/lib/tipd for root (or what systemd gives), else $XDG_STATE_HOME/tipd."""
    if environ.get("STATE_DIRECTORY"):
        return Path(environ["STATE_DIRECTORY"].split(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/tipd")
    base = environ.get("XDG_STATE_HOME") or f"{environ.get('HOME', '/')}/.local/state"
    return Path(base) / "tipd"
