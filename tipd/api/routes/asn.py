"""`/api/v1/asn`: who announces an address, by the operator's table."""

from __future__ import annotations

from typing import Any

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.model.canonical import canonical
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind


class AsnStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The AS table: `state` is `none` (no file is named), `loading`, `ready`, or `faulty` (the old table stays)."""

    state: str
    file: str | None = None
    form: str = ""
    rows: int = 0
    refused: int = 0
    names: int = 0
    borders_ipv4: int = 0
    borders_ipv6: int = 0
    bytes: int = 0
    error: str = ""


class AsnAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who announces the address; `asn` is null where that is not known."""

    value: str
    asn: int | None
    name: str


async def status(call: Call) -> AsnStatus:
    """The table there is."""
    asns = call.core.services.asns
    facts: dict[str, Any] = {"state": "none"} if asns is None else asns.status()
    return msgspec.convert(facts, AsnStatus)


async def lookup(call: Call) -> AsnAnswer:
    """Who announces an address, or the first address of a network."""
    asns = call.core.services.asns
    try:
        subject = canonical(call.path["value"], poison=False)
    except RefusedValue as refused:
        raise Problem(400, f"that is no address: {refused.reason}", reason=refused.reason) from None
    if subject.kind not in {Kind.IPV4, Kind.IPV6, Kind.NETWORK}:
        raise Problem(400, f"that is no address but a {subject.kind}")
    asn = None if asns is None else asns.table.of(subject.value)
    name = "" if asns is None or asn is None else asns.table.name(asn)
    return AsnAnswer(value=subject.value, asn=asn, name=name)


ROUTES = (
    Route(method="GET", path="/api/v1/asn", view=status, answer=AsnStatus, summary="The AS table there is", tag="asn"),
    Route(
        method="GET",
        path="/api/v1/asn/<path:value>",
        view=lookup,
        answer=AsnAnswer,
        summary="Who announces an address",
        tag="asn",
    ),
)
