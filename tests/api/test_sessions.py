"""Codes and sessions end by themselves."""

from __future__ import annotations

import trio

from tipd.api import sessions
from tipd.api.sessions import Sessions
from tipd.model.tlp import Tlp


async def test_a_code_is_good_once_and_for_ten_minutes(autojump_clock: trio.testing.MockClock) -> None:
    mine = Sessions()
    first, second = mine.new_console_code(), mine.new_console_code()
    assert mine.redeem(first) is not None
    assert mine.redeem(first) is None
    await trio.sleep(sessions.CODE_LIFETIME + 1)
    assert mine.redeem(second) is None
    assert mine.redeem("\udcff") is None


async def test_a_session_ends_without_use(autojump_clock: trio.testing.MockClock) -> None:
    mine = Sessions(idle=100)
    key = mine.redeem(mine.new_console_code())
    assert key is not None
    for _ in range(5):
        await trio.sleep(90)
        session = mine.known(key)
        assert session is not None
        assert session.number == 1
    await trio.sleep(101)
    assert mine.known(key) is None


async def test_a_session_sees_what_its_link_was_asked_with() -> None:
    mine = Sessions()
    for mark in (*Tlp, None):
        key = mine.redeem(mine.new_console_code() if mark is None else mine.new_console_code(mark))
        assert key is not None
        session = mine.known(key)
        assert session is not None
        assert session.max_tlp == (Tlp.GREEN if mark is None else mark)


async def test_there_are_never_too_many() -> None:
    mine = Sessions()
    codes = [mine.new_console_code() for _ in range(sessions.MOST_CODES + 1)]
    assert mine.redeem(codes[0]) is None
    keys = [mine.redeem(mine.new_console_code()) for _ in range(sessions.MOST_SESSIONS + 1)]
    assert sum(key is not None and mine.known(key) is not None for key in keys) == sessions.MOST_SESSIONS
