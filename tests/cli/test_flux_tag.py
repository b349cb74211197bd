"""`tipd flux tag`."""

from typing import Any

PATH = "/api/v1/flux/domains"


def test_tags_and_notes(tipd: Any, fake: Any) -> None:
    row = {"domain": "a.example", "tags": ["b", "c"], "note": "mine\x07"}
    fake.answers["POST", f"{PATH}/a.example"] = (200, row)
    fake.answers["POST", f"{PATH}/none.example"] = (404, {"detail": "not tracked"})
    ran = tipd(
        "flux", "tag", "none.example", "a.example", "--add", "b", "--add", "c", "--remove", "d", "--note", "mine"
    )
    assert (ran.code, ran.out) == (1, "a.example: b c (mine\\x07)\n")
    assert fake.asked[1][3] == {"add_tags": ["b", "c"], "remove_tags": ["d"], "note": "mine"}
    assert tipd("--json", "flux", "tag", "a.example", "--note", "").lines == [row]
    assert fake.asked[-1][3]["note"] == ""
    fake.answers["POST", f"{PATH}/a.example"] = (400, {"detail": "tags: 'a b' is no tag"})
    assert tipd("flux", "tag", "a.example", "--add", "a b").code == 2


def test_something_must_change(tipd: Any, fake: Any) -> None:
    assert tipd("flux", "tag", "a.example").code == 2
    assert fake.asked == []
