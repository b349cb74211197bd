"""Building an AS table."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tipd.net.asn import AsnTable
from tipd.net.asn_build import AsnJob, build, flattened

_RANGES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20), st.integers(0, 5)).map(lambda t: (t[0], t[0] + t[1], t[2])),
    max_size=12,
)


def _prefixes(draws):
    """Ranges as prefixes make them: one holds the other, or they do not meet."""
    return [(low >> bits << bits, (low >> bits << bits) + (1 << bits) - 1, asn) for low, bits, asn in draws]


@given(st.lists(st.tuples(st.integers(0, 63), st.integers(0, 5), st.integers(0, 4)), max_size=12).map(_prefixes))
def test_the_narrowest_prefix_holds(prefixes):
    distinct = {(low, high): asn for low, high, asn in prefixes}
    borders = list(flattened([(low, -high, asn) for (low, high), asn in distinct.items()]))
    assert [at for at, _ in borders] == sorted({at for at, _ in borders})
    for address in range(70):
        around = [(high - low, asn) for (low, high), asn in distinct.items() if low <= address <= high]
        expected = min(around)[1] if around else 0
        told = [asn for at, asn in borders if at <= address]
        assert (told[-1] if told else 0) == expected


@given(_RANGES)
def test_ranges_that_overlap_give_borders_in_order_and_cover_no_more(ranges):
    borders = list(flattened([(low, -high, asn) for low, high, asn in ranges]))
    assert all(one[0] < two[0] and one[1] != two[1] for one, two in itertools.pairwise(borders))
    covered = {address for low, high, _ in ranges for address in range(low, high + 1)}
    for (at, asn), (end, _) in itertools.pairwise([*borders, (200, 0)]):
        assert asn == 0 or set(range(at, end)) <= covered


def test_a_table_is_built_and_says_of_what(tmp_path):
    path, into = tmp_path / "asn.tsv", tmp_path / "asn.table"
    path.write_text(
        "".join(f"198.51.{n}.0\t198.51.{n}.255\t{64500 + n}\tZZ\tNET-{n}\n" for n in range(200)) + "rubbish\n"
    )
    answer = build(AsnJob(path=str(path), into=str(into)))
    assert (answer.error, answer.bad_line) == ("", 201)
    assert (answer.head.form, answer.head.rows, answer.head.refused, answer.head.names) == ("iptoasn", 200, 1, 200)
    table = AsnTable.open(into)
    assert table.head == answer.head
    assert (table.of("198.51.7.9"), table.name(64507)) == (64507, "NET-7")


def test_too_many_unreadable_rows_are_refused_with_the_first_line(tmp_path):
    path, into = tmp_path / "asn.tsv", tmp_path / "asn.table"
    rows = [f"198.51.{n}.0\t198.51.{n}.255\t{64500 + n}\tZZ\tNET\n" for n in range(40)]
    path.write_text("".join(rows) + "rubbish\n" * 3)
    answer = build(AsnJob(path=str(path), into=str(into)))
    assert answer.error == f"{path}:41: 3 of 43 rows cannot be read (iptoasn)"
    assert not into.exists()


def test_a_file_that_is_not_there_is_said(tmp_path):
    answer = build(AsnJob(path=str(tmp_path / "none"), into=str(tmp_path / "asn.table")))
    assert "No such file" in answer.error
