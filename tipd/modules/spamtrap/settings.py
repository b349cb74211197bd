"""The `[modules.spamtrap]` and `[sharing]` sections of the configuration."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from tipd.config import duration, size
from tipd.mail.record import Trap
from tipd.model.tlp import tlp_of

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,62}[a-z0-9])?", re.ASCII)
MOST_PATTERNS = 100
SHIPPED_ARCHIVES = (
    *("*.7z", "*.zip", "*.tar", "*.tar.*", "*.tgz", "*.tbz2", "*.txz", "*.gz", "*.bz2", "*.xz", "*.zst"),
    *("*.mbox", "*.mbx", "mbox"),
)
NO_MAILS = (
    "index.htm*",
    "README*",
    "CHANGES*",
    "LICEN[CS]E*",
    "robots.txt",
    "cmds",
    ".*",
    "*.md5",
    "*.sha256",
    "*.sig",
)


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an archive is laid out, `layout = { … }`; patterns are the shell's, on the last part or all of a name.

    `pages`: links of an index page that lead to further index pages below it; none: `[]`
    `depth`: how many steps these may go
    `archives`: links, or files of a folder, that are archives; a folder's other files are mails themselves
    `members`: names inside an archive that are mails
    `skip`: names that are none, wherever they stand
    `form`: what a member holds: `"mail"`, `"mbox"`, or `"auto"`: as its first bytes say
    `grows`: how many archives, the newest by name, may still grow; they are asked for again, the others only once
    """

    pages: tuple[str, ...] = ("*/",)
    depth: int = 2
    archives: tuple[str, ...] = SHIPPED_ARCHIVES
    members: tuple[str, ...] = ("*",)
    skip: tuple[str, ...] = NO_MAILS
    form: Literal["auto", "mail", "mbox"] = "auto"
    grows: int = 2

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        if not 0 <= self.depth <= 5:
            raise ValueError("depth must be from 0 to 5")
        if self.grows < 0:
            raise ValueError("grows must not be negative")
        for key in ("pages", "archives", "members", "skip"):
            if len(getattr(self, key)) > MOST_PATTERNS:
                raise ValueError(f"{key} holds more than {MOST_PATTERNS} patterns")


class _Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What archives and agents have in common.

    `name`: how it is called everywhere; unlike any other source's
    `enabled`: false: it is known and not read
    `url`: where it is
    `path`: the same as a file or folder of this machine
    `ca_file`: a certificate authority of its own
    `licence`: under which terms it is given, in a few words
    `redistribute`: whether what it says may be passed on; of an agent's only where its versions go `onward` too
    """

    name: str
    enabled: bool = True
    url: str = ""
    path: str = ""
    ca_file: str = ""
    licence: str = ""
    redistribute: bool = False

    def check(self, schemes: tuple[str, ...]) -> None:
        """Refuse what both cannot use; ValueError names the key."""
        if not _NAME.fullmatch(self.name):
            raise ValueError("name must be of small letters, digits, `-`, `_` and `.`, at most 64 of them")
        if bool(self.url) == bool(self.path):
            raise ValueError("url: give either url or path")
        if self.url:
            try:
                parts = urlsplit(self.url)
                fine = parts.scheme in schemes and bool(parts.hostname)
            except ValueError:
                fine = False
            if not fine:
                raise ValueError(f"url: {self.url!r} is no address of the kind {' or '.join(schemes)}")


class ArchiveSettings(_Source, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An archive of spam, `[[modules.spamtrap.archives]]`: an index page or folder of archives, or of mails.

    `url`: of the index page, or of a single archive
    `path`: a folder, or a single archive, of this machine
    `layout`: how it is laid out, a table of its own
    `every`: how often it is asked for what is new
    `tlp`: to whom what it says may be shown: `"clear"`, `"green"`, `"amber"`, `"amber+strict"` or `"red"`
    `trap`: what kind of trap it was: `"pristine"`, `"recycled"`, `"typo"`, or nothing where it is not known
    `own_networks`: networks of the host that received it, inside its trust boundary; none: the topmost outside hop is
        what counts
    `relays`: addresses of relays that forwarded to it, inside its trust boundary
    `authserv_id`: under which name that host wrote what it found of SPF and DKIM; empty: nobody's word is taken
    `allow_networks`: networks that are not public and may be reached for it, beside those of `[net]`
    """

    layout: Layout = Layout()
    every: str = "1d"
    tlp: str = "green"
    trap: Trap = ""
    own_networks: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()
    authserv_id: str = ""
    allow_networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        self.check(("http", "https"))
        _positive(self, "every")
        _mark(self.tlp, "tlp")
        for key in ("own_networks", "relays", "allow_networks"):
            networks_of(getattr(self, key), key)

    @property
    def own(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """All that is inside the trust boundary."""
        return networks_of((*self.own_networks, *self.relays), "own_networks")


class AgentSource(_Source, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An agent on a mail host, or a chain it made, `[[modules.spamtrap.agents]]`.

    `url`: where it listens, `https://…`; plain `http://` is for loopback alone
    `path`: a folder with its chain (`index.json`, versions and manifests), however it came there
    `push`: true: it pushes its versions to us; neither `url` nor `path` is given then
    `token_file`: the file with the token it gave us
    `client_cert_file`, `client_key_file`: a certificate to show it in the place of a token
    `public_key`: what it signs with (base64); empty: the key of the first contact is pinned, and told
    `view`: which view to take; empty: the one it gives us
    `agent`: its own name, where that is not `name`
    `every`: how often it is asked, beside its announcements
    `tlp`: to whom what it says may be shown at most; the stricter of this and its own mark holds
    `keep_versions`: how long its sealed versions are kept as files; manifests stay for ever
    `allow_networks`: networks that are not public and may be reached for it, beside those of `[net]`
    """

    push: bool = False
    token_file: str = ""
    client_cert_file: str = ""
    client_key_file: str = ""
    public_key: str = ""
    view: str = ""
    agent: str = ""
    every: str = "5m"
    tlp: str = "clear"
    keep_versions: str = "400d"
    allow_networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        if self.push and (self.url or self.path):
            raise ValueError("push: an agent that pushes has neither url nor path")
        if not self.push:
            self.check(("https", "http"))
        elif not _NAME.fullmatch(self.name):
            raise ValueError("name must be of small letters, digits, `-`, `_` and `.`, at most 64 of them")
        if bool(self.client_cert_file) != bool(self.client_key_file):
            raise ValueError("client_cert_file goes with client_key_file")
        for key in ("every", "keep_versions"):
            _positive(self, key)
        networks_of(self.allow_networks, "allow_networks")
        _mark(self.tlp, "tlp")
        try:
            if self.public_key and len(base64.b64decode(self.public_key, validate=True)) != 32:
                raise binascii.Error
        except ValueError:  # also what is no ASCII
            raise ValueError("public_key must be the base64 of 32 bytes") from None


class SpamtrapSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Spamtraps, `[modules.spamtrap]`; archives and agents are tables of their own.

    `enabled`: false: no archive is read and no agent is asked by this process
    `archives`: `[[modules.spamtrap.archives]]`, any number
    `agents`: `[[modules.spamtrap.agents]]`, any number
    `every`: how often it is looked which archives are due, beside after each round of the blacklists
    `at_once`: how many archives are read at the same time
    `keep_mails`: how long a row is kept of each mail; campaigns and what was sighted stay longer
    `sighting_keep`: how long an address stays listed after it was last seen sending
    `max_archive`: how many bytes one archive may have, packed
    `max_unpacked`: how many bytes may come out of one
    `max_members`: how many names one may hold
    `stall`: after how long without progress the process that reads an archive is killed
    `worker_memory_mb`: how much memory that process may take, in MiB
    `inbox_dir`: where `tipd-agent push` delivers; empty: `inbox` in the state folder
    `knowledge_dirs`: folders with your own knowledge of relays and hosts (TOML), read beside what is shipped
    """

    enabled: bool = True
    archives: tuple[ArchiveSettings, ...] = ()
    agents: tuple[AgentSource, ...] = ()
    every: str = "15m"
    at_once: int = 1
    keep_mails: str = "30d"
    sighting_keep: str = "14d"
    max_archive: str = "4GB"
    max_unpacked: str = "64GB"
    max_members: int = 2_000_000
    stall: str = "60s"
    worker_memory_mb: int = 512
    inbox_dir: str = ""
    knowledge_dirs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        for key in ("every", "keep_mails", "sighting_keep", "stall"):
            _positive(self, key)
        for key in ("max_archive", "max_unpacked"):
            try:
                size(getattr(self, key))
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        if not 1 <= self.at_once <= 64:
            raise ValueError("at_once must be from 1 to 64")
        if self.max_members < 1:
            raise ValueError("max_members must be at least 1")
        if self.worker_memory_mb < 128:
            raise ValueError("worker_memory_mb must be at least 128")
        for key in ("archives", "agents"):
            self._check_names(key)

    def _check_names(self, key: str) -> None:
        others = {one.name for one in self.archives} if key == "agents" else set()
        for number, one in enumerate(getattr(self, key)):
            if one.name in others:
                raise ValueError(f"{key}[{number}].name: there are two of the name {one.name!r}")
            others.add(one.name)


class SharingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Serving on what agents gave and allow to be passed on, `[sharing]`.

    `enabled`: true: it is served
    `listen`: where, `host:port`, `[::]:8473` for all addresses, of IPv4 too; TLS is required off loopback
    `tls_cert_file`, `tls_key_file`: certificate chain and key (PEM)
    `agents`: whose chains; none: of all that allow it
    `tlp`: the strictest mark of what is served
    """

    enabled: bool = False
    listen: str = "127.0.0.1:8473"
    tls_cert_file: str = ""
    tls_key_file: str = ""
    agents: tuple[str, ...] = ()
    tlp: str = "amber"

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        _mark(self.tlp, "tlp")
        if bool(self.tls_cert_file) != bool(self.tls_key_file):
            raise ValueError("tls_cert_file goes with tls_key_file")


def networks_of(texts: tuple[str, ...], key: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Return networks and addresses as networks; raises ValueError that names the key."""
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            raise ValueError(f"{key}: {text!r} is no network or address") from None
    return tuple(found)


def inbox_of(settings: SpamtrapSettings, state_dir: Path) -> Path:
    """Return the folder that `tipd-agent push` delivers to."""
    return Path(settings.inbox_dir).expanduser() if settings.inbox_dir else state_dir / "inbox"


def _positive(owner: msgspec.Struct, key: str) -> None:
    try:
        seconds = duration(getattr(owner, key)).total_seconds()
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    if seconds < 1:
        raise ValueError(f"{key}: must be at least 1s")


def _mark(word: str, key: str) -> None:
    try:
        tlp_of(word)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
