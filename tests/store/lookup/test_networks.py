import ipaddress

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tipd.store.lookup.levels import Table
from tipd.store.lookup.networks import KEY4, KEY6, Networks, keys4, keys6

# Few distinct bits, so that networks meet; every prefix length, /0 included.
FOUR = st.builds(
    lambda number, length: ipaddress.ip_network((number, length), strict=False),
    st.integers(0, 7).map(lambda bits: bits << 29 | bits << 7),
    st.integers(0, 31),
)
SIX = st.builds(
    lambda high, low, length: ipaddress.ip_network((high << 125 | 1 << 70 | low, length), strict=False),
    st.integers(0, 7),
    st.integers(0, 70000),
    st.integers(0, 127),
)


def key_of(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> np.ndarray:
    if network.version == 4:
        return keys4(np.array([int(network.network_address)], np.uint32), network.prefixlen)
    return keys6(np.frombuffer(network.network_address.packed, np.uint8).reshape(1, 16), network.prefixlen)


def table_of(networks: set, dtype: str) -> Table:
    keys = np.sort(np.concatenate([key_of(network) for network in networks] or [np.empty(0, dtype)]))
    return Table.of(keys, np.ones(len(keys), np.uint32))


def around(networks: Networks, asked: list) -> list[list[int]]:
    if asked[0].version == 4:
        addresses = np.array([int(one.network_address) for one in asked], np.uint32)
    else:
        addresses = np.frombuffer(b"".join(one.network_address.packed for one in asked), np.uint8).reshape(-1, 16)
    found: list[list[int]] = [[] for _ in asked]
    lengths = np.array([one.prefixlen for one in asked])
    for which, length, sets in networks.around(addresses, lengths):
        assert sets.all()
        for at in which.tolist():
            found[at].append(length)
    return found


def wider(listed: set, one) -> list[int]:
    holds = [net.prefixlen for net in listed if net.prefixlen < one.prefixlen and one.subnet_of(net)]
    return sorted(holds, reverse=True)


@given(st.sets(FOUR, max_size=8), st.sets(FOUR, max_size=4), st.lists(FOUR, min_size=1, max_size=8))
def test_ipv4_networks_around(base: set, later: set, asked: list) -> None:
    check(base, later, asked, KEY4)


@given(st.sets(SIX, max_size=8), st.sets(SIX, max_size=4), st.lists(SIX, min_size=1, max_size=8))
def test_ipv6_networks_around(base: set, later: set, asked: list) -> None:
    check(base, later, asked, KEY6)


def check(base: set, later: set, asked: list, dtype: str) -> None:
    networks = Networks.of(table_of(base, dtype))
    assert around(networks, asked) == [wider(base, one) for one in asked]
    added = table_of(later, dtype).base
    more = Networks.of(networks.table.changed(added.keys, added.sets), networks)
    assert around(more, asked) == [wider(base | later, one) for one in asked]
    gone = Networks.of(more.table.changed(added.keys, np.zeros(len(added.keys), np.uint32)), more)
    assert around(gone, asked) == [wider(base - later, one) for one in asked]
