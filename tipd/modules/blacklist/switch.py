"""Switch a source on or off: the one key `enabled` in the operator's own file, and nothing else in it.

A file of the operator's that declares or overrides the source is changed, and all it says beside stays as it stands,
comments too. Where there is none, one that overrides the shipped source is made, in the first folder that can be
written.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tipd.config import nearest
from tipd.errors import ConfigError, TipdError

if TYPE_CHECKING:
    from tipd.modules.blacklist.catalogue import Sources
    from tipd.modules.blacklist.settings import BlacklistSettings

_HEAD = """\
# Made by `tipd sources {verb} {name}`. It overrides the shipped source of that name, and only in the keys it has;
# `tipd sources show {name}` shows what comes of both.
"""
_READABLE = 0o644


@dataclass(frozen=True, slots=True)
class Switched:
    """What was done: `path` is the operator's file about the source, if any; `changed`: it did not say so before."""

    name: str
    enabled: bool
    path: Path | None
    changed: bool


def switch(settings: BlacklistSettings, sources: Sources, name: str, *, enabled: bool) -> Switched:
    """Write that a source is collected, or is not.

    Raises TipdError for a name that is none and where no folder can be written, ConfigError for a file that is wrong.
    """
    source = sources.ok.get(name)
    if source is None:
        for fault in sources.errors:
            if fault.name == name:
                raise ConfigError(fault.message)
        raise TipdError(f"there is no source {name!r}{nearest(name, frozenset(sources.ok))}")
    path = _own(sources, name)
    if source.enabled == enabled:
        return Switched(name, enabled, path, changed=False)
    if path is None:
        path = _folder(settings, name, enabled) / f"{name}.toml"
        text = _HEAD.format(verb=_verb(enabled), name=name) + _with_key("", path, enabled)
    else:
        text = _with_key(_read(path), path, enabled)
    _replace(path, text, _command(name, enabled))
    return Switched(name, enabled, path, changed=True)


def _verb(enabled: bool) -> str:
    return "enable" if enabled else "disable"


def _command(name: str, enabled: bool) -> str:
    return f"sudo tipd sources {_verb(enabled)} {name}"


def _own(sources: Sources, name: str) -> Path | None:
    """Return the operator's file about the source; None where only the shipped one is."""
    path = sources.paths[name]
    shipped = resources.files("tipd.modules.blacklist.catalogue")
    with resources.as_file(shipped) as folder:
        return None if path.parent == folder else path


def _folder(settings: BlacklistSettings, name: str, enabled: bool) -> Path:
    """Return the first folder for the operator's files that can be written."""
    troubles: list[str] = []
    missing: list[Path] = []
    for each in settings.sources_dirs:
        folder = Path(each).expanduser()
        if not folder.is_dir():
            troubles.append(f"{folder} does not exist")
            missing.append(folder)
        elif os.access(folder, os.W_OK | os.X_OK):
            return folder
        else:
            troubles.append(f"{folder} cannot be written by you")
    if not troubles:
        raise TipdError("sources_dirs of [modules.blacklist] names no folder for your own declarations")
    hint = _command(name, enabled)
    if len(missing) == len(troubles):
        hint = f"sudo mkdir -p {missing[0]} && {hint}"
    raise TipdError(f"no folder of sources_dirs can be written: {', '.join(troubles)}; try: {hint}")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _with_key(text: str, path: Path, enabled: bool) -> str:
    """Return the text with the key, before its first table where it had none."""
    try:
        document = tomlkit.parse(text)
        document["enabled"] = enabled
        return tomlkit.dumps(document)
    except TOMLKitError as error:
        raise ConfigError(f"{path}: {error}") from None


def _replace(path: Path, text: str, command: str) -> None:
    """Put the text in the file's place in one step; whoever reads meanwhile sees the old or the new one whole."""
    path = path.resolve()  # a link stays one
    try:
        before = path.stat() if path.exists() else None
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        fresh = Path(name)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(number)
            fresh.chmod(before.st_mode & 0o7777 if before else _READABLE)
            if before is not None:
                with contextlib.suppress(PermissionError):  # only root may give files away
                    os.chown(fresh, before.st_uid, before.st_gid)
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        _settle(path.parent)
    except OSError as error:
        raise TipdError(f"{path}: {error.strerror}; try: {command}") from None


def _settle(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
