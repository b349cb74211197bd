"""The synthetic table: documentation space and ASes, told apart finely enough, read by the real reader."""

import itertools
from ipaddress import ip_address, ip_network

import pytest

from demo.worlds import space
from tipd.net import asn_rows

DOCUMENTATION = [ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]


def test_pieces_lie_in_documentation_space_and_do_not_overlap():
    pieces = space.pieces()
    for piece in pieces:
        assert any(ip_address(end) in net for end in (piece.first, piece.last) for net in DOCUMENTATION)
    for version in (4, 6):
        own = [piece for piece in pieces if ip_address(piece.first).version == version]
        for one, following in itertools.pairwise(own):
            assert ip_address(one.last) < ip_address(following.first)


def test_every_documentation_address_is_announced():
    assert all(space.asn_of(str(address)) for net in DOCUMENTATION[:3] for address in net)
    assert all(space.asn_of(address) for address in space.HOMES_A6)
    assert space.asn_of("10.0.0.1") == space.asn_of("2001:db9::1") == 0


def test_numbers_are_those_for_documentation():
    """RFC 5398: 64496 to 64511 and 65536 to 65551."""
    numbers = {piece.asn for piece in space.pieces()}
    assert numbers == {*range(64496, 64512), *range(65536, 65552)}


@pytest.mark.parametrize(
    ("pool", "least", "most"),
    [
        (space.HOMES_A, 14, 14), (space.HOMES_B, 14, 14), (space.EDGES, 16, 16), (space.VOLUNTEERS, 26, 26),
        (space.SINKHOLE, 16, 16), (space.CDN, 1, 1), (space.HOSTED, 5, 5), (space.HOMES_A6, 26, 26),
    ],
)  # fmt: skip
def test_how_many_networks_a_pool_is_spread_over(pool, least, most):
    assert least <= len({space.asn_of(address) for address in pool}) <= most
    assert len(set(pool)) == len(pool)


def test_the_two_botnets_share_no_address_with_each_other_nor_with_honest_ones():
    pools = (space.HOMES_A, space.HOMES_B, space.EDGES, space.VOLUNTEERS, space.SINKHOLE, space.CDN, space.HOSTED)
    for one, other in itertools.combinations(pools, 2):
        assert not set(one) & set(other)
    assert not {space.PARKING, space.GARDEN} & set(itertools.chain(*pools))


def test_the_file_is_read_as_iptoasn_without_a_bad_row(tmp_path):
    space.write(tmp_path / "asn.tsv")
    form, rows = asn_rows.text_rows(tmp_path / "asn.tsv")
    read = [row for _, row in rows]
    assert form == "iptoasn"
    assert None not in read
    assert [(row.asn, row.name) for row in read] == [(piece.asn, piece.name) for piece in space.pieces()]
