"""`tipd trends`."""

from typing import Any

import pytest

from tipd.cli.trends import bars


def _row(name: str, listed: list[int], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": "",
        "listed": listed,
        "delisted": [0] * len(listed),
        "loaded": [0] * len(listed),
        "last": listed[-1],
        "before": 10.0,
        "change": 2.0,
        "score": 5.0,
    } | more


def _told(*rows: dict[str, Any], behind: int = 0) -> dict[str, Any]:
    periods = [{"start": "2026-11-20", "end": "2026-11-21"}, {"start": "2026-11-21", "end": "2026-11-22"}]
    return {
        "by": "week",
        "rows": list(rows),
        "periods": periods,
        "rising": ["ipsum"],
        "falling": ["drop"],
        "behind": behind,
    }


def test_what_moves_is_shown_first_with_its_word(tipd: Any, fake: Any) -> None:
    rows = (
        _row("ipsum", [10, 30]),
        _row("drop", [9, 1], change=-0.9),
        _row("AS64500", [0, 4], change=None, label="EX\x1bAMPLE"),
    )
    fake.answers["GET", "/api/v1/trends"] = 200, _told(*rows, behind=1200)
    shown = tipd("trends", "--by", "week", "--of", "source", "--source", "ipsum", "--since", "2026-11-01")
    lines = shown.out.splitlines()
    assert lines[0].startswith("listed by week, 2026-11-20 to 2026-11-22")
    assert lines[1].startswith("ipsum") and lines[1].endswith("rises")
    assert lines[2].endswith("falls") and "-90%" in lines[2]
    assert "AS64500 EX\\x1bAMPLE" in lines[3]
    assert "1,200 findings are not counted yet" in shown.err
    assert fake.asked[-1][1] == "/api/v1/trends?by=week&of=source&limit=20&since=2026-11-01&source=ipsum"


def test_json_is_a_line_a_row(tipd: Any, fake: Any) -> None:
    fake.answers["GET", "/api/v1/trends"] = 200, _told(_row("ipsum", [10, 30]))
    (line,) = tipd("trends", "--json").lines
    assert (line["name"], line["periods"]) == ("ipsum", ["2026-11-20", "2026-11-21"])


def test_nothing_is_said_and_ends_with_1(tipd: Any, fake: Any) -> None:
    fake.answers["GET", "/api/v1/trends"] = 200, _told()
    shown = tipd("trends")
    assert (shown.code, shown.out) == (1, "")
    assert "nothing was listed" in shown.err


@pytest.mark.parametrize(("counts", "shown"), [([0, 1, 2, 4], "▁▂▄▇"), ([], ""), ([0, 0], "▁▁"), ([10**9, 1], "█▁")])
def test_bars_grow_with_the_counts(counts: list[int], shown: str) -> None:
    assert bars(counts) == shown
