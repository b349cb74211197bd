"""The agent's configuration: `[agent]`, `[[agent.maildirs]]` and `[views.NAME]` of its own file.

File: `--config`, else `$TIPD_AGENT_CONFIG`, `$XDG_CONFIG_HOME/tipd/agent.toml`, `/etc/tipd/agent.toml`.
`TIPD_AGENT__LISTEN=…` overrides `[agent] listen`.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from tipd import config
from tipd.config import duration, size
from tipd.errors import ConfigError
from tipd.mail.record import KNOWN, Trap
from tipd.mail.view import SHIPPED, View
from tipd.model.tlp import tlp_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAME = re.compile(r"[a-z0-9][a-z0-9_.\-]{0,63}", re.IGNORECASE | re.ASCII)
_DOMAIN = re.compile(r"(?:[^\s.@*/:]{1,63}\.)*[^\s.@*/:]{1,63}")  # else nothing of it would ever be masked
_DURATIONS = ("seal_after", "keep", "look_every", "forget_after")
_SIZES = ("memory", "min_free", "keep_size")


class MaildirSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One maildir, mbox file or a glob of them, `[[agent.maildirs]]`; in `[agent] maildirs` a bare path does.

    path: a maildir (a folder with `new` and `cur`), an mbox file, or a glob of either (`/home/*/Maildir`).
    trap: what kind of trap it is, `"pristine"` (never was anybody's), `"recycled"` (somebody's once) or `"typo"`.
    expire: mails older than this that stand in a sealed version are removed from it (`"3d"`); empty: never.
    recipients: addresses whose mail comes here, masked wherever they stand, beside those a mail names itself.
    """

    path: str
    trap: Trap = ""
    expire: str = ""
    recipients: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what the types cannot say; raises ValueError."""
        if not Path(self.path).is_absolute():
            raise ValueError("path must be absolute")
        if self.expire and _read(duration, "expire", self).total_seconds() < 60:
            raise ValueError("expire must be at least 1m")


class AgentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the agent reads, how much of its host it takes, and how it serves what it sealed.

    name: how the agent is called in its manifests; letters, digits, `.`, `-` and `_`; empty: the host's name.
    listen: where it serves, `host:port`, `[::]:8472` for all addresses, of IPv4 too; off loopback it needs TLS.
    tls_cert_file: its certificate with those that lead to the root (PEM).
    tls_key_file: the certificate's private key (PEM).
    client_ca_file: certificates (PEM) that may sign those of peers who come with one instead of a token.
    maildirs: maildirs, mbox files and globs of them; as tables (`[[agent.maildirs]]`) where one needs more.
    trap_domains: every address of these domains is masked, wherever it stands in a mail.
    own_networks: networks of this host and its relays: what comes from there was taken from somebody else before.
    relays: addresses of hosts that forward to this one, inside or outside.
    authserv_id: the name under which this host writes `Authentication-Results`; no other is believed.
    views: the views that are sealed, beside those of the peers.
    hmac_key_file: a file of at least 32 bytes that several agents of one owner share, so that traps are counted once.
    seal_after: a version is sealed at the latest this long after its first mail.
    seal_records: a version is sealed as soon as it has as many.
    keep: how long the lines of a version are kept; its manifest stays.
    keep_size: what the lines of one view may take on the disk; the oldest go first.
    forget_after: how long a mail that is no more in its maildir stays known, so that it is not read twice.
    look_every: how often folders are looked at where the kernel gave no hint.
    cpu: the share of one core that reading may take.
    memory: what one reading process may take over what Python itself needs.
    workers: processes that read at once.
    max_load: reading pauses while others keep more than this share of the cores busy.
    min_free: reading and sealing pause with less room than this on the disk of `state_dir`.
    """

    name: str = ""
    listen: str = "127.0.0.1:8472"
    tls_cert_file: str = ""
    tls_key_file: str = ""
    client_ca_file: str = ""
    maildirs: tuple[str | MaildirSettings, ...] = ()
    trap_domains: tuple[str, ...] = ()
    own_networks: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()
    authserv_id: str = ""
    views: tuple[str, ...] = ("redacted", "urls")
    hmac_key_file: str = ""
    seal_after: str = "5m"
    seal_records: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 5000
    keep: str = "30d"
    keep_size: str = "10GB"
    forget_after: str = "30d"
    look_every: str = "10s"
    cpu: Annotated[float, msgspec.Meta(ge=0.01, le=64)] = 0.5
    memory: str = "256MB"
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    max_load: Annotated[float, msgspec.Meta(gt=0)] = 0.75
    min_free: str = "256MB"

    def __post_init__(self) -> None:
        """Check what the types cannot say; raises ValueError."""
        for name in _DURATIONS:
            _named(name, _read(duration, name, self).total_seconds() > 0, "must be longer than nothing")
        for name in _SIZES:
            _read(size, name, self)
        _named("memory", size(self.memory) >= 64 * 2**20, "must be at least 64MB")
        _named("name", not self.name or _NAME.fullmatch(self.name) is not None, f"cannot be {self.name!r}")
        for path in self.maildirs:
            _named("maildirs", isinstance(path, MaildirSettings) or Path(path).is_absolute(), "must be absolute paths")
        for domain in self.trap_domains:
            _named(
                "trap_domains", _DOMAIN.fullmatch(domain) is not None, f"cannot hold {domain!r}: write trap.example.org"
            )
        for name in ("own_networks", "relays"):
            _networks(name, getattr(self, name))

    @property
    def own(self) -> tuple[Network, ...]:
        """Networks and relays of the operator: the trust boundary is where they end."""
        return (*_networks("own_networks", self.own_networks), *_networks("relays", self.relays))

    @property
    def folders(self) -> tuple[MaildirSettings, ...]:
        """What `maildirs` says, each as a table."""
        return tuple(MaildirSettings(path=each) if isinstance(each, str) else each for each in self.maildirs)

    def seconds(self, name: str) -> float:
        """Return one of the durations in seconds."""
        return duration(getattr(self, name)).total_seconds()


class AgentConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded configuration; `views`: all that there are by name, those of the file before the shipped ones."""

    agent: AgentSettings
    views: Mapping[str, View]
    state_dir: Path
    path: Path | None = None

    @property
    def name(self) -> str:
        """How the agent is called."""
        return self.agent.name or os.uname().nodename.partition(".")[0] or "agent"


def load(given: Path | None, environ: Mapping[str, str]) -> AgentConfig:
    """Read and check the agent's file; raises ConfigError with all that is wrong, one line each."""
    path = _find(given, environ)
    loaded = config.load(path, environ, {"agent": AgentSettings}, known=frozenset({"views"}))
    tree = tomllib.loads(path.read_text(encoding="utf-8"))
    settings = loaded.section("agent", AgentSettings)
    views = dict(SHIPPED) | _views(tree.get("views", {}), path)
    unknown = [name for name in settings.views if name not in views]
    if unknown:
        raise ConfigError(f"{path}: agent.views: there is no view {unknown[0]!r}{config.nearest(unknown[0], views)}")
    given_dir = "state_dir" in tree or "TIPD_STATE_DIR" in environ
    state_dir = loaded.state_dir if given_dir else default_state_dir(environ)
    return AgentConfig(agent=settings, views=views, state_dir=state_dir, path=path)


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """Return /var/lib/tipd-agent for root (or what systemd gives), else $XDG_STATE_HOME/tipd-agent."""
    if environ.get("STATE_DIRECTORY"):
        return Path(environ["STATE_DIRECTORY"].split(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/tipd-agent")
    return Path(environ.get("XDG_STATE_HOME") or f"{environ.get('HOME', '/')}/.local/state") / "tipd-agent"


def _find(given: Path | None, environ: Mapping[str, str]) -> Path:
    named = given or (Path(environ["TIPD_AGENT_CONFIG"]) if environ.get("TIPD_AGENT_CONFIG") else None)
    if named is not None:
        return named
    home = environ.get("XDG_CONFIG_HOME") or (f"{environ['HOME']}/.config" if environ.get("HOME") else None)
    places = [*([Path(home) / "tipd" / "agent.toml"] if home else []), Path("/etc/tipd/agent.toml")]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise ConfigError(f"{places[-1]}: there is no such file; write one with [agent] and its maildirs")
    return found


def _views(tables: Any, path: Path) -> dict[str, View]:
    found: dict[str, View] = {}
    if not isinstance(tables, dict):
        raise ConfigError(f"{path}: views: is not a table (write [views.NAME])")
    for name, table in tables.items():
        where = f"{path}:{config.line_of(path.read_text(encoding='utf-8'), f'views.{name}') or 1}: views.{name}"
        if not _NAME.fullmatch(name):
            raise ConfigError(f"{where}: a view cannot be called so: letters, digits, '.', '-' and '_'")
        base = msgspec.to_builtins(SHIPPED[name]) if name in SHIPPED else {}
        try:
            found[name] = _checked(msgspec.convert(base | table, View))
        except (msgspec.ValidationError, TypeError, ValueError) as error:
            raise ConfigError(f"{where}: {error}") from None
    return found


def _checked(view: View) -> View:
    _read(duration, "delay", view)
    tlp_of(view.tlp)
    for name in view.fields:
        _named("fields", name in KNOWN, f"name {name!r}, which no record has{config.nearest(name, KNOWN)}")
    return view


def _networks(key: str, values: tuple[str, ...]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(value, strict=False) for value in values)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _read(reader: Any, key: str, section: msgspec.Struct) -> Any:
    try:
        return reader(getattr(section, key))
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _named(key: str, good: bool, message: str) -> None:
    if not good:
        raise ValueError(f"{key} {message}")
