"""A maildir that fills as delivery programs fill it."""

import trio

from demo.post import maildir


def test_what_is_delivered_lies_in_new_and_nothing_stays_in_tmp(tmp_path):
    maildir.make(tmp_path)
    assert len(list((tmp_path / "new").iterdir())) == maildir.BACKLOG
    assert list((tmp_path / "tmp").iterdir()) == []
    assert maildir.deliver(tmp_path, 999).read_bytes().startswith(b"Return-Path: <")


async def test_it_keeps_filling(tmp_path, autojump_clock):
    maildir.make(tmp_path)
    with trio.move_on_after(10 * maildir.PAUSE + maildir.PAUSE / 2):
        await maildir.keep_filling(tmp_path)
    assert len(list((tmp_path / "new").iterdir())) == maildir.BACKLOG + 10
