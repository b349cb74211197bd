"""What the demo's operator does for fast-flux tracking: resolvers of his own, an AS table, knowledge, names by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo import daemon
from demo.worlds import script, space, zones
from demo.worlds.server import AUTHORITY

if TYPE_CHECKING:
    from pathlib import Path

    from demo.worlds.server import Worlds

WILDCARD_TAG = "look-closer"  # names with it are tried with random labels
STRAIGHT_TAG = "straight"  # names with it are asked at their zones' own servers

KEYS = {
    "wildcard_tags": f'["{WILDCARD_TAG}"]',
    "authority_tags": f'["{STRAIGHT_TAG}"]',
    "nameservers_every": '"4s"',
    "networks_every": '"3s"',
    "dormant_after": '"8s"',
    "dormant_every": '"5s"',
}

# What makes the difference between flux and what only looks so to a formula.
KNOWLEDGE = f"""[[cdn]]
cname = ["edge-cdn.example"]
reason = "a CDN's edges inside many providers' networks"
source = "the demo"
[[pool]]
name = ["pool-of-time.example"]
reason = "volunteers' time servers"
source = "the demo"
[[sinkhole]]
network = ["{space.SINKHOLE[0]}/28"]
reason = "names that were taken away lead here"
source = "the demo"
[[parking]]
network = ["{space.PARKING}"]
reason = "names for sale"
source = "the demo"
"""


def net(folder: Path, worlds: Worlds) -> str:
    """Write the AS table and return the keys of `[net]` that tracking needs."""
    table = folder / "asn.tsv"
    space.write(table)
    return f"""resolvers = {_list(worlds.resolver_addresses())}
root_servers = ["{zones.ROOT}"]
authority_port = {worlds.ports[AUTHORITY]}
walled_gardens = ["{space.GARDEN}"]
asn_file = "{table}"
"""


def section(folder: Path, **changed: object) -> str:
    """Write the operator's knowledge and return the section `[modules.fastflux]`; `changed`: keys, as TOML has them."""
    knowledge = folder / "knowledge.d"
    knowledge.mkdir(exist_ok=True)
    (knowledge / "demo.toml").write_text(KNOWLEDGE)
    keys = KEYS | {"knowledge_dirs": f'["{knowledge}"]'} | {key: str(value) for key, value in changed.items()}
    return "[modules.fastflux]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def _list(texts: list[str]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


async def add_by_hand(config: Path) -> list[str]:
    """Put the names that stand on no list under watch, each with its tags; return them."""
    added = []
    for world in script.WORLDS:
        if world.tags:
            tags = [word for tag in world.tags for word in ("--tag", tag)]
            await daemon.command(config, "flux", "add", world.name, *tags, "--note", "seen by a colleague")
            added.append(world.name)
    return added
