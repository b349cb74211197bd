"""Rows for binary COPY: PostgreSQL reads what was meant."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from tipd.store.flux import tuples
from tipd.store.store import Store

_COLUMNS = {
    "a": "smallint",
    "b": "integer",
    "c": "bigint",
    "d": "boolean",
    "e": "timestamptz",
    "f": "bytea",
    "g": "text",
    "h": "jsonb",
    "i": "inet",
    "j": "bigint[]",
}


async def test_every_type_arrives_as_it_was(store: Store) -> None:
    made = [
        tuples.row(
            tuples.int2(-5),
            tuples.int4(2**31 - 1),
            tuples.int8(-(2**63)),
            tuples.boolean(True),
            tuples.moment(1_700_000_000.25),
            tuples.octets(b"\0\xff"),
            tuples.text("é"),
            tuples.json(b'{"a": 1}'),
            tuples.inet(bytes((192, 0, 2, 1))),
            tuples.longs([1, 2**40]),
        ),
        tuples.row(
            tuples.NULL,
            tuples.NULL,
            tuples.NULL,
            tuples.boolean(False),
            tuples.moment_or_none(0),
            tuples.octets(b""),
            tuples.text(""),
            tuples.NULL,
            tuples.inet(bytes(15) + b"\1"),
            tuples.longs(()),
        ),
    ]

    async def through(connection: Any) -> list[tuple[Any, ...]]:
        await connection.execute(f"CREATE TEMPORARY TABLE t ({', '.join(f'{n} {t}' for n, t in _COLUMNS.items())})")
        await tuples.copy_in(connection, "t", list(_COLUMNS), b"".join(made))
        return [tuple(row.values()) for row in await connection.fetch("SELECT * FROM t")]

    one, two = await store.pool.run(through)
    at = datetime.fromtimestamp(1_700_000_000.25, UTC)
    assert [str(each) if each is one[8] else each for each in one] == [
        -5,
        2**31 - 1,
        -(2**63),
        True,
        at,
        b"\0\xff",
        "é",
        '{"a": 1}',
        str(IPv4Address("192.0.2.1")),
        [1, 2**40],
    ]
    assert two == (None, None, None, False, None, b"", "", None, IPv6Address("::1"), [])


@given(st.floats(allow_nan=False))
def test_any_moment_is_one_that_a_calendar_holds(seconds: float) -> None:
    assert len(tuples.moment(seconds)) == 12


def test_an_address_has_four_or_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="4 or 16"):
        tuples.inet(b"123")


async def test_others_have_their_turn_while_rows_are_made_ready() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        made = await tuples.packed(range(tuples.AT_ONCE * 10), tuples.int4)
        nursery.cancel_scope.cancel()
    assert len(made) == tuples.AT_ONCE * 10 * 8
    assert turns >= 5
