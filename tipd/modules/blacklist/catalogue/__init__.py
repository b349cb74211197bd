"""The declarations: those shipped beside this file, and the operator's own.

A file in `sources_dirs` with a shipped source's name overrides only the keys it has. A file that is wrong stops only
its own source; what is wrong is kept beside the rest, with file, key and line.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.config import duration, line_of, nearest
from tipd.modules.blacklist.ageing import Ageing
from tipd.modules.blacklist.asking import Ask, Pages, Since
from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.expect import Expect
from tipd.modules.blacklist.parsers.registry import FORMATS, build
from tipd.modules.blacklist.settings import DEFAULT_DIR
from tipd.modules.blacklist.signature import Signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tipd.modules.blacklist.settings import BlacklistSettings

_LARGEST_FILE = 2**20


@dataclass(frozen=True, slots=True)
class Fault:
    """A declaration that is wrong: `name` of the source it would be, the file, and one line on what and where."""

    name: str
    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class Sources:
    """All declarations: those that can be used, by name, and the faults of the rest. `paths` says where from.

    `left_out`: names of those that are enabled and not collected all the same, and why, in a few words.
    """

    ok: Mapping[str, Source] = field(default_factory=dict)
    errors: tuple[Fault, ...] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def enabled(self) -> dict[str, Source]:
        """Those to collect."""
        return {name: source for name, source in self.ok.items() if source.enabled and name not in self.left_out}

    @property
    def off(self) -> dict[str, str]:
        """Those that are known and not collected, and why."""
        disabled = {name: "enabled = false" for name, source in self.ok.items() if not source.enabled}
        return disabled | {name: f"left out: {why}" for name, why in self.left_out.items()}


class _Wrong(ValueError):
    """A fault with the dotted key it is about."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def shipped() -> Sources:
    """Return the catalogue that comes with tipd."""
    return _shipped()[0]


@cache
def _shipped() -> tuple[Sources, Mapping[str, dict[str, Any]]]:
    """Return the shipped catalogue and its trees by name: read once, for these files do not change under a process."""
    trees: dict[str, dict[str, Any]] = {}
    folder = resources.files("tipd.modules.blacklist.catalogue")
    with resources.as_file(folder) as path:
        return _load(sorted(path.glob("*.toml")), trees), trees


def load(settings: BlacklistSettings) -> Sources:
    """Return all declarations the settings name; never raises for a wrong one."""
    base, trees = _shipped() if settings.catalogue else (Sources(), {})
    trees = dict(trees)
    own_files, faults = _own_files(settings)
    own = _load(own_files, trees)
    wrong = {fault.name for fault in own.errors} - set(own.ok)
    ok = {name: source for name, source in {**base.ok, **own.ok}.items() if name not in wrong}
    left_out = _not_for_business(ok) if settings.commercial else {}
    return Sources(ok, (*base.errors, *faults, *own.errors), {**base.paths, **own.paths}, left_out)


def _not_for_business(sources: Mapping[str, Source]) -> dict[str, str]:
    """Return those a business may not use, or not without asking; what one writes by hand is one's own."""
    return {
        name: f"commercial use: {source.commercial}"
        for name, source in sources.items()
        if source.enabled and source.commercial != "yes" and not source.entries
    }


def load_file(path: Path) -> Source | Fault:
    """Return the source one file declares by itself, or what is wrong with it."""
    loaded = _load([path], {})
    return loaded.errors[0] if loaded.errors else next(iter(loaded.ok.values()))


def _own_files(settings: BlacklistSettings) -> tuple[list[Path], list[Fault]]:
    files: list[Path] = []
    faults: list[Fault] = []
    for name in settings.sources_dirs:
        folder = Path(name).expanduser()
        try:
            files += sorted(path for path in folder.iterdir() if path.suffix == ".toml" and path.name[0] != ".")
        except FileNotFoundError:
            if name != DEFAULT_DIR:
                faults.append(Fault("", folder, f"{folder}: there is no such folder (sources_dirs)"))
        except OSError as error:
            faults.append(Fault("", folder, f"{folder}: {error.strerror} (sources_dirs)"))
    return files, faults


def _load(files: list[Path], trees: dict[str, dict[str, Any]]) -> Sources:
    """Read files over `trees` (name → what stands already), which it extends."""
    before = frozenset(trees)
    ok: dict[str, Source] = {}
    paths: dict[str, Path] = {}
    errors: list[Fault] = []
    for path in files:
        name = path.stem
        try:
            text, tree = _read(path)
            name = tree["name"]
            if name in paths:
                raise _Wrong("name", f"name: {paths[name]} has a source {name!r} already")
            paths[name] = path
            if name in before:
                tree = _over(trees[name], tree)
            elif before and not tree.keys() & {"url", "path", "entries"}:  # meant to override
                raise _Wrong("name", f"has no url, and there is no shipped source {name!r}{nearest(name, before)}")
            ok[name] = from_tree(tree)
            trees[name] = tree
        except _Wrong as wrong:
            line = line_of(text, wrong.key) if wrong.key else None
            errors.append(Fault(str(name), path, f"{path}{f':{line}' if line else ''}: {wrong}"))
        except (OSError, ValueError) as error:
            errors.append(Fault(str(name), path, f"{path}: {getattr(error, 'strerror', None) or error}"))
    return Sources(ok, tuple(errors), paths)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    with path.open("rb") as file:
        raw = file.read(_LARGEST_FILE + 1)
    if len(raw) > _LARGEST_FILE:
        raise ValueError("is larger than a declaration may be (1 MB)")
    text = raw.decode()
    tree = tomllib.loads(text)
    tree.setdefault("name", path.stem)
    if not isinstance(tree["name"], str):
        raise ValueError("name: expected a string")
    return text, tree


def _over(shipped_tree: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return the shipped declaration with the operator's keys laid over it."""
    base = dict(shipped_tree)
    if own.get("parser", base.get("parser")) != base.get("parser"):
        for table in ("options", "fields", "where"):
            base.pop(table, None)
    if "path" in own:
        base.pop("url", None)
    if "url" in own:
        base.pop("path", None)
    if own.get("entries") is True:
        base = {key: value for key, value in base.items() if key not in {"url", "path"}}
    return _laid_over(base, own)


def _laid_over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return one table over another, tables in it likewise."""
    merged = dict(base)
    for key, value in own.items():
        old = base.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def parse(text: str, name: str = "source") -> Source:
    """Return the source a TOML text declares; raises ValueError with line and key."""
    tree = tomllib.loads(text)
    tree.setdefault("name", name)
    try:
        return from_tree(tree)
    except _Wrong as wrong:
        line = line_of(text, wrong.key)
        raise ValueError(f"line {line}: {wrong}" if line else str(wrong)) from None


def from_tree(tree: dict[str, Any]) -> Source:
    """Return the source of a parsed declaration; raises ValueError that knows its key."""
    _check_keys(tree, Source, "")
    for name, kind in (("expect", Expect), ("request", Ask), ("ageing", Ageing), ("signature", Signature)):
        if isinstance(tree.get(name), dict):
            _check_keys(tree[name], kind, f"{name}.")
    for part, table in (("pages", Pages), ("since", Since)):
        inner = tree["request"].get(part) if isinstance(tree.get("request"), dict) else None
        if isinstance(inner, dict):
            _check_keys(inner, table, f"request.{part}.")
    source: Source = _convert(tree, Source, "")
    if source.parser not in FORMATS:
        raise _Wrong("parser", f"parser: there is no parser {source.parser!r}{nearest(source.parser, FORMATS)}")
    _check_keys(source.options, FORMATS[source.parser].options, "options.")
    _convert(source.options, FORMATS[source.parser].options, "options.")
    try:
        build(source)
    except ValueError as error:
        key = str(error).split(":")[0]
        raise _Wrong(key if key in tree else f"options.{key}", str(error)) from None
    _check_every(source)
    return source


def _check_keys(tree: Mapping[str, Any], kind: type[Any], prefix: str) -> None:
    known = {each.encode_name: each for each in msgspec.structs.fields(kind)}
    for key in tree:
        if key not in known:
            raise _Wrong(prefix + key, f"{prefix}{key}: unknown key{nearest(key, known)}")


def _convert(tree: Any, kind: type[Any], prefix: str) -> Any:
    try:
        return msgspec.convert(tree, kind, strict=True)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        key = where.rstrip("`").lstrip(".") or message.split(":")[0]
        key = re.sub(r"\[.*?\]", "", key)
        shown = (
            message if message.startswith(f"{key}") else f"{prefix}{key}: {message}" if where.strip("`") else message
        )
        raise _Wrong(f"{prefix}{key.split(' ')[0]}", shown) from None


def _check_every(source: Source) -> None:
    # Whether a literal address is near, the daemon knows; a name is not unless it says so.
    floor = source.floor(nearby=source.is_nearby(("0.0.0.0/0", "::/0")))
    if source.every and duration(source.every) < floor:
        said = source.min_interval or "5m, which is min_interval where none is given"
        raise _Wrong("every", f"every: {source.every} is shorter than {said}")


def names(sources: Sources) -> Iterator[str]:
    """Yield every name there is, wrong ones too."""
    yield from sorted({*sources.ok, *(fault.name for fault in sources.errors if fault.name)})
