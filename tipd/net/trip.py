"""One fetch from its first hop to its last: turn, connection, question, answer, body."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import trio

from tipd.model.proxy import proxy_address
from tipd.net import answer as answers
from tipd.net import transport
from tipd.net.credential import read_proxy_credential
from tipd.net.decode import DecodeError, decoder_for
from tipd.net.exchange import Exchange
from tipd.net.guard import Guard
from tipd.net.hop import first_hop, next_hop
from tipd.net.request import Fetched, FetchError
from tipd.net.resolve import ResolveError, literal
from tipd.net.sink import Sink

if TYPE_CHECKING:
    from pathlib import Path

    import h11

    from tipd.clock import Clock
    from tipd.net.credential import Credential
    from tipd.net.hop import Hop, Place
    from tipd.net.politeness import Politeness, Turn
    from tipd.net.request import Limits, Request, Validators
    from tipd.net.resolve import Resolver
    from tipd.net.tls import Contexts

DIRECTLY = "none"


@dataclass(frozen=True, slots=True)
class Tools:
    """What all fetches of a process share."""

    clock: Clock
    guard: Guard
    resolver: Resolver
    politeness: Politeness
    contexts: Contexts
    user_agent: str
    limits: Limits
    proxy: str | None
    ca_file: Path | None


class Trip:
    """One fetch. Raises FetchError, whose text may still hold the credential (`Fetcher` hides it), and OSError."""

    def __init__(self, tools: Tools, request: Request, credential: Credential, into: Path) -> None:
        """Do nothing yet."""
        self._tools = tools
        self._request = request
        self._credential = credential
        self._into = into
        self._limits = request.limits or tools.limits
        if request.max_body is not None:
            self._limits = replace(self._limits, max_body=request.max_body)
        self._guard = tools.guard.also(request.allow_networks)
        self._key = request.floor_key or (request.method, request.url, request.body)
        proxy = request.proxy or tools.proxy
        self._proxy = None if proxy == DIRECTLY else proxy
        self._proxy_word: str | None = None
        self._phase = "waiting for its turn"
        self._scope = trio.CancelScope()
        self._started = trio.current_time()

    async def go(self) -> Fetched:
        """Follow the hops to the end."""
        if self._proxy:
            self._proxy_word = await read_proxy_credential(self._request.proxy_credential_file)
        hop, seen = first_hop(self._request, self._credential), set[tuple[str, str]]()
        with self._scope:
            while True:
                if (hop.method, hop.place.url) in seen:
                    raise FetchError("unreachable", "redirected in a circle")
                seen.add((hop.method, hop.place.url))
                outcome = await self._visit(hop)
                if isinstance(outcome, Fetched):
                    return outcome
                hop = outcome
        raise FetchError("unreachable", f"timeout: {self._limits.deadline:g} s passed while {self._phase}")

    async def _visit(self, hop: Hop) -> Fetched | Hop:
        async with self._tools.politeness.turn(hop.place.authority) as turn:
            if hop.number == 0:
                self._scope.deadline = trio.current_time() + self._limits.deadline
                await self._tools.politeness.floor(self._key)
            stream, address = await self._connect(hop.place, turn)
            try:
                if hop.number == 0:
                    self._tools.politeness.asked(self._key, self._request.min_interval)
                return await self._converse(hop, Exchange(stream, self._limits), address)
            except FetchError as error:
                error.address = address
                raise
            finally:
                await trio.aclose_forcefully(stream)

    # --- connecting -------------------------------------------------------------------------------------------------

    async def _connect(self, place: Place, turn: Turn) -> tuple[trio.abc.Stream, str]:
        if self._proxy:
            dialled = await self._dial_proxy(place, self._proxy)
        else:
            addresses = await self._addresses(place.host)
            self._phase = f"connecting to {place.authority}"
            allowed = transport.vetted(addresses, self._guard)
            dialled = await transport.race(allowed, place.port, self._guard, self._limits.connect)
            turn.near = self._guard.names(dialled.address)
        if not place.secure:
            return dialled.stream, dialled.address
        try:
            return await self._secure(dialled.stream, place), dialled.address
        except BaseException:
            await trio.aclose_forcefully(dialled.stream)
            raise

    async def _dial_proxy(self, place: Place, proxy: str) -> transport.Dialled:
        """Connect to the proxy, which the operator named and is trusted for that; it resolves names by itself."""
        if literal(place.host):
            transport.vetted([place.host], self._guard)
        try:
            host, port = proxy_address(proxy)
        except ValueError as error:
            raise FetchError("unreachable", str(error)) from None
        addresses = await self._addresses(host)
        self._phase = f"connecting to the proxy {host}:{port}"
        return await transport.race(addresses[: transport.MAX_TRIED], port, Guard(addresses), self._limits.connect)

    async def _addresses(self, host: str) -> list[str]:
        address = literal(host)
        if address is not None:
            return [address]
        self._phase = f"looking up {host}"
        try:
            return await self._tools.resolver.resolve(host)
        except ResolveError as error:
            raise FetchError("unreachable", f"DNS: {error}") from None

    async def _secure(self, stream: trio.abc.Stream, place: Place) -> trio.abc.Stream:
        request = self._request
        files = (request.ca_file or self._tools.ca_file, request.client_cert_file, request.client_key_file)
        context = await self._tools.contexts.get(files)
        self._phase = f"TLS handshake with {place.host}"
        with trio.move_on_after(self._limits.connect):
            if self._proxy:
                await transport.tunnel(stream, place.host, place.port, self._proxy_word)
            return await transport.secure(stream, place.host, context)
        raise FetchError("unreachable", f"timeout: no TLS with {place.host} within {self._limits.connect:g} s")

    # --- talking ----------------------------------------------------------------------------------------------------

    async def _converse(self, hop: Hop, exchange: Exchange, address: str) -> Fetched | Hop:
        self._phase = "waiting for the answer"
        sent = self._request.validators if hop.method == "GET" else None
        plain_proxy = bool(self._proxy) and not hop.place.secure
        word = self._proxy_word if plain_proxy else None
        message = hop.message(self._tools.user_agent, sent, absolute=plain_proxy, proxy_word=word)
        answer = await exchange.ask(message, hop.body)
        if answer.status_code in answers.REDIRECTS:
            location = answers.header(answer, b"location")
            return next_hop(hop, answer.status_code, location, self._request, self._credential)
        if answer.status_code == 304:
            return self._not_modified(hop, address)
        error = answers.trouble(answer, self._tools.clock.now())
        if error is not None:
            if error.state == "rate_limited" and error.retry_after:
                self._tools.politeness.hold(hop.place.authority, error.retry_after)
            raise error
        return await self._body(hop, exchange, answer, address)

    def _not_modified(self, hop: Hop, address: str) -> Fetched:
        sent = self._request.validators
        if hop.method != "GET" or sent is None or not (sent.etag or sent.last_modified):
            raise FetchError("wrong_page", "the server answered 304 though no validators were sent", None, 304)
        return Fetched(
            status="unchanged",
            http_status=304,
            url=self._credential.hide(hop.place.url),
            address=address,
            validators=sent,
            path=None,
            sha256=sent.sha256,
            content_type=None,
            took=trio.current_time() - self._started,
        )

    async def _body(self, hop: Hop, exchange: Exchange, answer: h11.Response, address: str) -> Fetched:
        self._phase = "reading the body"
        try:
            decoder = decoder_for(answers.content_encoding(answer))
        except DecodeError as error:
            raise FetchError("wrong_page", str(error), None, answer.status_code) from None
        sink, kept = Sink(self._into, decoder, self._limits, self._credential.scrubber()), False
        try:
            while (data := await exchange.more()) is not None:
                await sink.take(data)
            digest = await sink.finish()
            kept = True
        finally:
            await sink.close(keep=kept)
        known = self._request.validators and self._request.validators.sha256
        return Fetched(
            status="unchanged" if known == digest else "ok",
            http_status=answer.status_code,
            url=self._credential.hide(hop.place.url),
            address=address,
            validators=self._unspoilt(answers.validators(answer, digest)),
            path=self._into,
            sha256=digest,
            content_type=self._credential.hide(answers.content_type(answer) or "") or None,
            took=trio.current_time() - self._started,
            wire=exchange.wire,
            bytes=sink.size,
            headers={
                name: self._credential.hide(text)
                for name, text in answers.kept(answer, self._request.kept_headers).items()
            },
        )

    def _unspoilt(self, found: Validators) -> Validators:
        """Drop a validator that repeats the credential: it would be stored."""
        spoilt = {
            name: None
            for name in ("etag", "last_modified")
            if (text := getattr(found, name)) and self._credential.within(text)
        }
        return replace(found, **spoilt)
