"""The API as a part of the house: started with the sockets it was given, ended with a goodbye."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import trio

from tipd import __version__, log
from tipd.api.address import base_of
from tipd.api.app import create_app
from tipd.api.server import serve
from tipd.api.services import Services
from tipd.api.settings import ApiSettings
from tipd.daemon.past import PastParts
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.settings import FluxSettings

if TYPE_CHECKING:
    from tipd.daemon.followers import Followers
    from tipd.daemon.house import House
    from tipd.daemon.housekeeping import Housekeeping
    from tipd.nursery.scheduler import Scheduler
    from tipd.store.store import Store


class Outside:
    """Serves the API until `close`."""

    def __init__(
        self, house: House, store: Store, followers: Followers, scheduler: Scheduler, keeper: Housekeeping
    ) -> None:
        """Gather what the API needs."""
        self._doors = house.doors
        self._health = house.health
        self._state_dir = house.config.state_dir
        self._shutdown = trio.Event()
        self._ended = trio.Event()
        self._begun = False
        past = PastParts(house, store)
        self.archive, self.forgetter = past.archive, past.forgetter
        self._services = Services(
            store=store,
            index=followers.index,
            health=house.health,
            scheduler=scheduler,
            clock=house.clock,
            log=log.get("api"),
            version=__version__,
            settings=house.config.section("api", ApiSettings),
            blocking=house.detector,
            available=lambda: store.available,
            notes=keeper.notes,
            subscribe=store.writer.subscribe,
            asns=followers.asns,
            annotations=followers.watching.annotations,
            sinks=followers.watching.sinks,
            bodies=past.bodies,
            uploads=past.uploads,
            archive=past.archive,
            forgetter=past.forgetter,
            flux=house.config.section("modules.fastflux", FluxSettings),
        )

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take over the open doors, print the console's link where somebody looks, serve until closed."""
        self._begun = True
        try:
            async with trio.open_nursery() as nursery:
                names = await nursery.start(self._serve)
                log.get("api").info("listening", on=names)
                self._print_link(names)
                task_status.started()
        finally:
            self._ended.set()

    async def _serve(self, *, task_status: trio.TaskStatus[list[str]]) -> None:
        app = create_app(self._services)
        self._health.channel("stream", app.core.hub)
        await serve(
            self._services,
            app=app,
            state_dir=self._state_dir,
            shutdown=self._shutdown,
            listeners=self._doors.hand_over(),
            task_status=task_status,
        )

    def _print_link(self, names: list[str]) -> None:
        """Write a link that lets one browser in: to a terminal only, so that no log file ever holds one."""
        base = base_of(names, secure=self._services.settings.tls_cert_file is not None)
        if base is not None and sys.stderr.isatty():
            code = self._services.sessions.new_console_code(Tlp.RED)
            sys.stderr.write(f"console: {base}/login?code={code}\n")

    async def close(self) -> None:
        """Say goodbye to everybody and wait until the API has ended."""
        self._shutdown.set()
        if self._begun:
            await self._ended.wait()
