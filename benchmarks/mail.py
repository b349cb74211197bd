"""From the bytes of a mail to its record, against the mail-parser package and `email` compat32 with `re`.

Made-up mails, and the corpora of `../shared/corpora` where they lie (`TIPD_CORPORA` names another folder); their
members are read into memory before. Processor time of one process, the three readers taking turns at every two
hundred mails. The others do somewhat less (see `_mail_peers.py`). Measured too: how many URLs each finds (canonical,
each mail's each once), the slowest mail (none may be lost), and two processes against one (wall time).
"""

from __future__ import annotations

import base64
import logging
import os
import random
import statistics
import subprocess
import sys
import tarfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from _figure import ROOT, SCALE, figure, machine, say, scaled
from _mail_peers import with_compat32, with_mail_parser

from tipd.mail import urls
from tipd.mail.read import Context, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CORPORA = Path(os.environ.get("TIPD_CORPORA", ROOT.parent / "shared" / "corpora"))
TURNS = scaled(3)
MADE_UP = scaled(1500, 20)
CHUNK = 200
CONTEXT = Context()
PEERS: dict[str, Callable[[bytes], object]] = {"mail-parser": with_mail_parser, "compat32 and re": with_compat32}
NO_MAILS = {"NOTICE", "README.md", "LICENSE", "SOURCES.txt"}


def made_up(count: int) -> Iterator[bytes]:
    """Yield mails as they come to traps: text alone, text and HTML, with a file, with a mail inside."""
    rng = random.Random(1)
    words = [
        "".join(rng.choice("bcdfglmnprst") + rng.choice("aeiou") for _ in range(rng.randrange(1, 5)))
        for _ in range(2000)
    ]
    for number in range(count):
        text = "\r\n".join(" ".join(rng.choices(words, k=12)) for _ in range(rng.randrange(5, 60)))
        links = [f"http://{word}.example.com/{word}?id={rng.randrange(10**9)}" for word in rng.choices(words, k=6)]
        yield _mail(number, text, links, rng)


def _mail(number: int, text: str, links: list[str], rng: random.Random) -> bytes:
    hops = "".join(
        f"Received: from mail{at}.example.net (mail{at}.example.net [198.51.100.{at + 1}])\r\n\tby mx{at}.example.org "
        f"(Postfix) with ESMTPS id {number:x}{at}\r\n\tfor <trap{number % 50}@example.org>; "
        f"Mon, 2 Feb 2026 10:{at:02}:00 +0100 (CET)\r\n"
        for at in range(rng.randrange(1, 6))
    )
    head = (
        f"Return-Path: <bounce{number}@example.net>\r\n{hops}From: =?utf-8?q?Shop_=C3=BC?= <shop@example.net>\r\n"
        f"To: trap{number % 50}@example.org\r\nSubject: =?utf-8?b?{base64.b64encode(text[:40].encode()).decode()}?=\r\n"
        f"Date: Mon, 2 Feb 2026 10:00:00 +0100\r\nMessage-ID: <{number}@example.net>\r\nMIME-Version: 1.0\r\n"
    )
    plain = f"{text}\r\n{links[0]}\r\nwrite to sales{number % 7}@example.net\r\n"
    if number % 4 == 0:
        return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{plain}".encode()
    rows = "".join(f'<tr><td style="color:#333"><a href="{link}">{link[7:20]}</a></td></tr>\r\n' for link in links)
    page = (
        f"<html><head><style>td {{ color: red }}</style></head><body><p>{text}</p><table>{rows}</table></body></html>"
    )
    kinds = [("text/plain", plain), ("text/html", page)]
    body = "".join(f"--q\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{part}\r\n" for kind, part in kinds)
    if number % 10 == 1:
        file = base64.encodebytes(rng.randbytes(30_000)).decode().replace("\n", "\r\n")
        kind = f'application/pdf; name="{number}.pdf"'
        body += f"--q\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}"
    return f"{head}Content-Type: multipart/mixed; boundary=q\r\n\r\n{body}--q--\r\n".encode()


def collections() -> Iterator[tuple[str, list[bytes]]]:
    """Yield (name, mails)."""
    yield "made-up", list(made_up(MADE_UP))
    if SCALE < 1 or not CORPORA.is_dir():
        say("no corpora are read")
        return
    for file in sorted(CORPORA.glob("*.tar.xz")):
        with tarfile.open(file) as archive:
            members = (one for one in archive if one.isfile() and Path(one.name).name not in NO_MAILS)
            yield file.name.removesuffix(".tar.xz"), [archive.extractfile(one).read() for one in members]  # type: ignore[union-attr]


def rates(mails: list[bytes]) -> dict[str, float]:
    """Return mails in a second of processor time for each reader."""
    readers = {"ours": lambda raw: read(raw, CONTEXT), **PEERS}
    took = dict.fromkeys(readers, 0.0)
    for at in range(0, len(mails), CHUNK):
        for name, reader in readers.items():
            begun = time.process_time()
            for raw in mails[at : at + CHUNK]:
                try:
                    reader(raw)
                except Exception:
                    if name == "ours":
                        raise
            took[name] += time.process_time() - begun
    return {name: len(mails) / seconds for name, seconds in took.items()}


def found_urls(mails: list[bytes]) -> dict[str, tuple[int, int]]:
    """Return for each peer how many URLs we found, and how many it found, canonical, each mail's each once."""
    counts = {name: [0, 0] for name in PEERS}
    for raw in mails:
        ours = len(read(raw, CONTEXT).record.urls)
        for name, reader in PEERS.items():
            try:
                raw_urls = reader(raw)["urls"]  # type: ignore[index]
            except Exception:
                raw_urls = []
            theirs = urls.canonical_all([one.rstrip(".,;:!?)>]'\"") for one in raw_urls], 500)[0]
            counts[name][0] += ours
            counts[name][1] += len(theirs)
    return {name: (ours, theirs) for name, (ours, theirs) in counts.items()}


def slowest(mails: list[bytes]) -> float:
    """Return the seconds of the slowest mail."""
    worst = 0.0
    for raw in mails:
        begun = time.process_time()
        record = read(raw, CONTEXT).record
        worst = max(worst, time.process_time() - begun)
        if record.size != len(raw) or "broken" in record.defects:
            raise AssertionError("a mail was lost")
    return worst


def in_processes(count: int) -> float:
    """Return the wall time in which so many processes read the made-up mails, each its share, ready before."""
    command = [sys.executable, __file__, "--share", str(count)]
    children = [
        subprocess.Popen([*command, str(at)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for at in range(count)
    ]
    for child in children:
        child.stdout.readline()  # type: ignore[union-attr]
    begun = time.perf_counter()
    for child in children:
        child.stdin.write(b"go\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
    for child in children:
        child.stdout.readline()  # type: ignore[union-attr]
    took = time.perf_counter() - begun
    for child in children:
        child.communicate()
    return took


def share(count: int, at: int) -> None:
    """Be one of these processes."""
    mails = list(made_up(MADE_UP))[at::count]
    for raw in mails[:50]:
        read(raw, CONTEXT)
    print("ready", flush=True)
    sys.stdin.readline()
    for raw in mails:
        read(raw, CONTEXT)
    print("done", flush=True)


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    say(f"on {machine()}")
    together: dict[str, float] = {}  # seconds of each reader over the corpora
    count = 0
    for name, mails in collections():
        size = sum(map(len, mails)) / len(mails)
        say(f"{name}: {len(mails)} mails, {size:,.0f} bytes each")
        turns = [rates(mails) for _ in range(TURNS)]
        rate = statistics.median(turn["ours"] for turn in turns)
        for peer in PEERS:
            ratio = statistics.median(turn["ours"] / turn[peer] for turn in turns)
            figure("mail", f"{name}: file to record", rate, "mails/s", peer, ratio)
        if name != "made-up":
            count += len(mails)
            for reader in turns[0]:
                seconds = statistics.median(len(mails) / turn[reader] for turn in turns)
                together[reader] = together.get(reader, 0.0) + seconds
        for peer, (ours, theirs) in found_urls(mails).items():
            figure("mail", f"{name}: URLs found", ours, "URLs", peer, ours / max(theirs, 1))
        figure("mail", f"{name}: slowest mail", slowest(mails), "s", "the second allowed", slowest(mails))
    for peer in PEERS if together else ():
        ratio = together[peer] / together["ours"]
        figure("mail", "the corpora together: file to record", count / together["ours"], "mails/s", peer, ratio)
    pairs = [(in_processes(1), in_processes(2)) for _ in range(TURNS)]
    gain = statistics.median(one / two for one, two in pairs)
    figure("mail", "two processes", MADE_UP / statistics.median(two for _, two in pairs), "mails/s", "one", gain)


if __name__ == "__main__":
    if "--share" in sys.argv:
        share(int(sys.argv[-2]), int(sys.argv[-1]))
    else:
        main()
