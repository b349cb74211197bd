"""The one fetcher of all modules: conditional, polite, bounded, guarded.

    fetcher = Fetcher(settings, clock, log, rng)
    fetched = await fetcher.fetch(Request(url="https://lists.example.org/drop.txt"), Path("body"))

Error handling: what a source can do to us is FetchError, in the words of a source's states; a body that our disk does
not take is OSError. Resource handling: each fetch has one connection, closed when it ends; the file is removed
unless the fetch succeeds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tipd import __version__
from tipd.net.credential import read_credential
from tipd.net.guard import Guard
from tipd.net.hop import shown
from tipd.net.politeness import Politeness
from tipd.net.request import FetchError
from tipd.net.resolve import make_resolver
from tipd.net.tls import Contexts
from tipd.net.trip import Tools, Trip

if TYPE_CHECKING:
    import random

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.net.request import Fetched, Request
    from tipd.net.resolve import Resolver
    from tipd.net.settings import NetSettings


class Fetcher:
    """Fetches for a whole process; keeps its manners and its TLS contexts. Safe for many tasks at once."""

    def __init__(
        self, settings: NetSettings, clock: Clock, log: Log, rng: random.Random, resolver: Resolver | None = None
    ) -> None:
        """`resolver` stands in the place of what `[net] resolvers` names (tests)."""
        self._log = log
        self._tools = Tools(
            clock=clock,
            guard=Guard(settings.allow_networks),
            resolver=resolver or make_resolver(settings, rng),
            politeness=Politeness(settings.spacing_seconds()),
            contexts=Contexts(),
            user_agent=user_agent(settings.contact),
            limits=settings.limits(),
            proxy=settings.proxy or None,
            ca_file=Path(settings.ca_file) if settings.ca_file else None,
        )

    @property
    def tools(self) -> Tools:
        """What all connections of a process share: the guard, the resolver, TLS contexts, bounds."""
        return self._tools

    async def fetch(self, request: Request, into: Path) -> Fetched:
        """Fetch into a file, encoding undone; return what came, or that nothing changed.

        Raises FetchError (`forbidden gone rate_limited unreachable needs_key wrong_page`; TooSoon where the source was
        not asked at all), and OSError where our own disk fails. No text of theirs, and no line logged,
        holds the credential.
        """
        credential = await read_credential(request)
        try:
            fetched = await Trip(self._tools, request, credential, into).go()
        except FetchError as error:
            error.args = (credential.hide(str(error)),)
            self._log.debug("fetch failed", url=shown(request.url), state=error.state, error=str(error))
            raise
        self._log.debug("fetched", url=fetched.url, status=fetched.http_status, bytes=fetched.bytes, took=fetched.took)
        return fetched


def user_agent(contact: str) -> str:
    """Return who asks, and where to complain: `tipd/1.2.3 (+https://example.org/tipd)`."""
    return f"tipd/{__version__} (+{contact})" if contact else f"tipd/{__version__} (threat list collector)"
