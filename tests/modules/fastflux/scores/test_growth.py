"""The growth curve: bounded, rising, never above the truth."""

from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.fastflux.scores.growth import MOST_POINTS, Growth


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 8)), min_size=1, max_size=300))
def test_the_curve_is_small_and_never_above_the_truth(steps) -> None:
    growth, looks, total, truth = Growth(), 0, 0, {}
    for apart, new in steps:
        looks, total = looks + apart, total + new
        growth.add(looks, total)
        truth[looks] = total
    points = growth.points()
    assert len(points) <= MOST_POINTS
    assert points[0] == next(iter(truth.items()))
    assert points[-1] == (looks, total)
    assert points == sorted(set(points))
    assert all(truth[at] == count for at, count in points)
    for at, count in truth.items():
        assert growth.at(at) <= count


def test_what_the_second_half_brought() -> None:
    growth = Growth()
    for looks in range(1, 101):
        growth.add(looks, looks)
    assert 0.4 <= growth.late(100) <= 0.6
    assert growth.late(1000) == 0.0
    assert Growth().late(5) == 0.0


def test_all_at_once_is_not_late() -> None:
    growth = Growth()
    growth.add(1, 5)
    assert growth.late(1) == 0.0
    assert growth.late(100) == 0.0
    assert growth.at(0) == 0
