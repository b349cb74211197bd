"""Manifests: signed, chained, and open to what newer releases add."""

import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tipd.agent.protocol import ForgedError, Manifest, canonical, digest, public_key, public_text, read, sign

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = public_text(PRIVATE.public_key())
OTHER = public_text(Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())


def _manifest(**more) -> Manifest:
    values = {"agent": "mx1", "view": "redacted", "n": 1, "previous": None, "sha256": "00" * 32, "bytes": 5}
    return Manifest(**values | {"raw_bytes": 9, "records": 1, "sealed": "2026-11-22T04:00:00Z", "key": KEY} | more)


def test_what_was_signed_is_read_back():
    data = sign(_manifest(), PRIVATE)
    assert read(data, KEY) == _manifest()
    assert data == canonical(msgspec.json.decode(data))
    assert len(digest(data)) == 64


@pytest.mark.parametrize("change", [{"n": 2}, {"sha256": "11" * 32}, {"tlp": "clear"}, {"mood": "new"}])
def test_nothing_can_be_changed_or_added(change):
    document = msgspec.json.decode(sign(_manifest(), PRIVATE)) | change
    with pytest.raises(ForgedError, match="signature"):
        read(canonical(document), KEY)


def test_what_a_newer_release_says_is_covered_and_travels():
    document = msgspec.to_builtins(_manifest()) | {"mood": "new", "format": 2}

    document["signature"] = base64.b64encode(PRIVATE.sign(canonical(document))).decode()
    assert read(canonical(document), KEY).format == 2


def test_another_key_signs_nothing_of_this_agent():
    with pytest.raises(ForgedError, match="signature"):
        read(sign(_manifest(), PRIVATE), OTHER)
    with pytest.raises(ValueError, match="another key"):
        sign(_manifest(key=OTHER), PRIVATE)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"signature":1}', b"\xff", b"[" * 5000, b"{" + b" " * 5_000_000])
def test_rubbish_is_no_manifest(data):
    with pytest.raises(ForgedError):
        read(data, KEY)


@pytest.mark.parametrize("text", ["", "AAAA", "?", KEY + "AAAA"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError, match="32 bytes"):
        public_key(text)
