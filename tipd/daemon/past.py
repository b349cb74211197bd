"""What the API needs to ask of the past: the kept bodies, files on their way in, and the archive that reads both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd import log
from tipd.api.settings import ApiSettings
from tipd.api.uploads import Uploads
from tipd.config import duration, size
from tipd.daemon.modules import context_for
from tipd.modules.blacklist.archive import Archive
from tipd.modules.blacklist.forget import Forgetter
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.modules.spamtrap.agents.forgetting import Versions
from tipd.modules.spamtrap.settings import SpamtrapSettings
from tipd.net.settings import NetSettings
from tipd.store.bodies import Bodies

if TYPE_CHECKING:
    from tipd.daemon.house import House
    from tipd.store.store import Store


class PastParts:
    """Built once; `archive.run` is a task of the house."""

    def __init__(self, house: House, store: Store) -> None:
        """Build them; files that another run left are removed."""
        config = house.config
        settings = config.section("modules.blacklist", BlacklistSettings)
        keep, most = duration(settings.keep_bodies), size(settings.keep_bodies_size)
        self.bodies = Bodies.below(config.state_dir, keep, most)
        self.uploads = Uploads.below(config.state_dir, size(config.section("api", ApiSettings).max_upload))
        networks = config.section("net", NetSettings).allow_networks
        self.archive = Archive(settings, config.state_dir, self.bodies, networks)
        self.archive.begin(context_for(house, store)("archive"))
        versions = Versions(
            config.section("modules.spamtrap", SpamtrapSettings), config.state_dir, house.workers, store
        )
        self.forgetter = Forgetter(
            store, self.bodies, config.state_dir, house.workers, log.get("forget"), elsewhere=(versions,)
        )
        if "api" in house.parts:
            self.uploads.sweep()
            self.archive.sweep()
