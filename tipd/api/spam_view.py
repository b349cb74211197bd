"""From what the store tells of spam to what the API says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.api.shapes_spam import (
    AgentShape,
    CampaignDetailShape,
    CampaignFileShape,
    CampaignHostShape,
    CampaignKept,
    CampaignRelayShape,
    CampaignShape,
    CampaignUrlShape,
    DayShape,
    MailDetail,
    MailShape,
    NetworkCountShape,
    RecipientShape,
    RefusalShape,
    SpamtrapsShape,
    TrapShape,
)
from tipd.model.trapped import campaign_name

if TYPE_CHECKING:
    from datetime import datetime

    from tipd.api.services import Asns
    from tipd.model.trapped import (
        AgentRow,
        CampaignDetail,
        CampaignRelay,
        CampaignRow,
        MailTold,
        Spamtraps,
        TrapNetwork,
        TrapSource,
    )

ANSWERS = frozenset({"ok", "unchanged", "running", "new", "waiting"})
"""States in which nothing is wrong with an agent."""


def campaign_of(row: CampaignRow) -> CampaignShape:
    """Return a campaign as lists show it."""
    return CampaignShape(**_campaign(row))


def _campaign(row: CampaignRow) -> dict[str, Any]:
    return {
        "campaign": campaign_name(row.key),
        "first_seen": row.first,
        "last_seen": row.last,
        "mails": row.mails,
        "traps": row.traps,
        "subject": row.subject,
        "kept": CampaignKept(urls=row.urls, hosts=row.hosts, attachments=row.attachments, relays=row.relays),
        "sources": list(row.sources),
        "tlp": row.tlp.word,
    }


def campaign_detail_of(found: CampaignDetail, asns: Asns | None) -> CampaignDetailShape:
    """Return all that is kept of a campaign; an AS that the store does not know is looked up in the table."""
    return CampaignDetailShape(
        **_campaign(found.row),
        days=[DayShape(day=one.day, mails=one.mails) for one in found.days],
        urls=[
            CampaignUrlShape(
                host=one.host,
                shape=one.shape,
                example=one.example,
                first_seen=one.first,
                last_seen=one.last,
                count=one.count,
            )
            for one in found.urls
        ],
        hosts=[
            CampaignHostShape(
                host=one.host, first_seen=one.first, last_seen=one.last, count=one.count, shapes=one.shapes
            )
            for one in found.hosts
        ],
        attachments=[
            CampaignFileShape(sha256=one.sha256, name=one.name, type=one.real, bytes=one.size, count=one.count)
            for one in found.attachments
        ],
        relays=[_relay(one, asns) for one in found.relays],
        recipients=[
            RecipientShape(hmac=one.trap, source=one.source, mails=one.mails, first_seen=one.first, last_seen=one.last)
            for one in found.traps
        ],
        subjects=list(found.subjects),
        urls_cut=found.urls_cut,
        hosts_cut=found.hosts_cut,
        merged=[campaign_name(key) for key in found.merged],
        more=found.more,
    )


def _relay(one: CampaignRelay, asns: Asns | None) -> CampaignRelayShape:
    asn = one.asn or (None if asns is None else asns.table.of(one.address))
    return CampaignRelayShape(address=one.address, asn=asn, first_seen=one.first, last_seen=one.last, count=one.count)


def agent_of(row: AgentRow, now: datetime) -> AgentShape:
    """Return an agent as it is now."""
    refused = None
    if is_refused(row):
        refused = RefusalShape(
            reason=row.refused or "", at=row.refused_at, number=row.refused_number, detail=row.detail
        )
    return AgentShape(
        name=row.name,
        view=row.view,
        state=row.state,
        last=row.last,
        last_there=row.last_there,
        records=row.records,
        lag_s=lag_of(row, now),
        gaps=row.gaps,
        bytes=row.bytes,
        withdrawn=row.withdrawn,
        sealed=row.sealed,
        taken=row.taken,
        last_success=row.last_success,
        error=row.error,
        refused=refused,
        key=row.key,
        pinned=row.pinned,
        tlp=row.tlp.word,
        licence=row.licence,
        onward=row.onward,
        backlog=row.backlog,
    )


def is_refused(row: AgentRow) -> bool:
    """Say whether a refusal stands: the agent was not found well since."""
    if row.refused is None:
        return False
    well, at = row.last_success, row.refused_at
    return row.state != "ok" or well is None or at is None or well <= at


def lag_of(row: AgentRow, now: datetime) -> float | None:
    """Return for how long, in seconds, mails may be missing here; None where the agent never answered."""
    begun = []
    if row.last_there is not None and row.last_there > row.last:
        begun.append(row.sealed or row.last_success)
    if is_refused(row) or row.state not in ANSWERS:
        begun.append(row.last_success)
    if row.last_success is None and row.last == 0:
        return None
    since = min((moment for moment in begun if moment is not None), default=now)
    return max(0.0, (now - since).total_seconds())


def spamtraps_of(found: Spamtraps, asns: Asns | None) -> SpamtrapsShape:
    """Return what the traps take in."""
    return SpamtrapsShape(
        spamtraps=[_trap(one) for one in found.traps],
        days=[DayShape(day=one.day, mails=one.mails) for one in found.days],
        classes=dict(found.classes),
        defects=dict(found.defects),
        networks=[_network(one, asns) for one in found.networks],
    )


def _trap(one: TrapSource) -> TrapShape:
    return TrapShape(
        name=one.name,
        kind=one.kind,
        state=one.state,
        mails=one.mails,
        traps=one.traps,
        first_seen=one.first,
        last_seen=one.last,
        entries=one.entries,
        last_success=one.last_success,
        next_run=one.next_run,
        error=one.error,
        tlp=one.tlp.word,
        licence=one.licence,
    )


def _network(one: TrapNetwork, asns: Asns | None) -> NetworkCountShape:
    name = asns.table.name(one.asn) if one.asn and asns is not None else ""
    return NetworkCountShape(asn=one.asn or None, name=name, mails=one.mails, addresses=one.addresses)


def mail_of(one: MailTold) -> MailShape:
    """Return a mail as lists show it."""
    return MailShape(**_mail(one))


def mail_detail_of(one: MailTold) -> MailDetail:
    """Return a mail with what is kept of its record."""
    return MailDetail(**_mail(one), record=one.record)


def _mail(one: MailTold) -> dict[str, Any]:
    return {
        "sha256": one.sha256,
        "at": one.at,
        "class_": one.class_,
        "size": one.size,
        "source": one.source,
        "tlp": one.tlp.word,
        "relay": one.relay,
        "trap": one.trap or None,
        "campaign": None if one.campaign is None else campaign_name(one.campaign),
        "subject": one.subject,
        "defects": list(one.defects),
    }
