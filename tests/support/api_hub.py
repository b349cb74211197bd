"""A hub, and readers that only take notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from support.api import World
from tipd import log
from tipd.api.auth import Caller
from tipd.api.settings import ApiSettings, limits_of
from tipd.api.stream.frames import Close
from tipd.api.stream.hub import Hub
from tipd.api.stream.message import Message
from tipd.clock import MovedClock
from tipd.model.annotate import Annotations
from tipd.model.choice import Choice, choice
from tipd.model.tlp import Tlp

START = datetime(2026, 11, 22, tzinfo=UTC)
EVERYTHING = choice(max_tlp=Tlp.RED)


def kinds(*names: str) -> Choice:
    """Return the choice of these kinds."""
    return choice(frozenset(names), max_tlp=Tlp.RED)


@dataclass(eq=False)
class Noting:
    """A reader that notes what it gets."""

    choice: Choice = EVERYTHING
    position: int = 0
    caller: Caller = field(default_factory=lambda: Caller("test", "token", frozenset(), "t1"))
    waiting_since: float | None = None
    quiet: bool = False
    told: list[Any] = field(default_factory=list)
    closed: int | None = None
    room: bool = True
    pings: int = 0
    waiting_bytes: int = 0

    def deliver(self, message: Message) -> bool:
        self.told.append(msgspec.json.decode(message.text))
        return self.room

    def ping(self) -> None:
        self.pings += 1

    def cut(self, code: Close, reason: str) -> None:
        self.closed = int(code)

    @property
    def seqs(self) -> list[int]:
        return [one["seq"] for message in self.told for one in message.get("findings", ())]


def hub_of(world: World, annotations: Annotations | None = None, **settings: Any) -> Hub:
    noted = annotations or Annotations()
    hub = Hub(world.store, limits_of(ApiSettings(**settings)), MovedClock(START), log.get("api"), noted)
    world.findings.subscribe(hub.wake)
    return hub
