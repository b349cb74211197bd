"""Groups of one are unwrapped; groups of several are not touched."""

from __future__ import annotations

import pytest

from tipd.store.groups import unwrapped


def test_a_group_of_one_however_deep_is_that_one() -> None:
    cause = KeyError("why")
    error = ValueError("a")
    error.__cause__ = cause
    with pytest.raises(ValueError, match="a") as caught, unwrapped():
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [error])])
    assert caught.value is error
    assert error.__cause__ is cause


def test_a_group_of_several_passes() -> None:
    with pytest.raises(ExceptionGroup) as caught, unwrapped():
        raise ExceptionGroup("outer", [ValueError(), KeyError()])
    assert len(caught.value.exceptions) == 2


def test_what_is_no_group_passes() -> None:
    with pytest.raises(KeyError), unwrapped():
        raise KeyError
