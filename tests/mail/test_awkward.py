"""Mails made to break a parser, to hang it, or to fill its memory: each yields a record, and none is lost."""

import hashlib
import random
import signal
from datetime import UTC, datetime

import pytest
from support.awkward import awkward
from support.mutations import mutations, seeds

from tipd.mail import defects
from tipd.mail.context import Context
from tipd.mail.read import read
from tipd.mail.record import decode, encode

CONTEXT = Context(
    received_at=datetime(2026, 2, 2, 10, tzinfo=UTC), authserv_id="mx.example.org", recipients=["trap@example.org"]
)
PROCESSOR_SECONDS = 20  # a mail takes milliseconds; what takes this long takes time by the square of its length
AWKWARD = awkward()


@pytest.fixture
def limited():
    """Stop what hangs: by processor time, which a busy machine does not use up."""

    def stop(_number, _frame):
        raise AssertionError(f"more than {PROCESSOR_SECONDS} s of processor time for one mail")

    def begin():
        signal.setitimer(signal.ITIMER_VIRTUAL, PROCESSOR_SECONDS)

    before = signal.signal(signal.SIGVTALRM, stop)
    yield begin
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def _check(raw):
    found = read(raw, CONTEXT)
    record = found.record
    assert defects.BROKEN not in record.defects
    assert record.sha256 == hashlib.sha256(raw).hexdigest() and record.size == len(raw)
    assert record.at == "2026-02-02T10:00:00Z"
    assert "trap@example.org" in found.recipients
    line = encode(record)
    assert decode(line) == record and len(line) < 2_000_000
    assert set(record.defects) <= set(defects.WORDS)
    return record


@pytest.mark.parametrize("name", AWKWARD)
def test_it_yields_a_record(limited, name):
    limited()
    _check(AWKWARD[name])


def test_what_can_be_read_of_them_is_read():
    def record(name):
        return read(AWKWARD[name], CONTEXT).record

    assert defects.LONG_HEADER in record("a header without end").defects
    assert defects.MANY_PARTS in record("parts").defects
    assert defects.DEEP in record("levels").defects
    assert record("no boundary").urls == ("http://example.com/",)
    assert record("a charset that does not exist").urls == ("http://example.com/",)
    assert record("a number without end").urls == ("http://example.com/",)
    hundred = record("a hundred megabytes")
    assert defects.CUT in hundred.defects and hundred.attachments


def _hunt(limited, count, seed):
    for raw in mutations(random.Random(seed), count):
        limited()
        _check(raw)


def test_no_change_to_a_mail_breaks_its_reader(limited):
    _hunt(limited, 20_000, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_no_change_to_a_mail_breaks_its_reader_however_often(limited, seed):
    _hunt(limited, 100_000, seed)


def test_what_was_not_changed_is_read_whole():
    for raw in seeds():
        record = _check(raw)
        assert record.parser == "fast" and record.relay is not None and record.relay.address == "198.51.100.7"
        assert record.from_ == "shop@example.net" and record.urls
