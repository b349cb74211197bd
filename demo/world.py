"""What the miniature Internet serves: one function a feed, each a true format, changing from round to round.

Pure: a feed is `(round number) -> Page`. Addresses and names are the documentation's (RFC 5737, RFC 3849, RFC 2606).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.worlds.script import LISTED

if TYPE_CHECKING:
    from collections.abc import Callable

ROUND_SECONDS = 5.0
_NETS = ("192.0.2.", "198.51.100.", "203.0.113.")
_WORDS = ("login", "secure", "update", "invoice", "parcel", "wallet", "account", "support", "bonus", "verify")
_FAMILIES = ("Emotet", "Dridex", "QakBot", "Mirai", "AgentTesla")


@dataclass(frozen=True)
class Page:
    """One answer: status, body, content type, and how long the server takes over it (seconds)."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/plain"
    delay: float = 0.0


def _addresses(feed: str, number: int, count: int) -> list[str]:
    """Return about `count` addresses that turn over slowly: each stays for some rounds, then goes."""
    found = []
    for index in range(count):
        lived = random.Random(f"{feed}/{index}").randrange(3, 9)
        found.append(_address(random.Random(f"{feed}/{index}/{(number + index) // lived}")))
    return found


def _address(rng: random.Random) -> str:
    return rng.choice(_NETS) + str(rng.randrange(1, 255))


def _names(feed: str, number: int, count: int) -> list[str]:
    found = []
    for index in range(count):
        lived = random.Random(f"{feed}/{index}").randrange(3, 9)
        rng = random.Random(f"{feed}/{index}/{(number + index) // lived}")
        found.append(f"{rng.choice(_WORDS)}-{rng.randrange(10_000)}.{rng.choice(['example', 'example.org', 'test'])}")
    return found


def _digests(feed: str, number: int, count: int, algorithm: str) -> list[str]:
    return [hashlib.new(algorithm, name.encode()).hexdigest() for name in _names(feed, number, count)]


def _text(*lines: str) -> Page:
    return Page("\n".join([*lines, ""]).encode())


def levels(number: int) -> Page:
    """Addresses with the count of lists that have them: `ip<TAB>count`."""
    rows = sorted(set(_addresses("levels", number, 120)))
    return _text("# IPs and the number of lists they are on", *(f"{ip}\t{3 + len(ip) % 5}" for ip in rows))


def hijacked(_number: int) -> Page:
    """Networks with a reference, `;` comments; it never changes."""
    return _text("; Demo DROP List", "; Expires: later", "192.0.2.0/25 ; SBL1", "198.51.100.128/26 ; SBL2")


def hijacked_json(number: int) -> Page:
    """JSON lines with a closing metadata row."""
    rows = [{"cidr": "2001:db8:100::/40", "sblid": "SBL10", "rir": "ripencc"}]
    rows += [{"cidr": f"203.0.113.{(number % 4) * 32}/27", "sblid": f"SBL{number % 4}", "rir": "apnic"}]
    closing = {"type": "metadata", "timestamp": 1_700_000_000 + number, "records": len(rows)}
    return _text(*(json.dumps(row) for row in [*rows, closing]))


def malware_urls(number: int) -> Page:
    """Quoted CSV below a `#` header that has the column line as a comment."""
    head = ["################", "# Demo malware URLs (CSV)", "# id,dateadded,url,url_status,threat,tags", "#"]
    rows = [
        f'"{index}","2026-11-22 04:00:00","http://{name}/{index}.exe","{"online" if index % 3 else "offline"}",'
        f'"malware_download","elf,{_FAMILIES[index % 5]}"'
        for index, name in enumerate(_names("urls", number, 60))
    ]
    return _text(*head, *rows)


def phishing(number: int) -> Page:
    """Bare URLs."""
    return _text(*(f"https://{name}/login" for name in _names("phishing", number, 40)))


def fluxing(_number: int) -> Page:
    """Names that somebody saw malware at; some of them flux, most do not (`worlds/script.py`)."""
    return _text("# Demo names to look into", *LISTED)


def hosts(number: int) -> Page:
    """A hosts file with the local lines that every such file has."""
    rows = [f"0.0.0.0 {name}" for name in _names("hosts", number, 80)]
    return _text("# Demo hosts file", "127.0.0.1 localhost", "::1 ip6-localhost", *rows)


def controllers(number: int) -> Page:
    """A JSON array of command-and-control servers; offline rows are history."""
    rows = [
        {"ip_address": ip, "port": 443, "status": "online" if index % 4 else "offline", "malware": _FAMILIES[index % 5]}
        for index, ip in enumerate(_addresses("c2", number, 30))
    ]
    return Page(json.dumps(rows).encode(), content_type="application/json")


def attackers(number: int) -> Page:
    """Tab-separated start, end, prefix, attacks, name below a `#` header."""
    rows = []
    for index in range(4):
        start = (number + index) % 4 * 64
        rows.append(
            f"198.51.100.{start}\t198.51.100.{start + 63}\t26\t{900 - index}\tEXAMPLE-{index}\tZZ\tabuse@example.org"
        )
    return _text("#  Demo block list", f"#  updated: round {number}", "Start\tEnd\tNetmask\tAttacks", *rows)


def peers(number: int) -> Page:
    """P2P ranges `label:start-end`, gzip."""
    rows = [
        f"Example range {index}:203.0.113.{index * 16}-203.0.113.{index * 16 + 9 + number % 3}" for index in range(6)
    ]
    return Page(gzip.compress("\n".join(rows).encode(), mtime=0), content_type="application/gzip")


def certificates(number: int) -> Page:
    """CSV of SHA-1 fingerprints of TLS certificates."""
    rows = [f"2026-11-22 03:00:00,{digest},{_FAMILIES[0]} C&C" for digest in _digests("certs", number, 20, "sha1")]
    return _text("# Demo SSL blacklist", "# Listingdate,SHA1,Listingreason", *rows)


def sshd(number: int) -> Page:
    """Pipe-separated and padded: asn | name | ip | last seen | category."""
    rows = [
        f"64500         |  EXAMPLE-AS                    |  {ip:>15}  |  2026-11-22 03:00:00  |  sshclient"
        for ip in sorted(set(_addresses("sshd", number, 50)))
    ]
    return _text("# Demo SSH clients", *rows)


def brute_force(number: int) -> Page:
    """Tab-separated with `#` inside the row."""
    rows = [
        f"{ip}\t\t# 2026-11-22 03:00:00\t\t{index}\t{9000 + index}"
        for index, ip in enumerate(_addresses("brute", number, 25))
    ]
    return _text("# IP\t# Last Reported\tCount\tID", *rows)


def rules(number: int) -> Page:
    """Firewall rules: addresses in brackets inside a signature."""
    found = _addresses("rules", number, 20)
    return _text(
        "# Demo rules",
        *(
            f"alert tcp [{','.join(found[start : start + 5])}] any -> $HOME_NET any "
            f'(msg:"Demo group {start}"; sid:{2500000 + start};)'
            for start in range(0, 20, 5)
        ),
    )


def samples(number: int) -> Page:
    """SHA-256 of files, one a line."""
    return _text("# Demo malware samples", *_digests("samples", number, 40, "sha256"))


def slow(number: int) -> Page:
    """An honest list from a server that takes its time."""
    return Page(_text(*_addresses("slow", number, 10)).body, delay=3.0)


def dying(number: int) -> Page:
    """A list that is gone after a few rounds."""
    return _text(*_addresses("dying", 0, 30)) if number < 3 else Page(b"gone", status=410)


def becomes_page(number: int) -> Page:
    """A list that turns into an HTML page: a domain that expired."""
    if number < 2:
        return _text(*_addresses("page", 0, 30))
    return Page(b"<!DOCTYPE html><html><title>This domain is for sale</title></html>", content_type="text/html")


def poisoned(_number: int) -> Page:
    """A list that somebody put the whole Internet, private networks and public suffixes on."""
    return _text(
        "0.0.0.0/0",
        "10.0.0.0/8",
        "192.168.1.1",
        "127.0.0.1",
        "com",
        "co.uk",
        "localhost",
        "198.51.100.66",
        "evil.example",
    )


def shrinking(number: int) -> Page:
    """A list of which nine tenths are missing one day."""
    rows = [f"203.0.113.{index}" for index in range(1, 101)]
    return _text(*(rows if number < 4 else rows[:8]))


def recent(number: int) -> Page:
    """The newest rows only, with naive dates of their own: what is missing here was not delisted."""
    newest = range(4 * number, 4 * number + 12)
    return _text(
        "# first_seen,ip,malware",
        *(f"2026-11-{1 + index // 24 % 28:02} {index % 24:02}:00:00,192.0.2.{index % 250},Mirai" for index in newest),
    )


FEEDS: dict[str, Callable[[int], Page]] = {
    "/levels.txt": levels,
    "/drop.txt": hijacked,
    "/drop.json": hijacked_json,
    "/urls.csv": malware_urls,
    "/phishing.txt": phishing,
    "/fluxing.txt": fluxing,
    "/hosts.txt": hosts,
    "/c2.json": controllers,
    "/block.txt": attackers,
    "/peers.p2p.gz": peers,
    "/certificates.csv": certificates,
    "/sshd.txt": sshd,
    "/bruteforce.txt": brute_force,
    "/rules.rules": rules,
    "/samples.txt": samples,
    "/slow.txt": slow,
    "/dying.txt": dying,
    "/page.txt": becomes_page,
    "/poisoned.txt": poisoned,
    "/shrinking.txt": shrinking,
    "/recent.csv": recent,
}
