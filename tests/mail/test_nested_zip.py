"""Zip directories."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.nested import BadArchive
from tipd.mail.nested_zip import members


def _zip(prefix=b""):
    file = io.BytesIO()
    file.write(prefix)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("é.txt", b"hello" * 100, compress_type=zipfile.ZIP_DEFLATED)
        archive.writestr("d/", b"")
        archive.writestr("b", b"stored")
    return file.getvalue()


@pytest.mark.parametrize("prefix", [b"", b"#!/bin/sh\nexit\n"])
def test_members_stand_in_their_order(prefix):
    found = list(members(_zip(prefix)))
    assert [(one.name, one.size) for one in found] == [("é.txt", 500), ("b", 6)]
    assert found[0].open(10**6) == b"hello" * 100
    assert found[0].open(7) == b"hellohe"
    assert found[1].open(10**6) == b"stored"


def test_encrypted_members_have_names_only():
    content = bytearray(_zip())
    at = content.rindex(b"PK\x01\x02")
    struct.pack_into("<H", content, at + 8, 1)
    assert list(members(bytes(content)))[1].open is None


@given(st.data())
def test_damage_is_refused_or_read(data):
    content = bytearray(_zip())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        for member in members(bytes(content)):
            assert member.open is None or len(member.open(1000)) <= 1000
    except BadArchive:
        pass
