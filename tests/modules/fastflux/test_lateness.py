"""The histogram of lateness."""

from tipd.modules.fastflux.lateness import Lateness


def test_nothing_yet() -> None:
    assert Lateness().facts() == {"median_s": None, "p99_s": None, "worst_s": 0.0}


def test_shares_lie_in_classes() -> None:
    lateness = Lateness()
    lateness.note(0.01, 980, 100.0)
    lateness.note(0.4, 15, 101.0)
    lateness.note(7.5, 5, 102.0)
    assert lateness.facts() == {"median_s": 0.02, "p99_s": 0.5, "worst_s": 7.5}
    assert lateness.quantile(1.0) == 10.0


def test_beyond_all_classes_it_is_the_worst() -> None:
    lateness = Lateness()
    lateness.note(90_000.0, 3, 1.0)
    assert lateness.quantile(0.99) == 90_000.0


def test_what_is_two_minutes_old_counts_no_more() -> None:
    lateness = Lateness()
    lateness.note(50.0, 100, 100.0)
    lateness.note(0.01, 1, 161.0)
    assert lateness.quantile(0.5) == 60.0
    lateness.note(0.01, 1, 222.0)
    assert lateness.quantile(0.99) == 0.02
    lateness.note(50.0, 1, 222.0)
    lateness.note(0.01, 1, 900.0)
    assert lateness.quantile(0.99) == 0.02
