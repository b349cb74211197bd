"""`tipd flux add`."""

from typing import Any

PATH = "/api/v1/flux/domains"


def added(body: Any) -> tuple[int, Any]:
    """Refuse what is no name."""
    results = []
    for place, name in enumerate(body["domains"]):
        if "." not in name:
            results.append({"index": place, "result": "refused", "domain": name, "reason": "malformed"})
        else:
            results.append({"index": place, "result": "known" if name == "known.example" else "new", "domain": name})
    words = [one["result"] for one in results]
    return 200, {"results": results, **{word: words.count(word) for word in ("new", "known", "refused")}}


def test_names_with_tags_and_a_note(tipd: Any, fake: Any) -> None:
    fake.answers["POST", PATH] = added
    ran = tipd(
        "flux", "add", "a.example", "known.example", "--tag", "x", "--tag", "y", "--note", "seen", "--tlp", "amber"
    )
    assert (ran.code, ran.out) == (0, "1 under watch, 1 known before\n")
    assert fake.asked[0][3] == {
        "domains": ["a.example", "known.example"],
        "tags": ["x", "y"],
        "note": "seen",
        "tlp": "amber",
    }


def test_what_is_refused_is_said(tipd: Any, fake: Any) -> None:
    fake.answers["POST", PATH] = added
    ran = tipd("flux", "add", "a.example", "\x1b[31m")
    assert ran.code == 1
    assert ran.out.splitlines() == ["\\x1b[31m\trefused: malformed", "1 under watch, 1 refused"]
    ran = tipd("--json", "flux", "add", "a.example", "odd")
    assert [line["result"] for line in ran.lines] == ["new", "refused"]


def test_exit_codes_are_those_of_the_answer(tipd: Any, fake: Any) -> None:
    for status, code in ((400, 2), (403, 78), (401, 78), (503, 75), (500, 69)):
        fake.answers["POST", PATH] = (status, {"detail": "no"})
        assert tipd("flux", "add", "a.example").code == code
