"""`tipd flux rescore`."""

from typing import Any

PATH = "/api/v1/flux/rescore"


def one(name: str, **more: Any) -> dict[str, Any]:
    """Return a name that was scored again."""
    before = {"score": 142.98, "tier": "likely", "state": "likely"}
    scores = {"score": 211.8, "best": 230.0, "looks": 1200}
    return {"domain": name, "before": before, **scores, "tier": "confirmed", "state": "confirmed"} | more


def answer(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"version": "holz-2008 flux-1", "domains": list(rows), "missing": [], "without": [], "next": None} | more


def test_stored_and_present_scores(tipd: Any, fake: Any) -> None:
    fake.answers["POST", PATH] = (200, answer(one("a.example")))
    ran = tipd("flux", "rescore", "a.example")
    assert ran.code == 0
    assert ran.out.splitlines()[1].split() == [
        *("a.example", "1,200", "142.98", "211.80", "230.00", "likely", ">", "confirmed", "confirmed"),
    ]
    assert fake.asked[0][3] == {"domains": ["a.example"]}
    assert tipd("--json", "flux", "rescore", "a.example").lines[0]["version"] == "holz-2008 flux-1"


def test_all_page_by_page(tipd: Any, fake: Any) -> None:
    pages = iter([answer(one("a.example"), next="a.example"), answer(one("b.example"), without=["c.example"])])
    fake.answers["POST", PATH] = lambda _body: (200, next(pages))
    ran = tipd("--json", "flux", "rescore", "--all")
    assert (ran.code, [line["domain"] for line in ran.lines]) == (0, ["a.example", "b.example"])
    assert [body for *_, body in fake.asked] == [{"after": "", "limit": 100}, {"after": "a.example", "limit": 100}]


def test_what_cannot_be_scored(tipd: Any, fake: Any) -> None:
    fake.answers["POST", PATH] = (
        200,
        answer(one("a.example", score=None), missing=["x.example"], without=["y.example"]),
    )
    ran = tipd("flux", "rescore", "a.example", "x.example", "y.example")
    assert ran.code == 1
    assert "x.example is not tracked" in ran.err
    assert "no look-up of y.example is kept" in ran.err


def test_names_or_all(tipd: Any, fake: Any) -> None:
    assert tipd("flux", "rescore").code == 2
    assert tipd("flux", "rescore", "a.example", "--all").code == 2
