"""The partner's MISP: a key, pages, time, and an attribute that is taken back."""

import json

import pytest

from demo import partner


def _ask(number=0, *, key=partner.KEY, since="0", page=1, limit=5):
    asked = {"returnFormat": "json", "timestamp": since, "page": page, "limit": limit, "deleted": [0, 1]}
    answer = partner.answer(number, key, json.dumps(asked).encode())
    return answer.status, json.loads(answer.body)


def _values(told):
    return [one["value"] for one in told["response"]["Attribute"]]


def test_a_stranger_is_refused_and_learns_nothing():
    status, told = _ask(key="guessed")
    assert status == 403
    assert "response" not in told


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"timestamp":"soon","page":1,"limit":5}'])
def test_a_question_that_makes_no_sense_is_refused(body):
    assert partner.answer(0, partner.KEY, body).status == 400


def test_pages_hold_everything_once():
    pages = [_values(_ask(2, page=page)[1]) for page in range(1, 6)]
    whole = _values(_ask(2, limit=1000)[1])
    assert [value for page in pages for value in page] == whole
    assert len(whole) == len(set(whole)) > 10
    assert pages[-1] == []


def test_only_what_changed_since_comes():
    before = _ask(0, limit=1000)[1]["response"]["Attribute"]
    last = before[-1]["timestamp"]
    later = _ask(1, since=last, limit=1000)[1]["response"]["Attribute"]
    assert [one["value"] for one in later][1:] == [one["value"] for one in partner.attributes(1)][len(before) :]


def test_a_mistake_is_taken_back_as_a_change_of_its_own_time():
    last = _ask(partner.TAKEN_BACK_IN - 1, limit=1000)[1]["response"]["Attribute"][-1]["timestamp"]
    (taken,) = [
        one for one in _ask(partner.TAKEN_BACK_IN, since=last, limit=99)[1]["response"]["Attribute"] if one["deleted"]
    ]
    assert taken["value"] == partner.TAKEN_BACK
