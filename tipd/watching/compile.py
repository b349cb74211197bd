"""From `[[watch]]` to a matcher: reads the files it names, and says where a faulty entry stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tipd.errors import ConfigError
from tipd.model.watch import Watch, Watches, WatchFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.watch import AsnOf
    from tipd.watching.settings import SinkSettings, WatchSettings

LARGEST_FILE = 64 * 2**20  # bytes


class _Listed(NamedTuple):
    """The entries of one key: those of the configuration, then those of its file with their lines."""

    entries: list[str]
    given: int
    path: Path | None
    lines: list[int]


def compile_watches(settings: Sequence[WatchSettings], asn_of: AsnOf | None = None) -> Watches:
    """Return the matcher; reads files and computes, so call it in a thread. Raises ConfigError, file and line named."""
    listed = [
        {
            "networks": _listed(one.name, "networks", one.networks, one.networks_file),
            "domains": _listed(one.name, "domains", one.domains, one.domains_file),
        }
        for one in settings
    ]
    watches = [
        Watch(
            name=one.name,
            networks=lists["networks"].entries,
            domains=lists["domains"].entries,
            asns=one.asns,
            patterns=one.patterns,
            looks_like=one.looks_like,
        )
        for one, lists in zip(settings, listed, strict=True)
    ]
    try:
        return Watches(watches, asn_of)
    except WatchFault as fault:
        raise ConfigError(_placed(settings[fault.watch].name, listed[fault.watch].get(fault.key), fault)) from None


def check_names(sinks: Sequence[SinkSettings], watches: Watches) -> None:
    """Raise ConfigError where a sink names a watch there is not."""
    for number, sink in enumerate(sinks):
        for name in sink.watch:
            if name != "*" and name not in watches.names:
                known = ", ".join(watches.names) or "none is configured"
                raise ConfigError(f"sink[{number}].watch: {sink.name!r} names the watch {name!r} ({known})")


def _placed(name: str, listed: _Listed | None, fault: WatchFault) -> str:
    if listed is not None and fault.at >= listed.given:
        return f"{listed.path}:{listed.lines[fault.at - listed.given]}: {fault} (watch {name!r})"
    return f"watch[{fault.watch}].{fault.key}[{fault.at}]: {fault} (watch {name!r})"


def _listed(name: str, key: str, given: Sequence[str], file: str | None) -> _Listed:
    if file is None:
        return _Listed(list(given), len(given), None, [])
    path = Path(file)
    entries, lines = list(given), []
    for number, line in enumerate(_read(path, f"{key}_file of the watch {name!r}").splitlines(), 1):
        text = line.partition("#")[0].strip()
        if text:
            entries.append(text.removeprefix("*.") if key == "domains" else text)
            lines.append(number)
    return _Listed(entries, len(given), path, lines)


def _read(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror} ({what})") from None
    if len(raw) > LARGEST_FILE:
        raise ConfigError(f"{path}: is larger than {LARGEST_FILE} bytes ({what})")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 at byte {error.start} ({what})") from None
