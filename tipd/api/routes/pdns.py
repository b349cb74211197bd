"""`/pdns/query/{q}`: passive DNS in the Common Output Format (draft-dulaunoy-dnsop-passive-dns-cof), a JSON line a row.

Clients such as pypdns put the query behind the address they are given, and authenticate with a name and a password: the
password is the token. They may ask for one type of record in a header (`dribble-filter-rrtype`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from tipd.api.declare import Answer, Call, Route
from tipd.api.flux_view import type_word
from tipd.api.routes.pivot import subject_of
from tipd.api.sight import max_tlp_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.tracked import Seen

NDJSON = "application/x-ndjson"
_TYPE_HEADER = "dribble-filter-rrtype"
_encoder = msgspec.json.Encoder()


class PdnsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Only records of this type; at most `limit`, the latest."""

    rrtype: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10_000


async def pdns(call: Call) -> Answer:
    """All records of a name, and all names of an address, a network, a name server or a CNAME's end, a line each."""
    asked: PdnsQuery = call.query
    wanted = (asked.rrtype or call.request.headers.get(_TYPE_HEADER) or "").upper()
    subject = subject_of(call.path["query"])
    rows = await call.core.services.store.flux.pdns(subject.value, max_tlp=max_tlp_of(call), limit=asked.limit)
    return Answer(lines([row for row in rows if not wanted or type_word(row.rtype) == wanted]), content_type=NDJSON)


def lines(rows: Sequence[Seen]) -> bytes:
    """Return rows in the Common Output Format."""
    return _encoder.encode_lines([_row(row) for row in rows])


def _row(row: Seen) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "rrname": row.name,
        "rrtype": type_word(row.rtype),
        "rdata": row.data,
        "time_first": int(row.first.timestamp()),
        "time_last": int(row.last.timestamp()),
        "count": row.count,
    }
    return shown | {"sensor_id": row.vantage} if row.vantage else shown


ROUTES = (
    Route(
        method="GET",
        path="/pdns/query/<path:query>",
        view=pdns,
        query=PdnsQuery,
        produces=NDJSON,
        problems=(503,),
        summary="Passive DNS as COF, a JSON line a record",
        tag="flux",
    ),
)
