"""Lines of old versions go, their manifests stay."""

from datetime import UTC, datetime, timedelta

import pytest
from support.sealed import KEY, grow

from tipd.agent.chain import Chain
from tipd.agent.retention import retain

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def chain(tmp_path) -> Chain:
    made = Chain(tmp_path / "urls")
    for day in range(5):
        sealed = (NOW - timedelta(days=5 - day)).isoformat().replace("+00:00", "Z")
        grow(made, tmp_path, bytes(range(256)) * 40, sealed=sealed)
    return made


def test_by_age(chain):
    assert retain(chain, NOW - timedelta(days=3), "1GB") == 2
    assert (chain.first, chain.last) == (3, 5)
    assert retain(chain, NOW - timedelta(days=3), "1GB") == 0
    assert retain(chain, NOW, "1GB") == 3
    assert chain.index().first == 0
    assert [link.state for link in chain.check(KEY)] == ["tombstone"] * 5


def test_by_size_the_newest_stays(chain):
    taken = chain.body(1).stat().st_size
    assert retain(chain, NOW - timedelta(days=99), str(2 * taken)) == 3
    assert (chain.first, chain.last) == (4, 5)
    assert retain(chain, NOW - timedelta(days=99), "0") == 1
    assert (chain.first, chain.last) == (5, 5)


def test_an_empty_chain_has_nothing_to_lose(tmp_path):
    assert retain(Chain(tmp_path / "none"), NOW, "0") == 0


def test_what_goes_on_with_older_ones_is_as_old_as_they_are(chain, tmp_path):
    sealed = {"sealed": "2026-11-22T00:00:00Z", "carries": (1, 2), "carried_from": "2026-11-18T00:00:00Z"}
    grow(chain, tmp_path, b"{}\n", **sealed)
    assert retain(chain, NOW - timedelta(days=3, hours=1), "1GB") == 3
    assert [chain.has_body(n) for n in range(1, 7)] == [False, False, True, True, True, False]
