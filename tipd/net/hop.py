"""One stop of a fetch: where to, what is said there, and where a redirect may lead.

Redirects never lead from https to http, to another scheme, or in a circle; to another origin they lead without what was
declared for the first one (credentials, cookies, body).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ada_url
import h11

from tipd.net.credential import PLACE
from tipd.net.decode import ACCEPT_ENCODING
from tipd.net.request import FetchError

if TYPE_CHECKING:
    from tipd.net.credential import Credential
    from tipd.net.request import Request, Validators

MAX_REDIRECTS = 5
MAX_URL = 8192
SHOWN = 32  # characters of a scheme
_PORTS = {"http:": 80, "https:": 443}
_HARMLESS = frozenset({"accept", "accept-language", "user-agent"})  # declared headers that any host may see


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL points: `host` is an A-label name without a trailing dot, or an address without brackets."""

    url: str
    secure: bool
    host: str
    port: int
    target: str  # path and query

    @property
    def authority(self) -> str:
        """Return `host:port`, the unit of manners and of origin."""
        return f"{self.host}:{self.port}"

    @property
    def origin(self) -> tuple[bool, str]:
        """Return what must be the same for a credential to go along."""
        return self.secure, self.authority


@dataclass(frozen=True, slots=True)
class Hop:
    """One request to one place; `headers` are the declared ones, filled in."""

    place: Place
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    number: int = 0

    def message(
        self, user_agent: str, validators: Validators | None, *, absolute: bool, proxy_word: str | None = None
    ) -> h11.Request:
        """Return what is sent; `absolute` for an HTTP proxy, `proxy_word` tells it who we are.

        Raises FetchError where a header cannot be sent.
        """
        place = self.place
        host = f"[{place.host}]" if ":" in place.host else place.host
        default = place.port == (443 if place.secure else 80)
        shown = host if default else f"{host}:{place.port}"
        lines = {"host": shown, "accept": "*/*", "accept-encoding": ACCEPT_ENCODING, "connection": "close"}
        if validators and validators.etag:
            lines["if-none-match"] = validators.etag
        if validators and validators.last_modified:
            lines["if-modified-since"] = validators.last_modified
        if self.method == "POST":
            lines["content-length"] = str(len(self.body))
        if proxy_word:
            lines["proxy-authorization"] = proxy_word
        lines |= {name.lower(): value for name, value in self.headers}
        declared = lines.get("user-agent")  # some sources want a name of ours in it; who we are is said all the same
        lines["user-agent"] = f"{declared} {user_agent}" if declared else user_agent
        target = f"http://{shown}{place.target}" if absolute else place.target
        try:
            return h11.Request(method=self.method, target=target, headers=list(lines.items()))
        except (h11.LocalProtocolError, UnicodeEncodeError):  # quotes the header: a credential may stand there
            raise FetchError("unreachable", "a declared header or the URL cannot be sent over HTTP") from None


def first_hop(request: Request, credential: Credential) -> Hop:
    """Return the first stop of a request; raises FetchError `unreachable` for a URL that cannot be fetched."""
    return Hop(
        place=locate(credential.fill_url(request.url)),
        method=request.method,
        headers=tuple((name, credential.fill(value)) for name, value in request.headers.items()),
        body=credential.fill(request.body or "").encode(),
    )


def next_hop(hop: Hop, status: int, location: str | None, request: Request, credential: Credential) -> Hop:
    """Return where a redirect leads (RFC 9110, 15.4); raises FetchError for where it must not."""
    if not location:
        raise FetchError("unreachable", f"the server answered {status} without saying where to", http_status=status)
    if hop.number >= MAX_REDIRECTS:
        raise FetchError("unreachable", f"more than {MAX_REDIRECTS} redirects", http_status=status)
    try:
        place = locate(ada_url.join_url(hop.place.url, location[:MAX_URL]))
    except ValueError:
        raise FetchError("unreachable", "redirected to something that is no URL", http_status=status) from None
    if hop.place.secure and not place.secure:
        raise FetchError("unreachable", "redirected from https to http", http_status=status)
    moved = replace(hop, place=place, number=hop.number + 1)
    if status == 303 or (status in {301, 302} and hop.method == "POST"):
        moved = replace(moved, method="GET", body=b"")
    return moved if place.origin == hop.place.origin else _stranger(moved, request, credential)


def _stranger(hop: Hop, request: Request, credential: Credential) -> Hop:
    """Return the hop without what was meant for the first origin."""
    if credential.within(hop.place.url) or (hop.body and PLACE in (request.body or "")):
        raise FetchError("unreachable", "redirected to another host together with the credential")
    harmless = tuple((name, value) for name, value in hop.headers if name.lower() in _HARMLESS)
    return replace(hop, headers=tuple(pair for pair in harmless if not credential.within(pair[1])))


def shown(url: str) -> str:
    """Return a declared URL for a log: without a user name or password, were there any."""
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        return "?"
    return f"{parsed.protocol}//{parsed.host}{parsed.pathname}{parsed.search}"


def locate(text: str) -> Place:
    """Return where a URL points, read as browsers do (WHATWG); raises FetchError `unreachable`."""
    try:
        url = ada_url.URL(text)
    except ValueError:
        raise FetchError("unreachable", "not a URL that can be fetched") from None
    if url.protocol not in _PORTS:
        named = url.protocol if len(url.protocol) <= SHOWN else "that"  # half a secret cannot be hidden
        raise FetchError("unreachable", f"{named} is not fetched: only http and https are")
    if url.username or url.password:
        raise FetchError("unreachable", "the URL carries a user name or password: use a credential file")
    if len(url.href) > MAX_URL:
        raise FetchError("unreachable", f"the URL is longer than {MAX_URL} characters")
    url.hash = ""
    return Place(
        url=url.href,
        secure=url.protocol == "https:",
        host=url.hostname.strip("[]").rstrip("."),
        port=int(url.port or _PORTS[url.protocol]),
        target=url.pathname + url.search,
    )
