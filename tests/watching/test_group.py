"""A sink's message: its JSON, its number, its signature."""

from __future__ import annotations

import hashlib
import hmac

import msgspec
from support.api import START, finding

from tipd.watching.group import Gap, Group, sample, signature

GROUP = Group(sink="hook", store_id="one", since=3, last=9, findings=(finding(4), finding(7)))


def test_the_body_says_everything() -> None:
    told = msgspec.json.decode(GROUP.body())
    assert (told["sink"], told["store_id"], told["last"]) == ("hook", "one", 9)
    assert [one["seq"] for one in told["findings"]] == [4, 7]
    assert told["delivery"] == GROUP.delivery
    assert "gap" not in told
    gapped = Group(sink="hook", store_id="one", since=3, last=9, findings=(finding(7),), gap=Gap(3, 6))
    assert msgspec.json.decode(gapped.body())["gap"] == {"since": 3, "first": 6}
    assert gapped.facts()["TIPD_GAP_FIRST"] == "6"


def test_lines_are_the_findings_alone() -> None:
    lines = GROUP.lines().decode().splitlines()
    assert [msgspec.json.decode(line)["seq"] for line in lines] == [4, 7]
    assert GROUP.facts() == {
        "TIPD_SINK": "hook",
        "TIPD_STORE_ID": "one",
        "TIPD_DELIVERY": GROUP.delivery,
        "TIPD_LAST": "9",
    }


def test_the_number_is_that_of_the_place_in_the_log() -> None:
    same = Group(sink="hook", store_id="one", since=3, last=9, findings=())
    assert same.delivery == GROUP.delivery
    for other in (
        Group(sink="hook", store_id="two", since=3, last=9, findings=()),
        Group(sink="pager", store_id="one", since=3, last=9, findings=()),
        Group(sink="hook", store_id="one", since=4, last=9, findings=()),
        Group(sink="hook", store_id="one", since=3, last=8, findings=()),
    ):
        assert other.delivery != GROUP.delivery


def test_the_signature_covers_time_and_body() -> None:
    body = GROUP.body()
    made = signature(b"secret", body, 1_795_000_000)
    digest = hmac.new(b"secret", b"1795000000." + body, hashlib.sha256).hexdigest()
    assert made == f"t=1795000000,v1={digest}"
    assert signature(b"secret", body, 1_795_000_001) != made
    assert signature(b"other", body, 1_795_000_000) != made


def test_a_sample_says_that_it_is_one() -> None:
    told = msgspec.json.decode(sample("hook", "one", START, 5).body())
    assert [one["kind"] for one in told["findings"]] == ["sink.test"]
    assert told["store_id"] != "one"
