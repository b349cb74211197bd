"""`/api/v1/tokens`: made, listed and revoked by who holds `admin`; and one-time console links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.api.address import base_of
from tipd.api.auth import SCOPES
from tipd.api.declare import Answer, Call, Route
from tipd.api.problem import Problem
from tipd.api.sessions import CODE_LIFETIME
from tipd.api.shapes import ConsoleLink, CreatedToken, NewToken, TokenList, TokenShape
from tipd.api.sight import mark_given, max_tlp_of
from tipd.config import duration

if TYPE_CHECKING:
    from datetime import datetime

    from tipd.api.services import Token


async def list_tokens(call: Call) -> TokenList:
    """All tokens without their secrets, revoked ones too."""
    return TokenList(tokens=[_shape(token) for token in await call.core.services.store.tokens.all()])


async def create_token(call: Call) -> CreatedToken:
    """A new token, whose secret is shown this once. It sees no more than who makes it."""
    asked: NewToken = call.body
    unknown = sorted(set(asked.scopes) - set(SCOPES))
    if unknown:
        raise Problem(400, f"unknown scope {unknown[0]!r}: there are {', '.join(SCOPES)}", known=SCOPES)
    mark = mark_given(call, asked.max_tlp)
    token, secret = await call.core.services.store.tokens.create(
        asked.scopes, note=asked.note, expires=_expires(call, asked.expires_in), max_tlp=mark.word
    )
    return CreatedToken(
        id=token.id,
        token=secret,
        scopes=list(token.scopes),
        note=token.note,
        expires=token.expires,
        max_tlp=token.max_tlp,
    )


async def revoke_token(call: Call) -> Answer:
    """Revoke a token: its next request is refused, its streams are closed."""
    token_id = call.path["token_id"]
    revoked = await call.core.services.store.tokens.revoke(token_id)
    call.core.hub.cut_token(token_id)
    if not revoked:
        raise Problem(404, "there is no such token, or it was revoked before")
    return Answer(status=204)


async def console_link(call: Call) -> ConsoleLink:
    """A one-time way into the web console, which shows what the caller may see."""
    code = call.core.services.sessions.new_console_code(max_tlp_of(call))
    base = base_of(call.core.names, secure=call.core.services.settings.tls_cert_file is not None)
    return ConsoleLink(path=f"/login?code={code}", base=base, code=code, expires_in=int(CODE_LIFETIME))


def _expires(call: Call, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return call.core.services.clock.now() + duration(text)
    except (ValueError, OverflowError) as error:
        raise Problem(400, f"expires_in: {error}") from None


def _shape(token: Token) -> TokenShape:
    return TokenShape(
        id=token.id,
        scopes=list(token.scopes),
        note=token.note,
        created=token.created,
        expires=token.expires,
        revoked=token.revoked,
        max_tlp=token.max_tlp,
    )


_PATH = "/api/v1/tokens"
ROUTES = (
    Route(
        method="GET", path=_PATH, view=list_tokens, scope="admin", answer=TokenList, summary="All tokens", tag="tokens"
    ),
    Route(
        method="POST",
        path=_PATH,
        view=create_token,
        scope="admin",
        body=NewToken,
        answer=CreatedToken,
        status=201,
        summary="Make a token",
        tag="tokens",
    ),
    Route(
        method="DELETE",
        path=f"{_PATH}/<token_id>",
        view=revoke_token,
        scope="admin",
        status=204,
        problems=(404,),
        summary="Revoke a token",
        tag="tokens",
    ),
    Route(
        method="POST",
        path="/api/v1/console-links",
        view=console_link,
        scope="admin",
        answer=ConsoleLink,
        status=201,
        summary="Make a one-time console link",
        tag="tokens",
    ),
)
