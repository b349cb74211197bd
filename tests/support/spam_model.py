"""What the store should hold of spam, worked out the slow way: mails one by one, everything counted anew each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tipd.model.spam import FileRow, MailRow, UrlRow
from tipd.model.tlp import Tlp

KEEP = timedelta(days=14)


@dataclass(eq=False)
class Campaign:
    """Keys that belong together, and what was told of it."""

    number: int
    keys: set[int]
    heard: dict[Tlp, int] = field(default_factory=dict)  # by the source's mark: the step told
    told: dict[tuple[str, str], date] = field(default_factory=dict)  # by source and host


@dataclass
class Seen:
    """One sighting."""

    opened: datetime
    seen: datetime
    closed: datetime | None = None
    reason: str | None = None


@dataclass
class Model:
    """Sources and their marks, and what they brought; `urls` and `files`: what all mails choose from."""

    marks: dict[str, Tlp]
    urls: Sequence[UrlRow]
    files: Sequence[FileRow]
    now: datetime
    mails: dict[tuple[str, bytes], MailRow] = field(default_factory=dict)
    campaigns: list[Campaign] = field(default_factory=list)
    sightings: dict[tuple[str, str], list[Seen]] = field(default_factory=dict)
    grown: list[tuple[str, int]] = field(default_factory=list)  # spam.campaign: source, mails
    hosts: Counter[tuple[str, str, date]] = field(default_factory=Counter)  # spam.url: source, host, day
    founded: int = 0

    # --- what happens -----------------------------------------------------------------------------------------------

    def take(self, source: str, mails: Sequence[MailRow]) -> int:
        """Take a batch; return how many were new."""
        new = []
        for mail in mails:
            if (source, mail.sha256) not in self.mails:
                at = min(mail.at, self.now)
                own = MailRow(**{name: getattr(mail, name) for name in mail.__struct_fields__} | {"at": at})
                self.mails[source, mail.sha256] = own
                new.append(own)
                self._join(own.keys)
        self._sight(source, new)
        grown = {campaign.number: campaign for mail in new if (campaign := self.of(mail))}
        for number in sorted(grown):
            self._tell(source, grown[number])
        self._tell_hosts(source, new)
        return len(new)

    def withdraw(self, source: str, names: Iterable[bytes]) -> int:
        """Take mails back; return how many there were."""
        gone = [mail for name in dict.fromkeys(names) if (mail := self.mails.pop((source, name), None))]
        for mail in gone:
            campaign = self.of(mail)
            if campaign is not None and not self._mails_of(campaign):
                self.campaigns.remove(campaign)
            elif campaign is not None:
                left = {host for one in self._mails_of(campaign, source) for host in self._hosts_of(one)}
                campaign.told = {at: day for at, day in campaign.told.items() if at[0] != source or at[1] in left}
        for relay in {mail.relay for mail in gone if mail.relay}:
            self._unsight(source, relay, sighted=any(one.sighted for one in gone if one.relay == relay))
        return len(gone)

    def age(self) -> int:
        """End what was last seen too long ago; return how many."""
        ended = 0
        for seen in (one for all_ in self.sightings.values() for one in all_):
            if seen.closed is None and seen.seen <= self.now - KEEP:
                seen.closed, seen.reason = max(seen.opened, self.now), "aged"
                ended += 1
        return ended

    # --- what is there ----------------------------------------------------------------------------------------------

    def of(self, mail: MailRow) -> Campaign | None:
        """Return the campaign of a mail."""
        return next((one for one in self.campaigns if one.keys & set(mail.keys)), None)

    def shown(self, max_tlp: Tlp) -> set[tuple[object, ...]]:
        """Return what a list of campaigns says."""
        rows = set()
        for campaign in self.campaigns:
            seen = [(source, mail) for source, mail in self._seen(max_tlp) if self.of(mail) is campaign]
            if not seen:
                continue
            mails = [mail for _, mail in seen]
            shapes = {(self.urls[place].host, self.urls[place].shape) for mail in mails for place in mail.urls}
            rows.add(
                (
                    min(mail.at for mail in mails),
                    max(mail.at for mail in mails),
                    len(mails),
                    len({mail.trap for mail in mails if mail.trap}),
                    len({mail.relay for mail in mails if mail.relay}),
                    len(shapes),
                    len({host for host, _ in shapes}),
                    len({self.files[place].sha256 for mail in mails for place in mail.files}),
                    tuple(sorted({source for source, _ in seen})),
                )
            )
        return rows

    def counted(self, max_tlp: Tlp, what: str) -> Counter[object]:
        """Return how many mails each host, URL (host, shape), file or day has, over campaigns."""
        found: Counter[object] = Counter()
        for _, mail in self._seen(max_tlp):
            if self.of(mail) is None:
                continue
            if what == "hosts":
                found.update(self._hosts_of(mail))
            elif what == "urls":
                found.update({(self.urls[place].host, self.urls[place].shape) for place in mail.urls})
            elif what == "files":
                found.update({self.files[place].sha256 for place in mail.files})
            else:
                found[mail.at.astimezone(UTC).date()] += 1
        return found

    def volume(self, max_tlp: Tlp) -> Counter[object]:
        """Return how many mails there are of each class and day."""
        return Counter((mail.class_, mail.at.date()) for _, mail in self._seen(max_tlp))

    def relays(self) -> dict[tuple[str, str], tuple[int, int, datetime, datetime]]:
        """Return evidence: mails, those that count, first, last."""
        found = {}
        for source, relay in {(source, mail.relay) for (source, _), mail in self.mails.items() if mail.relay}:
            own = [mail for (by, _), mail in self.mails.items() if (by, mail.relay) == (source, relay)]
            ats = [mail.at for mail in own]
            found[source, relay or ""] = (len(own), sum(bool(mail.sighted) for mail in own), min(ats), max(ats))
        return found

    # --- how --------------------------------------------------------------------------------------------------------

    def _seen(self, max_tlp: Tlp) -> list[tuple[str, MailRow]]:
        return [(source, mail) for (source, _), mail in self.mails.items() if self.marks[source] <= max_tlp]

    def _mails_of(self, campaign: Campaign, source: str | None = None) -> list[MailRow]:
        return [mail for (by, _), mail in self.mails.items() if self.of(mail) is campaign and source in (None, by)]

    def _hosts_of(self, mail: MailRow) -> set[str]:
        return {self.urls[place].host for place in mail.urls} if mail.keys else set()

    def _join(self, keys: tuple[int, ...]) -> None:
        if not keys:
            return
        own = [one for one in self.campaigns if one.keys & set(keys)]
        if not own:
            self.founded += 1
            self.campaigns.append(Campaign(self.founded, set(keys)))
            return
        first, *others = sorted(own, key=lambda one: one.number)
        first.keys |= set(keys)
        for other in others:
            first.keys |= other.keys
            for mark, step in other.heard.items():
                first.heard[mark] = max(step, first.heard.get(mark, 0))
            for at, day in other.told.items():
                first.told[at] = max(day, first.told.get(at, day))
            self.campaigns.remove(other)

    def _sight(self, source: str, new: Sequence[MailRow]) -> None:
        fresh = [mail for mail in new if mail.sighted and mail.relay and mail.at > self.now - KEEP]
        for relay in {mail.relay for mail in fresh if mail.relay}:
            ats = [mail.at for mail in fresh if mail.relay == relay]
            intervals = self.sightings.setdefault((source, relay), [])
            if intervals and intervals[-1].closed is None:
                intervals[-1].seen = max(intervals[-1].seen, *ats)
                continue
            opened = max([min(ats), *(one.closed for one in intervals if one.closed)])
            intervals.append(Seen(opened, max(opened, *ats)))

    def _unsight(self, source: str, relay: str, *, sighted: bool) -> None:
        intervals = self.sightings.get((source, relay), [])
        if not intervals or intervals[-1].closed is not None:
            return
        own = [mail.at for (by, _), mail in self.mails.items() if (by, mail.relay) == (source, relay) and mail.sighted]
        last = intervals[-1]
        if own:
            last.seen = max(last.opened, *own)
        elif sighted:
            last.closed, last.reason = max(last.opened, self.now), "withdrawn"

    def _tell(self, source: str, campaign: Campaign) -> None:
        mark = self.marks[source]
        mails = sum(self.of(mail) is campaign for _, mail in self._seen(mark))
        step, edge = 0, 5
        while mails >= edge:
            step, edge = step + 1, edge * 10
        if step > max((each for level, each in campaign.heard.items() if level <= mark), default=0):
            campaign.heard[mark] = step
            self.grown.append((source, mails))

    def _tell_hosts(self, source: str, new: Sequence[MailRow]) -> None:
        today = self.now.date()
        for mail in new:
            campaign = self.of(mail)
            if campaign is None or mail.at <= self.now - KEEP:
                continue
            for host in self._hosts_of(mail):
                days = [
                    day
                    for (by, of), day in campaign.told.items()
                    if of == host and self.marks[by] <= self.marks[source]
                ]
                if max(days, default=date.min) < today:
                    campaign.told[source, host] = today
                    self.hosts[source, host, today] += 1
