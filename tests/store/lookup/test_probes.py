"""What a question about the past asks the database."""

import pytest

from tipd.model.canonical import canonical
from tipd.model.key import key_of
from tipd.store.lookup.probes import around_probes, key_probes
from tipd.store.lookup.questions import Questions

SEED = 7


def asked(*values: str) -> Questions:
    questions = Questions.of(values, SEED)
    for _ in questions.work_out():
        pass
    return questions


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("192.0.2.7", [("192.0.2.7", "exact")]),
        ("192.0.2.0/25", [("192.0.2.0/25", "exact")]),
        ("2001:db8::7", [("2001:db8::7", "exact")]),
        ("2001:db8::/48", [("2001:db8::/48", "exact")]),
        ("a.b.example.org", [("a.b.example.org", "exact"), ("b.example.org", "parent"), ("example.org", "parent")]),
        ("A.Example.org", [("a.example.org", "exact"), ("example.org", "parent")]),
        (
            "http://a.example.org/x",
            [("a.example.org", "host"), ("example.org", "host"), ("http://a.example.org/x", "exact")],
        ),
        ("http://[2001:db8::7]/", [("http://[2001:db8::7]/", "exact"), ("2001:db8::7", "host")]),
        ("http://192.0.2.7/", [("http://192.0.2.7/", "exact"), ("192.0.2.7", "host")]),
        ("someone@example.org", [("someone@example.org", "exact")]),
        ("no such thing", []),
    ],
)
def test_each_value_is_sought_by_its_own_key_and_those_of_what_holds_it(
    value: str, found: list[tuple[str, str]]
) -> None:
    probes = list(key_probes(asked("example.com", value)))
    assert {(probe.value, probe.how) for probe in probes if probe.owner == 1} == set(found)
    for probe in probes:
        assert probe.key == key_of(SEED, canonical(probe.value).kind, probe.value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("192.0.2.7", [("192.0.2.7", "contained")]),
        ("192.0.2.0/25", [("192.0.2.0/25", "contained")]),
        ("2001:db8::7", [("2001:db8::7", "contained")]),
        ("2001:db8::/48", [("2001:db8::/48", "contained")]),
        ("http://[2001:db8::7]/", [("2001:db8::7", "host")]),
        ("http://192.0.2.7/", [("192.0.2.7", "host")]),
        ("example.org", []),
    ],
)
def test_networks_are_sought_around_addresses_and_networks(value: str, found: list[tuple[str, str]]) -> None:
    assert [(probe.value, probe.how) for probe in around_probes(asked(value))] == found
