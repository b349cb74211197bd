"""Get a source's body into a spool file: from the net, or from the local disk."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from tipd.config import size
from tipd.modules.blacklist.credentials import credential_file
from tipd.modules.blacklist.cursor import BEGINNING, Run
from tipd.modules.blacklist.local import Changing, copy_local, stamp
from tipd.modules.blacklist.paging import first_at, question
from tipd.net.request import Fetched, FetchError, Limits, Request, Validators

if TYPE_CHECKING:
    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.needs import Fetches
    from tipd.modules.blacklist.paging import Question
    from tipd.store.sources import SourceRow

DOCUMENTS = frozenset({"json", "misp", "stix"})  # parsers of bodies that are documents, which can be told apart
DEFAULT_MAX_BODY = Limits().max_body


def max_body(source: Source) -> int:
    """Return the bytes a body may have, unpacked."""
    return size(source.max_body) if source.max_body else DEFAULT_MAX_BODY


def validators_for(source: Source, row: SourceRow) -> Validators | None:
    """Return what makes the fetch conditional; None where the body must be read again in any case."""
    if row.read_digest != source.digest() or row.last_round is None:
        return None
    return Validators(etag=row.etag, last_modified=row.last_modified, sha256=row.body_sha256)


async def get_body(
    fetcher: Fetches, source: Source, row: SourceRow, into: Path, *, floor: timedelta, credentials: Path
) -> Fetched:
    """Return what came, or that it is what it was. Raises FetchError, OSError (of our own disk)."""
    validators = validators_for(source, row)
    if source.path:
        return await _local(source, validators, into)
    return await fetcher.fetch(request_for(source, validators, floor=floor, credentials=credentials), into)


def request_for(
    source: Source,
    validators: Validators | None = None,
    *,
    floor: timedelta = timedelta(0),
    credentials: Path,
    asked: Question | None = None,
) -> Request:
    """Return what is asked of a source's provider; `credentials` is the folder of the files with secrets.

    `asked`: for one page; where not given, for the first one there is.
    """
    asked = asked or question(source, Run(began=BEGINNING, at=first_at(source)), since_of(source))
    since = source.request.since
    return Request(
        url=asked.url,
        method=source.request.method,
        headers=asked.headers,
        body=asked.body,
        validators=validators,
        max_body=max_body(source) if source.max_body else None,
        allow_networks=source.allow_networks,
        ca_file=Path(source.ca_file) if source.ca_file else None,
        proxy=source.proxy or None,
        credential_file=credential_file(credentials, source.credential),
        client_cert_file=Path(source.client_cert_file) if source.client_cert_file else None,
        client_key_file=Path(source.client_key_file) if source.client_key_file else None,
        proxy_credential_file=credential_file(credentials, source.proxy_credential),
        min_interval=floor.total_seconds(),
        floor_key=source.name if floor else "",
        kept_headers=("link", "date", *([since.header.lower()] if since and since.header else [])),
    )


def since_of(source: Source) -> str:
    """Return what stands for `{since}` the first time."""
    return source.request.since.first if source.request.since else ""


async def _local(source: Source, validators: Validators | None, into: Path) -> Fetched:
    path = Path(source.path)
    began = trio.current_time()
    try:
        if (
            validators
            and validators.etag
            and validators.etag == await trio.to_thread.run_sync(stamp, path, source.member)
        ):
            return _at_rest(path, validators, trio.current_time() - began)
        copy = partial(copy_local, documents=source.parser in DOCUMENTS)
        body = await trio.to_thread.run_sync(copy, path, into, max_body(source), source.member)
    except (FileNotFoundError, NotADirectoryError):
        raise FetchError("gone", f"{path}: there is no such file") from None
    except PermissionError:
        raise FetchError("forbidden", f"{path}: may not be read") from None
    except Changing as error:
        raise FetchError("unreachable", str(error)) from None
    except ValueError as error:
        raise FetchError("wrong_page", str(error)) from None
    known = validators.sha256 if validators else None
    return Fetched(
        status="unchanged" if known == body.sha256 else "ok",
        http_status=0,
        url=path.as_uri(),
        address="",
        validators=Validators(etag=body.stamp or None, sha256=body.sha256),
        path=into,
        sha256=body.sha256,
        content_type=None,
        took=trio.current_time() - began,
        bytes=body.size,
    )


def _at_rest(path: Path, validators: Validators, took: float) -> Fetched:
    """Return that no file has changed, without having read any."""
    return Fetched(
        status="unchanged",
        http_status=0,
        url=path.as_uri(),
        address="",
        validators=validators,
        path=None,
        sha256=validators.sha256,
        content_type=None,
        took=took,
    )
