"""What spam says of one indicator, for who asks about the indicator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.api.shapes_spam import SpamSummary
from tipd.api.spam_view import campaign_of, mail_of
from tipd.model.kind import Kind

if TYPE_CHECKING:
    from tipd.api.services_spam import Spam
    from tipd.api.shapes_spam import CampaignShape, MailShape
    from tipd.model.indicator import Indicator
    from tipd.model.tlp import Tlp

MOST_MAILS = 20
MOST_CAMPAIGNS = 20
_KINDS = frozenset({Kind.IPV4, Kind.IPV6, Kind.DOMAIN, Kind.URL, Kind.SHA256})

type About = tuple[SpamSummary | None, list[MailShape] | None, list[CampaignShape] | None]


async def trapped(spam: Spam, subject: Indicator, max_tlp: Tlp) -> About:
    """Return in how many mails it was, the latest of them, and the newest campaigns; None for kinds no mail tells of.

    An address counts where it handed mails over or a URL has it as its host, a name as a URL's host, a URL by its
    shape, a SHA-256 as an attachment's or as that of a mail itself.
    """
    if subject.kind not in _KINDS:
        return None, None, None
    found = await spam.seen(subject.value, max_tlp=max_tlp)
    if found is None:
        return None, [], []
    mails = await spam.mails(subject.value, limit=MOST_MAILS, max_tlp=max_tlp)
    summary = SpamSummary(
        mails=found.mails,
        first_seen=found.first,
        last_seen=found.last,
        how=list(found.how),
        sources=list(found.sources),
    )
    return summary, [mail_of(one) for one in mails], [campaign_of(one) for one in found.campaigns[:MOST_CAMPAIGNS]]
