"""What is told of a source that went from one state to another."""

from tipd.modules.spamtrap.states import findings_of_change


def test_only_a_change_for_the_worse_or_back_is_told():
    (worse,) = findings_of_change("a", "ok", "damaged", "why")
    assert (worse.kind, worse.module, worse.data) == (
        "source.degraded",
        "spamtrap",
        {"old": "ok", "new": "damaged", "why": "why"},
    )
    (back,) = findings_of_change("a", "damaged", "ok", None)
    assert back.kind == "source.recovered"
    assert findings_of_change("a", "new", "ok", None) == findings_of_change("a", "ok", "ok", None) == []
    assert findings_of_change("a", "ok", "off", None) == [] and findings_of_change("a", "new", "gone", "x")
