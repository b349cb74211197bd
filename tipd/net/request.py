"""What is asked of the fetcher and what it answers: values, and the one error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tipd.errors import TipdError

type FetchState = Literal["forbidden", "gone", "rate_limited", "unreachable", "needs_key", "wrong_page"]
type Digest = bytes

# tipd says these by itself: a declaration that could set them could smuggle a second request or hide who asks.
OWN_HEADERS = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "host", "if-modified-since", "if-none-match"),
        *("if-range", "keep-alive", "proxy-authorization", "proxy-connection", "range", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
    }
)


@dataclass(frozen=True, slots=True)
class Validators:
    """What a source said of its last body (RFC 9110, 8.8), and that body's hash; to be sent back unchanged.

    `etag` may be weak (`W/"…"`); `sha256` is 32 raw bytes, of the content after content-encoding was undone.
    """

    etag: str | None = None
    last_modified: str | None = None
    sha256: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one fetch: seconds and bytes; `min_rate` is bytes a second, over each `rate_window` seconds."""

    deadline: float = 600.0
    connect: float = 10.0
    answer: float = 60.0
    min_rate: int = 1024
    rate_window: float = 30.0
    max_wire: int = 256 * 2**20
    max_body: int = 2**30
    max_ratio: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing to fetch. `url`, header values and `body` may contain `{credential}`, read at each fetch.

    `allow_networks`, `ca_file` and `proxy` add to or stand before those of `[net]` (`proxy="none"`: directly).
    `limits` stand in the place of `[net]`'s as a whole, `max_body` (bytes) in the place of that one alone.
    `min_interval` is in seconds: the same request is not made again before, whoever asks; requests with one `floor_key`
    count as the same. `kept_headers` (lower case) are those of the answer to be told in `Fetched.headers`.
    `proxy_credential_file` holds `user:password` for the proxy.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    validators: Validators | None = None
    limits: Limits | None = None
    max_body: int | None = None
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    proxy: str | None = None
    credential_file: Path | None = None
    min_interval: float = 0.0
    floor_key: str = ""
    kept_headers: tuple[str, ...] = ()
    proxy_credential_file: Path | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for what a declaration may not ask."""
        if self.method not in {"GET", "POST"}:
            raise ValueError(f"method {self.method!r}: only GET and POST are spoken")
        if self.body is not None and self.method != "POST":
            raise ValueError("a body goes with method POST")
        for name in self.headers:
            if name.lower() in OWN_HEADERS:
                raise ValueError(f"header {name!r} is set by tipd itself")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A fetch that worked.

    `unchanged`: the source said so (304; `path` is None) or the body has the hash that was sent along (200; written
    all the same). `validators` are those to keep for the next time. `url` is the last one of the redirects, without
    the credential; `address` the one connected to (a proxy's, where there is one). `bytes` counts the body after
    decompression, `wire` before; `took` is in seconds, the wait for the host's turn included. `headers` are those that
    were to be kept, in lower case. Where the server repeats the credential, here or in the body, `{credential}` stands
    in its place.
    """

    status: Literal["ok", "unchanged"]
    http_status: int
    url: str
    address: str
    validators: Validators
    path: Path | None
    sha256: Digest | None
    content_type: str | None
    took: float
    wire: int = 0
    bytes: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


class FetchError(TipdError):
    """A fetch that did not work, in the words of a source's states; the text never holds a credential.

    `retry_after` is in seconds from now, where the source asked for it.
    """

    def __init__(
        self,
        state: FetchState,
        message: str,
        retry_after: float | None = None,
        http_status: int | None = None,
        address: str | None = None,
    ) -> None:
        """Keep what happened beside the text."""
        super().__init__(message)
        self.state: FetchState = state
        self.retry_after = retry_after
        self.http_status = http_status
        self.address = address


class TooSoon(FetchError):
    """Not asked at all: the request's floor has not passed, or the host wants to be left alone until `retry_after`."""

    def __init__(self, message: str, retry_after: float) -> None:
        """State `rate_limited`; `retry_after` says how long is left."""
        super().__init__("rate_limited", message, retry_after)
