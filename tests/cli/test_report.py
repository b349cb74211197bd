import io
from typing import Any

import pytest

PATH = "/api/v1/sources/local/entries"
REFUSED = {"10.0.0.1": "bogon", "\x1b[31m": "malformed"}


def reported(body: Any) -> tuple[int, Any]:
    results = [
        {"index": place, "result": "refused", "reason": REFUSED[entry["value"]]}
        if entry["value"] in REFUSED
        else {"index": place, "result": "listed"}
        for place, entry in enumerate(body["entries"])
    ]
    return 200, {"source": "local", "results": results}


def taken_back(body: Any) -> tuple[int, Any]:
    words = ["withdrawn", "absent"]
    return 200, {"source": "local", "results": [{"result": words[place % 2]} for place in range(len(body["values"]))]}


def test_report(tipd: Any, fake: Any) -> None:
    fake.answers["POST", PATH] = reported
    ran = tipd("report", "192.0.2.7", "evil.example", "--reason", "seen", "--for", "3d", "--tlp", "red")
    assert (ran.code, ran.out) == (0, "local: 2 listed\n")
    entry = {"for": "3d", "tlp": "red"}
    assert fake.asked[0][3] == {
        "entries": [{"value": "192.0.2.7", **entry}, {"value": "evil.example", **entry}],
        "reason": "seen",
    }


def test_what_is_refused_is_said_and_counts(tipd: Any, fake: Any) -> None:
    fake.answers["POST", PATH] = reported
    ran = tipd("report", "10.0.0.1", "\x1b[31m", "192.0.2.7", "--reason", "seen")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "10.0.0.1\trefused: bogon",
        "\\x1b[31m\trefused: malformed",
        "local: 1 listed, 2 refused",
    ]
    assert [line["result"] for line in tipd("report", "10.0.0.1", "--reason", "s", "--json").lines] == ["refused"]


def test_lines_of_standard_input_in_batches(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.answers["POST", "/api/v1/sources/my%2Fown/entries"] = reported
    text = "\n".join(["", *(f"host{number}.example.org" for number in range(10_001))])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    ran = tipd("report", "-", "--reason", "seen", "--source", "my/own")
    assert ran.out == "my/own: 10001 listed\n"
    assert [len(body["entries"]) for *_, body in fake.asked] == [10_000, 1]


def test_take_back(tipd: Any, fake: Any) -> None:
    fake.answers["DELETE", PATH] = taken_back
    ran = tipd("report", "192.0.2.7", "192.0.2.8", "--withdraw", "--reason", "a mistake")
    assert (ran.code, ran.out.splitlines()) == (1, ["192.0.2.8\tdid not stand there", "local: 1 withdrawn, 1 absent"])
    assert fake.asked[0][3] == {"values": ["192.0.2.7", "192.0.2.8"], "reason": "a mistake"}


@pytest.mark.parametrize("words", [[], ["--reason", " "], ["--withdraw", "--for", "3d", "--reason", "x"]])
def test_what_does_not_go_together(tipd: Any, fake: Any, words: list[str]) -> None:
    assert tipd("report", "192.0.2.7", *words).code == 2
    assert fake.asked == []
