from typing import Any


def test_tokens(tipd: Any, fake: Any) -> None:
    made = {
        "id": "t1",
        "token": "tip_x",
        "scopes": ["read", "stream"],
        "note": "n",
        "expires": None,
        "max_tlp": "green",
    }
    fake.answers["POST", "/api/v1/tokens"] = 201, made
    words = ("token", "create", "--scope", "read", "--scope", "stream", "--scope", "read")
    ran = tipd(*words, "--note", "n", "--expires", "90d")
    assert (ran.code, ran.out) == (0, "tip_x\n")
    assert "only time" in ran.err
    assert fake.asked[0][3] == {"scopes": ["read", "stream"], "note": "n", "expires_in": "90d"}
    assert "up to green" in ran.err
    assert tipd("--json", *words, "--max-tlp", "amber+strict").lines == [made]
    assert fake.asked[1][3]["max_tlp"] == "amber+strict"
    assert tipd(*words, "--max-tlp", "purple").code == 2
    shown = {
        "id": "t1",
        "scopes": ["read"],
        "note": "n",
        "created": "then",
        "expires": None,
        "revoked": None,
        "max_tlp": "amber",
    }
    fake.answers["GET", "/api/v1/tokens"] = 200, {"tokens": [shown, shown | {"id": "t2", "revoked": "now"}]}
    assert tipd("token", "list", "--json").lines[0] == shown
    assert tipd("token", "list").out.splitlines()[2].split() == ["t2", "read", "amber", "then", "revoked", "now", "n"]
    fake.answers["DELETE", "/api/v1/tokens/t%2F1"] = 204, None
    assert tipd("token", "revoke", "t/1").code == 0
    assert tipd("token", "revoke", "t2").code == 1
    assert tipd("token", "create", "--scope", "everything").code == 2


def test_quiet_says_nothing_but_errors(tipd: Any, fake: Any) -> None:
    fake.answers["DELETE", "/api/v1/tokens/a"] = 204, None
    assert tipd("-q", "token", "revoke", "a").err == ""
    assert tipd("-q", "token", "revoke", "b").err != ""
