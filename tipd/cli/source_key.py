"""`tipd sources key`: read a secret from standard input into the file that sources name, and let them be asked."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

from tipd.cli.client import Client, Refused
from tipd.errors import EXIT_DONE, TipdError, Unavailable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tipd.cli.output import Output
    from tipd.modules.blacklist.catalogue import Sources


def run(args: argparse.Namespace, output: Output) -> int:
    """Write the credential that the word names. Raises TipdError, ConfigError."""
    from tipd.daemon import sections
    from tipd.modules.blacklist import catalogue, credentials
    from tipd.modules.blacklist.settings import BlacklistSettings

    if args.url is not None:
        raise TipdError("credentials are files on the daemon's machine: do it there, without --url")
    config = sections.load(args.config)
    settings = config.section("modules.blacklist", BlacklistSettings)
    sources = catalogue.load(settings)
    name = credential_of(sources, args.name)
    folder = credentials.folder_of(settings.credentials_dir, config.state_dir)
    try:
        path = credentials.write(folder, name, credentials.secret_of(_entered(name)))
    except ValueError as error:
        raise TipdError(f"{name}: {error}") from None
    except OSError as error:
        raise TipdError(f"{error.filename or folder}: {error.strerror}") from None
    shared = [each for each, source in sources.enabled.items() if name in (source.credential, source.proxy_credential)]
    told = _tell(args, shared)
    if output.as_json:
        output.record({"credential": name, "file": str(path), "sources": shared, "daemon": told is None})
        return EXIT_DONE
    output.say(f"{name} is in {path}, used by {', '.join(shared) or 'no source that is collected'}")
    if shared:
        output.say(told or "they are asked as soon as they may be")
    return EXIT_DONE


def credential_of(sources: Sources, name: str) -> str:
    """Return the credential a word means: one that a source names, or that of a source of this name.

    Raises TipdError where it is neither.
    """
    from tipd.config import nearest

    named = {each for source in sources.ok.values() for each in (source.credential, source.proxy_credential) if each}
    if name in named:
        return name
    source = sources.ok.get(name)
    if source is None:
        raise TipdError(f"no source names a credential {name!r}{nearest(name, frozenset(named | set(sources.ok)))}")
    if not (source.credential or source.proxy_credential):
        raise TipdError(f'the source {name} names no credential: write `credential = "{name}"` into its declaration')
    return source.credential or source.proxy_credential


def _entered(name: str) -> bytes:
    """Return what is entered: without echo at a terminal, else standard input as it comes."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{name}: ").encode("utf-8", "surrogateescape")
    return sys.stdin.buffer.read()


def _tell(args: argparse.Namespace, names: Sequence[str]) -> str | None:
    """Let the daemon ask these now; return None where it heard, else why not, in a few words."""
    try:
        for name in names:
            Client.of(args).post(f"/api/v1/sources/{quote(name, safe='')}/run")
    except Unavailable:
        return "no daemon answers: they are asked when it runs"
    except Refused as refused:
        return f"the daemon was not told ({refused}): they are asked at their next turn"
    return None
