"""Entries as rows."""

from datetime import UTC, datetime

from support.stores import names

from tipd.model.key import key_of
from tipd.store.entry import Entry, by_key, tuples_of


def test_of_two_with_one_indicator_the_later_counts():
    (one,) = names(1)
    first, second = Entry(indicator=one), Entry(indicator=one, tlp=3)
    assert by_key([first, second], 7) == {key_of(7, one.kind, one.value): second}


def test_a_row_is_what_postgresql_reads():
    (one,) = names(1)
    entries = by_key([Entry(indicator=one, context=b"{}", tlp=4, until=datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC))], 7)
    tuples = tuples_of(entries)
    value = one.value.encode()
    assert tuples[:2] == b"\0\6"
    assert tuples[2:14] == b"\0\0\0\x08" + next(iter(entries)).to_bytes(8, "big", signed=True)
    rest = tuples[tuples.index(value) + len(value) :]
    assert rest == b"\0\0\0\3\1{}" + b"\0\0\0\2\0\4" + b"\0\0\0\x08" + (1_000_000).to_bytes(8, "big")
    assert tuples_of(by_key([Entry(indicator=one)], 7)).endswith(value + b"\xff" * 12)
