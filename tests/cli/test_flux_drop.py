"""`tipd flux drop`."""

from typing import Any

PATH = "/api/v1/flux/domains"


def test_names_are_let_go(tipd: Any, fake: Any) -> None:
    gone = {"domain": "a.example", "state": "dropped", "reason": "was ours\x07"}
    fake.answers["DELETE", f"{PATH}/a.example"] = (200, gone)
    fake.answers["DELETE", f"{PATH}/none.example"] = (404, {"detail": "the name 'none.example' is not tracked"})
    ran = tipd("flux", "drop", "none.example", "a.example", "--reason", "was ours")
    assert (ran.code, ran.out) == (1, "a.example: let go (was ours\\x07)\n")
    assert "none.example" in ran.err
    assert fake.asked[1][1] == f"{PATH}/a.example?reason=was+ours"
    assert tipd("--json", "flux", "drop", "a.example").lines == [gone]
    fake.answers["DELETE", f"{PATH}/a.example"] = (503, {"detail": "away"})
    assert tipd("flux", "drop", "a.example").code == 75
