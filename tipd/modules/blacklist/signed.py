"""Get the detached signature of a body: a second, small request to where `[signature] url` says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tipd.modules.blacklist.credentials import credential_file
from tipd.net.credential import PLACE
from tipd.net.hop import locate
from tipd.net.request import FetchError, Request

if TYPE_CHECKING:
    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.needs import Fetches

ENDINGS = (".sig", ".asc")  # of a signature's file beside a body's
_LARGEST = 2**18  # bytes
_PASSING = frozenset({"unreachable", "rate_limited"})


async def get_signature(fetcher: Fetches, source: Source, into: Path, credentials: Path) -> str:
    """Return the file's path, empty where none is due or there is none. Raises FetchError where it may come later.

    The answer is not conditional: a signature that did not change does not fit a body that did.
    """
    if source.signature is None or not source.signature.url:
        return ""
    request = Request(
        url=source.signature.url,
        headers=source.request.headers if _at_home(source, source.signature.url) else {},
        max_body=_LARGEST,
        allow_networks=source.allow_networks,
        ca_file=Path(source.ca_file) if source.ca_file else None,
        proxy=source.proxy or None,
        credential_file=credential_file(credentials, source.credential),
        client_cert_file=Path(source.client_cert_file) if source.client_cert_file else None,
        client_key_file=Path(source.client_key_file) if source.client_key_file else None,
        proxy_credential_file=credential_file(credentials, source.proxy_credential),
    )
    try:
        await fetcher.fetch(request, into)
    except FetchError as error:
        if error.state in _PASSING:
            raise
        return ""
    return str(into)


def _at_home(source: Source, url: str) -> bool:
    """Say whether the signature lies where the list does: what opens the list must not go to another host."""
    try:
        return bool(source.url) and locate(_bare(source.url)).origin == locate(_bare(url)).origin
    except FetchError:
        return False


def _bare(url: str) -> str:
    return url.replace(PLACE, "x")


def signature_beside(body: Path) -> str:
    """Return the path of the signature that lies beside a body (`list.txt.sig`, `list.txt.asc`), empty for none."""
    found = (body.with_name(body.name + ending) for ending in ENDINGS)
    return next((str(path) for path in found if path.is_file()), "")
