from typing import Any


def test_watches(tipd: Any, fake: Any) -> None:
    fake.answers["GET", "/api/v1/watches"] = 200, {"watches": ["ours", "names"]}
    ran = tipd("watches")
    assert (ran.code, ran.out) == (0, "ours\nnames\n")
    assert tipd("watches", "list").out == ran.out  # as the other nouns are listed
    assert tipd("--json", "watches").lines == [{"watch": "ours"}, {"watch": "names"}]
    fake.answers["GET", "/api/v1/watches"] = 200, {"watches": []}
    assert tipd("watches").code == 1


def test_a_value(tipd: Any, fake: Any) -> None:
    match = {"watch": "names", "why": "it is example but for one letter"}
    fake.answers["GET", "/api/v1/watches"] = 200, {"watches": ["names"], "value": "exampel.org", "matches": [match]}
    ran = tipd("watches", "exampel.org")
    assert ran.code == 0
    assert ran.out.splitlines()[1].split(maxsplit=1) == ["names", "it is example but for one letter"]
    assert tipd("--json", "watches", "exampel.org").lines == [match]
    fake.answers["GET", "/api/v1/watches"] = 200, {"watches": ["names"], "value": "example.com", "matches": []}
    ran = tipd("watches", "example.com")
    assert (ran.code, ran.out) == (1, "")
