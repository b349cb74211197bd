"""The worlds are what their titles say: scores as a formula sees them, names and addresses that are nobody's."""

import ipaddress

import pytest

from demo.worlds import space
from demo.worlds.behaviour import Moment
from demo.worlds.recursive import Recursive
from demo.worlds.script import FLUX_TTL, FLUXING, HONEST, LISTED, REGIONS, WORLDS, by_name, tree
from tipd.model.canonical.address import BITS4
from tipd.model.canonical.bogon import is_bogon
from tipd.model.canonical.suffix import is_public_suffix, registrable
from tipd.model.dns import NS, A, text_name
from tipd.modules.fastflux.scores.holz import Holz

TREE = tree()


def addresses(name, now, *, seed="0", region="eu"):
    """Return what a resolver with an empty cache says then."""
    answer = Recursive(TREE, region, seed=seed).answer(name, A, now).answer
    return {str(ipaddress.ip_address(record.rdata)) for record in answer if record.rtype == A}


def holz(name, now, *, seed="0"):
    """Score two consecutive look-ups, the second at the other resolver when the TTL is over; bogons do not count."""
    both = addresses(name, now, seed=seed) | addresses(name, now + FLUX_TTL, seed=seed, region="us")
    known = [address for address in both if not is_bogon(BITS4, int(ipaddress.ip_address(address)))]
    return Holz(len(known), len({space.asn_of(address) for address in known}))


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.title)
def test_every_window_scores_as_the_script_says(world):
    for seed in ("0", "another"):
        for now in range(0, 60, FLUX_TTL):
            assert holz(world.name, now, seed=seed).flux is (world.flux or world.looks or bool(world.blocked)), now


def test_there_is_every_world_that_has_to_be_told_apart():
    assert len(FLUXING) == 5
    assert len(HONEST) >= 12
    assert sum(world.looks for world in HONEST) == 3
    assert {world.blocked for world in HONEST} == {"", "ede", "garden"}
    assert len({world.name for world in WORLDS}) == len(WORLDS)


def test_names_come_from_lists_and_by_hand():
    assert set(LISTED) | {world.name for world in WORLDS if world.tags} == {world.name for world in WORLDS}
    assert any(world.flux and world.tags for world in WORLDS)
    assert any(world.flux and world.name in LISTED for world in WORLDS)


def test_one_stands_under_a_private_suffix_and_one_under_an_apex_without_addresses():
    (private,) = [world.name for world in FLUXING if world.name.endswith(".net")]
    assert registrable(private) == private
    assert is_public_suffix(private.partition(".")[2])
    quiet = by_name("pay.quiet-apex.example").zones[0].name
    look = TREE.look(quiet, A, Moment(0))
    assert (look.exists, look.rdatas) == (True, ())


def test_names_are_those_for_documentation_but_the_private_suffix():
    names = {host for world in WORLDS for zone in world.zones for host in (zone.name, *zone.hosts, *zone.servers.names)}
    odd = {name for name in names if not name.endswith((".example", ".test"))}
    assert {registrable(name) for name in odd} == {"parcel-track.homeip.net"}


def test_double_flux_moves_its_name_servers_and_their_addresses():
    zone = "double-flux.example"
    servers = {text_name(rdata) for now in range(0, 20, 2) for rdata in TREE.look(zone, NS, Moment(now)).rdatas}
    assert len(servers) > 8
    homes = {rdata for now in range(0, 20, 2) for rdata in TREE.look(f"ns1.{zone}", A, Moment(now)).rdatas}
    assert len(homes) > 8
    single = {rdata for now in range(0, 20, 2) for rdata in TREE.look("single-flux.example", NS, Moment(now)).rdatas}
    assert len(single) == 2


def test_fluxing_names_share_machines_in_two_networks():
    seen = {world.name: {a for now in range(0, 60, 2) for a in addresses(world.name, now)} for world in FLUXING}
    first = {name for name, found in seen.items() if found & seen["single-flux.example"]}
    assert first == {"single-flux.example", "pay.quiet-apex.example", "www.alias-flux.example"}
    assert seen["parcel-track.homeip.net"] & seen["login.double-flux.example"]


def test_the_round_robin_is_too_long_for_one_packet():
    assert 1232 / 16 < len(addresses("round-robin.example", 0)) == len(addresses("round-robin.example", 2))


def test_the_network_of_one_rotates_through_more_than_a_formula_without_a_window_would_bear():
    """Distinct addresses over days: 1.32 n + 18.54 passes 142.38 at 94 addresses (see fast-flux.md)."""
    seen = {a for now in range(0, 200, FLUX_TTL) for a in addresses("images.one-cdn.example", now)}
    assert Holz(len(seen), 1).flux
    assert {space.asn_of(address) for address in seen} == {space.CONTENT}


def test_an_unknown_name_is_no_world():
    with pytest.raises(KeyError):
        by_name("nobody.example")


def test_nobody_is_at_two_places_but_regions_differ_in_one_world():
    seen = {world.name: [addresses(world.name, 0, region=region) for region in REGIONS] for world in HONEST}
    assert {name for name, (one, other) in seen.items() if one != other} == {"geo.example"}
