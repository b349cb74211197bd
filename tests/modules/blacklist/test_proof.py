"""What a round can prove."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tipd import __version__
from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.proof import proof_of
from tipd.modules.blacklist.reading.job import ReadResult
from tipd.net.request import Fetched, Validators

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
SOURCE = msgspec.convert({"name": "one", "url": "https://lists.example.org/one.txt"}, Source)
FETCHED = Fetched(
    status="ok",
    http_status=200,
    url="https://lists.example.org/one.txt",
    address="192.0.2.9",
    validators=Validators(etag='"x"', sha256=b"1" * 32),
    path=Path("/nowhere"),
    sha256=b"1" * 32,
    content_type=None,
    took=0.0,
    bytes=17,
)


def test_it_names_where_the_body_came_from_and_how_it_was_read():
    proof = proof_of(SOURCE, FETCHED, ReadResult(entries=3, refused={"bogon": 1}), status="ok", at=AT, ended=AT)
    assert (proof.url, proof.address, proof.http_status, proof.etag) == (SOURCE.url, "192.0.2.9", 200, '"x"')
    assert (proof.body_sha256, proof.body_bytes, proof.entries, proof.refused) == (b"1" * 32, 17, 3, {"bogon": 1})
    assert (proof.declaration, proof.read_digest) == (SOURCE.declared(), SOURCE.digest())
    assert (proof.why, proof.at, proof.version) == ("poll", AT, __version__)
