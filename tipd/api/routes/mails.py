"""`/api/v1/mails`: stored mails, and what is kept of one."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.past import LONGEST_VALUE
from tipd.api.problem import Problem
from tipd.api.routes.flux import aware
from tipd.api.shapes_spam import MailAnswer, MailPage
from tipd.api.sight import max_tlp_of
from tipd.api.spam_view import mail_detail_of, mail_of
from tipd.model.canonical import canonical
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.model.trapped import campaign_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.trapped import MailTold

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KINDS = frozenset({Kind.IPV4, Kind.IPV6, Kind.DOMAIN, Kind.URL, Kind.SHA256})


class MailsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Mails that have this value, of this campaign, that came by this source, between two moments.

    `value`: an address that handed them over, a host, a URL, or the SHA-256 of an attachment; `after`: what the page
    before gave as `next`.
    """

    value: Annotated[str, msgspec.Meta(max_length=LONGEST_VALUE)] = ""
    campaign: str = ""
    source: Annotated[str, msgspec.Meta(max_length=255)] = ""
    since: datetime | None = None
    until: datetime | None = None
    after: Annotated[str, msgspec.Meta(max_length=256)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


async def mails(call: Call) -> MailPage:
    """Stored mails, the latest first."""
    asked: MailsQuery = call.query
    rows = await _rows(call, asked)
    page = rows[: asked.limit]
    more = page[-1].sha256 if len(rows) > asked.limit else None
    return MailPage(mails=[mail_of(one) for one in page], next=more)


async def _rows(call: Call, asked: MailsQuery) -> Sequence[MailTold]:
    given: dict[str, Any] = {
        "campaign": _campaign(asked.campaign) if asked.campaign else None,
        "source": asked.source or None,
        "since": None if asked.since is None else aware(asked.since, "since"),
        "until": None if asked.until is None else aware(asked.until, "until"),
        "after": sha256_in(asked.after, "after", 400) if asked.after else "",
    }
    value = _value(asked.value) if asked.value.strip() else None
    spam, mark = call.core.services.store.spam, max_tlp_of(call)
    return await spam.mails(value, **given, limit=asked.limit + 1, max_tlp=mark)


def _value(text: str) -> str:
    try:
        subject = canonical(text.strip(), poison=False)
    except RefusedValue as refused:
        raise Problem(400, f"that is no value mails could have: {refused.reason}", reason=refused.reason) from None
    if subject.kind not in _KINDS:
        raise Problem(400, f"mails are found by addresses, names, URLs and SHA-256 hashes, not by a {subject.kind}")
    return subject.value


def _campaign(name: str) -> int:
    try:
        return campaign_key(name.lower())
    except ValueError as error:
        raise Problem(400, f"campaign: {error}", parameter="campaign") from None


def sha256_in(text: str, what: str, status: int) -> str:
    """Return a SHA-256 in lower case; raises Problem with that status."""
    if not _SHA256.fullmatch(text.lower()):
        raise Problem(status, f"{what}: a mail's name is its SHA-256, 64 hex digits")
    return text.lower()


async def mail(call: Call) -> MailAnswer:
    """What is kept of one mail, as each source tells of it."""
    sha256 = sha256_in(call.path["sha256"], "mail", 404)
    rows = await call.core.services.store.spam.mails(sha256=sha256, max_tlp=max_tlp_of(call))
    if not rows:
        raise Problem(404, f"no mail {sha256} is kept")
    return MailAnswer(sha256=sha256, mails=[mail_detail_of(one) for one in rows])


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/mails",
        view=mails,
        query=MailsQuery,
        answer=MailPage,
        problems=(503,),
        summary="Stored mails",
        tag="spam",
    ),
    Route(
        method="GET",
        path="/api/v1/mails/<sha256>",
        view=mail,
        answer=MailAnswer,
        problems=(404, 503),
        summary="What is kept of one mail",
        tag="spam",
    ),
)
