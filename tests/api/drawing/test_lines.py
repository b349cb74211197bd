"""A value over time."""

from datetime import UTC, datetime, timedelta

from tipd.api.drawing.lines import BOTTOM, LEFT, MOST_POINTS, RIGHT, TOP, chart, folded

START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def _at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_steps_hold_until_the_next_and_the_limit_has_its_height():
    drawn = chart([(_at(0), 0), (_at(5), 110)], _at(10), limit=100)
    assert drawn is not None
    middle = (LEFT + RIGHT) / 2
    top = round(BOTTOM - (BOTTOM - TOP) / 1.1, 1)
    assert drawn.path == f"M{LEFT} {BOTTOM}H{middle:g}V{top:g}H{RIGHT}"
    assert drawn.last == (RIGHT, top)
    assert drawn.limit is not None
    assert top < drawn.limit < BOTTOM
    assert drawn.y_ticks[0].label == "0"


def test_the_limit_is_in_the_drawing_also_where_nothing_reaches_it():
    drawn = chart([(_at(0), 1)], _at(10), limit=142.38)
    assert drawn is not None
    assert drawn.limit is not None
    assert TOP <= drawn.limit < drawn.last[1]


def test_without_a_limit_there_is_none_and_without_points_no_drawing():
    assert chart([], _at(1)) is None
    drawn = chart([(_at(0), 0)], _at(1))
    assert drawn is not None
    assert drawn.limit is None


def test_many_points_are_folded_and_their_peaks_stay():
    points = [(_at(n), float(n == 4711)) for n in range(10 * MOST_POINTS)]
    few = folded(points)
    assert len(few) <= MOST_POINTS
    assert (_at(4711), 1.0) in few
    assert few[-1] == points[-1]
    assert list(few) == sorted(few)
    assert folded(points[:5]) == points[:5]
