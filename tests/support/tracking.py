"""A daemon that tracks names among the worlds of the demo."""

from collections.abc import Callable, Iterable
from pathlib import Path

from demo import tracking
from support.daemon import Daemon
from support.worlds import WorldServer

SOURCE = 'parser = "lines"\nkind = "domain"\nclass = "malware-distribution"\nevery = "1h"\nmin_interval = "1s"\n'


def tracking_daemon(
    make_daemon: Callable[..., Daemon], folder: Path, server: WorldServer, *, lists: Iterable[str] = (), **keys: object
) -> Daemon:
    """Make (not start) a daemon whose resolvers are the worlds'; `lists`: URLs; `keys`: of its section, in TOML."""
    declared = {f"names{number}": f'url = "{url}"\n{SOURCE}' for number, url in enumerate(lists)}
    net = tracking.net(folder, server.worlds)
    return make_daemon(sources=declared, net=net, settings=tracking.section(folder, **keys))


def names_of(daemon: Daemon) -> dict[str, dict]:
    """Return every name under watch, as the API shows it, by name."""
    found: dict[str, dict] = {}
    after = ""
    while True:
        page = daemon.get(f"/api/v1/flux/domains?limit=10000&after={after}")
        found |= {row["domain"]: row for row in page["domains"]}
        after = page["next"]
        if not after:
            return found


def in_state(daemon: Daemon, state: str) -> set[str]:
    """Return the names in a state."""
    return {name for name, row in names_of(daemon).items() if row["state"] == state}
