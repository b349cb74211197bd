"""Bars over time."""

from datetime import UTC, datetime, timedelta

from tipd.api.drawing.spans import COLOURS, LEAST, LEFT, MOST_ROWS, RIGHT, Span, spans

START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def _span(label: str, group: str, first: float, last: float) -> Span:
    return Span(label, group, START + timedelta(hours=first), START + timedelta(hours=last), f"{label} of {group}")


def test_each_stands_where_it_was_seen_in_the_order_they_came():
    drawn = spans([_span("b", "AS2", 5, 10), _span("a", "AS1", 0, 10)], START, START + timedelta(hours=10))
    assert [(bar.label, bar.x, bar.width) for bar in drawn.bars] == [
        ("a", LEFT, RIGHT - LEFT),
        ("b", (LEFT + RIGHT) / 2, (RIGHT - LEFT) / 2),
    ]
    assert drawn.bars[0].y < drawn.bars[1].y < drawn.height
    assert drawn.left_out == 0


def test_what_was_seen_once_can_be_seen_also_at_the_end():
    drawn = spans([_span("a", "", 10, 10)], START, START + timedelta(hours=10))
    assert drawn.bars[0].width == LEAST
    assert drawn.bars[0].x + drawn.bars[0].width <= RIGHT


def test_large_groups_have_colours_of_their_own():
    found = [_span(f"{group}/{n}", f"AS{group}", 0, 1) for group in range(12) for n in range(20 - group)]
    drawn = spans(found, START, START + timedelta(hours=1))
    assert [colour for _, colour, _ in drawn.groups] == [min(n, COLOURS - 1) for n in range(12)]
    assert drawn.groups[0] == ("AS0", 0, 20)


def test_the_newest_are_shown_and_the_rest_is_counted():
    found = [_span(str(n), "", n / 100, n / 100) for n in range(MOST_ROWS + 7)]
    drawn = spans(found, START, START + timedelta(hours=3))
    assert drawn.left_out == 7
    assert [bar.label for bar in drawn.bars][:1] == ["7"]
