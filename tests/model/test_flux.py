"""States are written as words and stored as numbers that never change their meaning."""

from tipd.model.flux import State


def test_states_keep_their_numbers():
    assert {state.word: state.value for state in State} == {
        "candidate": 0,
        "watched": 1,
        "likely": 2,
        "confirmed": 3,
        "dormant": 4,
        "dropped": 5,
    }
