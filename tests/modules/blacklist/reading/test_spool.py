"""Lines that wait."""

import pytest

from tipd.modules.blacklist.reading import spool


@pytest.mark.parametrize("kept", [0, 30, 10_000])
def test_first_in_first_out_whatever_fits_into_memory(monkeypatch, kept):
    monkeypatch.setattr(spool, "_KEPT", kept)
    lines = [b"%d" % number * 3 for number in range(50)] + [b""]
    waiting = spool.Spool()
    for _ in range(2):
        for line in lines:
            waiting.add(line)
        assert list(waiting.take()) == lines
        assert list(waiting.take()) == []
