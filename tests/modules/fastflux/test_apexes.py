"""Names counted by registrable domain."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.fastflux.apexes import Apexes


def test_names_of_a_domain_are_counted() -> None:
    apexes = Apexes(20_000)
    first = apexes.add("example.org")
    assert apexes.add("example.org") == first
    assert apexes.add("example.net") != first
    assert apexes.counts[first] == apexes.count("example.org") == 2
    assert apexes.count("example.com") == 0
    assert len(apexes) == 2


def test_a_number_is_used_again_when_the_last_name_is_gone() -> None:
    apexes = Apexes(20_000)
    first = apexes.add("example.org")
    apexes.add("example.org")
    apexes.leave(first)
    assert apexes.count("example.org") == 1
    apexes.leave(first)
    assert apexes.count("example.org") == 0
    assert apexes.add("example.net") == first
    assert apexes.count("example.org") == 0


def test_many_domains_fit() -> None:
    apexes = Apexes(20_000)
    numbers = {apexes.add(f"{number}.example") for number in range(20_000)}
    assert len(numbers) == len(apexes) == 20_000
    assert all(apexes.count(f"{number}.example") == 1 for number in range(0, 20_000, 7))


def test_coming_and_going_does_not_fill_the_table() -> None:
    apexes = Apexes(100)
    for number in range(5_000):
        apexes.leave(apexes.add(f"{number}.example"))
    assert len(apexes) == 0
    assert not any(apexes._table)
    assert len(apexes.counts) == 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 11)), max_size=200))
def test_as_a_plain_counter_has_it(steps: list[tuple[bool, int]]) -> None:
    apexes, model, numbers = Apexes(12), Counter(), {}
    for comes, apex in steps:
        if comes:
            numbers[apex] = apexes.add(f"{apex}.example")
            model[apex] += 1
        elif model[apex]:
            apexes.leave(numbers[apex])
            model[apex] -= 1
    assert [apexes.count(f"{apex}.example") for apex in range(12)] == [model[apex] for apex in range(12)]
    assert len(apexes) == sum(1 for count in model.values() if count)
