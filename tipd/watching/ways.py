"""How a sink's message goes out: posted to a webhook, or given to a command. Both say how it went as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tipd.net.credential import PLACE, read_credential
from tipd.net.request import FetchError, Request
from tipd.net.webhook import Post
from tipd.watching.group import signature
from tipd.work.command import run_command

if TYPE_CHECKING:
    from tipd.clock import Clock
    from tipd.net.webhook import Answered, Poster
    from tipd.watching.group import Group
    from tipd.watching.settings import SinkSettings

_LONGEST_SAID = 300


class Outcome(NamedTuple):
    """How one attempt went: `taken`, or `gone` (never try again), else to be repeated, `after` seconds at least.

    `too_large`: the receiver takes no message of this size, so that a shorter one is to be tried.
    """

    taken: bool = False
    gone: bool = False
    why: str = ""
    after: float = 0.0
    too_large: bool = False


TAKEN = Outcome(taken=True)


class Way(Protocol):
    """Takes messages to a receiver."""

    async def deliver(self, group: Group) -> Outcome:
        """Try once; what can go wrong is a value."""
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts JSON. 2xx: taken; 410: gone for good; 429 and 503 may say when to come back; all else is repeated.

    413 asks for less at once.
    """

    settings: SinkSettings
    poster: Poster
    clock: Clock

    async def deliver(self, group: Group) -> Outcome:
        """Post the message, signed where there is a secret (read from its file each time)."""
        body = group.body()
        try:
            headers = {"Tipd-Delivery": group.delivery} | await self._signed(body)
            return judged(await self.poster.post(self._post(body, headers)))
        except FetchError as error:
            return Outcome(why=str(error))

    def _post(self, body: bytes, headers: dict[str, str]) -> Post:
        settings = self.settings
        return Post(
            url=settings.url or "",
            body=body,
            headers=headers,
            within=settings.seconds("timeout"),
            allow_networks=tuple(settings.allow_networks),
            ca_file=Path(settings.ca_file) if settings.ca_file else None,
        )

    async def _signed(self, body: bytes) -> dict[str, str]:
        if self.settings.secret_file is None:
            return {}
        place = Request(url="https://localhost/", headers={"X": PLACE}, credential_file=Path(self.settings.secret_file))
        secret = (await read_credential(place)).fill(PLACE)
        return {"Tipd-Signature": signature(secret.encode(), body, int(self.clock.now().timestamp()))}


def judged(answer: Answered) -> Outcome:
    """Return what a receiver's status means."""
    status = answer.status
    if 200 <= status < 300:
        return TAKEN
    if status == 410:
        return Outcome(gone=True, why="the receiver says that it is gone for good: 410")
    if 300 <= status < 400:
        return Outcome(why=f"the receiver redirects ({status}), which is not followed: set its new url")
    after = (answer.retry_after or 0.0) if status in {429, 503} else 0.0
    return Outcome(why=f"the receiver answered {status}", after=after, too_large=status == 413)


@dataclass(frozen=True, slots=True)
class Command:
    """Runs a program with the findings on its standard input, one JSON object a line; exit code 0: taken."""

    settings: SinkSettings

    async def deliver(self, group: Group) -> Outcome:
        """Run it once."""
        within = self.settings.seconds("timeout")
        try:
            ended = await run_command(self.settings.command, group.lines(), within=within, environment=group.facts())
        except OSError as error:
            return Outcome(why=f"the command cannot be started: {error.strerror}")
        if ended.code == 0:
            return TAKEN
        if ended.code is None:
            return Outcome(why=f"the command was killed: it ran for more than {within:g} s")
        how = f"exit code {ended.code}" if ended.code > 0 else f"signal {-ended.code}"
        said = "".join(letter if letter.isprintable() else " " for letter in ended.said[:_LONGEST_SAID])
        return Outcome(why=f"the command failed, {how}: {said}" if said else f"the command failed, {how}")
