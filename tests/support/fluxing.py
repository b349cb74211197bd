"""Tracked names and what the tracker says of them, for the tests of the store."""

from __future__ import annotations

import socket
from typing import Any

from support.stores import START
from tipd.model.dns import AAAA, NS, A, Outcome
from tipd.model.flux import Mark, NewName, Observation, Run, State

T0 = START.timestamp()


def new(name: str, **more: Any) -> NewName:
    """Return a name that a person gives."""
    return NewName(**{"name": name, "why": "person", "by": "uid 0"} | more)


def packed(*addresses: str) -> bytes:
    """Return addresses as records hold them."""
    return b"".join(sorted(socket.inet_aton(one) for one in addresses))


def seen(name: str, what: str, *, at: float = 0, until: float | None = None, **more: Any) -> Observation:
    """Return one answer (A, AAAA, or NS where it is a name), `at` seconds after START."""
    rtype, raw = _read(what)
    first = T0 + at
    fields = {
        "name": name,
        "rtype": rtype,
        "data": raw,
        "asn": 0,
        "first": first,
        "last": first if until is None else T0 + until,
        "count": 1,
        "ttl_min": 60,
        "ttl_max": 60,
        "true_ttl": False,
        "upstream": "192.0.2.53:53",
    }
    return Observation(**fields | more)


def _read(data: str) -> tuple[int, bytes]:
    if ":" in data:
        return AAAA, socket.inet_pton(socket.AF_INET6, data)
    if data.replace(".", "").isdigit():
        return A, socket.inet_aton(data)
    return NS, data.encode()


def run(name_id: int, *addresses: str, at: float = 0, until: float | None = None, **more: Any) -> Run:
    """Return look-ups with one result, from `at` to `until` seconds after START."""
    fields = {
        "name_id": name_id,
        "first": T0 + at,
        "last": T0 + (at if until is None else until),
        "count": 1,
        "outcome": Outcome.NOERROR,
        "addresses": packed(*addresses),
        "asns": tuple(64500 for _ in addresses),
        "ttl_min": 60,
        "ttl_max": 60,
        "upstream": "192.0.2.53:53",
    }
    return Run(**fields | more)


def mark(name_id: int, state: State = State.WATCHED, *, at: float = 0, **more: Any) -> Mark:
    """Return where a name stands `at` seconds after START."""
    fields = {
        "id": name_id,
        "state": state,
        "reason": "",
        "since": T0 + at,
        "due": T0 + at + 60,
        "ttl": 60,
        "samples": 1,
        "last_sample": T0 + at,
    }
    return Mark(**fields | more)
