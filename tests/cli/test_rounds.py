"""`tipd rounds`."""

from typing import Any

from support.proofs import round_


def listed(number: int) -> dict[str, Any]:
    more = {"status": "ok", "entries": 1234, "listed": 5, "delisted": 6, "body": "kept"}
    return round_(number, **more)


def test_rounds_are_listed_in_pages(tipd: Any, fake: Any) -> None:
    pages = [{"rounds": [listed(9), listed(8)], "more": True}, {"rounds": [listed(7)], "more": False}]
    fake.answers["GET", "/api/v1/sources/a/rounds"] = lambda _body: (200, pages.pop(0))
    ran = tipd("rounds", "list", "a")
    assert [line.split()[0] for line in ran.out.splitlines()] == ["ROUND", "9", "8", "7"]
    assert "1,234" in ran.out
    assert fake.asked[-1][1].endswith("before=8")
    fake.answers["GET", "/api/v1/sources/a/rounds"] = 200, {"rounds": [], "more": False}
    assert tipd("rounds", "list", "a").code == 1


def test_a_round_is_shown_with_what_was_declared(tipd: Any, fake: Any) -> None:
    declared = {"url": "https://lists.example.org/a", "about": "", "expect": {"min_rows": 1}}
    fake.answers["GET", "/api/v1/rounds/7"] = 200, round_(7, declared=declared, refused={"bogon": 2}, error=None)
    lines = tipd("rounds", "show", "7").out.splitlines()
    assert "address: 192.0.2.9" in lines
    assert 'refused: {"bogon": 2}' in lines
    assert '    expect = {"min_rows": 1}' in lines
    assert not any("about" in line or "error" in line for line in lines)
    assert tipd("rounds", "show", "8").code == 1


def test_a_body_comes_as_it_is(tipd: Any, fake: Any) -> None:
    fake.answers["GET", "/api/v1/rounds/7/body"] = 200, b"192.0.2.1\n"
    fake.answers["GET", "/api/v1/rounds/8/body"] = 410, {"detail": "the body is not kept"}
    assert tipd("rounds", "body", "7").out == "192.0.2.1\n"
    ran = tipd("rounds", "body", "8")
    assert ran.code == 1
    assert "is not kept" in ran.err
