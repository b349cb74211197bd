"""A source as it is declared: one TOML file, frozen values (blueprint, section 6)."""

from __future__ import annotations

import hashlib
import importlib.metadata
import ipaddress
import re
from datetime import timedelta
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

import ada_url
import msgspec

from tipd.config import duration, nearest
from tipd.model.canonical import VERSION as CANONICAL_VERSION
from tipd.model.canonical.bogon import BOGONS4, BOGONS6, WIDEST
from tipd.model.canonical.domain import LOCAL_NAMES, LOCAL_TOPS
from tipd.model.classes import CLASSES
from tipd.model.kind import Kind
from tipd.model.proxy import proxy_address
from tipd.modules.blacklist.ageing import Ageing
from tipd.modules.blacklist.asking import Ask
from tipd.modules.blacklist.asking import check as check_request
from tipd.modules.blacklist.expect import Expect
from tipd.modules.blacklist.fields import Place, places
from tipd.modules.blacklist.fields import check as check_fields
from tipd.modules.blacklist.signature import Signature
from tipd.modules.blacklist.spans import check_duration

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z", re.ASCII)
DEFAULT_FLOOR = timedelta(minutes=5)
LOCAL_FLOOR = timedelta(seconds=1)
READER_VERSION = 2  # of how units, rows and indicators hang together

type Absence = Literal["left", "nothing"]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One source, as declared.

    `name`: of the source; the file's name where not given
    `url`: what is fetched; `path`: a local file instead, or a folder: its files are one list, compressed all or none
    `about`: one line on what it is
    `enabled`: false: it stays known and is not collected
    `licence`: what its provider allows, in a few words
    `commercial`: whether it may be used in a business, `yes`, `no` or `ask`
    `redistribute`: whether it may be passed on to others
    `tlp`: to whom: `clear`, `green`, `amber`, `amber+strict` or `red`
    `class`: what being listed means: a type of the Reference Security Incident Taxonomy, or one of ours (page sources)
    `homepage`: where the provider says what the list is and what may be done with it
    `checked`: the date on which the declaration was last compared with the provider's word
    `every`: how often it is asked; `min_interval`: the shortest its provider bears
    `parser`: its format; `kind`: of its indicators, one or several, or `auto`
    `absence`: `left`: the list is the whole set; `nothing`: recent rows, a sighting ends `keep` after it was last seen
    `keep`: where absence means nothing, how long after it was last seen a sighting ends ([ageing] has more)
    `timezone`: of naive dates
    `credential`: the name of a file in `credentials_dir` that goes where `{credential}` stands
    `client_cert_file`, `client_key_file`: what we show a server that asks who we are
    `entries`: there is nothing to fetch: what is reported to it by hand or by a script is the list
    `evidence`: where its address and format were seen
    `ca_file`, `proxy`, `allow_networks`, `max_body`: as in `[net]`, for this source
    `proxy_credential`: the name of a file in `credentials_dir` with `user:password` for the proxy
    `member`: which files of an archive, or of the folder that `path` names, are read: a pattern such as `*.txt`
    """

    name: str = ""
    url: str = ""
    path: str = ""
    about: str = ""
    enabled: bool = True
    licence: str = ""
    commercial: Literal["yes", "no", "ask"] = "ask"
    redistribute: bool = False
    tlp: Literal["clear", "green", "amber", "amber+strict", "red"] = "amber"
    class_: str = msgspec.field(default="blacklist", name="class")
    homepage: str = ""
    checked: str = ""
    every: str = ""
    min_interval: str = ""
    parser: str = "lines"
    kind: str | tuple[str, ...] = "auto"
    absence: Absence = "left"
    keep: str = "30d"
    timezone: str = "UTC"
    credential: str = ""
    ca_file: str = ""
    proxy: str = ""
    proxy_credential: str = ""
    allow_networks: tuple[str, ...] = ()
    max_body: str = ""
    member: str = "*"
    evidence: str = ""
    client_cert_file: str = ""
    client_key_file: str = ""
    entries: bool = False
    options: dict[str, Any] = {}
    fields: dict[str, Place] = {}
    where: dict[str, tuple[str | int | bool, ...]] = {}
    expect: Expect = Expect()
    request: Ask = Ask()
    ageing: Ageing = Ageing()
    signature: Signature | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        if not NAME.match(self.name):
            raise ValueError(f"name: {self.name!r} must be lower-case letters, digits, '_', '-' and '.', at most 64")
        if [bool(self.url), bool(self.path), self.entries].count(True) != 1:
            raise ValueError("url: give either url or path, or entries = true")
        if self.url:
            _check_url(self.url)
        elif self.path and not self.path.startswith("/"):
            raise ValueError("path: must be absolute")
        if self.class_ not in CLASSES:
            raise ValueError(f"class: there is no class {self.class_!r}{nearest(self.class_, CLASSES)}")
        check_fields(self.fields)
        for key in ("every", "min_interval", "keep"):
            if getattr(self, key):
                check_duration(key, getattr(self, key))
        _check_words(self)
        self.kinds  # noqa: B018 - raises ValueError

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds a row may have; all of them for `auto`."""
        names = (self.kind,) if isinstance(self.kind, str) else self.kind
        if names == ("auto",):
            return frozenset(Kind)
        try:
            return frozenset(Kind(name) for name in names)
        except ValueError as error:
            raise ValueError(f"kind: {str(error).replace(' Kind', ' kind')} ({', '.join(Kind)} or auto)") from None

    @property
    def may_be_page(self) -> bool:
        """Whether an HTML page is what it should be."""
        return self.expect.html or self.parser == "html"

    @property
    def places(self) -> dict[str, int | str]:
        """Where each of `[fields]` stands in a row, without what is done with it."""
        return places(self.fields)

    def parser_options(self) -> Any:
        """Return `[options]` as the parser's type; raises msgspec.ValidationError or ValueError."""
        from tipd.modules.blacklist.parsers.registry import FORMATS

        return msgspec.convert(self.options, FORMATS[self.parser].options, strict=True)

    def floor(self, *, nearby: bool) -> timedelta:
        """Return the shortest pause between two requests; `nearby`: local, or inside `allow_networks`."""
        if self.min_interval:
            return max(duration(self.min_interval), LOCAL_FLOOR)
        return LOCAL_FLOOR if nearby or self.path else DEFAULT_FLOOR

    def is_nearby(self, allow_networks: tuple[str, ...]) -> bool:
        """Say whether the address in the URL lies inside networks that were allowed (global, or of this source)."""
        if not self.url:
            return True
        host = ada_url.URL(self.url.replace("{credential}", "x")).hostname.strip("[]")
        try:
            address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        except ValueError:
            return False
        return any(
            address in ipaddress.ip_network(net, strict=False) for net in (*allow_networks, *self.allow_networks)
        )

    def digest(self) -> bytes:
        """Return 32 bytes that change when a body would be asked for, or read, in another way.

        Whatever is stored of the last answer (validators, body hash, snapshot) is believed under the same digest only.
        A key that is not known here to make no difference counts as one that does.
        """
        from tipd.modules.blacklist.parsers.registry import FORMATS

        keys = {name: getattr(self, name) for name in self.__struct_fields__ if name not in _NO_DIFFERENCE}
        versions = [FORMATS[self.parser].version, READER_VERSION, CANONICAL_VERSION, _guard_lists()]
        return hashlib.sha256(msgspec.json.encode([keys, versions], order="sorted")).digest()

    def declared(self) -> bytes:
        """Return 32 bytes that change with any key of the declaration."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).digest()


def _check_words(source: Source) -> None:
    try:
        ZoneInfo(source.timezone)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"timezone: {source.timezone!r} is not one of the tz database") from None
    for network in source.allow_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise ValueError(f"allow_networks: {error}") from None
    for key in ("credential", "proxy_credential"):
        if (name := getattr(source, key)) and not NAME.match(name):
            raise ValueError(f"{key}: is a file's name without folder, lower-case")
    _check_connection(source)
    check_request(source)
    if source.signature is not None and source.entries:
        raise ValueError("signature: signs a body, not what is reported by hand")


def _check_connection(source: Source) -> None:
    if source.proxy and source.proxy != "none":
        proxy_address(source.proxy)
    if source.client_key_file and not source.client_cert_file:
        raise ValueError("client_cert_file: is missing, client_key_file goes with it")
    for key in ("ca_file", "client_cert_file", "client_key_file"):
        if (name := getattr(source, key)) and not name.startswith("/"):
            raise ValueError(f"{key}: must be absolute")


def _check_url(text: str) -> None:
    try:
        url = ada_url.URL(text.replace("{credential}", "x"))
    except ValueError:
        raise ValueError(f"url: {text!r} is not a URL") from None
    if url.protocol not in {"http:", "https:"}:
        raise ValueError(f"url: only http and https are fetched, not {url.protocol}")
    if url.username or url.password:
        raise ValueError("url: carries a user name or password; use credential")


# Keys that change neither what comes nor how it is read.
_NO_DIFFERENCE = frozenset(
    {"name", "about", "enabled", "licence", "commercial", "redistribute", "tlp", "homepage", "checked", "evidence"}
    | {"every", "min_interval", "ca_file", "client_cert_file", "client_key_file", "proxy", "proxy_credential"}
)


@cache
def _guard_lists() -> str:
    """Return what names the lists that rows are refused by: bogons, names that are nobody's, public suffixes."""
    lists = [BOGONS4, BOGONS6, sorted(WIDEST.items()), sorted(LOCAL_NAMES | LOCAL_TOPS)]
    suffixes = importlib.metadata.version("publicsuffixlist")
    return hashlib.sha256(msgspec.json.encode([lists, suffixes])).hexdigest()
