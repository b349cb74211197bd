"""Each reason stands where its bound is reached, and not below it."""

import msgspec
import pytest
from support.looks import START, look

from tipd.modules.fastflux.scores.features import Features, Given
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.reasons import against, speaking_for
from tipd.modules.fastflux.scores.verdict import DEFAULTS, Bounds


def features(**changed) -> Features:
    """Features of a quiet name, with some of them changed."""
    history = History()
    history.add(look(START, [1], {1: 64500}, ttl=7200))
    return msgspec.structs.replace(history.features(START), **{"asns": 3, **changed})


def codes(found: Features, bounds: Bounds = DEFAULTS) -> set[str]:
    return {reason.code for reason in (*speaking_for(found, bounds), *against(found, bounds))}


def test_a_quiet_name_gives_no_reason() -> None:
    assert codes(features()) == set()


@pytest.mark.parametrize(
    ("code", "reached", "below"),
    [
        ("holz", {"flux_windows": 1}, {"flux_windows": 0}),
        ("asns", {"asns": 5, "entropy": 2.0}, {"asns": 5, "entropy": 1.99}),
        ("entropy", {"asns": 5, "entropy": 2.0}, {"asns": 4, "entropy": 2.0}),
        ("prefixes", {"asns": None, "prefixes16": 8}, {"asns": None, "prefixes16": 7}),
        ("prefixes", {"distinct": 9, "unplaced": 5, "prefixes16": 8}, {"distinct": 9, "unplaced": 4, "prefixes16": 8}),
        ("unplaced", {"distinct": 9, "unplaced": 5}, {"distinct": 9, "unplaced": 4}),
        ("no_asns", {"asns": None}, {"asns": 0}),
        ("few_asns", {"asns": 2}, {"asns": 3}),
        ("fluxiness", {"looks": 6, "fluxiness": 2.0}, {"looks": 5, "fluxiness": 2.0}),
        ("growth", {"looks": 6, "late": 0.2}, {"looks": 6, "late": 0.19}),
        ("pace", {"looks": 6, "per_day": 3.0}, {"looks": 6, "per_day": 2.9}),
        ("ttl", {"ttl_median": 1800}, {"ttl_median": 1801}),
        ("stable", {"stable": 96}, {"stable": 95}),
        ("saturated", {"looks": 500, "late": 0.0, "until": START + 7 * 86400}, {"looks": 500, "until": START + 86400}),
        ("barred", {"barred": 1}, {"barred": 0}),
        ("young", {"age_days": 60.0}, {"age_days": 60.1}),
        ("old", {"age_days": 366.0}, {"age_days": 365.0}),
        (
            "double",
            {"ns_new": 3, "ns_fluxiness": 1.5, "ns_asns": 4},
            {"ns_new": 3, "ns_fluxiness": 1.5, "ns_asns": 3},
        ),
        (
            "double",
            {"ns_new": 3, "ns_fluxiness": 1.5, "asns": None},
            {"ns_new": 2, "ns_fluxiness": 1.5, "asns": None},
        ),
        ("shared", {"given": Given(shared_names=2)}, {"given": Given(shared_names=1)}),
        ("siblings", {"given": Given(siblings={"spam": 1})}, {"given": Given(siblings={"spam": 0})}),
        ("foreign_cname", {"given": Given(foreign_cname=True)}, {"given": Given()}),
        ("known", {"given": Given(known=("cdn:AS64500",))}, {"given": Given()}),
    ],
)
def test_at_the_bound_and_below_it(code, reached, below) -> None:
    assert code in codes(features(**reached))
    assert code not in codes(features(**below))


LONG = {
    "looks": 24,
    "late": 0.2,
    "fluxiness": 5.0,
    "per_day": 10.0,
    "asns": 12,
    "entropy": 3.0,
}


@pytest.mark.parametrize("lacking", LONG)
def test_a_long_window_needs_all_of_it(lacking) -> None:
    assert "long" in codes(features(**LONG))
    assert "long" not in codes(features(**(LONG | {lacking: LONG[lacking] * 0.9 if lacking != "looks" else 23})))


def test_without_a_table_no_long_window_confirms() -> None:
    assert "long" not in codes(features(**(LONG | {"asns": None, "entropy": None})))


@pytest.mark.parametrize("kind", ["cdn", "pool", "parking", "sinkhole", "private", "of the operator"])
def test_what_is_known_is_said_in_words(kind) -> None:
    found = [each for each in against(features(given=Given(known=(f"{kind}:x",))), DEFAULTS) if each.code == "known"]
    assert [each.value for each in found] == [f"{kind}:x"]
    assert found[0].text
