"""What the application, the stream endpoint and the server share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tipd.api.auth import Gate
from tipd.api.pages import Pages
from tipd.api.settings import Limits, limits_of
from tipd.api.sizes import Sizes
from tipd.api.stream.hub import Hub

if TYPE_CHECKING:
    from tipd.api.services import Services


@dataclass(frozen=True, slots=True)
class Core:
    """One API: what it is built from, its numbers, its gate, its hub, its pages, and what it counts."""

    services: Services
    limits: Limits
    gate: Gate
    hub: Hub
    pages: Pages
    sizes: Sizes
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)  # (method, route, status)
    names: list[str] = field(default_factory=list)  # what is listened on, as the log shows it
    connections: Counter[str] = field(default_factory=Counter)  # accepted, refused, ended


def make_core(services: Services) -> Core:
    """Build the shared parts."""
    limits = limits_of(services.settings)
    services.sessions.idle = limits.session_idle
    hub = Hub(services.store, limits, services.clock, services.log, services.annotations)
    return Core(services, limits, Gate(services), hub, Pages(services.version), Sizes(services))
