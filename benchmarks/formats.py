"""How fast a body of each format is read, in rows a second of processor time, against `lines`, three times in turns.

Measured is the whole reader in one process: unpacking, parsing, canonical values, what stands beside them, the files of
what is new. Not measured are the fetch and the database. Rows are plain ones of a hundred bytes to a kilobyte.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from _figure import figure, machine, say, scaled

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.reader import read
from tipd.modules.blacklist.reading.job import ReadJob
from tipd.modules.blacklist.reading.snapshot import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = scaled(100_000, 200)
TURNS = 3
AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
NOBODY = Identity(store_id="", source_id=0, last_round=0, read_digest="")


def address(number: int) -> str:
    """Return one of many ordinary addresses."""
    return f"203.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _misp(number: int) -> dict[str, object]:
    return {
        **{
            "id": str(number),
            "type": "ip-dst",
            "category": "Network activity",
            "to_ids": True,
            "value": address(number),
        },
        **{"uuid": f"00000000-0000-4000-8000-{number:012x}", "timestamp": "1767225600", "distribution": "5"},
        **{
            "comment": "seen by a sensor",
            "deleted": False,
            "first_seen": None,
            "last_seen": None,
            "object_relation": None,
        },
        "Event": {"id": "12", "info": "A case of ours", "uuid": "00000000-0000-4000-8000-000000000001"},
        "Tag": [{"id": "1", "name": "tlp:amber", "colour": "#ffc000"}, {"id": "2", "name": "a:b", "colour": "#ffffff"}],
    }


def _stix(number: int) -> dict[str, object]:
    return {
        **{"type": "indicator", "spec_version": "2.1", "id": f"indicator--00000000-0000-4000-8000-{number:012x}"},
        **{"created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "name": "seen by a sensor"},
        **{"pattern": f"[ipv4-addr:value = '{address(number)}']", "pattern_type": "stix", "confidence": 80},
        **{"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z", "object_marking_refs": [AMBER]},
    }


def bodies() -> Iterator[tuple[str, str, str]]:
    """Yield (parser, further lines of its declaration, body)."""
    numbers = range(ROWS)
    rows = {
        "lines": "\n".join(map(address, numbers)),
        "misp": json.dumps({"response": {"Attribute": [_misp(number) for number in numbers]}}),
        "stix": json.dumps({"type": "bundle", "objects": [_stix(number) for number in numbers]}),
        "rpz": "@ SOA a. b. 1 2 3 4 5\n" + "\n".join(f"bad{number}.example.org CNAME ." for number in numbers),
        "abp": "[Adblock Plus 2.0]\n" + "\n".join(f"||bad{number}.example.org^" for number in numbers),
        "snort": "\n".join(
            f'alert ip [{address(number)}] any -> $HOME_NET any (msg:"x"; reference:url,a.example; sid:{number};)'
            for number in numbers
        ),
        "rss": "<rss><channel>"
        + "".join(f"<item><title>x</title><link>http://a.example/{number}</link></item>\n" for number in numbers)
        + "</channel></rss>",
        "html": "<table>"
        + "".join(f"<tr><td>{address(number)}</td><td>x</td></tr>\n" for number in numbers)
        + "</table>",
    }
    for parser, body in rows.items():
        yield parser, "[options]\nlongest = 67108864\n" if parser == "html" else "", body


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    rates: dict[str, list[float]] = {}
    all_of_them = list(bodies())
    for _ in range(TURNS):
        for parser, rest, body in all_of_them:
            rates.setdefault(parser, []).append(_rate(parser, rest, body))
    lines = statistics.median(rates["lines"])
    for parser, found in rates.items():
        rate = statistics.median(found)
        figure("formats", f"{parser}, {ROWS:,} rows", rate, "rows/s", "parser lines", rate / lines)


def _rate(parser: str, rest: str, body: str) -> float:
    source = catalogue.parse(f'url = "https://lists.example.org/x"\nparser = "{parser}"\nkind = "auto"\n{rest}')
    with tempfile.TemporaryDirectory(prefix="tipd-bench-") as name:
        file = Path(name) / "body"
        file.write_text(body)
        begun = time.process_time()
        result = read(ReadJob(body=str(file), folder=name, source=source, seed=1, identity=NOBODY))
        took = time.process_time() - begun
    assert result.entries == ROWS, (parser, result)
    return ROWS / took


if __name__ == "__main__":
    main()
