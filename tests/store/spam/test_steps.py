"""A campaign is told at 5 mails, then at each tenfold, to whom may hear of it."""

import pytest

from tipd.model.tlp import Tlp
from tipd.store.spam.steps import heard, higher, noted, step_of


@pytest.mark.parametrize(
    ("mails", "step"), [(0, 0), (4, 0), (5, 1), (49, 1), (50, 2), (499, 2), (500, 3), (5 * 10**17, 18)]
)
def test_steps(mails: int, step: int) -> None:
    assert step_of(mails) == step


def test_whoever_sees_less_has_heard_less() -> None:
    told = noted(noted(0, Tlp.AMBER, 3), Tlp.GREEN, 1)
    assert [heard(told, mark) for mark in Tlp] == [0, 1, 3, 3, 3]
    assert noted(told, Tlp.AMBER, 2) == told
    assert higher(told, noted(0, Tlp.CLEAR, 2)) == noted(told, Tlp.CLEAR, 2)
    assert told < 2**40
