"""What a round of a source keeps as its proof: where the body came from, and how it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd import __version__
from tipd.store.rounds import Proof

if TYPE_CHECKING:
    from datetime import datetime

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.reading.job import ReadResult
    from tipd.net.request import Fetched


def proof_of(
    source: Source,
    fetched: Fetched,
    result: ReadResult,
    *,
    status: str,
    at: datetime,
    ended: datetime,
    body: str | None = None,
    why: str = "poll",
) -> Proof:
    """Return the proof of a body that was fetched and read; `at` is the moment whose set it tells.

    `body` is the name under which it is kept, None where it is not.
    """
    return Proof(
        status=status,
        ended=ended,
        url=fetched.url,
        address=fetched.address or None,
        http_status=fetched.http_status or None,
        etag=fetched.validators.etag,
        last_modified=fetched.validators.last_modified,
        body_sha256=fetched.sha256,
        body_bytes=fetched.bytes,
        read_digest=source.digest(),
        version=__version__,
        entries=result.entries,
        refused=result.refused,
        why=why,
        at=at,
        declaration=source.declared(),
        body=body,
    )
