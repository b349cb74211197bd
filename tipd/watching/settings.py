"""The tables `[[watch]]` and `[[sink]]` of the configuration."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

import msgspec

from tipd.config import duration
from tipd.model.choice import ANY
from tipd.model.tlp import Tlp, tlp_of

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", re.ASCII)
_URL = re.compile(r"https?://[^\s/?#@]+(?:[/?][^\s#]*)?", re.ASCII)
_KIND = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*", re.ASCII)
_LONGEST_GROUP = 86400  # seconds
_LONGEST_TIMEOUT = 600


class WatchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is yours, so that findings about it carry this watch's name; `[[watch]]`, any number of them.

    name: what findings call it, `watch=` filters by and sinks name.
    networks: networks and addresses of yours: a finding about one inside, or a network around, matches.
    networks_file: a file with more of them, one a line; `#` begins a comment.
    asns: numbers of autonomous systems: of the AS itself, and (with a table of them) of the addresses it announces.
    domains: names of yours: a finding about one, a name below, a URL or a mail address there matches.
    domains_file: a file with more of them, one a line; `#` begins a comment.
    patterns: RE2 expressions that are searched for in the value (`(?i)` to ignore case).
    looks_like: names of yours that others may imitate: one letter off, drawn alike, with more words, under another top.
    """

    name: str
    networks: list[str] = []
    networks_file: str | None = None
    asns: list[Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]] = []
    domains: list[str] = []
    domains_file: str | None = None
    patterns: list[str] = []
    looks_like: list[str] = []

    def __post_init__(self) -> None:
        """Check what the types cannot say; raises ValueError that names the key."""
        check_name(self.name)
        if not (
            self.networks
            or self.networks_file
            or self.asns
            or self.domains
            or self.domains_file
            or self.patterns
            or self.looks_like
        ):
            raise ValueError("name: this watch names nothing to watch (networks, asns, domains, patterns, looks_like)")


class SinkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who is told of findings: a webhook or a command; `[[sink]]`, any number of them.

    name: what it is called in health, logs and its own cursor: another name begins at the log's end.
    watch: only findings that one of these watches matches, `["*"]`: any watch; none: whatever they match.
    kinds: only these kinds of finding; none: every kind.
    url: where findings are posted to as JSON.
    command: a program with its arguments, run with findings as JSON Lines on its standard input; no shell.
    secret_file: a file (mode 0600) with the secret that messages to `url` are signed with.
    group: how long to gather findings before a message goes out.
    most: findings of one message, at most.
    max_tlp: findings with a stricter mark are never told here.
    timeout: how long the receiver may take over one message.
    allow_networks: networks that `url` may lead to although they are not public.
    ca_file: certificates (PEM) trusted for `url` instead of the system's.
    """

    name: str
    watch: list[str] = []
    kinds: list[str] = []
    url: str | None = None
    command: list[str] = []
    secret_file: str | None = None
    group: str = "30s"
    most: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500
    max_tlp: str = "green"
    timeout: str = "30s"
    allow_networks: list[str] = []
    ca_file: str | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot say; raises ValueError that names the key."""
        check_name(self.name)
        if (self.url is None) == (not self.command):
            raise ValueError("url: a sink has either a url or a command")
        if self.url is not None and not _URL.fullmatch(self.url):
            raise ValueError(f"url: {self.url[:100]!r} is not like https://hooks.example.org/tipd")
        if self.url is None and (self.secret_file or self.ca_file or self.allow_networks):
            raise ValueError("secret_file, ca_file and allow_networks go with a url")
        if any("\0" in word for word in self.command) or (self.command and not self.command[0]):
            raise ValueError("command: names no program")
        for kind in self.kinds:
            if not _KIND.fullmatch(kind):
                raise ValueError(f"kinds: {kind[:100]!r} is no kind of finding (such as indicator.listed)")
        _check_networks(self.allow_networks)
        _check_seconds("group", self.group, 0, _LONGEST_GROUP)
        _check_seconds("timeout", self.timeout, 1, _LONGEST_TIMEOUT)
        try:
            tlp_of(self.max_tlp)
        except ValueError as error:
            raise ValueError(f"max_tlp: {error}") from None

    @property
    def mark(self) -> Tlp:
        """The strictest mark it is told."""
        return tlp_of(self.max_tlp)

    @property
    def target(self) -> str:
        """Where it tells to, for people and for knowing whether that changed."""
        return self.url if self.url is not None else " ".join(self.command)

    def seconds(self, key: str) -> float:
        """Return one of the durations in seconds."""
        return duration(getattr(self, key)).total_seconds()


def check_name(name: str) -> None:
    """Raise ValueError where this is no name for a watch or a sink."""
    if not _NAME.fullmatch(name) or name == ANY:
        raise ValueError(f"name: {name[:100]!r} is not letters, digits, '-', '_' and '.', at most 63")


def _check_networks(texts: list[str]) -> None:
    for text in texts:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            raise ValueError(f"allow_networks: {error}") from None


def _check_seconds(key: str, text: str, least: float, most: float) -> None:
    try:
        seconds = duration(text).total_seconds()
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    if not least <= seconds <= most:
        raise ValueError(f"{key} must be from {least}s to {most}s")
