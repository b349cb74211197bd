"""The worlds: what stands behind each name that is watched, and whether it fluxes.

Some that do not flux look so to a formula: rotating time servers, a sinkhole and a CDN's edges in many networks score
as high as a botnet. Knowledge has to tell them apart (`operator.py` writes what the demo's operator knows).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.worlds import space
from demo.worlds.behaviour import Alias, Broken, ByRegion, Hosted, Rotating, RoundRobin, Stages, Steady
from demo.worlds.zones import Servers, Tree, Zone, usual

if TYPE_CHECKING:
    from demo.worlds.behaviour import Behaviour

FLUX_TTL = 2  # seconds: what lasts minutes out there
FLUX_SERVERS = tuple(f"127.0.54.{number}" for number in range(1, 7))
DIES_AFTER = 15.0  # seconds
REGIONS = ("eu", "us")


@dataclass(frozen=True)
class World:
    """One name under watch and what is behind it.

    `flux`: it fluxes, and is to be confirmed. `looks`: it does not, yet scores above the threshold. `tags`: given by
    hand (`tipd flux add`); a world without any stands on a list. `blocked`: how every resolver answers instead, by
    policy: `ede` (an extended error) or `garden`.
    """

    title: str
    name: str
    zones: tuple[Zone, ...]
    flux: bool = False
    looks: bool = False
    tags: tuple[str, ...] = ()
    blocked: str = ""


def _zone(name: str, behaviour: Behaviour, *, host: str = "", servers: Servers | None = None) -> Zone:
    """Return a zone with one host, itself unless `host` says another."""
    return Zone(name, servers or usual(name), {host or name: behaviour})


_BOTNET_A = Rotating(space.HOMES_A, 10, FLUX_TTL, space.HOMES_A6)
_BOTNET_B = Rotating(space.HOMES_B, 10, FLUX_TTL)
_FLUXING_SERVERS = Servers(
    tuple(f"ns{number}.double-flux.example" for number in range(1, 13)),
    shown=4,
    ttl=FLUX_TTL,
    homes=Rotating(space.HOMES_B, 1, FLUX_TTL),
    at=FLUX_SERVERS,
)

FLUXING = (
    World("single flux", "single-flux.example", (_zone("single-flux.example", _BOTNET_A),), flux=True),
    World(
        "double flux",
        "login.double-flux.example",
        (_zone("double-flux.example", _BOTNET_B, host="login.double-flux.example", servers=_FLUXING_SERVERS),),
        flux=True,
    ),
    World(
        "flux under an apex without addresses",
        "pay.quiet-apex.example",
        (_zone("quiet-apex.example", _BOTNET_A, host="pay.quiet-apex.example"),),
        flux=True,
    ),
    World(  # the suffix is of the list's private section: strangers register there, so this is an apex of its own
        "flux under a private suffix",
        "parcel-track.homeip.net",
        (_zone("parcel-track.homeip.net", _BOTNET_B),),
        flux=True,
        tags=("parcels",),
    ),
    World(
        "flux behind an alias",
        "www.alias-flux.example",
        (
            _zone("alias-flux.example", Alias("go.relay-flux.test", 30), host="www.alias-flux.example"),
            _zone("relay-flux.test", _BOTNET_A, host="go.relay-flux.test"),
        ),
        flux=True,
        tags=("parcels", "relays"),
    ),
)

HONEST = (
    World(
        "round robin, too many for one packet",
        "round-robin.example",
        (_zone("round-robin.example", RoundRobin(space.CDN[:90], FLUX_TTL)),),
    ),
    World(
        "CDN in one network",
        "images.one-cdn.example",
        (_zone("one-cdn.example", Rotating(space.CDN, 8, FLUX_TTL), host="images.one-cdn.example"),),
    ),
    World(
        "CDN in many networks behind an alias",
        "www.shop.example",
        (
            _zone("shop.example", Alias("shop.edge-cdn.example", 30), host="www.shop.example"),
            _zone("edge-cdn.example", Rotating(space.EDGES, 8, FLUX_TTL), host="shop.edge-cdn.example"),
        ),
        looks=True,
    ),
    World(
        "time servers of volunteers",
        "0.pool-of-time.example",
        (_zone("pool-of-time.example", Rotating(space.VOLUNTEERS, 6, FLUX_TTL), host="0.pool-of-time.example"),),
        looks=True,
    ),
    World(
        "wildcard",
        "anything.wildcard.example",
        (Zone("wildcard.example", usual("wildcard.example"), {}, RoundRobin(space.HOSTED[90:93], FLUX_TTL)),),
        tags=("look-closer",),
    ),
    World(
        "sinkhole",
        "seized.example",
        (_zone("seized.example", Rotating(space.SINKHOLE, 8, FLUX_TTL)),),
        looks=True,
    ),
    World("parked", "for-sale.example", (_zone("for-sale.example", Steady((space.PARKING,))),)),
    World(
        "other answers elsewhere",
        "geo.example",
        (
            _zone(
                "geo.example",
                ByRegion(
                    {
                        "": Rotating(space.HOSTED[93:101], 2, FLUX_TTL),
                        "eu": Rotating(space.HOSTED[101:109], 2, FLUX_TTL),
                        "us": Rotating(space.HOSTED[109:117], 2, FLUX_TTL),
                    }
                ),
            ),
        ),
    ),
    World(
        "dying",
        "dying.example",
        (
            _zone(
                "dying.example",
                Stages(((DIES_AFTER, Steady(space.HOSTED[117:119])), (DIES_AFTER + 4, Broken()), (float("inf"), None))),
            ),
        ),
    ),
    World(
        "private answers",
        "inner.example",
        (_zone("inner.example", Rotating(tuple(f"10.{n}.{n}.{n}" for n in range(64)), 8, FLUX_TTL)),),
    ),
    World("blocked by resolvers", "blocked.example", (_zone("blocked.example", _BOTNET_A),), blocked="ede"),
    World("led into a walled garden", "walled.example", (_zone("walled.example", _BOTNET_A),), blocked="garden"),
)

WORLDS = (*FLUXING, *HONEST)
LISTED = tuple(world.name for world in WORLDS if not world.tags)
# Where names of lists and partners lead that are nobody's world.
_OTHERS = tuple(Zone(name, usual(name), {}, Hosted(space.HOSTED, 20, 0.2)) for name in ("example.org", "example.net"))


def tree(*, crowd_ttl: int = 20, crowd_gone: float = 0.2) -> Tree:
    """Return the zones of all worlds; of ordinary names the TTL (seconds) and the share that is gone."""
    return Tree(
        (*(zone for world in WORLDS for zone in world.zones), *_OTHERS), crowd_ttl=crowd_ttl, crowd_gone=crowd_gone
    )


def by_name(name: str) -> World:
    """Return the world of a watched name; raises KeyError."""
    return {world.name: world for world in WORLDS}[name]
