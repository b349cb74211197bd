"""Records in, rows out: counted, folded, and nothing that a spammer can make many of stays many."""

import random
import string
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.record import Attachment, Record, Relay, encode
from tipd.model.spam import CLASSES
from tipd.modules.spamtrap.gathering import Gathering, Rules
from tipd.modules.spamtrap.judging import Ground
from tipd.modules.spamtrap.knowledge.knowledge import Knowledge

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
RULES = Rules(source="a", now=NOW, since=datetime(2026, 11, 8, tzinfo=UTC), trap_key=b"k" * 16, version=4)
GROUND = Ground(Knowledge.load())


def record(number=0, **said):
    said = {"relay": Relay(address="198.51.100.7"), "at": "2026-11-22T04:00:00Z", "size": 900} | said
    return Record(sha256=f"{number:064x}", **said)


def gathered(*records):
    gathering = Gathering(RULES, GROUND)
    for each in records:
        gathering.add(each)
    return gathering.batch(), gathering


def test_a_mail_names_what_is_counted_of_it():
    file = Attachment(name="invoice.pdf", real="application/pdf", size=4000, sha256="cd" * 32)
    urls = ("http://evil.example/a", "http://evil.example/b/12345678")
    batch, _ = gathered(record(1, urls=urls, attachments=(file,), trap="typo", recipients=("hmac:0011223344556677",)))
    (mail,) = batch.mails
    assert [batch.urls[at].shape for at in mail.urls] == ["evil.example/a", "evil.example/b/{t}"]
    assert [batch.files[at].sha256 for at in mail.files] == ["cd" * 32]
    assert (mail.trap, mail.trap_kind, mail.version) == (bytes.fromhex("0011223344556677"), "typo", 4)
    assert CLASSES[mail.class_] == "spam" and mail.sighted is True and mail.at.hour == 4
    assert batch.sights[0].traps == ("typo",) and len(mail.keys) == 2


def test_unmasked_recipients_are_told_apart_and_not_told():
    gathering = Gathering(RULES, GROUND)
    for number, to in enumerate(("one@trap.example.org", "One@trap.example.org", "two@trap.example.org")):
        gathering.add(record(number), (to,))
    traps = [mail.trap for mail in gathering.batch().mails]
    assert traps[0] == traps[1] != traps[2] and all(len(trap) == 8 for trap in traps)


def test_times_never_move_sightings_into_the_future():
    batch, _ = gathered(record(1, at="2031-01-01T00:00:00Z"))
    assert batch.mails[0].at == NOW and batch.sights[0].at == NOW


@pytest.mark.parametrize(("at", "why"), [("", "no_date"), ("2019-01-01T00:00:00Z", "old"), ("nonsense", "no_date")])
def test_what_is_old_or_of_no_time_is_a_fact_and_no_sighting(at, why):
    batch, gathering = gathered(record(1, at=at))
    assert not batch.sights and batch.mails[0].sighted is False and gathering.unseen == {why: 1}


def test_sights_of_one_relay_are_one():
    batch, _ = gathered(*(record(n, at=f"2026-11-22T04:00:{n:02}Z", trap="pristine") for n in range(9)))
    (sight,) = batch.sights
    assert (sight.count, sight.at.second, sight.traps) == (9, 8, ("pristine",))


def test_lines_that_are_no_records_are_counted():
    gathering = Gathering(RULES, GROUND)
    for line in (b"{", b"[]", b'{"sha256":"xyz","at":"","size":1}', b"\xff", b'{"sha256":1}', b"[" * 5000):
        gathering.line(line)
    gathering.line(msgspec.json.encode({"format": 3, "sha256": "ab" * 32, "at": "", "size": 1}))
    assert gathering.refused == {"malformed": 5, "no_hash": 1, "format": 1} and gathering.taken == 0


def test_keys_of_a_newer_release_do_no_harm():
    gathering = Gathering(RULES, GROUND)
    gathering.line(encode(record(1))[:-1] + b',"mood":{"of":"day"}}')
    assert gathering.taken == 1


def _random_urls(rng, number):
    """Return what spammers make up for each mail: tokens, words, sub-domains, queries."""
    token = "".join(rng.choices(string.ascii_lowercase + string.digits, k=12))
    word = "".join(rng.choices(["sun", "moon", "tree", "house", "river", "stone", "cloud"], k=3))
    return (
        f"http://{token}.tokens.example/{token}/{number}",
        f"http://{word}{number % 997}.words.example/{word}/{number}?u={token}",
        f"http://paths.example/{word}/{'/'.join(rng.choices(['a', 'bb', 'ccc', 'dddd'], k=6))}/{token}.html",
    )


def _indicators(number, seed=1):
    rng = random.Random(seed)
    gathering = Gathering(RULES, GROUND)
    met = set()
    for n in range(number):
        gathering.add(record(n, urls=_random_urls(rng, n), template=f"{n % 3:016x}"))
        if gathering.rows > 5000:
            batch = gathering.batch()
            met |= {(row.key, row.host, row.shape) for row in batch.urls} | {each.address for each in batch.sights}
    batch = gathering.batch()
    return met | {(row.key, row.host, row.shape) for row in batch.urls} | {each.address for each in batch.sights}


def test_thousands_of_tokens_yield_few_indicators():
    assert len(_indicators(6000)) < 200


@pytest.mark.long
def test_a_million_tokens_yield_under_a_thousand_indicators():
    assert len(_indicators(1_000_000)) < 1000


_texts = st.text(max_size=60)


@given(st.lists(_texts, max_size=4), _texts, _texts, _texts, st.integers(-(2**40), 2**40), st.lists(_texts, max_size=3))
def test_any_record_makes_rows_that_can_be_stored(urls, subject, address, at, size, recipients):
    said = {"urls": tuple(f"http://{each}" for each in urls), "relay": Relay(address=address), "at": at, "size": size}
    batch, _ = gathered(record(1, subject=subject, recipients=tuple(recipients), **said))
    (mail,) = batch.mails
    assert "\0" not in mail.subject and 0 <= mail.size < 2**31 and len(mail.trap) in {0, 8}
    for row in batch.urls:
        (row.host + row.shape + row.example).encode()
    msgspec.json.decode(mail.rest)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(batch), type=type(batch)) == batch
