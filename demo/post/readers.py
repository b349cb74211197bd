"""Who reads the demo's post: our daemon, all of it, and a colleague's, who is given another view of the same agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo import daemon
from demo.post import archive
from demo.post.host import NAME, OTHER_VIEW, OWN_VIEW

if TYPE_CHECKING:
    from pathlib import Path

    from demo.post.host import Peer

ARCHIVE = "untouched"


def section(base: str, url: str, peer: Peer) -> str:
    """Return our daemon's sections: the archive at `base`, the agent at `url`."""
    return f"""[modules.spamtrap]
sighting_keep = "3650d"
every = "5s"
[[modules.spamtrap.archives]]
name = "{ARCHIVE}"
url = "{base}{archive.PATH}"
every = "5s"
allow_networks = ["127.0.0.0/8"]
{_agent(url, peer, OWN_VIEW)}"""


def _agent(url: str, peer: Peer, view: str) -> str:
    return f"""[[modules.spamtrap.agents]]
name = "{NAME}"
url = "{url}"
token_file = "{peer.token_file}"
public_key = "{peer.public_key}"
view = "{view}"
"""


def write_colleague(folder: Path, url: str, peer: Peer) -> Path:
    """Write the configuration of the colleague's daemon, who has no list of ours, and return its path."""
    folder.mkdir()
    folder.chmod(0o755)
    path = folder / "tipd.toml"
    path.write_text(
        f"""state_dir = "{folder / "state"}"
[api]
listen = "127.0.0.1:{daemon.free_port()}"
[net]
allow_networks = ["127.0.0.0/8"]
[modules.blacklist]
enabled = false
catalogue = false
[modules.fastflux]
enabled = false
{_agent(url, peer, OTHER_VIEW)}"""
    )
    return path
