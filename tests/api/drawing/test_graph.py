"""Names that share addresses."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from tipd.api.drawing.graph import MOST_NAMES, ROW, WIDTH, graph


def _away(node) -> float:
    return abs(node.x - WIDTH / 2)


def test_a_name_alone_is_no_graph():
    assert graph("a.example", {}) is None
    assert graph("a.example", {"a.example": 3}) is None


def test_who_shares_more_stands_nearer_and_has_the_stronger_line():
    drawn = graph("a.example", {"b.example": 8, "c.example": 2}, [("b.example", "c.example", 1)])
    assert drawn is not None
    centre, near, far = drawn.nodes
    assert (centre.x, centre.y) == (WIDTH / 2, drawn.height / 2)
    assert _away(near) < _away(far)
    assert [edge.weight for edge in drawn.edges] == [1.0, 0.25, 0.12]
    assert drawn.edges[2].title == "b.example and c.example share 1"


@given(st.integers(1, 100))
def test_every_name_lies_inside_and_the_rest_is_counted(count):
    drawn = graph("x.example", {f"{'n' * 40}{n}.example": 1 + n % 5 for n in range(count)})
    assert drawn is not None
    assert all(0 <= node.x <= WIDTH and 0 <= node.y <= drawn.height for node in drawn.nodes)
    assert len(drawn.nodes) == 1 + min(count, MOST_NAMES)
    assert drawn.left_out == max(0, count - MOST_NAMES)
    assert all(len(node.label) <= 28 for node in drawn.nodes)
    others = drawn.nodes[1:]
    for one, other in combinations(others, 2):
        assert abs(one.y - other.y) >= ROW or one.anchor != other.anchor  # no label upon another
    assert all(_away(node) >= 104 for node in others)  # nor upon the one in the middle


def test_names_that_are_not_tracked_are_told_apart():
    drawn = graph("a.example", {"b.example": 8, "ns.example": 2}, unwatched={"ns.example"})
    assert drawn is not None
    assert [node.watched for node in drawn.nodes] == [True, True, False]
