"""The modules of this process: the list, each from its own section, each with the context it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd import log
from tipd.modules.blacklist.module import BlacklistModule
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.modules.fastflux.module import FluxModule
from tipd.modules.fastflux.settings import FluxSettings
from tipd.modules.spamtrap.agents.module import AgentsModule
from tipd.modules.spamtrap.module import SpamtrapModule
from tipd.modules.spamtrap.settings import SharingSettings, SpamtrapSettings
from tipd.net.settings import NetSettings
from tipd.nursery.contract import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.config import Config
    from tipd.daemon.house import House
    from tipd.net.asn_file import AsnFile
    from tipd.nursery.contract import Module
    from tipd.store.store import Store


def build_modules(config: Config, parts: frozenset[str]) -> tuple[list[Module], set[str]]:
    """Return the modules whose part runs here, and the names of those that are disabled."""
    modules: list[Module] = []
    disabled: set[str] = set()
    if "blacklist" in parts:
        settings = config.section("modules.blacklist", BlacklistSettings)
        networks = config.section("net", NetSettings).allow_networks
        modules.append(BlacklistModule(settings, config.state_dir, networks))
        disabled |= set() if settings.enabled else {"blacklist"}
    if "fastflux" in parts:
        tracking = config.section("modules.fastflux", FluxSettings)
        modules.append(FluxModule(tracking))
        disabled |= set() if tracking.enabled else {"fastflux"}
    if "spamtrap" in parts:
        traps = config.section("modules.spamtrap", SpamtrapSettings)
        follows = "blacklist" in parts and "blacklist" not in disabled
        agents = AgentsModule(traps, config.section("sharing", SharingSettings), config.state_dir)
        modules.append(SpamtrapModule(traps, config.state_dir, follows=follows, ask_agent=agents.ask))
        modules.append(agents)
        disabled |= set() if traps.enabled else {"agents"}
        disabled |= set() if traps.enabled else {"spamtrap"}
    return modules, disabled


def context_for(house: House, store: Store, asns: AsnFile | None = None) -> Callable[[str], Context]:
    """Return a function that makes a module's context."""

    def make(name: str) -> Context:
        return Context(
            log=log.get(name),
            clock=house.clock,
            rng=house.rng,
            store=store,
            fetcher=house.fetcher,
            workers=house.workers,
            health=house.health.node(name),
            resolver=house.resolver,
            asns=asns,
        )

    return make
