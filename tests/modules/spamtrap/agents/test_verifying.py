"""What is believed of a chain: forged, replayed, skipped, reordered and re-signed versions are not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import sealed

from tipd.agent import protocol
from tipd.modules.spamtrap.agents.verifying import (
    LONGEST_LINES,
    LONGEST_VERSION,
    NEWEST_FORMAT,
    Course,
    Refusal,
    Version,
    clock,
    follow,
    moment,
    not_shorter,
    same,
)

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)


def chain(count: int, **more: Any) -> list[bytes]:
    """Return so many manifests that follow each other."""
    found: list[bytes] = []
    for n in range(1, count + 1):
        found.append(sealed.manifest(n, protocol.digest(found[-1]) if found else None, b"x", **more))
    return found


def followed(manifests: list[bytes], course: Course | None = None) -> tuple[list[Version], Course]:
    versions: list[Version] = []
    course = course or Course()
    for data in manifests:
        version, course = follow(course, data, NOW)
        versions.append(version)
    return versions, course


def resigned(data: bytes, key=sealed.PRIVATE, **changes: Any) -> bytes:
    """Return a manifest with other values, signed anew."""
    document = msgspec.json.decode(data)
    document.pop("signature")
    document |= {"key": protocol.public_text(key.public_key())} | changes
    signature = base64.b64encode(key.sign(protocol.canonical(document))).decode()
    return protocol.canonical(document | {"signature": signature})


def refused(course: Course, data: bytes) -> Refusal:
    with pytest.raises(Refusal) as raised:
        follow(course, data, NOW)
    return raised.value


def test_a_chain_is_followed() -> None:
    versions, course = followed(chain(3))
    assert [version.n for version in versions] == [1, 2, 3]
    assert (course.number, course.agent, course.view, course.key) == (3, "mx1", "redacted", sealed.KEY)
    assert course.digest == versions[-1].digest


def test_replayed_skipped_and_reordered() -> None:
    one, two, three, four = chain(4)
    _, course = followed([one, two])
    assert refused(course, two).reason == "replayed"
    assert refused(course, one).reason == "replayed"
    assert refused(course, four).reason == "gap"
    assert refused(Course(), two).reason == "gap"
    assert followed([three, four], course)[1].number == 4


def test_a_fork() -> None:
    one, two = chain(2)
    other = resigned(one, records=5)
    _, course = followed([other])
    assert refused(course, two).reason == "fork"
    assert refused(Course(), resigned(one, previous="0" * 64)).reason == "fork"


@pytest.mark.parametrize("at", [0, 20, 100, -30, -2])
def test_a_bit_turned_anywhere(at: int) -> None:
    (one,) = chain(1)
    spoilt = bytearray(one)
    spoilt[at] ^= 1
    assert refused(Course(key=sealed.KEY), bytes(spoilt)).reason in {"forged", "key", "format"}


@given(st.data())
def test_nothing_but_the_manifest_itself_is_believed(data: st.DataObject) -> None:
    (one,) = chain(1)
    start = data.draw(st.integers(0, len(one) - 1))
    end = data.draw(st.integers(start, min(len(one), start + 8)))
    spoilt = one[:start] + data.draw(st.binary(max_size=8)) + one[end:]
    if spoilt != one:
        refused(Course(key=sealed.KEY), spoilt)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    refused(Course(), data)


def test_signed_by_another_key() -> None:
    one, two = chain(2)
    _, course = followed([one])
    assert refused(course, resigned(two, sealed.NEXT)).reason == "key"
    document = msgspec.json.decode(two) | {"signature": msgspec.json.decode(one)["signature"]}
    assert refused(course, protocol.canonical(document)).reason == "forged"
    foreign = protocol.canonical(msgspec.json.decode(resigned(two, sealed.NEXT)) | {"key": sealed.KEY})
    assert refused(course, foreign).reason == "forged"


def test_a_new_key_only_if_the_old_one_named_it() -> None:
    (one,) = chain(1)
    one = resigned(one, next_key=protocol.public_text(sealed.NEXT.public_key()))
    two = sealed.manifest(2, protocol.digest(one), b"x", key=sealed.NEXT)
    _, course = followed([one])
    assert followed([two], course)[1].key == protocol.public_text(sealed.NEXT.public_key())
    still_old = sealed.manifest(2, protocol.digest(one), b"x")
    assert refused(course, still_old).reason == "key"


def test_of_another_agent_or_view() -> None:
    one, two = chain(2)
    _, course = followed([one])
    assert refused(course, resigned(two, agent="mx2")).reason == "agent"
    assert refused(course, resigned(two, view="full")).reason == "view"
    assert refused(Course(view="full"), one).reason == "view"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bytes": LONGEST_VERSION + 1}, "size"),
        ({"bytes": -1}, "size"),
        ({"raw_bytes": LONGEST_LINES + 1}, "size"),
        ({"records": 10**9}, "size"),
        ({"sealed": "2026-11-22T05:16:00Z"}, "clock"),
        ({"sealed": "2036-11-22T05:16:00Z"}, "clock"),
        ({"sealed": "yesterday"}, "clock"),
        ({"sealed": "2026-11-22T05:00:00"}, "clock"),
        ({"format": NEWEST_FORMAT + 1}, "format"),
        ({"format": "1"}, "format"),
        ({"n": "1"}, "forged"),
        ({"records": 1.5}, "forged"),
    ],
)
def test_what_a_signature_does_not_excuse(changes: dict[str, Any], reason: str) -> None:
    (one,) = chain(1)
    assert refused(Course(), resigned(one, **changes)).reason == reason


def test_a_manifest_that_is_too_long() -> None:
    (one,) = chain(1)
    long = resigned(one, withdraws=["0" * 64] * 70_000)
    assert refused(Course(), long).reason == "size"


def test_not_in_the_form_in_which_it_was_signed() -> None:
    (one,) = chain(1)
    assert refused(Course(), one.replace(b'":', b'": ')).reason == "forged"


def test_formats_of_the_release_before_and_after() -> None:
    (one,) = chain(1)
    newer = resigned(one, format=NEWEST_FORMAT, sealed_with={"zstd": 3, "of": ["x"]})
    version, _ = follow(Course(), newer, NOW)
    assert version.signed == newer  # what this release does not know travels untouched
    document = msgspec.json.decode(one)
    for late in (
        "signature",
        "tlp",
        "licence",
        "onward",
        "withdraws",
        "next_key",
        "backlog",
        "first",
        "last",
        "format",
    ):
        document.pop(late)
    signature = base64.b64encode(sealed.PRIVATE.sign(protocol.canonical(document))).decode()
    older = protocol.canonical(document | {"signature": signature})
    version, _ = follow(Course(), older, NOW)
    assert (version.manifest.onward, version.manifest.tlp, version.manifest.withdraws) == (False, "green", ())


def test_a_sealed_time_of_the_past_is_no_fault() -> None:
    (one,) = chain(1)
    follow(Course(), resigned(one, sealed="2020-01-01T00:00:00+01:00"), NOW)


def test_history_stays() -> None:
    one, two = chain(2)
    _, course = followed([one, two])
    same(course, two)
    not_shorter(course, 2)
    with pytest.raises(Refusal) as raised:
        same(course, resigned(two, records=7))
    assert raised.value.reason == "rewritten"
    with pytest.raises(Refusal) as raised:
        not_shorter(course, 1)
    assert raised.value.reason == "rewritten"


def test_a_clock_that_is_far_off() -> None:
    clock(None, NOW)
    clock(NOW + timedelta(minutes=14), NOW)
    for off in (timedelta(minutes=16), timedelta(days=-1)):
        with pytest.raises(Refusal) as raised:
            clock(NOW + off, NOW)
        assert raised.value.reason == "clock"


def test_times() -> None:
    assert moment("2026-11-22T05:00:00Z") == NOW
    assert moment("2026-11-22T06:00:00+01:00") == NOW
    assert moment("2026-11-22T05:00:00") is moment("") is None
