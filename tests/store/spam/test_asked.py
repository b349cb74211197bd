"""What may be asked of spam."""

import pytest

from tipd.store.spam.asked import Value, hosts_of, place_of, read


def test_values_are_taken_apart() -> None:
    assert read("192.0.2[.]1", 1) == Value(address="192.0.2.1", hosts=("192.0.2.1", "[192.0.2.1]"))
    assert read("WWW.Example.org", 1) == Value(hosts=("www.example.org", "*.example.org"))
    assert read("AB" * 32, 1) == read("ab" * 32, 1)
    found = read("http://www.example.org/a", 1)
    assert found is not None
    assert found.part == read("hxxp://www.example[.]org/a", 1).part  # type: ignore[union-attr]
    for nothing in ("", "?", "AS64500", "192.0.2.0/24"):
        assert read(nothing, 1) is None


def test_a_name_stands_for_what_folds_to_its_domain() -> None:
    assert hosts_of("a.b.example.co.uk") == ("a.b.example.co.uk", "*.example.co.uk")


def test_places() -> None:
    assert place_of("") is None
    assert place_of("-5.7") == (-5, 7)
    for text in ("1", "1.x", "1.2.3", "٣.1", "9" * 20 + ".1"):
        with pytest.raises(ValueError, match="no page gave"):
            place_of(text)
