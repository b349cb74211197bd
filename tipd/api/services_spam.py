"""What the API needs of the store where spamtraps are concerned, as a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.model.tlp import Tlp
    from tipd.model.trapped import AgentRow, CampaignDetail, CampaignPage, MailTold, SpamSeen, Spamtraps


class Spam(Protocol):
    """Campaigns, mails, archives and agents. Every call tells only what came by sources marked `max_tlp` or less."""

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
        no page gave.
        """
        ...

    async def campaign(self, key: int, *, max_tlp: Tlp) -> CampaignDetail | None:
        """Return one campaign, also by a key that was merged into it; None where there is none that may be shown."""
        ...

    async def agents(self, *, max_tlp: Tlp) -> Sequence[AgentRow]:
        """Return the agents that are configured, by name."""
        ...

    async def spamtraps(self, *, days: int = 30, recipients: bool = True, max_tlp: Tlp) -> Spamtraps:
        """Return archives and agents, and what they took in over the last days.

        `recipients`: count the distinct traps of each, which takes the longest.
        """
        ...

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

        `value`: an address that delivered them, a host, a URL, or the SHA-256 of an attachment; `after`: the SHA-256 of
        the last mail of the page before.
        """
        ...

    async def seen(self, value: str, *, max_tlp: Tlp) -> SpamSeen | None:
        """Return what spam says of an address, a host, a URL or a hash; None where it was in none that may be shown."""
        ...
