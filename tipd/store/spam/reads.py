"""What doors read of spam: every call tells only what came by sources marked `max_tlp` or less."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tipd.store.sightings import LONG
from tipd.store.spam import asked, shown_campaign, shown_campaigns, shown_mails, shown_sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.clock import Clock
    from tipd.model.tlp import Tlp
    from tipd.model.trapped import AgentRow, CampaignDetail, CampaignPage, MailTold, SpamSeen, Spamtraps
    from tipd.store.pool import Pool

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Reads:
    """The reading half of `store.spam`."""

    def __init__(self, pool: Pool, clock: Clock, hash_seed: int) -> None:
        self._pool = pool
        self._clock = clock
        self._seed = hash_seed

    def begin_anew(self, hash_seed: int) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._seed = hash_seed

    async def campaigns(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        order: str = "last",
        text: str = "",
        limit: int = 100,
        after: str = "",
        max_tlp: Tlp,
    ) -> CampaignPage:
        """Return campaigns that were seen after `since` and began before `until`.

        `order`: `last` (the latest first), `first` (the newest first), `mails` or `traps` (the largest first); `text`:
        a part of the subject or of a host; `after`: what the page before gave as `next`. Raises ValueError for one that
        no page gave, or another order.
        """
        if order not in shown_campaigns.ORDERS:
            raise ValueError(f"order: {order!r} is none of {', '.join(shown_campaigns.ORDERS)}")
        place = asked.place_of(after)
        choice = shown_campaigns.Choice(max_tlp, since, until, order, text, limit, place)
        return await self._pool.within(LONG, shown_campaigns.page, choice)

    async def campaign(self, key: int, *, max_tlp: Tlp) -> CampaignDetail | None:
        """Return one campaign, also by a key that was merged into it; None where there is none that may be shown."""
        return await self._pool.run(shown_campaign.detail, key, max_tlp)

    async def agents(self, *, max_tlp: Tlp) -> Sequence[AgentRow]:
        """Return the agents that are configured, by name."""
        return await self._pool.run(shown_sources.agents, max_tlp)

    async def spamtraps(self, *, days: int = 30, recipients: bool = True, max_tlp: Tlp) -> Spamtraps:
        """Return archives and agents, and what they took in over the last days.

        `recipients`: count the distinct traps of each, which takes the longest.
        """
        today = self._clock.now().date()
        return await self._pool.run(shown_sources.spamtraps, days, today, max_tlp, recipients=recipients)

    async def mails(
        self,
        value: str | None = None,
        *,
        sha256: str | None = None,
        campaign: int | None = None,
        source: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        after: str = "",
        max_tlp: Tlp,
    ) -> Sequence[MailTold]:
        """Return stored mails, the latest first.

        `value`: an address that delivered them, a host, a URL, or the SHA-256 of an attachment or a mail; `after`: the
        SHA-256 of the last mail of the page before.
        """
        wanted = None if value is None else asked.read(value, self._seed)
        if value is not None and wanted is None:
            return []
        choice = shown_mails.Choice(
            max_tlp, wanted, _sha(sha256), campaign, source, since, until, limit, _sha(after or None)
        )
        return await self._pool.run(shown_mails.mails, choice)

    async def seen(self, value: str, *, max_tlp: Tlp) -> SpamSeen | None:
        """Return what spam says of an address, a host, a URL or a hash; None where it was in none that may be shown."""
        wanted = asked.read(value, self._seed)
        return None if wanted is None else await self._pool.run(shown_mails.seen, wanted, max_tlp)


def _sha(text: str | None) -> bytes | None:
    """Return the bytes of a SHA-256 in hex. Raises ValueError where it is none."""
    if text is None:
        return None
    if not _SHA256.fullmatch(text.lower()):
        raise ValueError("a mail's name is its SHA-256, 64 hex digits")
    return bytes.fromhex(text)
