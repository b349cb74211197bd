"""The watches and sinks of this process: made from the configuration, exchanged when it is read again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from tipd import log
from tipd.model.annotate import Annotations
from tipd.net.webhook import Poster
from tipd.watching.compile import check_names, compile_watches
from tipd.watching.settings import SinkSettings, WatchSettings
from tipd.watching.sink import Ground
from tipd.watching.sinks import Sinks

if TYPE_CHECKING:
    from tipd.config import Config
    from tipd.daemon.house import House
    from tipd.model.watch import AsnOf, Watches
    from tipd.net.asn_file import AsnFile
    from tipd.store.store import Store


class Watching:
    """`annotations` for whoever shows findings, `sinks` to be run."""

    def __init__(self, house: House, store: Store, asns: AsnFile) -> None:
        """Read what the watches name; raises ConfigError."""
        self._asns = asns
        watches = compiled(house.config, self._asn_of)
        self.annotations = Annotations(watches, lambda: store.allowed.now)
        ground = Ground(
            log=store.findings,
            rows=store.sinks,
            annotations=self.annotations,
            store_id=lambda: store.store_id,
            clock=house.clock,
            rng=house.rng,
            say=log.get("sinks"),
        )
        sinks = house.config.table("sink", SinkSettings)
        self.sinks = Sinks(sinks, ground, store.sinks, Poster(house.fetcher.tools), house.health)

    async def take(self, new: Config) -> None:
        """Use another configuration from now on, and read its files again; raises ConfigError, and all stays."""
        watches = await trio.to_thread.run_sync(partial(compiled, new, self._asn_of))
        self.annotations.watches = watches
        self.sinks.exchange(new.table("sink", SinkSettings))

    def _asn_of(self, address: str) -> int | None:
        return self._asns.table.of(address)


def compiled(config: Config, asn_of: AsnOf | None = None) -> Watches:
    """Return the configured watches, ready to match; raises ConfigError, also where a sink names one there is not."""
    watches = compile_watches(config.table("watch", WatchSettings), asn_of)
    check_names(config.table("sink", SinkSettings), watches)
    return watches
